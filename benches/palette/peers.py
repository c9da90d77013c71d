"""Palette quantisers from PyPI, and oxipng, driven by main.rs.

peers.py WIDTH HEIGHT FILE reads the samples of an RGB picture, (height, width, 3), from FILE, then from standard input lines
`NAME COLORS OUTPUT`. It answers each with the seconds from samples to palette and labels and with the MSE before the palette is
rounded, and writes both to OUTPUT: one byte with the number of colours less one, the palette, the indices.
`oxipng IN OUT` answers with the seconds and the bytes of the optimised file.
"""

import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import oxipng
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


if __name__ == "__main__":
    serve(*sys.argv[1:])
