"""Photo codecs from PyPI's wheels, driven by main.rs, on one thread.

Reads from standard input lines `CODEC SETTING PHOTO OUTPUT`. Answers each with the seconds of encoding and of decoding and the
bytes of the file, and writes the decoded samples to OUTPUT, (height, width, 3), a byte each.

peers.py --curves PHOTO: a table as CSV of what JPEG, WebP, AVIF and JPEG XL make of a photo at some settings.
data/peers/china-photo.csv is that of data/photos/china.jpg; the walkthrough 02-svd-rank shows it.

libjpeg-turbo, WebP and AVIF are Pillow's, mozjpeg is libvips's, JPEG XL is imagecodecs'. Chroma is 4:2:0 but for JPEG XL.
"""

import io
import os
import sys
import time

os.environ["VIPS_CONCURRENCY"] = "1"

import imagecodecs
import numpy as np
import pyvips
from PIL import AvifImagePlugin, Image

AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def pillow(**options):
    def encode(photo, setting):
        data = io.BytesIO()
        photo.save(data, quality=setting, **options)
        return data.getvalue()

    def decode(data):
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))

    return encode, decode


def mozjpeg(photo, setting):
    height, width, bands = photo.shape
    picture = pyvips.Image.new_from_memory(photo.tobytes(), width, height, bands, "uchar")
    return picture.jpegsave_buffer(
        Q=setting, trellis_quant=True, overshoot_deringing=True, optimize_scans=True, optimize_coding=True,
        interlace=True, quant_table=3, subsample_mode="on",
    )


jpeg = pillow(format="JPEG", subsampling=2, optimize=True)
CODECS = {
    "libjpeg-turbo": jpeg,
    "mozjpeg": (lambda photo, setting: mozjpeg(np.asarray(photo), setting), jpeg[1]),
    "webp": pillow(format="WEBP", method=6),
    "avif": pillow(format="AVIF", speed=4, subsampling="4:2:0", max_threads=1),
    "jxl": (
        lambda photo, setting: imagecodecs.jpegxl_encode(np.asarray(photo), level=setting, effort=7, numthreads=1),
        lambda data: imagecodecs.jpegxl_decode(data, numthreads=1),
    ),
}



def serve():
    photos = {}
    for line in sys.stdin:
        codec, setting, name, output = line.split()
        if name not in photos:
            photos[name] = Image.open(name).convert("RGB")
        encode, decode = CODECS[codec]
        started = time.perf_counter()
        data = encode(photos[name], int(setting))
        encoded = time.perf_counter()
        samples = decode(data)
        decoded = time.perf_counter()
        np.ascontiguousarray(samples).tofile(output)
        print(encoded - started, decoded - encoded, len(data), flush=True)


def curves(file):
    photo = Image.open(file).convert("RGB")
    weights = np.array([0.299, 0.587, 0.114])
    print("codec,setting,bytes,psnr_luma_db", flush=True)
    for title, codec in [("JPEG", "libjpeg-turbo"), ("WebP", "webp"), ("AVIF", "avif"), ("JPEG XL", "jxl")]:
        encode, decode = CODECS[codec]
        for setting in [20, 35, 50, 65, 75, 85, 92]:
            data = encode(photo, setting)
            error = (np.asarray(photo).astype(float) - decode(data).astype(float)) @ weights
            print(f"{title},{setting},{len(data)},{10 * np.log10(255**2 / (error**2).mean()):.4f}", flush=True)


if __name__ == "__main__":
    curves(sys.argv[2]) if sys.argv[1:2] == ["--curves"] else serve()
