"""Femto archives of the command line, decoded by the NumPy script that made the golden ones.

Run by .ci/run with the packages of requirements.txt, after `cargo build --release`.
"""

import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORTADO = ROOT / "target/release/cortado"
sys.path.insert(0, str(ROOT / "tests/golden/femto"))
import femto

WAYS = [
    ("astronaut.png", "a.json.gz", []),
    ("chelsea.png", "b.json", ["--ranks", "20,20,60", "--clusters", "32"]),
    ("coffee.png", "c.json.gz", ["--ranks", "40,40,80", "--thinning", "4,3", "--colors", "100"]),
    ("flower.jpg", "d.json", ["--thinning", "2,2", "--clusters", "300"]),
]


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        grey = folder / "grey.png"
        Image.open(ROOT / "data/photos/kodim07.tif").convert("L").save(grey)
        for photo, name, options in [*((ROOT / "data/photos" / photo, *rest) for photo, *rest in WAYS), (grey, "e.json.gz", ["--ranks", "1,1,90"])]:
            archive, picture = folder / name, folder / "picture.png"
            subprocess.run([CORTADO, "compress", photo, "-o", archive, *options], check=True, stdout=subprocess.DEVNULL)
            subprocess.run([CORTADO, "decompress", archive, "-o", picture, "--force"], check=True, stdout=subprocess.DEVNULL)
            theirs, ours = femto.decode(femto.read(archive)), np.asarray(Image.open(picture))
            assert theirs.shape == ours.shape, (name, theirs.shape, ours.shape)
            farthest = int(np.abs(theirs.astype(int) - ours).max())
            assert farthest <= 1, f"{name}: {farthest} levels apart"
            original = np.asarray(Image.open(photo).convert("L" if theirs.ndim == 2 else "RGB")).astype(float)
            error = ((theirs - original) ** 2).mean()
            assert error < 400, f"{name}: a mean squared error of {error:.0f}"
    print(f"{len(WAYS) + 1} femto archives agree within a level")


if __name__ == "__main__":
    main()
