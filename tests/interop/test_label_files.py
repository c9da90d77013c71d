"""Label files as people have them: each comes out as the array that it holds, or is refused in the right words.

Every file goes through the command to Ristretto and back to NumPy; values, shape and type must be those that it holds.
A refusal is one line with exit code 1 that writes nothing. Every failure is listed.

Run from anywhere with a Python that has requirements.txt, after `cargo build --release`:
python tests/interop/test_label_files.py [PATTERN]. With a pattern only cases whose names match it are run.
"""

import collections
import concurrent.futures
import logging
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import warnings

import numpy as np

import label_arrays
import label_carriers
import label_cases
import label_tiffs

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORTADO = pathlib.Path(os.environ.get("CORTADO", ROOT / "target/release/cortado"))
SECONDS = 60


def compress(case, out):
    """The command's result, the file given to it in the case's way."""
    command = [CORTADO, "compress", None, "-o", out, "--level", "fast", *case.arguments]
    options = {"capture_output": True, "timeout": SECONDS}
    if case.way == "name":
        command[2] = case.path
        return subprocess.run(command, stdin=subprocess.DEVNULL, **options)
    if case.way in ("stdin", "dash"):
        command[2] = "-" if case.way == "dash" else "/dev/stdin"
        with subprocess.Popen(["cat", case.path], stdout=subprocess.PIPE) as cat:
            return subprocess.run(command, stdin=cat.stdout, **options)
    if case.way == "fifo":
        fifo = out.with_suffix(".fifo")
        os.mkfifo(fifo)
        command[2] = fifo
        threading.Thread(target=feed, args=(case.path, fifo), daemon=True).start()
        return subprocess.run(command, stdin=subprocess.DEVNULL, **options)
    line = case.way.replace("{}", '"$IN"')
    environment = os.environ | {"CORTADO": str(CORTADO), "IN": str(case.path), "OUT": str(out)}
    return subprocess.run(["bash", "-c", line], env=environment, stdin=subprocess.DEVNULL, **options)


def feed(path, fifo):
    try:
        fifo.write_bytes(path.read_bytes())
    except BrokenPipeError:
        pass  # The reader has seen enough; what it makes of it is checked there.


def failure(case, folder):
    """What is wrong, or None."""
    out = folder / f"{case.path.name}.ristretto"
    try:
        done = compress(case, out)
    except subprocess.TimeoutExpired:
        return f"more than {SECONDS} s"
    said = done.stderr.decode(errors="replace").strip()
    if done.returncode == 0:
        if case.want is None:
            return f"taken; wanted a refusal with {case.refuse}"
        return wrong_labels(case, out, folder) or missing(case.says, said, "taken without")
    if done.returncode != 1 or "panicked" in said:
        return f"exit {done.returncode}: {said}"
    if out.exists():
        return f"refused, but {out.name} is there"
    if case.refuse is None:
        return f"refused: {said}"
    if len(said.splitlines()) != 1:
        return f"refused in {len(said.splitlines())} lines: {said}"
    return missing(case.refuse, said, "refused without")


def missing(patterns, said, what):
    absent = [pattern for pattern in patterns if not re.search(pattern, said, re.IGNORECASE)]
    return f"{what} {absent}: {said}" if absent else None


def wrong_labels(case, out, folder):
    back = folder / f"{case.path.name}.back.npy"
    done = subprocess.run([CORTADO, "decompress", out, "-o", back], capture_output=True, text=True, timeout=SECONDS)
    if done.returncode != 0:
        return f"decompress: {done.stderr.strip()}"
    labels = np.load(back)
    back.unlink()
    out.unlink()
    if labels.shape != case.want.shape:
        return f"shape {labels.shape}, wanted {case.want.shape}"
    if labels.dtype != case.want.dtype and not (case.any_type and labels.dtype.kind == "u"):
        return f"{labels.dtype}, wanted {case.want.dtype}"
    if not np.array_equal(labels, case.want):
        wrong = labels != case.want
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        return f"{wrong.mean():.0%} of the labels are wrong, the first at {at}: {labels[at]}, wanted {case.want[at]}"
    return None


def main():
    pattern = re.compile(sys.argv[1] if len(sys.argv) > 1 else "")
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    start = time.monotonic()
    failures = collections.defaultdict(list)
    count = kinds = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for module in [label_tiffs, label_arrays, label_carriers]:
            cases = label_cases.Cases(folder / module.__name__)
            module.all_kinds(cases)
            chosen = [case for case in cases.list if pattern.search(case.name)]
            kinds += len({case.name for case in chosen})
            with concurrent.futures.ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:
                for case, found in zip(chosen, pool.map(lambda case: failure(case, folder), chosen)):
                    count += 1
                    if found:
                        failures[case.name].append(
                            f"{case.path.name} ({' '.join([case.way, *case.arguments])}): {found}"
                        )
    for kind, lines in failures.items():
        print(f"{kind}: {len(lines)} wrong", *lines, sep="\n    ")
    wrong = sum(map(len, failures.values()))
    seconds = time.monotonic() - start
    print(f"label files: {count} of {kinds} kinds in {seconds:.0f} s, {wrong} neither right nor refused as they should")
    print(f"{count - wrong} passed, {wrong} failed")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
