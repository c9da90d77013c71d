"""Damaged files end in a picture, a volume or an error: never in a signal, a panic, a hang or more memory than allowed.

10,000 files are made from good ones of every kind by flipped bits, cuts, splices and edits of headers, always the same
ones, and decoded in batches under a limit of 256 MiB; then come small files that ask for gigabytes. Every failure is
listed, and its file kept in target/damage.

Run from anywhere with a Python that has requirements.txt, after `cargo build --release --examples`:
python tests/interop/test_damage.py [FILES]
"""

import concurrent.futures
import itertools
import logging
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np

import damage
from decoders import ROOT, TARGET, decode, peak_of

LIMIT = 256 << 20
MOST = int(1.1 * LIMIT)
SPACE = 3 << 30
SECONDS = 10
BATCH = 100
KEPT = ROOT / "target/damage"


def judge(name, paths):
    """The failures among files: pairs of path and what is wrong."""
    try:
        lines, peak = decode(name, paths, LIMIT, SPACE, SECONDS)
        bad = [line for line in lines if not line.startswith(("ok ", "error ")) or "panicked" in line]
        if not bad and peak <= MOST:
            return [], lines
        if len(paths) == 1:
            return [(paths[0], bad[0] if bad else f"{peak / 2**20:.0f} MiB of {LIMIT / 2**20:.0f}")], lines
        alone = [judge(name, [path])[0] for path in paths]
        found = list(itertools.chain(*alone))
        if not found:
            what = bad[0] if bad else f"{peak / 2**20:.0f} MiB of {LIMIT / 2**20:.0f}"
            found = [(paths[0], f"only in a batch with the {len(paths) - 1} that follow it: {what}")]
        return found, lines
    finally:
        for path in paths:
            pathlib.Path(f"{path}.raw").unlink(missing_ok=True)


def batch_of(name, folder, number, files):
    """The failures of a batch, of which the files are kept, and how many files were taken."""
    folder = folder / f"{name}_{number}"
    folder.mkdir()
    paths = []
    for place, (suffix, data) in enumerate(files):
        path = folder / f"{place:03}{suffix}"
        path.write_bytes(data)
        paths.append(path)
    found, lines = judge(name, paths)
    for path, _ in found:
        KEPT.mkdir(parents=True, exist_ok=True)
        (KEPT / f"{name}_{number}_{path.name}").write_bytes(path.read_bytes())
    for path in paths:
        path.unlink()
    return [f"{name}_{number}_{path.name}: {what}" for path, what in found], sum(
        line.startswith("ok ") for line in lines
    )


def random_damage(folder, count):
    """Yields (failures, files, how many of them were taken)."""
    photos, labels = damage.seeds(folder)
    rng = np.random.default_rng(19)
    share = count * 3 // 5
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        waiting = []
        for name, seeds, files in [("decode_photo", photos, share), ("decode_labels", labels, count - share)]:
            made = damage.broken_files(rng, seeds, files)
            for number, batch in enumerate(batched(made)):
                waiting.append((pool.submit(batch_of, name, folder, number, batch), len(batch)))
        for future, size in waiting:
            yield *future.result(), size


def batched(files):
    files = iter(files)
    while batch := list(itertools.islice(files, BATCH)):
        yield batch


def bombs(folder):
    """Small files that ask for much, through the example programs: pairs of failures and number."""
    for name, files in [("decode_photo", damage.photo_bombs()), ("decode_labels", damage.label_bombs())]:
        for file, data in files:
            path = folder / f"bomb_{file}"
            path.write_bytes(data)
            found, _ = judge(name, [path])
            path.unlink()
            yield [f"bomb {file} ({len(data)} bytes): {what}" for _, what in found]


def command_bombs(folder):
    """The same through the command, under limits that are too small and just large enough."""
    volume, picture, out = 400 << 20, 8000 * 8000 * 6, folder / "out"
    (folder / "zeros.npz").write_bytes(damage.npz_bomb((100, 1024, 1024), "<u4"))
    (folder / "lies.npz").write_bytes(damage.npz_bomb((100, 1024, 1024), "<u4", claims=4096))
    (folder / "deep.png").write_bytes(damage.png_bomb(8000, 8000, 16, 2))
    (folder / "profile.png").write_bytes(damage.profile_bomb(2 << 30))
    with open(folder / "zeros.npy", "wb") as file:
        file.write(
            damage.label_arrays.with_header("{'descr': '<u4', 'fortran_order': False, 'shape': (100, 1024, 1024)}\n")
        )
        file.truncate(file.tell() + volume)
    stream = folder / "tiny.ristretto"
    code, _, said = peak_of([TARGET / "cortado", "compress", folder / "zeros.npy", "-o", stream, "--level", "fast"])
    (folder / "zeros.npy").unlink()
    if code != 0:
        yield [f"zeros.npy: exit {code}, {said}"]
    photo = ["--colors", "2", "--sample", "1000"]
    for command, file, to, limit, options, codes in [
        ("compress", "zeros.npz", "ristretto", volume // 4, ["--level", "fast"], [1]),
        ("compress", "zeros.npz", "ristretto", volume + (volume >> 4), ["--level", "fast"], [0, 1]),
        ("compress", "lies.npz", "ristretto", volume // 4, ["--level", "fast"], [1]),
        ("decompress", "tiny.ristretto", "npy", volume // 4, [], [1]),
        ("decompress", "tiny.ristretto", "npy", volume + (volume >> 4), [], [0]),
        ("compress", "deep.png", "gif", picture // 4, photo, [1]),
        ("compress", "deep.png", "gif", picture * 2 // 3, photo, [0, 1]),
        ("compress", "profile.png", "gif", 64 << 20, photo, [0, 1]),
    ]:
        start = time.monotonic()
        line = [
            TARGET / "cortado",
            command,
            folder / file,
            "-o",
            f"{out}.{to}",
            "--max-bytes",
            limit,
            "--force",
            *options,
        ]
        code, peak, said = peak_of(line)
        seconds = time.monotonic() - start
        text = f"{command} {file} --max-bytes {limit}: exit {code}, {peak / limit:.2f} of the limit, {seconds:.1f} s"
        wrong = code not in codes or peak > 1.1 * limit or seconds > SECONDS or "panicked" in said
        # Whoever is refused learns which option lifts the limit.
        wrong = wrong or (code == 1 and file not in ("profile.png", "lies.npz") and "--max-bytes" not in said)
        yield [f"{text}, {said}"] if wrong else []
    pathlib.Path(f"{out}.npy").unlink(missing_ok=True)


def own_weight(folder):
    """A volume on its way to .npy is in memory once: at most 1.15 times its size at the peak, whatever codec."""
    rng = np.random.default_rng(3)
    blocks = rng.integers(0, 5000, (32, 32, 32)).astype(np.uint32)
    labels = blocks.repeat(4, 0).repeat(16, 1).repeat(16, 2)
    np.save(folder / "volume.npy", labels)
    for codec in ["ristretto", "cpso"]:
        stream, back = folder / f"volume.{codec}", folder / f"back.{codec}.npy"
        line = [TARGET / "cortado", "compress", folder / "volume.npy", "-o", stream]
        subprocess.run(line, check=True, capture_output=True)
        code, peak, said = peak_of([TARGET / "cortado", "decompress", stream, "-o", back])
        share = peak / labels.nbytes
        wrong = code != 0 or share > 1.15 or not np.array_equal(np.load(back), labels)
        print(f"decompress a volume of {labels.nbytes >> 20} MiB from {codec}: {share:.3f} of it at the peak")
        yield [f"decompress {stream.name}: exit {code}, {share:.3f} of the volume, {said}"] if wrong else []


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    start = time.monotonic()
    failures, files, taken = [], 0, 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for found, good, size in random_damage(folder, count):
            failures += found
            files += size
            taken += good
        for found in itertools.chain(bombs(folder), command_bombs(folder), own_weight(folder)):
            failures += found
            files += 1
    print(*failures, sep="\n")
    seconds = time.monotonic() - start
    print(
        f"damage: {files} files in {seconds:.0f} s, of which {taken} could still be decoded; {len(failures)} failures"
    )
    print(f"{files - len(failures)} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
