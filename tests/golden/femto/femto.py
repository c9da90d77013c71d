"""The femto archives in NumPy, after the description in src/svd/femto.rs, and the files beside this script.

    pip install numpy pillow
    python tests/golden/femto/femto.py            makes archives, and pictures of what they decode to
    python tests/golden/femto/femto.py ARCHIVE PICTURE   decodes one

It shares no code with the library: the interoperability test decodes the library's archives with it.
"""

import gzip
import json
import pathlib
import sys

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).parent
PHOTOS = HERE.parents[2] / "data" / "photos"


def nearest(values, centers):
    return np.abs(values[:, None, :] - centers[None]).sum(2).argmin(1)


def kmeans(values, count, rng):
    """Lloyd's method on rows, started from some of them."""
    distinct = np.unique(values, axis=0)
    centers = distinct[rng.permutation(len(distinct))[:count]]
    for _ in range(20):
        labels = ((values[:, None, :] - centers[None]) ** 2).sum(2).argmin(1)
        centers = np.stack([values[labels == i].mean(0) if (labels == i).any() else c for i, c in enumerate(centers)])
    return centers


def rgb_to_hsv(rgb):
    """(..., 3) from 0 to 1."""
    top, spread = rgb.max(-1), np.ptp(rgb, axis=-1)
    r, g, b = np.moveaxis(rgb, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        hue = np.where(top == r, (g - b) / spread % 6, np.where(top == g, (b - r) / spread + 2, (r - g) / spread + 4)) / 6
        saturation = spread / top
    return np.stack([np.where(spread == 0, 0, hue), np.where(top == 0, 0, saturation), top], -1)


def hsv_to_rgb(hsv):
    h, s, v = np.moveaxis(np.clip(hsv, 0, 1), -1, 0)
    sector = np.floor(h * 6)
    part = h * 6 - sector
    p, q, t = v * (1 - s), v * (1 - s * part), v * (1 - s * (1 - part))
    return np.stack([
        np.choose(sector.astype(int) % 6, [v, q, p, p, t, v]),
        np.choose(sector.astype(int) % 6, [t, v, v, q, p, p]),
        np.choose(sector.astype(int) % 6, [p, p, t, v, v, q]),
    ], -1)


def kept(length, nth):
    return [j for j in range(length) if not (nth and 0 < j < length - 1 and (j + 1) % nth == 0)]


def encode_color(picture, ranks, nth_column, nth_row, colors=256, clusters=64, seed=0):
    """`picture` is (height, width, 3), u8."""
    rng = np.random.default_rng(seed)
    pixels = picture.reshape(-1, 3) / 255
    palette = kmeans(pixels[rng.choice(len(pixels), min(1000, len(pixels)), replace=False)], colors, rng)
    hsv = rgb_to_hsv(palette)[((pixels[:, None] - palette[None]) ** 2).sum(2).argmin(1)].reshape(picture.shape)
    height, width = picture.shape[:2]
    rows, columns = kept(height, nth_row), kept(width, nth_column)
    hsv = hsv[rows][:, columns]
    archive = {"shape": [width, height], "new_shape": [len(columns), len(rows)], "remove": [nth_column, nth_row]}
    for name, plane, rank in zip("hsv", np.moveaxis(hsv, -1, 0), ranks):
        u, s, vt = np.linalg.svd(plane, full_matrices=False)
        for side, factor in ("a", u[:, :rank].round(4)), ("c", vt[:rank].round(5)):
            entries = factor.reshape(-1, 1)
            centers = kmeans(entries[rng.choice(len(entries), min(1500, len(entries)), replace=False)], clusters, rng)
            archive[f"{name}_{side}_kstring"] = "".join(map(chr, nearest(entries, centers)))
            archive[f"{name}_{side}_cluster"] = centers[:, 0].tolist()
        archive[f"{name}_b"] = s[:rank].round(2).tolist()
    return archive


def encode_grey(picture, rank):
    u, s, vt = np.linalg.svd(picture.astype(float), full_matrices=False)
    return {"a": u[:, :rank].round(4).tolist(), "b": s[:rank].round(2).tolist(), "c": vt[:rank].round(5).tolist()}


def put_back(colors, axis, length, nth):
    stay = kept(length, nth)
    shape = list(colors.shape)
    shape[axis] = length
    out = np.zeros(shape)
    colors, moved = np.moveaxis(colors, axis, 0), np.moveaxis(out, axis, 0)
    moved[stay] = colors
    for j in sorted(set(range(length)) - set(stay)):
        moved[j] = (moved[j - 1] + moved[j + 1]) / 2
    return out


def decode(archive):
    """The picture, u8: (height, width) or (height, width, 3)."""
    if "a" in archive:
        levels = np.array(archive["a"]) @ np.diag(archive["b"]) @ np.array(archive["c"])
        return np.clip(levels, 0, 255).round().astype(np.uint8)
    width, height = archive["shape"]
    new_width, new_height = archive["new_shape"]
    nth_column, nth_row = archive["remove"]
    planes = []
    for name in "hsv":
        values = np.array(archive[f"{name}_b"])
        sides = []
        for side, shape in ("a", (new_height, len(values))), ("c", (len(values), new_width)):
            places = np.array([ord(character) for character in archive[f"{name}_{side}_kstring"]], int)
            sides.append(np.array(archive[f"{name}_{side}_cluster"])[places].reshape(shape))
        planes.append(sides[0] * values @ sides[1])
    colors = hsv_to_rgb(np.stack(planes, -1))
    colors = put_back(put_back(colors, 1, width, nth_column), 0, height, nth_row)
    return np.clip(colors * 255, 0, 255).round().astype(np.uint8)


def read(path):
    data = pathlib.Path(path).read_bytes()
    return json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)


def make():
    color = np.asarray(Image.open(PHOTOS / "astronaut.png").convert("RGB"))[20:116, 160:257]
    grey = np.asarray(Image.open(PHOTOS / "chelsea.png").convert("L"))[60:131, 100:200]
    archives = {
        "color.json.gz": encode_color(color, (24, 24, 48), 0, 0),
        "thinned.json": encode_color(color, (12, 12, 24), 5, 3, clusters=40),
        "every_second.json.gz": encode_color(color[:31, :29], (9, 40, 40), 2, 2),
        "grey.json": encode_grey(grey, 20),
    }
    for name, archive in archives.items():
        text = json.dumps(archive).encode()
        (HERE / "v1" / name).write_bytes(gzip.compress(text, mtime=0) if name.endswith("gz") else text)
        Image.fromarray(decode(archive)).save(HERE / "v1" / f"{name.split('.')[0]}.png")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        Image.fromarray(decode(read(sys.argv[1]))).save(sys.argv[2])
    else:
        make()
