"""The Rust kernel as Jupyter meets it: warm, private, undisturbed, and stock where it is not set up.

    .cortado/venv/bin/python tests/kernel/test_kernel.py [NAME ... | -NAME ...]

Runs all tests, those that are named, or all but those that are named with a hyphen before them.
Needs what `cortado kernel warm` prepares. `source_edit` changes a file in src/ and puts it back.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import nbformat
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOTEBOOKS, KERNELS, TEMPLATES = ROOT / "notebooks", ROOT / ".cortado/kernels", ROOT / ".cortado/templates"
DEPENDENCY = ':dep cortado = { path = ".." }\nuse cortado::prelude::*;'
OPEN = 'let china = Photo::open("../data/photos/china.jpg")?;\nchina'


class Kernel:
    """A running kernel of our own, or of the stock kind."""

    def __init__(self, stock=False, **environment):
        self.manager = KernelManager(kernel_name="rust")
        if stock:
            # The variable is what tells the kernel of the project: without it, it is evcxr_jupyter and nothing more.
            self.manager.kernel_spec.env = {}
        self.manager.start_kernel(
            cwd=str(NOTEBOOKS), env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=300)

    @property
    def pid(self):
        return self.manager.provisioner.pid

    @property
    def folder(self):
        return KERNELS / str(self.pid)

    def run(self, source, late_stderr=False):
        """The reply's status, what was written to each stream, and the results by MIME type."""
        streams, results = {"stdout": "", "stderr": ""}, {}

        def hook(message):
            content = message["content"]
            if message["msg_type"] == "stream":
                streams[content["name"]] += content["text"]
            results.update(content.get("data", {}))

        reply = self.client.execute_interactive(source, timeout=600, output_hook=hook)
        # What a cell writes to standard error may come after the word that it has ended.
        while late_stderr and not streams["stderr"]:
            hook(self.client.get_iopub_msg(timeout=60))
        return reply["content"]["status"], streams, results

    def succeed(self, source):
        status, streams, results = self.run(source)
        assert status == "ok" and not streams["stderr"], (source, streams)
        return results

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel()


@contextlib.contextmanager
def kernel(**options):
    started = Kernel(**options)
    try:
        yield started
    finally:
        started.stop()


def compiled(folder):
    """Every compiled crate of a build folder, with the file it really is."""
    crates = (folder / "cells/target").rglob("*.rlib")
    return {path.name: path.stat().st_ino for path in crates if path.stat().st_size >= 65536}


def template():
    """The template as it is now: its folder, its crates, and the times of everything in it."""
    (folder,) = (path for path in TEMPLATES.iterdir() if path.is_dir())
    crates = compiled(folder)
    assert len(crates) > 20, len(crates)
    return folder, crates, {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def cells_process(kernel):
    """The process that runs a kernel's cells."""
    (pid,) = pathlib.Path(f"/proc/{kernel.pid}/task/{kernel.pid}/children").read_text().split()
    return pid


def libraries(kernel):
    """The shared libraries of ours that a kernel's cells have loaded."""
    files = {line.split()[-1] for line in pathlib.Path(f"/proc/{cells_process(kernel)}/maps").read_text().splitlines()}
    return [file for file in files if "libcortado" in file]


def warm_in_pairs():
    """Two kernels started together are both warm and leave the template as it was."""
    before = template()
    with kernel() as one, kernel() as two:
        assert one.folder != two.folder
        for each in (one, two):
            each.succeed(DEPENDENCY)
            assert "image/png" in each.succeed(OPEN)
            # Cargo was not even asked, and the library is in memory once.
            assert not compiled(each.folder) and not (each.folder / "furnished").exists()
            assert [pathlib.Path(file).parents[5] for file in libraries(each)] == [before[0]], libraries(each)
        folders = one.folder, two.folder
    assert template() == before
    for folder in folders:
        wait_until(lambda: not folder.exists(), "a kernel's folder outlives it")


def wait_until(condition, otherwise):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.2)


def killed():
    """kill -9 of one kernel leaves the other and the template working; the next start sweeps its folder."""
    before = template()
    with kernel() as other:
        other.succeed(DEPENDENCY)
        victim = Kernel()
        victim.succeed(DEPENDENCY)
        folder = victim.folder
        cells = pathlib.Path("/proc") / cells_process(victim)
        victim.client.execute("loop { std::hint::spin_loop() }")
        time.sleep(3)
        os.kill(victim.pid, signal.SIGKILL)
        victim.client.stop_channels()
        assert folder.is_dir()
        wait_until(lambda: not cells.exists(), "a killed kernel's cell goes on")
        assert "image/png" in other.succeed(OPEN)
        with kernel() as later:
            assert not folder.exists(), "the folder of a killed kernel was not swept"
            assert other.folder.is_dir(), "the folder of a running kernel was swept"
            later.succeed(DEPENDENCY)
            assert "image/png" in later.succeed(OPEN)
        assert "text/plain" in other.succeed("china.pixels()")
    assert template() == before


def abandoned():
    """A kernel whose Jupyter was killed ends, and takes its folder along."""
    start = "from test_kernel import Kernel; print(Kernel().pid, flush=True); import time; time.sleep(600)"
    here = pathlib.Path(__file__).parent
    jupyter = subprocess.Popen([sys.executable, "-c", start], cwd=here, stdout=subprocess.PIPE, text=True)
    pid = jupyter.stdout.readline().strip()
    assert (KERNELS / pid).is_dir()
    jupyter.kill()
    jupyter.wait()
    jupyter.stdout.close()
    wait_until(lambda: not pathlib.Path("/proc", pid).exists(), "an abandoned kernel goes on")
    assert not (KERNELS / pid).exists()


def other_crates():
    """A crate that the template does not have is compiled in the kernel's own folder, and what it has is not."""
    before = template()
    with tempfile.TemporaryDirectory() as folder, kernel() as one:
        crate = pathlib.Path(folder)
        (crate / "src").mkdir()
        (crate / "Cargo.toml").write_text('[package]\nname = "extra"\nversion = "1.0.0"\nedition = "2024"\n')
        (crate / "src/lib.rs").write_text("pub fn seven() -> u32 {\n    7\n}\n")
        one.succeed(DEPENDENCY)
        assert "image/png" in one.succeed(OPEN)
        # Cargo says there what it compiles.
        status, streams, _ = one.run(f':dep extra = {{ path = "{folder}" }}\nlet seven = extra::seven();')
        assert status == "ok" and "cortado" not in streams["stderr"], streams
        assert one.succeed("(seven, china.width())")["text/plain"] == "(7, 640)"
        # This one's functions in C are in the library that cells share, but cannot be called there from outside.
        status, _, _ = one.run(':dep zstd = { version = "0.14", default-features = false }')
        assert status == "ok"
        packed = "zstd::decode_all(&zstd::encode_all(&[seven as u8; 1000][..], 3).unwrap()[..]).unwrap().len()"
        assert one.succeed(packed)["text/plain"] == "1000"
        own = compiled(one.folder)
        assert {name: own[name] for name in before[1]} == before[1], "a crate of the template was compiled again"
        assert [pathlib.Path(file).parents[5] for file in libraries(one)] == [before[0]], libraries(one)
    assert template() == before


def source_edit():
    """A change in src/ shows in the next kernel, and goes when it is taken back; one that runs already stays as it was."""
    library = ROOT / "src/lib.rs"
    original = library.read_text()
    probe = "\n/// A probe.\npub fn probe() -> u32 {\n    4711\n}\n"
    before, _, _ = template()
    with kernel() as running:
        running.succeed(DEPENDENCY)
        try:
            library.write_text(original + probe)
            with kernel() as edited:
                edited.succeed(DEPENDENCY)
                assert edited.succeed("cortado::probe()")["text/plain"] == "4711"
                assert not (edited.folder / "furnished").exists(), "the template was not refreshed"
        finally:
            library.write_text(original)
        assert "image/png" in running.succeed(OPEN)
        assert running.run("cortado::probe()")[0] == "error"
        assert before.is_dir()
    with kernel() as restored:
        restored.succeed(DEPENDENCY)
        assert restored.run("cortado::probe()")[0] == "error"
        assert "image/png" in restored.succeed(OPEN)
    # The edited library's template would go when the next one is made; the other tests look for one alone.
    for other in TEMPLATES.iterdir():
        if other.is_dir() and other != before:
            shutil.rmtree(other)


def teaching_defaults():
    """Errors are one line, a panic keeps variables, an interrupt ends a cell, completion and hover know the library."""
    with kernel() as one:
        first = one.run(DEPENDENCY)
        assert first == ("ok", {"stdout": "", "stderr": ""}, {}), first
        one.succeed("let kept = 7;")
        _, streams, _ = one.run('Photo::open("gone.png")?;', late_stderr=True)
        assert streams["stderr"].strip() == "cannot read gone.png: No such file or directory (os error 2)", streams
        _, streams, _ = one.run('panic!("overboard")', late_stderr=True)
        assert "overboard" in streams["stderr"], streams
        assert one.succeed("kept")["text/plain"] == "7"
        status, _, _ = one.run("let x: u32 = \"text\";")
        assert status == "error"
        # A type that nobody can tell is an error of the compiler's, which does not compile all crates anew to find it.
        assert one.run("let nothing = Vec::new();")[0] == "error"
        assert not (one.folder / "furnished").exists()

        matches = one.client.complete("Photo::op", 9, reply=True, timeout=120)["content"]["matches"]
        assert any(match.startswith("open") for match in matches), matches
        hover = one.client.inspect("Photo::open(", 11, reply=True, timeout=120)["content"]
        assert hover["found"] and "Opens a PNG" in hover["data"]["text/plain"], hover

        request = one.client.execute("loop { std::hint::spin_loop() }")
        time.sleep(3)
        one.manager.interrupt_kernel()
        while one.client.get_shell_msg(timeout=60)["parent_header"]["msg_id"] != request:
            pass
        assert one.succeed("1 + 1")["text/plain"] == "2"


def frugal_surroundings():
    """Once warm, a kernel needs no network and no home directory that can be written to."""
    home = pathlib.Path.home()
    surroundings = {
        "HOME": "/proc",
        "CARGO_HOME": os.environ.get("CARGO_HOME", str(home / ".cargo")),
        "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(home / ".rustup")),
        "CARGO_NET_OFFLINE": "true",
        "HTTPS_PROXY": "http://127.0.0.1:9",
    }
    with kernel(**surroundings) as one:
        one.succeed(DEPENDENCY)
        assert "image/png" in one.succeed(OPEN)


def readers_own_kernel():
    """A stock kernel of another version in the reader's home stays as it is."""
    with tempfile.TemporaryDirectory() as home:
        installed = pathlib.Path(home) / "jupyter/kernels/rust"
        installed.mkdir(parents=True)
        (installed / "kernel.json").write_text("{}")
        (installed / "version.txt").write_text("0.1.0")
        with kernel(XDG_DATA_HOME=home) as one:
            assert one.succeed("1 + 1")["text/plain"] == "2"
        assert (installed / "kernel.json").read_text() == "{}"
        assert sorted(path.name for path in installed.iterdir()) == ["kernel.json", "version.txt"]


def stock():
    """The walkthroughs are ordinary evcxr notebooks: the stock kernel runs them too. The first stands for all, or those
    that CORTADO_STOCK names with commas between: it is slow."""
    with tempfile.TemporaryDirectory() as cells:
        for name in os.environ.get("CORTADO_STOCK", "01-palette").split(","):
            started = time.monotonic()
            run_on_stock_kernel(NOTEBOOKS / f"{name}.ipynb", cells)
            print(f"stock kernel, {name}: {time.monotonic() - started:.0f} s", flush=True)


def run_on_stock_kernel(path, cells):
    notebook = nbformat.read(path, as_version=4)
    manager = KernelManager(kernel_name="rust")
    # evcxr's own variable: each kernel finds there what the one before has compiled.
    manager.kernel_spec.env = {"EVCXR_TMPDIR": cells}
    client = NotebookClient(notebook, km=manager, timeout=900, resources={"metadata": {"path": str(NOTEBOOKS)}})
    try:
        with client.setup_kernel(stdout=subprocess.DEVNULL):
            assert not (KERNELS / str(manager.provisioner.pid)).exists(), "this is not the stock kernel"
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
                errors = [output for output in cell.get("outputs", []) if output.get("name") == "stderr"]
                # The stock kernel tells there what it compiles.
                texts = "".join(error["text"] for error in errors).splitlines()
                assert all(text.strip().startswith("Compiling ") for text in texts), texts
    finally:
        # The client shuts down only what it started itself.
        manager.shutdown_kernel(now=True)


TESTS = [
    warm_in_pairs, killed, abandoned, other_crates, source_edit, teaching_defaults, frugal_surroundings,
    readers_own_kernel, stock,
]


def main():
    left_out = [name[1:] for name in sys.argv[1:] if name.startswith("-")]
    wanted = [name for name in sys.argv[1:] if not name.startswith("-")] or [test.__name__ for test in TESTS]
    chosen = [test for test in TESTS if test.__name__ in wanted and test.__name__ not in left_out]
    for test in chosen:
        started = time.monotonic()
        test()
        print(f"{test.__name__}: ok ({time.monotonic() - started:.0f} s)", flush=True)
    print(f"{len(chosen)} passed, 0 failed")


if __name__ == "__main__":
    main()
