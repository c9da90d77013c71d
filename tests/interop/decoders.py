"""The example programs that decode many files in one process. A hang or a crash costs its own file only."""

import os
import pathlib
import selectors
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CORTADO_TARGET", ROOT / "target/release"))
MEASURED = pathlib.Path(__file__).with_name("measured.py")


def decode(name, paths, limit=None, space=0, seconds=10):
    """What the example `name` says of each path, and the most bytes of memory that it took: (lines, peak).

    A line begins with `ok` or `error`, or with `crash` or `hang` where the program ended, or had to be, at that file.
    """
    lines, peak = [], 0
    with tempfile.TemporaryDirectory() as folder:
        while len(lines) < len(paths):
            found, used = once(pathlib.Path(folder), name, paths[len(lines) :], limit, space, seconds)
            lines += found
            peak = max(peak, used)
    return lines, peak


def once(folder, name, paths, limit, space, seconds):
    """The lines up to the first crash or hang, and the peak of memory."""
    (folder / "paths").write_text("".join(f"{path}\n" for path in paths))
    report = folder / "report"
    report.unlink(missing_ok=True)
    program = [TARGET / "examples" / name, *([str(limit)] if limit else [])]
    command = [sys.executable, "-ISE", MEASURED, report, str(space), *program]
    with open(folder / "paths", "rb") as stdin, open(folder / "stderr", "w+b") as stderr:
        process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=stderr, start_new_session=True)
        lines, ended = read_lines(process.stdout, len(paths), seconds)
        if not ended:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return [*lines, f"hang: more than {seconds} s"], 0
        process.wait()
        peak, code = map(int, report.read_text().split()) if report.exists() else (0, -1)
        stderr.seek(0)
        said = stderr.read().decode(errors="replace")
    if len(lines) < len(paths):
        lines.append(f"crash: exit {code}: {said.strip()[-400:]}")
    elif "panicked" in said:
        # A panic that was caught, in which file cannot be told from here: the caller tries them one by one.
        lines[-1] = f"{lines[-1]} (panicked: {said.strip()[-400:]})"
    return lines, peak


def read_lines(pipe, count, seconds):
    """Up to `count` lines, as long as each comes in time; and whether the pipe came to its end or all are there."""
    lines, rest = [], b""
    with selectors.DefaultSelector() as selector, pipe:
        selector.register(pipe, selectors.EVENT_READ)
        while len(lines) < count:
            if not selector.select(seconds):
                return lines, False
            data = os.read(pipe.fileno(), 1 << 16)
            if not data:
                break
            *whole, rest = (rest + data).split(b"\n")
            lines += [line.decode(errors="replace") for line in whole]
    return lines[:count], True


def peak_of(command, space=0, seconds=60):
    """A command's exit code, its peak of memory in bytes and what it said on standard error."""
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder, "report")
        line = [sys.executable, "-ISE", MEASURED, report, str(space), *map(str, command)]
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        process = subprocess.Popen(line, start_new_session=True, text=True, **options)
        try:
            _, said = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return "hang", 0, f"more than {seconds} s"
        peak, code = map(int, report.read_text().split())
        return code, peak, said.strip()
