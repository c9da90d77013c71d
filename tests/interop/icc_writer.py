"""Colour profiles written tag by tag, and what LittleCMS makes of pictures in them."""

import io
import os
import pathlib
import struct

import numpy as np
from PIL import ImageCms

D50 = np.array([0.9642, 1.0, 0.8249])
D65_XY = (0.3127, 0.3290)
SRGB = [(0.64, 0.33), (0.30, 0.60), (0.15, 0.06)]
P3 = [(0.68, 0.32), (0.265, 0.69), (0.15, 0.06)]
ADOBE = [(0.64, 0.33), (0.21, 0.71), (0.15, 0.06)]
PROPHOTO = [(0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001)]
BT2020 = [(0.708, 0.292), (0.170, 0.797), (0.131, 0.046)]


def fixed(*values):
    return struct.pack(f">{len(values)}i", *(round(float(value) * 65536) for value in values))


def xyz_of(x, y):
    return np.array([x / y, 1.0, (1.0 - x - y) / y])


def to_d50(white):
    """Bradford's adaptation of a white to D50."""
    cone = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    return np.linalg.inv(cone) @ np.diag((cone @ D50) / (cone @ white)) @ cone


def matrix_of(primaries, white=D65_XY):
    """The matrix from linear RGB to XYZ under D50."""
    columns = np.array([xyz_of(*primary) for primary in primaries]).T
    full = xyz_of(*white)
    return to_d50(full) @ (columns * np.linalg.solve(columns, full))


def srgb_curve():
    """The parametric curve of sRGB."""
    return b"para" + bytes(4) + struct.pack(">HH", 3, 0) + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def gamma_curve(gamma):
    """One number: in version 2 as a curve, 1.0 as the curve of no points."""
    if gamma == 1:
        return b"curv" + bytes(8)
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))


def sampled_curve(function, points=256):
    values = np.clip(np.round(function(np.linspace(0, 1, points)) * 65535), 0, 65535).astype(int)
    return b"curv" + bytes(4) + struct.pack(f">I{points}H", points, *values)


def profile(space, tags, connection=b"XYZ ", version=2, kind=b"mntr", intent=0):
    """A profile of tags (name and content); description, copyright and white are added."""
    text = b"desc" + bytes(4) + struct.pack(">I", 5) + b"test\0" + bytes(78)
    note = b"text" + bytes(4) + b"CC0\0"
    if version == 4:
        text = note = (
            b"mluc" + bytes(4) + struct.pack(">IIHHII", 1, 12, 0x656E, 0x5553, 8, 28) + "test".encode("utf-16-be")
        )
    every = [(b"desc", text), (b"cprt", note), (b"wtpt", b"XYZ " + bytes(4) + fixed(*D50)), *tags]
    table, data = struct.pack(">I", len(every)), b""
    start = 132 + 12 * len(every)
    for name, content in every:
        table += name + struct.pack(">II", start + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    number = {2: 0x02400000, 4: 0x04300000}[version]
    head = struct.pack(">I4sI4s4s4s", start + len(data), b"", number, kind, space, connection)
    head += struct.pack(">6H4s", 2025, 1, 1, 0, 0, 0, b"acsp") + bytes(24) + struct.pack(">I", intent) + fixed(*D50)
    return head.ljust(128, b"\0") + table + data


def matrix_profile(primaries, curve, version=2, white=D65_XY):
    columns = matrix_of(primaries, white).T
    tags = [(name, b"XYZ " + bytes(4) + fixed(*column)) for name, column in zip([b"rXYZ", b"gXYZ", b"bXYZ"], columns)]
    return profile(b"RGB ", tags + [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")], version=version)


def grey_profile(curve, version=2):
    return profile(b"GRAY", [(b"kTRC", curve)], version=version)


def lab_of(linear, matrix):
    """CIELAB of linear RGB, in an array whose last axis has the three."""
    relative = np.maximum(linear @ matrix.T / D50, 0)
    root = np.where(relative > (6 / 29) ** 3, np.cbrt(relative), relative / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def table_profile(space, inks, grid, linear_of, table="mft2", connection=b"Lab ", kind=b"prtr", names=(b"A2B0",)):
    """A profile that is a table from device values to CIELAB or XYZ, of type mft1, mft2 or mAB, for some intents.

    `linear_of` gives the linear sRGB of device values. Input profiles have the perceptual table (A2B0) alone.
    """
    axes = np.meshgrid(*[np.linspace(0, 1, grid)] * inks, indexing="ij")
    linear = linear_of(np.stack(axes, -1))
    lab = lab_of(linear, matrix_of(SRGB)) + [0, 128, 128]
    # What a step of 1 in L, and in a and b, is in the table.
    scale = {"mft1": [2.55, 1, 1], "mft2": [652.8, 256, 256], "mAB": [655.35, 257, 257]}[table]
    values = lab * scale if connection == b"Lab " else linear @ matrix_of(SRGB).T * 32768
    top = 255 if table == "mft1" else 65535
    data = np.clip(np.round(values), 0, top).astype(np.uint8 if table == "mft1" else ">u2").tobytes()
    head = struct.pack(">BBBB", inks, 3, grid, 0) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    if table == "mft1":
        content = b"mft1" + bytes(4) + head + bytes(range(256)) * inks + data + bytes(range(256)) * 3
    elif table == "mft2":
        ends = struct.pack(">HH", 0, 65535)
        content = b"mft2" + bytes(4) + head + struct.pack(">HH", 2, 2) + ends * inks + data + ends * 3
    else:
        straight = b"curv" + bytes(8)
        data = bytes([grid] * inks).ljust(16, b"\0") + bytes([2, 0, 0, 0]) + data + bytes(-len(data) % 4)
        starts = [32, 0, 0, 32 + 36, 32 + 36 + len(data)]
        content = (
            b"mAB " + bytes(4) + struct.pack(">BBH5I", inks, 3, 0, *starts) + straight * 3 + data + straight * inks
        )
    version = 4 if table == "mAB" else 2
    return profile(space, [(name, content) for name in names], connection=connection, version=version, kind=kind)


def cmyk_linear(inks):
    """A press of four inks that lie over one another: what each lets through is multiplied."""
    passes = np.array([[0.02, 0.35, 0.75], [0.55, 0.02, 0.25], [0.92, 0.75, 0.01], [0.03, 0.03, 0.03]])
    covered = inks + 0.35 * inks * (1 - inks)
    return np.prod(1 - covered[..., None] * (1 - passes), axis=-2)


def scanner_linear(rgb):
    """A scanner whose channels see some of one another's light."""
    mixed = rgb**2.1 @ np.array([[0.82, 0.12, 0.06], [0.09, 0.83, 0.08], [0.03, 0.14, 0.83]]).T
    return 0.01 + 0.97 * mixed


def as_srgb(image, icc, all_ways=False):
    """What LittleCMS makes of a picture under relative colorimetric intent.

    With `all_ways` also under perceptual intent, and each with the black point adapted, since a reader may choose.
    """
    source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    target = ImageCms.createProfile("sRGB")
    ways = [(1, 0)] + [
        (0, 0),
        (1, ImageCms.Flags.BLACKPOINTCOMPENSATION),
        (0, ImageCms.Flags.BLACKPOINTCOMPENSATION),
    ] * all_ways
    found = []
    for intent, flags in ways:
        done = ImageCms.profileToProfile(image, source, target, renderingIntent=intent, outputMode="RGB", flags=flags)
        found.append(np.asarray(done))
    if icc == GREYS["grey_linear"]:
        # LittleCMS is ten levels off near black, where its curve of 16 bits is steep: the formula is right as well.
        light = np.asarray(image) / 255
        levels = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
        found.append(np.repeat(np.round(levels * 255).astype(np.uint8)[..., None], 3, 2))
    return found


PROFILES = {
    "display_p3": matrix_profile(P3, srgb_curve(), 4),
    "adobe": matrix_profile(ADOBE, gamma_curve(563 / 256)),
    "prophoto": matrix_profile(PROPHOTO, gamma_curve(1.8), 2, (0.3457, 0.3585)),
    "linear": matrix_profile(SRGB, gamma_curve(1)),
    "srgb": matrix_profile(SRGB, srgb_curve(), 4),
    "sampled": matrix_profile(P3, sampled_curve(lambda v: 0.1 * v + 0.9 * v**2.6, 1024)),
    "scanner": table_profile(b"RGB ", 3, 17, scanner_linear, kind=b"scnr"),
    "scanner_8": table_profile(b"RGB ", 3, 17, scanner_linear, "mft1", kind=b"scnr"),
    "scanner_xyz": table_profile(b"RGB ", 3, 33, scanner_linear, connection=b"XYZ ", kind=b"scnr"),
    "scanner_4": table_profile(b"RGB ", 3, 17, scanner_linear, "mAB", kind=b"scnr"),
    "space": table_profile(b"RGB ", 3, 17, scanner_linear, "mAB", kind=b"spac"),
}
GREYS = {
    "grey_1_8": grey_profile(gamma_curve(1.8)),
    "grey_linear": grey_profile(gamma_curve(1)),
    "grey_dot_gain": grey_profile(sampled_curve(lambda v: 1 - np.clip((1 - v) + 0.8 * (1 - v) * v, 0, 1))),
    "grey_srgb": grey_profile(srgb_curve(), 4),
}
CMYKS = {
    "press": table_profile(b"CMYK", 4, 9, cmyk_linear, names=(b"A2B0", b"A2B1", b"A2B2")),
    "press_large": table_profile(b"CMYK", 4, 13, cmyk_linear),
    "press_4": table_profile(b"CMYK", 4, 9, cmyk_linear, "mAB", names=(b"A2B0", b"A2B1", b"A2B2")),
    "press_8": table_profile(b"CMYK", 4, 9, cmyk_linear, "mft1", names=(b"A2B0", b"A2B1", b"A2B2")),
}


def installed_presses():
    """Profiles of real presses that the system has; Debian's libgs-common brings one."""
    folders = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    files = [path for folder in folders.split(":") for path in sorted(pathlib.Path(folder, "color/icc").rglob("*.icc"))]
    read = {f"installed_{path.stem}": path.read_bytes() for path in files if "cmyk" in path.stem.lower()}
    return {name: data for name, data in read.items() if data[12:20] == b"prtrCMYK" and b"A2B0" in data[128:400]}
