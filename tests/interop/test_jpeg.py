"""JPEG files of many kinds, decoded by the library and by Pillow's libjpeg-turbo: pixels must be equal to the last bit.
Then damaged ones: an error, or the pixels that Pillow makes of them.

Run by .ci/run with the packages of requirements.txt, after `cargo build --release --examples`. The program cjpeg (of
Debian's libjpeg-turbo-progs) makes kinds that Pillow does not; without it those are left out, which a line tells.
"""

import collections
import io
import itertools
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image

from jpeg_writer import segment, write

ROOT = pathlib.Path(__file__).resolve().parents[2]
DECODER = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "target/release/examples/decode_photo"
FRAMES = b"\xc0\xc1\xc2"
CJPEG = shutil.which("cjpeg")

SCANS = {
    "apart": "0;\n1;\n2;\n",
    "luma apart": "0;\n1 2;\n",
    "chroma first": "2;\n1;\n0;\n",
    "two": "0 1;\n2;\n",
    "bands": "0 1 2: 0-0, 0, 0;\n0: 1-63, 0, 0;\n1: 1-63, 0, 0;\n2: 1-63, 0, 0;\n",
    "bits": "0: 0-0, 0, 2;\n1 2: 0-0, 0, 1;\n0: 1-9, 0, 3;\n1: 1-63, 0, 1;\n2: 1-63, 0, 1;\n0: 10-63, 0, 1;\n"
    "0: 1-9, 3, 2;\n0: 0-0, 2, 1;\n0: 0-0, 1, 0;\n1 2: 0-0, 1, 0;\n0: 1-9, 2, 1;\n0: 1-63, 1, 0;\n"
    "2: 1-63, 1, 0;\n1: 1-63, 1, 0;\n",
}
SAMPLES = [
    "1x1,1x1,1x1", "2x1,1x1,1x1", "1x2,1x1,1x1", "2x2,1x1,1x1", "4x1,1x1,1x1", "1x4,1x1,1x1", "4x2,1x1,1x1",
    "2x4,1x1,1x1", "2x2,2x1,1x1", "2x2,1x2,2x1", "1x1,2x2,2x2", "1x1,2x1,1x2", "2x2,2x2,2x2", "4x2,2x1,2x2",
    "3x1,1x1,1x1", "3x3,1x3,3x1", "1x3,1x1,1x1", "2x1,2x2,1x1",
]  # fmt: skip


def photos():
    """A crop of a photo, with some noise, of any size."""
    paths = [ROOT / "data/photos" / name for name in ("china.jpg", "chelsea.png")]
    sources = [np.asarray(Image.open(path).convert("RGB")) for path in paths]
    random = np.random.default_rng(1)

    def crop(height, width, grey=False):
        source = sources[int(random.integers(2))]
        y, x = (int(random.integers(side - part + 1)) for side, part in zip(source.shape, (height, width)))
        noise = random.normal(0, random.choice([0, 4, 60]), (height, width, 3))
        picture = (source[y : y + height, x : x + width] + noise).clip(0, 255).astype(np.uint8)
        return picture[..., 1] if grey else picture

    return crop


def by_pillow(crop):
    random = np.random.default_rng(2)
    for turn, (subsampling, progressive, quality) in enumerate(
        itertools.product((0, 1, 2, "grey"), (False, True), (1, 30, 75, 92, 100))
    ):
        for height, width in [(1, 1), (turn % 40 + 1, 40 - turn % 39), *random.integers(1, 41, (2, 2)).tolist()]:
            grey = subsampling == "grey"
            options = {} if grey else {"subsampling": subsampling}
            if turn % 3 == 0:
                options["restart_marker_blocks"] = int(random.integers(1, 6))
            if turn % 4 == 1:
                options["optimize"] = True
            file = io.BytesIO()
            picture = Image.fromarray(crop(height, width, grey))
            picture.save(file, "jpeg", quality=quality, progressive=progressive, **options)
            yield f"Pillow {subsampling} {progressive} {quality} {height}x{width}", file.getvalue()


def by_cjpeg(crop, folder):
    random = np.random.default_rng(3)
    kinds = [[], ["-optimize"], ["-progressive"], ["-restart", "1"], ["-restart", "3B", "-progressive"], ["-rgb"]]
    kinds += [["-scans", folder / name] for name in SCANS]
    for name, script in SCANS.items():
        (folder / name).write_text(script)
    for turn, (samples, kind) in enumerate(itertools.product(SAMPLES, kinds)):
        for height, width in [(turn % 40 + 1, (7 * turn) % 40 + 1), *random.integers(1, 41, (2, 2)).tolist()]:
            quality = str([2, 50, 85, 99][(turn + height) % 4])
            picture = b"P6 %d %d 255\n" % (width, height) + crop(height, width).tobytes()
            made = subprocess.run(
                [CJPEG, "-quality", quality, "-sample", samples, *kind], input=picture, capture_output=True
            )
            if b"too large for interleaved scan" in made.stderr:
                continue
            assert made.returncode == 0, (samples, kind, made.stderr)
            kind_name = " ".join(getattr(part, "name", part) for part in kind)
            yield f"cjpeg {samples} {kind_name} {quality} {height}x{width}", made.stdout


def by_hand():
    random = np.random.default_rng(4)
    divisions = [[[0, 1, 2]], [[0], [1], [2]], [[0, 2], [1]], [[1], [0, 2]], [[2, 1], [0]]]
    jfif = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")
    adobe = [segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([transform])) for transform in range(3)]
    notes = [b"", jfif, *adobe, jfif + adobe[0]]
    notes += [segment(0xFE, b"\xff\xd8\xff\xda"), segment(0xEE, b"Adobe\0\x64\0\0\0")]
    names = [None, list(b"RGB"), [0, 1, 2], [1, 34, 35], [7, 7, 7]]
    ratios = [(1, 1), (2, 1), (1, 2), (2, 2), (4, 1), (1, 4), (4, 4), (2, 4), (4, 2)]
    for turn in range(150):
        height, width = (turn % 40 + 1, 40 - turn % 39) if turn % 2 else map(int, random.integers(1, 41, 2))
        factors = [ratios[int(i)] for i in random.integers(len(ratios), size=3)]
        # libjpeg-turbo takes no more blocks in a unit than 10.
        division = divisions[turn % 5]
        while any(sum(factors[i][0] * factors[i][1] for i in scan) > 10 for scan in division if len(scan) > 1):
            factors = [ratios[int(i)] for i in random.integers(len(ratios), size=3)]
        if turn % 10 == 7:
            factors, division = [ratios[turn // 10 % len(ratios)]], [[0]]
        file = write(
            random,
            height,
            width,
            factors,
            division,
            restarts=[int(i) for i in random.integers(1, 12, len(division))] if turn % 3 == 0 else None,
            deep=turn % 4 == 2,
            fill=turn % 3,
            # One name for all is understood where all are in one scan.
            ids=names[turn % 7] if turn % 7 < (5 if len(division) == 1 else 4) and len(factors) == 3 else None,
            notes=notes[turn % len(notes)],
            extra=segment(0xE5, b"between") if turn % 2 else b"",
        )
        yield f"hand {turn} {height}x{width} {factors} {division}", file + (b"behind the end" if turn % 5 == 0 else b"")


def damaged(files, cases=700, seed=5):
    """Files with a bit turned, some bytes gone or doubled, or their end cut off; each with what it was made of."""
    random = np.random.default_rng(seed)
    for turn in range(cases):
        name, file = files[int(random.integers(len(files)))]
        at = int(random.integers(2, len(file) - 1))
        if turn % 4 == 0:
            yield f"{name} cut at {at}", file[:at], file
        elif turn % 4 == 1:
            yield f"{name} without {at}", file[:at] + file[at + 1 + turn % 5 :], file
        elif turn % 4 == 2:
            yield f"{name} other {at}", file[:at] + random.bytes(2) + file[at + 2 :], file
        else:
            turned = file[at] ^ 1 << int(random.integers(8))
            yield f"{name} turned {at}", file[:at] + bytes([turned]) + file[at + 1 :], file


def by_them(file):
    """The pixels that Pillow makes of a file, or None."""
    try:
        with Image.open(io.BytesIO(file)) as picture:
            if picture.mode not in ("L", "RGB"):
                return None
            return np.asarray(picture)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def headers(file, markers):
    """The beginnings of all segments with these markers, and of what looks like them."""
    starts = (at for at in range(len(file) - 1) if file[at] == 0xFF and file[at + 1] in markers)
    return [file[at : at + 14] for at in starts]


def by_us(files, folder):
    """The pixels that the library makes of each file, or its error."""
    paths = [folder / f"{index}.jpg" for index in range(len(files))]
    for path, file in zip(paths, files):
        path.write_bytes(file)
    ran = subprocess.run([DECODER], input="".join(f"{path}\n" for path in paths), capture_output=True, text=True)
    assert ran.returncode == 0, f"it ended with {ran.returncode}: {ran.stderr[-2000:]}"
    lines = ran.stdout.splitlines()
    assert len(lines) == len(files), f"{len(lines)} lines for {len(files)} files"
    for path, line in zip(paths, lines):
        if line.startswith("ok "):
            height, width, channels = map(int, line.split()[1:])
            raw = path.with_name(path.name + ".raw")
            pixels = np.fromfile(raw, np.uint8).reshape((height, width, channels)[: 2 if channels == 1 else 3])
            raw.unlink()
            yield pixels
        else:
            assert line.startswith("error "), line
            yield line
        path.unlink()


def main():
    assert DECODER.exists(), f"{DECODER} is not built"
    Image.MAX_IMAGE_PIXELS = 1 << 28
    crop = photos()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        files = [*by_pillow(crop), *by_hand()]
        if CJPEG:
            files += by_cjpeg(crop, folder)
        else:
            print("cjpeg is not there (libjpeg-turbo-progs): only files by Pillow and by hand are tested")
        counts = collections.Counter()
        for (name, file), ours in zip(files, by_us([file for _, file in files], folder)):
            theirs = by_them(file)
            assert theirs is not None, f"{name}: Pillow cannot read it"
            assert not isinstance(ours, str), f"{name}: {ours}"
            assert ours.shape == theirs.shape, f"{name}: {ours.shape} and not {theirs.shape}"
            farthest = int(np.abs(ours.astype(int) - theirs).max())
            assert farthest == 0, f"{name}: {farthest} levels apart"
            counts[name.split()[0]] += 1
        assert sum(counts.values()) == len(files) >= (600 if CJPEG else 300), counts
        parts = ", ".join(f"{count} by {name}" for name, count in counts.items())
        print(f"{sum(counts.values())} JPEG files agree with Pillow in every pixel ({parts})")

        cases = [*damaged([case for case in files if len(case[1]) > 300])]
        outcomes = collections.Counter()
        for (name, file, whole), ours in zip(cases, by_us([file for _, file, _ in cases], folder)):
            if isinstance(ours, str):
                outcomes["are refused"] += 1
                continue
            # A cut file may lack its end's marker and no more, one that Pillow refuses only what is not needed.
            theirs = None if " cut at " in name else by_them(file)
            # Pillow reads no chroma of two thirds, and smooths progressive files that end before their finest scans.
            if theirs is None and headers(file, FRAMES) != headers(whole, FRAMES):
                outcomes["are read by the library only"] += 1
                continue
            if b"\xff\xc2" in file and headers(file, b"\xda") != headers(whole, b"\xda"):
                outcomes["end before their finest scans"] += 1
                continue
            theirs = by_them(whole) if theirs is None else theirs
            same = ours.shape == theirs.shape and (ours == theirs).all()
            assert same, f"{name}: it is read as another picture than by Pillow"
            outcomes["are read as by Pillow"] += 1
        assert outcomes["are refused"] >= 300, outcomes
        print(f"of {len(cases)} damaged files " + ", ".join(f"{count} {what}" for what, count in outcomes.items()))

    shape = (21, 13, [(2, 2), (1, 1), (1, 1)], [[0, 1, 2]])
    heights = [write(np.random.default_rng(6), *shape, dnl=dnl) for dnl in (False, True)]
    with tempfile.TemporaryDirectory() as folder:
        plain, late = by_us(heights, pathlib.Path(folder))
    assert (plain == late).all(), "the height behind the first scan"


if __name__ == "__main__":
    main()
