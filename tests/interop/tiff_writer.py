"""TIFF files written tag by tag: what no package writes, because only old programs, scanners or damage leave it.

Nothing is checked and nothing filled in but the offsets, so that a file can be as wrong as a test wants it.
"""

import struct

import imagecodecs
import numpy as np

# Name, number in the file and format of the field types that are used here.
TYPES = {
    "byte": (1, "B"),
    "ascii": (2, "s"),
    "short": (3, "H"),
    "long": (4, "I"),
    "rational": (5, "II"),
    "undefined": (7, "s"),
}
TYPES |= {"sbyte": (6, "b"), "long8": (16, "Q"), "ifd": (13, "I")}

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER, DESCRIPTION = 256, 257, 258, 259, 262, 266, 270
OFFSETS, ORIENTATION, SAMPLES, ROWS, COUNTS, PLANAR, PREDICTOR, PALETTE = 273, 274, 277, 278, 279, 284, 317, 320
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_COUNTS, EXTRA, FORMAT, SUBFILE = 322, 323, 324, 325, 338, 339, 254
LONG_TAGS = {WIDTH, HEIGHT, ROWS, OFFSETS, COUNTS, TILE_OFFSETS, TILE_COUNTS, SUBFILE}

SCHEMES = {
    "none": 1,
    "g3": 3,
    "g4": 4,
    "lzw": 5,
    "zlib": 8,
    "oldzlib": 32946,
    "packbits": 32773,
    "lzma": 34925,
    "zstd": 50000,
}


def squeeze(rows, scheme):
    """A segment's rows (an array of uint8, a row of bytes each) compressed in one of the lossless schemes."""
    data = np.ascontiguousarray(rows).tobytes()
    if scheme in ("zlib", "oldzlib"):
        return imagecodecs.zlib_encode(data)
    if scheme == "packbits":
        return b"".join(imagecodecs.packbits_encode(row.tobytes()) for row in rows)
    if scheme in ("lzw", "lzma", "zstd"):
        return getattr(imagecodecs, f"{scheme}_encode")(data)
    return data


def pack_rows(samples, bits, order="<"):
    """Rows of samples, shape (rows, samples), as rows of bytes: below 8 bits and at 12 the highest bits come first."""
    if bits in (8, 16, 32, 64):
        typed = np.ascontiguousarray(samples.astype(f"{order}u{bits // 8}"))
        return typed.view(np.uint8).reshape(len(samples), -1)
    planes = (samples[:, :, None].astype(np.uint32) >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(planes.reshape(len(samples), -1).astype(np.uint8), axis=1)


def difference(samples, bits, step=1):
    """The horizontal predictor: each sample less the one `step` before it in its row."""
    samples = samples.astype(np.uint64)
    out = samples.copy()
    out[:, step:] = samples[:, step:] - samples[:, :-step]
    return out & np.uint64((1 << bits) - 1)


def segments_of(planes, bits, scheme="none", order="<", rows=None, tile=None, predictor=False, lsb_first=False):
    """The compressed strips (of `rows` rows) or tiles (height, width) of planes of shape (height, width, samples)."""
    found = []
    for plane in planes:
        height, width, depth = plane.shape
        tall, wide = tile or (rows or height, width)
        for y in range(0, height, tall):
            for x in range(0, width, wide):
                part = plane[y : y + tall, x : x + wide]
                if tile:
                    part = np.pad(part, [(0, tall - part.shape[0]), (0, wide - part.shape[1]), (0, 0)], mode="edge")
                flat = part.reshape(len(part), -1)
                flat = difference(flat, bits, depth) if predictor else flat
                data = squeeze(pack_rows(flat, bits, order), scheme)
                found.append(reverse_bits(data) if lsb_first else data)
    return found


def reverse_bits(data):
    """Every byte's bits in the other order, which is what fill order 2 asks for."""
    return np.packbits(np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")).tobytes()


def page(
    array,
    bits,
    photometric=1,
    scheme="none",
    order="<",
    rows=None,
    tile=None,
    predictor=False,
    lsb_first=False,
    planar=False,
    tags=None,
):
    """One page of an array of shape (height, width) or (height, width, samples)."""
    array = array if array.ndim == 3 else array[:, :, None]
    height, width, depth = array.shape
    planes = [array[:, :, i : i + 1] for i in range(depth)] if planar else [array]
    found = {WIDTH: width, HEIGHT: height, BITS: [bits] * depth, COMPRESSION: SCHEMES[scheme], PHOTOMETRIC: photometric}
    found |= {SAMPLES: depth, PLANAR: 2 if planar else 1}
    if tile:
        found |= {TILE_WIDTH: tile[1], TILE_HEIGHT: tile[0]}
    else:
        found[ROWS] = rows or height
    if predictor:
        found[PREDICTOR] = 2
    if lsb_first:
        found[FILL_ORDER] = 2
    segments = segments_of(planes, bits, scheme, order, rows, tile, predictor, lsb_first)
    return {"tags": found | (tags or {}), "segments": segments, "tiled": bool(tile)}


def field(tag, value, order):
    """A tag's type, count and bytes. A value is a number, a list of numbers, bytes, or (type, any of these)."""
    kind = None
    if isinstance(value, tuple):
        kind, value = value
    if isinstance(value, (bytes, str)):
        data = value.encode() + b"\0" if isinstance(value, str) else value
        return TYPES[kind or ("ascii" if isinstance(value, str) else "undefined")][0], len(data), data
    values = value if isinstance(value, list) else [value]
    number, code = TYPES[kind or ("long" if tag in LONG_TAGS else "short")]
    return number, len(values) // len(code), struct.pack(f"{order}{len(values)}{code[0]}", *values)


def write(pages, order="<", big=False, circle=False):
    """The bytes of a TIFF file. A segment that is None was never written: its offset and length are 0.

    A page is a dictionary with `tags`, `segments` and `tiled`. With `circle` the last page leads back to the first.
    """
    wide = "Q" if big else "I"
    mark = b"II" if order == "<" else b"MM"
    out = bytearray(mark + (struct.pack(f"{order}HHHQ", 43, 8, 0, 0) if big else struct.pack(f"{order}HI", 42, 0)))
    link = len(out) - (8 if big else 4)
    first = None
    for item in pages:
        offsets, counts = [], []
        for segment in item["segments"]:
            offsets.append(0 if segment is None else len(out))
            counts.append(0 if segment is None else len(segment))
            out += segment or b""
            out += bytes(len(out) % 2)
        kind = "long8" if big else "long"
        place, size = (TILE_OFFSETS, TILE_COUNTS) if item["tiled"] else (OFFSETS, COUNTS)
        tags = {place: (kind, offsets), size: (kind, counts)} | item["tags"]
        entries = b""
        for tag, value in sorted((tag, value) for tag, value in tags.items() if value is not None):
            number, count, data = field(tag, value, order)
            entries += struct.pack(f"{order}HH{wide}", tag, number, count)
            if len(data) <= (8 if big else 4):
                entries += data.ljust(8 if big else 4, b"\0")
            else:
                entries += struct.pack(f"{order}{wide}", len(out))
                out += data + bytes(len(data) % 2)
        start = len(out)
        first = first or start
        struct.pack_into(f"{order}{wide}", out, link, start)
        out += struct.pack(f"{order}{'Q' if big else 'H'}", len(entries) // (20 if big else 12)) + entries
        link = len(out)
        out += bytes(8 if big else 4)
    if circle:
        struct.pack_into(f"{order}{wide}", out, link, first)
    return bytes(out)
