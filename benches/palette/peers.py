"""Palette quantisers from PyPI, and oxipng, driven by main.rs.

peers.py WIDTH HEIGHT FILE reads the samples of an RGB picture, (height, width, 3), from FILE, then from standard input lines
`NAME COLORS OUTPUT`. It answers each with the seconds from samples to palette and labels and with the MSE before the palette is
rounded, and writes both to OUTPUT: one byte with the number of colours less one, the palette, the indices.
`oxipng IN OUT` answers with the seconds and the bytes of the optimised file.

peers.py --curves PHOTO: a table as CSV of what scikit-learn's palettes (all pixels; PNG files by oxipng), WebP and JPEG make of a
photo at some settings. data/peers/china.csv is that of data/photos/china.jpg; the walkthrough 01-palette shows it.
"""

import io
import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import oxipng
from PIL import Image
from sklearn.cluster import KMeans
from sklearn.utils import shuffle


def lloyd(pixels, colors):
    """Lloyd's algorithm on all pixels, from one k-means++ start."""
    model = KMeans(n_clusters=colors, n_init=1, random_state=0, algorithm="lloyd").fit(pixels)
    return model.cluster_centers_, model.labels_


def sample(pixels, colors):
    """The classic: fitted to 1,000 pixels, all predicted."""
    model = KMeans(n_clusters=colors, n_init=1, random_state=0).fit(shuffle(pixels, random_state=0, n_samples=1_000))
    return model.cluster_centers_, model.predict(pixels)


def serve(width, height, file):
    samples = np.fromfile(file, np.uint8).reshape(int(height), int(width), 3)
    for line in sys.stdin:
        name, *arguments = line.split()
        started = time.perf_counter()
        if name == "oxipng":
            oxipng.optimize(arguments[0], arguments[1], level=4, strip=oxipng.StripChunks.safe(), force=True)
            print(time.perf_counter() - started, os.path.getsize(arguments[1]), flush=True)
            continue
        colors, output = int(arguments[0]), arguments[1]
        # As in scikit-learn's own example: values from 0 to 1, a row a pixel.
        pixels = np.array(samples, np.float64).reshape(-1, 3) / 255
        centers, labels = {"sklearn-lloyd": lloyd, "sklearn-sample": sample}[name](pixels, colors)
        seconds = time.perf_counter() - started
        error = ((pixels - centers[labels]) ** 2).mean() * 255**2
        with open(output, "wb") as file:
            file.write(bytes([len(centers) - 1]))
            file.write(np.clip(np.rint(centers * 255), 0, 255).astype(np.uint8).tobytes())
            file.write(labels.astype(np.uint8).tobytes())
        print(seconds, error, flush=True)


def curves(file):
    photo = Image.open(file).convert("RGB")
    samples = np.asarray(photo)

    def row(method, setting, data):
        decoded = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.float64)
        print(f"{method},{setting},{len(data)},{((decoded - samples) ** 2).mean():.4f}", flush=True)

    def encoded(picture, **options):
        data = io.BytesIO()
        picture.save(data, **options)
        return data.getvalue()

    print("method,setting,bytes,mse")
    for colors in [2, 4, 8, 16, 32, 64, 128, 256]:
        centers, labels = lloyd(samples.astype(np.float64).reshape(-1, 3) / 255, colors)
        indexed = Image.fromarray(labels.astype(np.uint8).reshape(samples.shape[:2]), "P")
        indexed.putpalette(np.clip(np.rint(centers * 255), 0, 255).astype(np.uint8).tobytes())
        row("scikit-learn", colors, oxipng.optimize_from_memory(encoded(indexed, format="PNG"), level=4))
    for quality in [1, 5, 10, 20, 40, 60, 80, 90, 95]:
        row("WebP", quality, encoded(photo, format="WEBP", quality=quality, method=6))
        row("JPEG", quality, encoded(photo, format="JPEG", quality=quality, optimize=True))


if __name__ == "__main__":
    curves(sys.argv[2]) if sys.argv[1] == "--curves" else serve(*sys.argv[1:])
