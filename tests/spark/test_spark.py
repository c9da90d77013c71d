"""Sweeps on a cluster: the same rows as on threads, whatever happens to workers, codecs, tokens and clients.

Run from the project's root after `cargo build --release`. Starts a cluster of a master and two workers on loopback addresses, and
leaves no process behind.
"""

import csv
import json
import os
import pathlib
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORTADO = ROOT / "target/release/cortado"
CLUSTER = ROOT / ".cortado/cluster"
TIMES = {"encode_ms", "decode_ms"}
PICTURES = 64


def run(*arguments, check=True, cwd=ROOT, environment=None):
    """Runs the command line; returns what it printed."""
    command = [str(CORTADO), *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **(environment or {})}, text=True, capture_output=True)
    if check and done.returncode != 0:
        sys.exit(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


def png(height, width, seed, transparent=False):
    """A picture of soft stripes and noise, as a PNG file; a part of it hidden where it is to be transparent."""
    noise = random.Random(seed)
    rows = b""
    for y in range(height):
        row = bytearray(b"\0")
        for x in range(width):
            level = (x * (3 + seed % 5) + y * (1 + seed % 7)) % 256
            row += bytes((level ^ (seed * 37 % 256), (level + y) % 256, noise.randrange(max(1, level // 4), 256)))
            if transparent:
                row.append((0, 100, 200, 255)[x * 4 // width])
        rows += bytes(row)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 6 if transparent else 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


def rows(path):
    """The rows of a table without the columns of times."""
    with open(path, newline="") as file:
        return [{name: value for name, value in row.items() if name not in TIMES} for row in csv.DictReader(file)]


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def processes():
    """What of this checkout's cluster is in the process table: Spark, its client, and workers."""
    listed = subprocess.run(["ps", "-e", "-o", "pid=,args="], text=True, capture_output=True, check=True).stdout
    state = str(ROOT / ".cortado")
    marks = [f"{state}/cluster", f"{state}/spark", f"{state}/cortado-spark", " worker --measure", " worker --inner"]
    return [line for line in listed.splitlines() if any(mark in line for mark in marks)]


def groups(role):
    known = json.loads((CLUSTER / "processes.json").read_text())
    return [process["group"] for process in known if process["role"] == role]


def sweep(output, *arguments, environment=None):
    done = run("sweep", *arguments, "-o", output, "--force", "--json", environment=environment)
    summary = json.loads(done.stdout)
    assert summary["missing"] == 0, summary
    return summary


def test_equal_tables(work, pictures):
    """At least 256 rows and their compressed files, and the same again from memory-less paths with odd names."""
    settings = ["-s", "palette colors=4|32", "-s", "laff quality=50", "-s", "svd rank=8", "-s", "png"]
    sweep(work / "threads.csv", pictures, *settings, "--streams", work / "threads")
    summary = sweep(work / "spark.csv", pictures, *settings, "--streams", work / "spark", "--spark")
    threads, spark = rows(work / "threads.csv"), rows(work / "spark.csv")
    assert threads == spark and len(spark) == PICTURES * 5 and summary["errors"] == 0
    assert files(work / "threads") == files(work / "spark") and len(files(work / "spark")) == len(spark)
    return f"{len(spark)} rows and files equal those of threads"


def test_bad_inputs(work):
    """Inputs that cannot be read, names that look like syntax: a row each."""
    odd = work / "odd"
    odd.mkdir()
    names = ["plain.png", "a tab\there.png", "a\nbreak.png", "quote'\".png", "back\\slash.png", "comma,{a}*[x]?.png", "é ü.png"]
    for seed, name in enumerate(names):
        (odd / name).write_bytes(png(9, 13, seed))
    (odd / "empty.png").write_bytes(b"")
    (odd / "broken.png").write_bytes(png(40, 40, 1)[:200])
    arguments = [odd, odd / "missing.png", "-s", "palette colors=4", "--measure", "psnr"]
    counts = set()
    for name, more in {"threads": [], "spark": ["--spark"], "ship": ["--spark", "--ship"]}.items():
        counts.add(sweep(work / f"odd-{name}.csv", *arguments, *more)["errors"])
    assert counts == {3}, counts
    threads, spark, ship = (rows(work / f"odd-{name}.csv") for name in ["threads", "spark", "ship"])
    assert threads == spark

    def without_reasons(table):
        return [{**row, "error": bool(row["error"])} for row in table]

    # Spark's own reason for a file that it does not show is another.
    assert without_reasons(ship) == without_reasons(threads)
    address = "file://" + str(work / "pictures") + "/picture-0*.png"
    remote = sweep(work / "remote.csv", address, "-s", "palette colors=4", "--spark")
    local = sweep(work / "local.csv", str(work / "pictures") + "/picture-0*.png", "-s", "palette colors=4")
    assert remote["rows"] == local["rows"] == 10 and remote["errors"] == 0
    assert [row["crc32"] for row in rows(work / "remote.csv")] == [row["crc32"] for row in rows(work / "local.csv")]
    return f"{len(names)} odd names, 3 bad files, 10 files read by Spark"


def test_transparency(work):
    """What becomes of transparency, and what is said of it, is the same; a file that cannot be kept is exit 1 and not in the journal."""
    folder = work / "transparent"
    folder.mkdir()
    for seed in range(6):
        (folder / f"{seed}.png").write_bytes(png(30, 40, seed, transparent=seed < 4))
    settings = ["-s", "palette colors=8", "-s", "laff quality=50", "--measure", "psnr"]
    said = {}
    for name, more in {"threads": [], "spark": ["--spark"], "ship": ["--spark", "--ship"]}.items():
        out = work / f"{name}-transparent"
        done = run("sweep", folder, *settings, "-o", f"{out}.csv", "--streams", out, "--json", *more)
        said[name] = [line for line in done.stderr.splitlines() if line.startswith("note:")]
    assert said["threads"] == said["spark"] == said["ship"], said
    assert "note: 4 inputs with laff: transparency was laid over white" in said["spark"], said
    for name in ["spark", "ship"]:
        assert rows(work / f"{name}-transparent.csv") == rows(work / "threads-transparent.csv")
        assert files(work / f"{name}-transparent") == files(work / "threads-transparent")

    # A folder is where a file is to be.
    blocked = work / "blocked"
    (blocked / "3.png.png").mkdir(parents=True)
    command = ["sweep", folder, "-s", "palette colors=8", "-o", work / "blocked.csv", "--streams", blocked, "--json", "--spark"]
    done = run(*command, check=False)
    assert done.returncode == 1 and "3.png.png exists and is not of this sweep: --force replaces it" in done.stderr, done.stderr
    done = run(*command, "--force", check=False)
    assert done.returncode == 1 and json.loads(done.stdout)["streams_missing"] == 1, done.stderr
    assert "1 compressed file is missing, the first 3.png.png" in done.stderr, done.stderr
    assert (work / "blocked.csv.journal").read_text().count("\n") == 2 + 5
    (blocked / "3.png.png").rmdir()
    summary = json.loads(run(*command).stdout)
    assert (summary["resumed"], summary["errors"], summary["streams_missing"]) == (5, 0, 0), summary
    assert len(files(blocked)) == 6
    return "12 rows and files, and the notes, equal those of threads; a file that could not be kept was tried again"


def test_parquet(work, pictures):
    """Rows and compressed files as Parquet that Spark writes."""
    table = work / "table.parquet"
    sweep(table, pictures, "-s", "laff quality=50", "--spark", "--parquet", work / "blobs")
    sweep(work / "blobs.csv", pictures, "-s", "laff quality=50")
    parts = list((work / "blobs").glob("*.parquet"))
    stored = run("sweep", pictures, "-s", "laff quality=50", "--spark", "--parquet", work / "blobs", check=False)
    assert stored.returncode == 1 and "already exists" in stored.stderr, stored.stderr
    assert parts and sum(part.stat().st_size for part in parts) > sum(int(row["bytes"]) for row in rows(work / "blobs.csv"))
    return f"{len(parts)} Parquet files with {PICTURES} compressed pictures"


def test_crashes(work, pictures):
    """A codec that panics, aborts or runs out of memory costs its own rows."""
    for _ in range(3):
        summary = sweep(
            work / "crash.csv", pictures, "-s", "palette colors=4", "-s", "fault kind=panic|abort|memory|error",
            "--faults", "--spark", "--measure", "psnr",
        )
        assert summary["rows"] == PICTURES * 5 and summary["errors"] == PICTURES * 4, summary
        table = rows(work / "crash.csv")
        assert sum(row["error"] == "" for row in table) == PICTURES
        assert {row["error"].split(":")[0] for row in table if row["kind"] == "panic"} == {"the codec panicked"}
    return f"3 times {PICTURES * 4} crashes, {PICTURES} good rows beside them"


SLOW = ["-s", "laff quality=10|20|30|40|50|60|70|80|85|90|92|94", "--measure", "psnr"]
SLOW_ROWS = 12 * PICTURES


def when_begun(job, journal):
    """Waits until some rows of a job are there, far from all; returns how many."""
    while not journal.exists() or journal.read_text().count("\n") < 20:
        assert job.poll() is None, "the job ended before anything could happen to it"
        time.sleep(0.05)
    there = journal.read_text().count("\n") - 1
    assert there < SLOW_ROWS / 2, f"the job is at {there} rows already"
    return there


def test_killed_worker(work, pictures):
    """kill -9 of a worker with its executor in the middle of a job: every row once, and the same."""
    sweep(work / "calm.csv", pictures, *SLOW)
    for _ in range(3):
        journal = work / "killed.csv.journal"
        command = [CORTADO, "sweep", pictures, *SLOW, "-o", work / "killed.csv", "--force", "--json", "--spark"]
        job = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE)
        when_begun(job, journal)
        os.killpg(groups("Worker")[-1], signal.SIGKILL)
        summary = json.loads(job.communicate()[0])
        assert job.returncode == 0 and summary["rows"] == SLOW_ROWS, summary
        assert (summary["errors"], summary["missing"]) == (0, 0), summary
        assert rows(work / "killed.csv") == rows(work / "calm.csv")
        run("cluster", "join", "--cores", "1")
    return f"3 workers killed, {SLOW_ROWS} rows each time"


def test_client_disappears(work, pictures):
    """The program that speaks to Spark is killed, and so is the sweep: the cluster serves the next one, which goes on."""
    output = work / "gone.csv"
    journal = work / "gone.csv.journal"
    command = [CORTADO, "sweep", pictures, *SLOW, "-o", output, "--json", "--spark"]
    job = subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, process_group=0)
    when_begun(job, journal)
    os.killpg(job.pid, signal.SIGKILL)
    job.communicate()
    # What a kill leaves may end in the middle of a line.
    there = journal.read_text().count("\n") - 1
    with open(journal, "a") as file:
        file.write('"half a li')
    summary = json.loads(run("sweep", pictures, *SLOW, "-o", output, "--json", "--spark").stdout)
    assert summary["resumed"] == there > 0, (summary, there)
    assert rows(output) == rows(work / "calm.csv")
    return f"a sweep killed after {there} rows went on from there"


def test_wrong_token(work, pictures):
    """Another token, or none: one clear line, exit 1."""
    token = (CLUSTER / "token").read_text()
    address = "--spark=sc://127.0.0.1:15002"
    right = {"SPARK_CONNECT_AUTHENTICATE_TOKEN": token}
    sweep(work / "token.csv", pictures, "-s", "png", "--measure", "none", address, environment=right)
    for wrong in [{"SPARK_CONNECT_AUTHENTICATE_TOKEN": token[::-1]}, {}]:
        refused = run("sweep", pictures, "-s", "png", address, check=False, environment=wrong)
        assert refused.returncode == 1 and refused.stderr.count("\n") == 1, refused.stderr
        assert refused.stderr.startswith("error: Spark: cannot connect"), refused.stderr
    modes = {name: (CLUSTER / name).stat().st_mode & 0o777 for name in ["token", "secret", "spark.conf"]}
    assert set(modes.values()) == {0o600} and CLUSTER.stat().st_mode & 0o777 == 0o700, modes
    listening = pathlib.Path("/proc/net/tcp").read_text() + pathlib.Path("/proc/net/tcp6").read_text()
    assert ":%04X " % 6066 not in listening, "the master's REST port is open"
    return "a wrong token and none refused, secrets are the owner's, no REST port"


def test_second_host(work, pictures):
    """A worker of another checkout at another address joins with the secret, works, and leaves; a wrong secret does not join."""
    other = work / "other"
    for folder in ["notebooks", "kernel", ".cortado"]:
        (other / folder).mkdir(parents=True)
    (other / "kernel/Cargo.toml").touch()
    (other / ".cortado/spark").symlink_to(ROOT / ".cortado/spark")
    secret = work / "secret"
    secret.write_text("0" * 64)
    master = "spark://127.0.0.1:7077"
    join = ["cluster", "join", master, "--secret-file", secret, "--bind", "127.0.0.2", "--cores", "2"]
    wrong = run(*join, check=False, cwd=other)
    assert wrong.returncode == 1, wrong.stdout
    secret.write_text((CLUSTER / "secret").read_text())
    run(*join, cwd=other)
    assert "3 workers alive" in run("cluster", "status").stdout
    # With its own workers gone, the second host does all the work.
    run("cluster", "leave")
    sweep(work / "second.csv", pictures, "-s", "palette colors=4", "--measure", "psnr", "--spark")
    sweep(work / "first.csv", pictures, "-s", "palette colors=4", "--measure", "psnr")
    assert rows(work / "second.csv") == rows(work / "first.csv")
    run("cluster", "leave", cwd=other)
    assert "nothing of a cluster runs here" in run("cluster", "status", cwd=other).stdout
    return "a second host joined, did a sweep alone and left"


def main():
    if not CORTADO.is_file():
        sys.exit("run `cargo build --release` first")
    run("cluster", "down")
    run("cluster", "up", "--workers", 2)
    work = pathlib.Path(tempfile.mkdtemp(prefix="cortado-spark-"))
    try:
        assert "2 workers alive" in run("cluster", "status").stdout
        pictures = work / "pictures"
        pictures.mkdir()
        for number in range(PICTURES):
            (pictures / f"picture-{number:02}.png").write_bytes(png(120 + number, 140, number))
        for test in [test_equal_tables, test_bad_inputs, test_transparency, test_parquet, test_crashes, test_killed_worker]:
            begun = time.time()
            takes_pictures = test.__code__.co_argcount == 2
            print(f"{test.__name__}: {test(*[work, pictures][: 1 + takes_pictures])} ({time.time() - begun:.0f} s)", flush=True)
        for test in [test_client_disappears, test_wrong_token, test_second_host]:
            begun = time.time()
            print(f"{test.__name__}: {test(work, pictures)} ({time.time() - begun:.0f} s)", flush=True)
    finally:
        run("cluster", "down")
        shutil.rmtree(work)
    left = processes()
    assert not left, left
    sent = [path for path in pathlib.Path(tempfile.gettempdir()).glob("cortado-*") if re.fullmatch("cortado-[0-9a-f]{32}", path.name)]
    assert not sent, sent
    print("down: no process is left, and nothing of what was sent")


main()
