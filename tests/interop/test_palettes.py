"""Indexed PNG and GIF files of the command line, read by Pillow; palettes and indices, read by NumPy.

Run by .ci/run with the packages of requirements.txt, after `cargo build --release`.
"""

import json
import pathlib
import subprocess
import tempfile

import numpy as np
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORTADO = ROOT / "target/release/cortado"

WAYS = [
    [],
    ["--colors", "2"],
    ["--colors", "13", "--space", "oklab"],
    ["--colors", "40", "--dither", "floyd-steinberg"],
    ["--colors", "40", "--dither", "blue-noise", "--strength", "0.5"],
    ["--colors", "64", "--spatial", "20"],
]


def cortado(*arguments):
    report = subprocess.run([CORTADO, *map(str, arguments), "--json", "--force"], check=True, capture_output=True, text=True)
    return json.loads(report.stdout)


def psnr(a, b):
    error = ((a.astype(float) - b.astype(float)) ** 2).mean()
    return 10 * np.log10(255**2 / error)


def test_photos(folder):
    files = 0
    for photo in [ROOT / "data/photos/chelsea.png", ROOT / "data/photos/kodim07.tif"]:
        original = np.asarray(Image.open(photo).convert("RGB"))
        for way in WAYS:
            for name, extra in [("out.png", []), ("out.gif", [])] + ([("best.png", ["--best"])] if way else []):
                report = cortado("compress", photo, "-o", folder / name, *way, *extra)
                picture = Image.open(folder / name)
                assert picture.mode == "P", f"{name}: {picture.mode}"
                pixels = np.asarray(picture.convert("RGB"))
                assert abs(psnr(original, pixels) - report["psnr_db"]) < 1e-6, (name, way)
                if name.endswith(".png"):
                    cortado("decompress", folder / name, "-o", folder / "arrays.npz")
                    arrays = np.load(folder / "arrays.npz")
                    assert (np.rint(arrays["palette"]).astype(np.uint8)[arrays["indices"]] == pixels).all(), (name, way)
                files += 1
    return files


def test_transparency(folder):
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (31, 17, 4), np.uint8)
    pixels[..., 3] = np.where(rng.random((31, 17)) < 0.3, 0, 255)
    Image.fromarray(pixels, "RGBA").save(folder / "in.png")
    for name, extra in [("out.png", []), ("best.png", ["--best"]), ("out.gif", [])]:
        cortado("compress", folder / "in.png", "-o", folder / name, "--colors", "20", *extra)
        opacity = np.asarray(Image.open(folder / name).convert("RGBA"))[..., 3]
        assert (opacity == pixels[..., 3]).all(), name


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        files = test_photos(folder)
        test_transparency(folder)
    print(f"palettes: {files} files read by Pillow as they were written, and three with transparent pixels")


if __name__ == "__main__":
    main()
