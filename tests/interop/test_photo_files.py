"""Pictures as people have them: each comes out as it looks, in sRGB over white, or is refused in the right words.

What is right is computed here, or read by Pillow and LittleCMS. Files without a loss must match to the sample, 16 bits
and transparency to a rounding, profiles to 50 dB on photos and 45 dB on patches of pure colours. Every failure is
listed.

Run from anywhere with a Python that has requirements.txt, after `cargo build --release --examples`:
python tests/interop/test_photo_files.py [PATTERN]. With a pattern only cases whose names match it are run.
"""

import collections
import concurrent.futures
import io
import logging
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np
from PIL import Image

import icc_writer
import photo_cases
import photo_jpegs
import photo_others
import photo_pngs
import photo_tiffs
from decoders import TARGET, decode

BATCH = 100


def pictures(paths):
    """What the example program makes of each file: its line, and the picture where it made one."""
    lines, _ = decode("decode_photo", paths)
    found = []
    for path, line in zip(paths, lines):
        raw = pathlib.Path(f"{path}.raw")
        picture = None
        if line.startswith("ok "):
            shape = [int(number) for number in line.split()[1:4]]
            samples = np.frombuffer(raw.read_bytes(), np.uint8)
            if samples.size == np.prod(shape):
                picture = samples.reshape(shape)
            else:
                line = f"{line}, but {samples.size} samples"
        raw.unlink(missing_ok=True)
        found.append((line, picture))
    return found


def failure(case, line, picture):
    """What is wrong, or None."""
    if line.startswith("error"):
        if "panicked" in line:
            return line
        if case.refuse is None:
            return f"refused: {line}"
        absent = [pattern for pattern in case.refuse if not re.search(pattern, line, re.IGNORECASE)]
        return f"refused without {absent}: {line}" if absent else None
    if picture is None:
        return line
    if not case.wants:
        return f"taken; wanted a refusal with {case.refuse}"
    found = [distance(picture, want, case.bound) for want in case.wants]
    return None if None in found else found[0]


def distance(picture, want, bound):
    """How far a picture is from what it should be, or None where that is near enough."""
    picture = photo_cases.as_rgb(picture)
    if picture.shape != want.shape:
        return f"{picture.shape[0]} x {picture.shape[1]}, wanted {want.shape[0]} x {want.shape[1]}"
    kind, most = bound
    apart = np.abs(picture.astype(int) - want).max()
    decibels = photo_cases.psnr(picture, want)
    if apart <= most if kind == "max" else decibels >= most:
        return None
    y, x, _ = np.unravel_index(np.abs(picture.astype(int) - want).argmax(), want.shape)
    here = f"{picture[y, x].tolist()}, wanted {want[y, x].tolist()} at row {y}, column {x}"
    return f"{decibels:.1f} dB, up to {apart} apart (bound: {kind} {most}): {here}"


def cut_jpegs(folder):
    """The command refuses a JPEG that was cut and tells how much is missing; with --partial it takes it."""
    for name, data in photo_jpegs.cut_files():
        size = Image.open(io.BytesIO(data)).size
        for percent in range(10, 100, 17):
            path = folder / f"{name}_{percent}.jpg"
            path.write_bytes(data[: len(data) * percent // 100])
            out = path.with_suffix(".png")
            refused = cortado("compress", path, "-o", out, "--sample", "1000", "--colors", "8")
            said = refused.stderr.strip()
            if refused.returncode != 1 or out.exists() or not re.search(r"\d ?%|percent", said):
                yield f"{path.name}: exit {refused.returncode}, {said}"
            taken = cortado("compress", path, "-o", out, "--sample", "1000", "--colors", "8", "--partial")
            if taken.returncode != 0 or not out.exists():
                yield f"{path.name} --partial: exit {taken.returncode}, {taken.stderr.strip()}"
            elif Image.open(out).size != size:
                yield f"{path.name} --partial: {Image.open(out).size}, wanted {size}"


def notes(folder):
    """Standard error names what was given up, and nothing that was not."""
    smooth, deep = photo_cases.smooth(), photo_cases.smooth(top=65535)
    rgba = np.dstack([smooth, photo_cases.smooth(channels=4)[:, :, 3]])
    frames = [Image.fromarray(np.roll(smooth, number, 1)) for number in range(3)]
    moving = {"save_all": True, "append_images": frames[1:], "duration": 50}
    depth, alpha, frame, profile = "depth|bits", "alpha|transparen", "frame|animat|first", "profile|colou?rs"
    files = [
        ("plain.png", photo_pngs.png(smooth, 8, 2), [], [depth, alpha, frame, profile]),
        ("deep.png", photo_pngs.png(deep, 16, 2), [depth], [alpha, frame, profile]),
        ("alpha.png", photo_pngs.png(rgba, 8, 6), [alpha], [depth, frame, profile]),
        ("both.png", photo_pngs.png(rgba.astype(int) * 257, 16, 6), [depth, alpha], [frame, profile]),
        ("moving.gif", photo_cases.saved(frames[0], "GIF", **moving), [frame], [depth, profile]),
        ("moving.webp", photo_cases.saved(frames[0], "WEBP", **moving), [frame], [depth, profile]),
        ("moving.png", photo_cases.saved(frames[0], "PNG", **moving), [frame], [depth, profile]),
        ("broken.png", photo_pngs.png(smooth, 8, 2, photo_pngs.iccp(b"broken")), [profile], [depth, alpha, frame]),
    ]
    for name, data, said, unsaid in files:
        path = folder / name
        path.write_bytes(data)
        done = cortado("compress", path, "-o", path.with_suffix(".laff"), "--force")
        text = done.stderr.replace(str(path), "")
        if done.returncode != 0:
            yield f"{name}: exit {done.returncode}, {text.strip()}"
            continue
        for pattern in said:
            if not re.search(pattern, text, re.IGNORECASE):
                yield f"{name}: standard error lacks {pattern}: {text.strip()}"
        for pattern in unsaid:
            if re.search(pattern, text, re.IGNORECASE):
                yield f"{name}: standard error has {pattern}: {text.strip()}"


def cortado(*arguments):
    return subprocess.run([TARGET / "cortado", *map(str, arguments)], capture_output=True, text=True, timeout=60)


def main():
    pattern = re.compile(sys.argv[1] if len(sys.argv) > 1 else "")
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    if not icc_writer.installed_presses():
        print("no profile of a real press is installed (libgs-common has one): those written here stand for it")
    start = time.monotonic()
    failures = collections.defaultdict(list)
    count = kinds = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for module in [photo_pngs, photo_jpegs, photo_tiffs, photo_others]:
            cases = photo_cases.Cases(folder / module.__name__)
            module.all_kinds(cases)
            chosen = [case for case in cases.list if pattern.search(case.name)]
            kinds += len({case.name for case in chosen})
            batches = [chosen[at : at + BATCH] for at in range(0, len(chosen), BATCH)]
            with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1) as pool:
                for batch, found in zip(
                    batches, pool.map(pictures, [[case.path for case in batch] for batch in batches])
                ):
                    for case, (line, picture) in zip(batch, found):
                        count += 1
                        wrong = failure(case, line, picture)
                        if wrong:
                            failures[case.name].append(f"{case.path.name}: {wrong}")
        if not pattern.pattern:
            for kind, check in [("cut JPEG files through the command", cut_jpegs), ("notes", notes)]:
                failures[kind] = list(check(folder))
                count += 1
    for kind, lines in failures.items():
        if lines:
            print(f"{kind}: {len(lines)} wrong", *lines, sep="\n    ")
    wrong = sum(map(len, failures.values()))
    seconds = time.monotonic() - start
    print(f"pictures: {count} of {kinds} kinds in {seconds:.0f} s, {wrong} neither right nor refused as they should")
    print(f"{max(count - wrong, 0)} passed, {wrong} failed")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
