"""Makes tests/golden/photos: small JPEG files of many kinds, and beside each the samples that Pillow makes of it (.raw:
rows of pixels of 1, 3 or 4 bytes). The tests of src/jpeg read them.

    pip install numpy pillow imagecodecs
    apt-get install libjpeg-turbo-progs
    python tests/golden/make_jpegs.py
"""

import io
import pathlib
import subprocess
import sys
import tempfile

import imagecodecs
import numpy as np
from PIL import Image, ImageCms

HERE = pathlib.Path(__file__).parent
FOLDER = HERE / "photos"
sys.path.insert(0, str(HERE.parent / "interop"))
from jpeg_writer import write

HEIGHT, WIDTH = 21, 27


def picture(height=HEIGHT, width=WIDTH):
    photo = Image.open(HERE / "../../data/photos/chelsea.png").convert("RGB")
    return photo.crop((170, 90, 170 + 2 * width, 90 + 2 * height)).resize((width, height))


def pillow(image, **options):
    file = io.BytesIO()
    image.save(file, "jpeg", **{"quality": 80, **options})
    return file.getvalue()


def cjpeg(image, *options, scans=None):
    pixels = b"P6 %d %d 255\n" % image.size + image.tobytes()
    with tempfile.NamedTemporaryFile("w") as script:
        script.write(scans or "")
        script.flush()
        options = [*options, *(["-scans", script.name] if scans else [])]
        made = subprocess.run(["cjpeg", "-quality", "80", *options], input=pixels, capture_output=True, check=True)
        return made.stdout


def files():
    image = picture()
    yield "420", pillow(image, subsampling=2)
    yield "422", pillow(image, subsampling=1)
    yield "440", cjpeg(image, "-sample", "1x2")
    yield "411", cjpeg(image, "-sample", "4x1")
    yield "chroma_above_luma", cjpeg(image, "-sample", "1x1,2x2,2x1")
    yield "scan_a_component", cjpeg(image, "-sample", "2x2", scans="0;\n1;\n2;\n")
    yield "progressive", cjpeg(image, "-sample", "2x2", "-progressive")
    yield "progressive_restarts", cjpeg(image, "-sample", "2x1", "-progressive", "-restart", "3B")
    exif = Image.Exif()
    exif[0x0112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # Without the date.
    profile = profile[:24] + bytes(12) + profile[36:]
    yield "restarts", pillow(image, subsampling=2, restart_marker_blocks=1, exif=exif, icc_profile=profile)
    yield "grey", pillow(image.convert("L"))
    yield "one_pixel", pillow(picture(1, 1))
    yield "adobe_rgb", cjpeg(picture(4, 4), "-rgb")
    inks = np.asarray(image.convert("CMYK")) ^ np.array([0, 0, 0, 77], np.uint8)
    yield "cmyk", pillow(Image.fromarray(inks, "CMYK"))
    yield "ycck", imagecodecs.jpeg8_encode(inks, 85, colorspace="CMYK", outcolorspace="YCCK", subsampling="420")
    shape = (19, 11, [(2, 1), (1, 1), (1, 2)], [[0, 2], [1]])
    late, plain = (write(np.random.default_rng(0), *shape, dnl=dnl) for dnl in (True, False))
    # Pillow knows no height that comes late.
    yield "height_behind_scan", late, plain


FOLDER.mkdir(exist_ok=True)
for name, file, *readable in files():
    (FOLDER / f"{name}.jpg").write_bytes(file)
    pixels = np.asarray(Image.open(io.BytesIO(*readable or [file])))
    (FOLDER / f"{name}.raw").write_bytes(pixels.tobytes())
