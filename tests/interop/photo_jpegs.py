"""JPEG files: colour spaces, sampling, scans, profiles, orientations and damage."""

import imagecodecs
import numpy as np
from PIL import Image

import icc_writer as icc
from photo_cases import LOSSY, PATCHES, as_rgb, china, opened, patches, saved, smooth, turned
from photo_pngs import exif, xmp

# What differs between decoders where all of chroma is there: the rounding of the transform.
CLOSE = ("psnr", 48.0)


def inked(channels=4):
    """A picture of four inks, from 0 to 255 as the paper gets them."""
    return smooth(channels=channels)


def naive(inks):
    """Four inks as colours where nothing says how they look."""
    return np.round((255.0 - inks[:, :, :3]) * (255.0 - inks[:, :, 3:]) / 255).astype(np.uint8)


def shapes(cases):
    """Sampling, scans and restarts over sizes that no block divides."""
    for size in [(1, 1), (8, 8), (9, 17), (40, 23), (107, 160)]:
        picture = smooth(*size)
        for subsampling in [0, 1, 2]:
            for options in [
                {},
                {"progressive": True},
                {"restart_marker_blocks": 3},
                {"optimize": True, "quality": 100},
            ]:
                data = saved(picture, "JPEG", subsampling=subsampling, **({"quality": 92} | options))
                cases.add(f"ycc_{subsampling}", "jpg", data, opened(data), LOSSY if subsampling else CLOSE)
        for subsampling in ["440", "411"]:
            data = imagecodecs.jpeg8_encode(picture, level=92, subsampling=subsampling)
            cases.add(f"ycc_{subsampling}", "jpg", data, opened(data), LOSSY)
        for options in [{}, {"progressive": True}]:
            data = saved(np.ascontiguousarray(picture[:, :, 0]), "JPEG", quality=90, **options)
            cases.add("grey", "jpg", data, opened(data), CLOSE)
        data = saved(picture, "JPEG", quality=90, keep_rgb=True)
        cases.add("rgb", "jpg", data, opened(data), CLOSE)
        if size[0] > 1:
            # Decoders agree on what the file holds to a rounding, whatever the picture.
            data = saved(
                np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8), "JPEG", quality=80, subsampling=0
            )
            cases.add("noise", "jpg", data, opened(data), PATCHES)
    cases.add("china", "jpg", saved(china(), "JPEG", quality=95), opened(saved(china(), "JPEG", quality=95)), LOSSY)


def inks(cases):
    """Four inks: with Adobe's marker turned over, without it as they are, as YCCK."""
    picture = inked()
    cmyk = Image.fromarray(picture, "CMYK")
    for options in [{}, {"progressive": True}]:
        data = saved(cmyk, "JPEG", quality=97, subsampling=0, **options)
        cases.add("cmyk", "jpg", data, naive(opened(data, "CMYK")), CLOSE)
    data = imagecodecs.jpeg8_encode(picture, level=97, colorspace="CMYK", outcolorspace="YCCK", subsampling="444")
    cases.add("ycck", "jpg", data, opened(data), CLOSE)


def profiles(cases):
    """Profiles in one piece and in several, of colours, grey and inks."""
    for name, picture in [("patches", patches()), ("smooth", smooth()), ("china", china())]:
        for kind, profile in icc.PROFILES.items():
            data = saved(picture, "JPEG", quality=98, subsampling=0, icc_profile=profile)
            want = icc.as_srgb(Image.fromarray(opened(data)), profile, True)
            # Linear light makes of a step in the dark thirteen: decoders round differently there.
            cases.add(f"icc_{kind}_{name}", "jpg", data, want, ("psnr", 40.0) if kind == "linear" else PATCHES)
        for kind, profile in icc.GREYS.items():
            data = saved(np.ascontiguousarray(picture[:, :, 1]), "JPEG", quality=98, icc_profile=profile)
            want = icc.as_srgb(Image.fromarray(opened(data, "L")), profile, True)
            cases.add(f"icc_{kind}_{name}", "jpg", data, want, ("psnr", 40.0) if kind == "grey_linear" else PATCHES)
        four = (
            inked()
            if name == "smooth"
            else patches(4)
            if name == "patches"
            else Image.fromarray(picture).convert("CMYK")
        )
        for kind, profile in icc.CMYKS.items():
            cmyk = four if isinstance(four, Image.Image) else Image.fromarray(four, "CMYK")
            data = saved(cmyk, "JPEG", quality=98, subsampling=0, icc_profile=profile)
            want = icc.as_srgb(Image.fromarray(opened(data, "CMYK"), "CMYK"), profile, True)
            cases.add(f"icc_{kind}_{name}", "jpg", data, want, PATCHES)
    picture = smooth()
    for broken in [b"not a profile", icc.PROFILES["display_p3"][:150], icc.CMYKS["press"], icc.GREYS["grey_1_8"]]:
        data = saved(picture, "JPEG", quality=98, subsampling=0, icc_profile=broken)
        cases.add("icc_broken", "jpg", data, opened(data), CLOSE)


def orientations(cases):
    """All eight, in both byte orders, as SHORT and as LONG, in colours and grey."""
    picture = smooth(48, 32)
    for order in "<>":
        for long in [False, True]:
            for number in range(1, 9):
                block = b"Exif\0\0" + exif(number, order, long)
                plane = picture if number % 2 else np.ascontiguousarray(picture[:, :, 0])
                data = saved(plane, "JPEG", quality=95, subsampling=0, exif=block)
                cases.add(f"exif_{number}", "jpg", data, turned(as_rgb(opened(data)), number), CLOSE)
    for number in range(1, 9):
        data = saved(picture, "JPEG", quality=95, subsampling=0, xmp=xmp(number))
        cases.add("xmp", "jpg", data, turned(opened(data), number), CLOSE)
    for number in (0, 9, 77):
        data = saved(picture, "JPEG", quality=95, subsampling=0, exif=b"Exif\0\0" + exif(number))
        cases.add("exif_none", "jpg", data, opened(data), CLOSE)


def cut_files():
    """Whole files that are cut in the test of damage, with a name each."""
    picture = Image.fromarray(china())
    yield "baseline", saved(picture, "JPEG", quality=92)
    yield "full_chroma", saved(picture, "JPEG", quality=92, subsampling=0)
    yield "progressive", saved(picture, "JPEG", quality=92, progressive=True)
    yield "restarts", saved(picture, "JPEG", quality=92, restart_marker_rows=1)
    yield "grey", saved(picture.convert("L"), "JPEG", quality=92)
    yield "grey_progressive", saved(picture.convert("L"), "JPEG", quality=92, progressive=True)
    yield "cmyk", saved(picture.convert("CMYK"), "JPEG", quality=92)


def damage(cases):
    """Scans that end early, restart intervals that lack bytes, and what is no JPEG."""
    for name, data in cut_files():
        for percent in [10, 25, 40, 60, 75, 90, 95]:
            cases.add(f"cut_{name}", "jpg", data[: len(data) * percent // 100], refuse=["\\d ?%|percent"])
    data = saved(china(), "JPEG", quality=92, restart_marker_rows=1)
    marks = [at for at in range(len(data) - 1) if data[at] == 0xFF and 0xD0 <= data[at + 1] <= 0xD7]
    for number in (5, 20, len(marks) - 3):
        start, end = marks[number] + 2, marks[number + 1]
        hole = data[: start + (end - start) // 3] + data[end:]
        cases.add("hole", "jpg", hole, refuse=["."])
    grey = saved(Image.fromarray(china()).convert("L"), "JPEG", quality=92, restart_marker_rows=2)
    marks = [at for at in range(len(grey) - 1) if grey[at] == 0xFF and 0xD0 <= grey[at + 1] <= 0xD7]
    start, end = marks[3] + 2, marks[4]
    cases.add("hole_grey", "jpg", grey[: start + (end - start) // 2] + grey[end:], refuse=["."])
    for data in [b"\xff\xd8\xff", b"\xff\xd8\xff\xd9", b"\xff\xd8\xff\xe0\0\x10JFIF\0"]:
        cases.add("no_picture", "jpg", data, refuse=["."])


def all_kinds(cases):
    for kind in [shapes, inks, profiles, orientations, damage]:
        kind(cases)
