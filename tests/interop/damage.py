"""Damaged files, made by a seed from good ones, and small files that ask for much memory."""

import gzip
import io
import pathlib
import re
import struct
import zipfile
import zlib

import numpy as np

import label_arrays
import label_carriers
import label_cases
import label_tiffs
import photo_cases
import photo_jpegs
import photo_others
import photo_pngs
import photo_tiffs

LARGEST_SEED = 16384
NUMBERS = [0, 1, 2, 255, 256, 32767, 32768, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1]


def seeds(folder):
    """A good small file of every kind of case, and two of what comes in many shapes: (photos, labels) by format."""
    found = []
    for base, modules in [
        (photo_cases, [photo_pngs, photo_jpegs, photo_tiffs, photo_others]),
        (label_cases, [label_tiffs, label_arrays, label_carriers]),
    ]:
        kinds = {}
        for module in modules:
            cases = base.Cases(pathlib.Path(folder) / module.__name__)
            module.all_kinds(cases)
            for case in cases.list:
                good = bool(case.wants) if base is photo_cases else case.want is not None
                if good and case.path.is_file() and 0 < case.path.stat().st_size <= LARGEST_SEED:
                    suffix = "".join(case.path.suffixes)
                    name = re.sub(r"_(smooth|patches|china)$", "", case.name)
                    kinds.setdefault(suffix, {}).setdefault(name, []).append(case.path.read_bytes())
        found.append({suffix: [files[len(files) // 2] for files in names.values()] for suffix, names in kinds.items()})
    return found


def damaged(rng, data, others):
    """One to three kinds of damage to a file; `others` are files of its format."""
    data = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        if not data:
            break
        kind = rng.integers(9)
        at = int(rng.integers(len(data)))
        length = int(min(rng.integers(1, 64), len(data) - at))
        if kind == 0:
            for place in rng.integers(0, len(data) * 8, rng.integers(1, 9)).tolist():
                data[place // 8] ^= 1 << place % 8
        elif kind == 1:
            data[at : at + length] = rng.integers(0, 256, length).astype(np.uint8).tobytes()
        elif kind == 2:
            del data[at:]
        elif kind == 3:
            del data[at : at + length]
        elif kind == 4:
            data[at:at] = data[at : at + length] * int(rng.integers(1, 4))
        elif kind == 5:
            other = others[rng.integers(len(others))]
            cut = int(rng.integers(len(other) + 1)) if rng.integers(2) else min(at, len(other))
            data[at:] = other[cut:]
        elif kind == 6:
            data[at : at + length] = bytes([rng.choice([0, 255, 127, 128])]) * length
        else:
            # A field of a header, more often than not near the beginning or the end, where headers are.
            place = int(rng.integers(min(len(data), 96))) if rng.integers(3) else at
            place = len(data) - 1 - place if rng.integers(4) == 0 else place
            width, order = [(1, "B"), (2, "H"), (4, "I"), (8, "Q")][rng.integers(4)]
            number = NUMBERS[rng.integers(len(NUMBERS))] % (1 << 8 * width)
            data[place : place + width] = struct.pack("<>"[rng.integers(2)] + order, number)
    return bytes(data)


def mended(data):
    """A damaged PNG file with right checksums, so that the damage reaches what lies behind them."""
    out, at = bytearray(data[:8]), 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if at + 12 + length > len(data):
            break
        body = data[at + 4 : at + 8 + length]
        out += data[at : at + 4] + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + length
    return bytes(out + data[at:])


def zipped(data, method=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("labels.npy", data)
    return stream.getvalue()


def broken_files(rng, by_suffix, count):
    """`count` damaged files as pairs of suffix and bytes; every format has the same share."""
    suffixes = sorted(by_suffix)
    for number in range(count):
        suffix = suffixes[number % len(suffixes)]
        files = by_suffix[suffix]
        data = damaged(rng, files[rng.integers(len(files))], files)
        if suffix == ".png" and number % 3:
            data = mended(data)
        if suffix == ".npz" and number % 2 and ".npy" in by_suffix:
            inner = by_suffix[".npy"]
            data = zipped(damaged(rng, inner[rng.integers(len(inner))], inner))
        if suffix.endswith(".gz") and number % 2:
            inner = by_suffix.get(suffix[:-3]) or files
            data = gzip.compress(damaged(rng, inner[rng.integers(len(inner))], inner), 1)
        yield suffix, data


def deflated_zeros(count):
    """A zlib stream of zeros, put together from pieces of a megabyte, each of which stands for itself."""
    piece = zlib.compressobj(9, zlib.DEFLATED, -15)
    one = piece.compress(bytes(1 << 20)) + piece.flush(zlib.Z_FULL_FLUSH)
    whole, rest = divmod(count, 1 << 20)
    end = zlib.compressobj(9, zlib.DEFLATED, -15)
    tail = end.compress(bytes(rest)) + end.flush()
    return one * whole + tail, struct.pack(">I", count % 65521 << 16 | 1)


def zlib_zeros(count):
    raw, check = deflated_zeros(count)
    return b"\x78\xda" + raw + check


def zeros_crc(count, crc=0):
    """The CRC-32 of what has `crc` and then `count` zeros."""
    piece = bytes(1 << 20)
    for _ in range(count >> 20):
        crc = zlib.crc32(piece, crc)
    return zlib.crc32(bytes(count & (1 << 20) - 1), crc)


def npz_bomb(shape, dtype, claims=None):
    """An archive of one array of zeros; its directory may claim another length of it."""
    head = label_arrays.with_header(f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}\n")
    count = int(np.prod(shape)) * np.dtype(dtype).itemsize
    stored = struct.pack("<BHH", 0, len(head), len(head) ^ 0xFFFF) + head
    raw = stored + deflated_zeros(count)[0]
    crc = zeros_crc(count, zlib.crc32(head))
    length = len(head) + count if claims is None else claims
    fields = struct.pack("<HHHHHIIIHH", 20, 0, 8, 0, 33, crc, len(raw), length, 10, 0)
    name = b"labels.npy"
    local = b"PK\3\4" + fields + name + raw
    central = b"PK\1\2" + struct.pack("<H", 20) + fields + struct.pack("<HHHII", 0, 0, 0, 0, 0) + name
    end = b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
    return local + central + end


def png_bomb(width, height, depth, kind):
    """A picture of zeros."""
    row = (width * depth * photo_pngs.CHANNELS[kind] + 7) // 8 + 1
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)
    data = zlib_zeros(row * height)
    return (
        b"\x89PNG\r\n\x1a\n"
        + photo_pngs.chunk(b"IHDR", header)
        + photo_pngs.chunk(b"IDAT", data)
        + photo_pngs.chunk(b"IEND")
    )


def profile_bomb(count):
    """A picture of 16 x 16 pixels whose profile is `count` zeros."""
    profile = photo_pngs.chunk(b"iCCP", b"x\0\0" + zlib_zeros(count))
    return photo_pngs.png(photo_cases.smooth(16, 16), 8, 2, profile)


def photo_bombs():
    """Small files of large pictures, one a format."""
    yield "rgb16.png", png_bomb(8000, 8000, 16, 2)
    yield "grey1.png", png_bomb(60000, 60000, 1, 0)
    yield "rgba8.png", png_bomb(12000, 12000, 8, 6)
    yield "profile.png", profile_bomb(2 << 30)
    small = photo_cases.saved(photo_cases.smooth(16, 16), "JPEG")
    progressive = photo_cases.saved(photo_cases.smooth(16, 16), "JPEG", progressive=True)
    for name, data, mark in [("baseline.jpg", small, b"\xff\xc0"), ("progressive.jpg", progressive, b"\xff\xc2")]:
        at = data.index(mark) + 5
        yield name, data[:at] + struct.pack(">HH", 65500, 65500) + data[at + 4 :]
    gif = bytearray(photo_cases.saved(photo_cases.smooth(16, 16), "GIF"))
    struct.pack_into("<HH", gif, 6, 65535, 65535)
    yield "canvas.gif", bytes(gif)
    struct.pack_into("<HH", gif, gif.index(b",") + 5, 65535, 65535)
    yield "frame.gif", bytes(gif)
    yield "rle.bmp", photo_others.bmp(b"\0\1", 8, (40000, 40000), bytes(1024), 1)
    yield "raw.bmp", photo_others.bmp(bytes(64), 24, (40000, 40000))
    yield "raw.ppm", b"P6\n40000 40000\n255\n" + bytes(64)
    yield "plain.pbm", b"P1\n40000 40000\n" + b"1 " * 64
    webp = bytearray(photo_cases.saved(photo_cases.smooth(16, 16), "WEBP", lossless=True))
    struct.pack_into("<I", webp, webp.index(b"VP8L") + 9, (16383 | 16383 << 14))
    yield "lossless.webp", bytes(webp)
    for scheme, data in [("zlib", zlib_zeros(600 << 20)), ("none", bytes(64))]:
        page = photo_tiffs.tw.page(photo_cases.smooth(16, 16), 8, 2, scheme=scheme)
        page["segments"] = [data]
        for name, side in [("small", 16), ("large", 40000)]:
            tags = page["tags"] | {photo_tiffs.tw.WIDTH: side, photo_tiffs.tw.HEIGHT: side, photo_tiffs.tw.ROWS: side}
            yield f"{scheme}_{name}.tif", photo_tiffs.tw.write([page | {"tags": tags}])


def label_bombs():
    """Small files of large volumes."""
    yield "zeros.npz", npz_bomb((100, 1024, 1024), "<u4")
    yield "lies.npz", npz_bomb((100, 1024, 1024), "<u4", claims=4096)
    count = 600 << 20
    raw, _ = deflated_zeros(count)
    gzip_head = b"\x1f\x8b\x08\0\0\0\0\0\0\3"
    yield "zeros.npy.gz", gzip_head + raw + struct.pack("<II", zeros_crc(count), count)
    head = label_arrays.with_header("{'descr': '<u4', 'fortran_order': False, 'shape': (150, 1024, 1024), }\n")
    stored = struct.pack("<BHH", 0, len(head), len(head) ^ 0xFFFF) + head
    tail = struct.pack("<II", zeros_crc(count, zlib.crc32(head)), len(head) + count)
    yield "volume.npy.gz", gzip_head + stored + raw + tail
    yield "claims.npy", head + bytes(64)
    page = photo_tiffs.tw.page(np.zeros((16, 16), np.uint8), 32, scheme="zlib")
    page["segments"] = [zlib_zeros(600 << 20)]
    for name, side in [("small", 16), ("large", 12500)]:
        tags = page["tags"] | {photo_tiffs.tw.WIDTH: side, photo_tiffs.tw.HEIGHT: side, photo_tiffs.tw.ROWS: side}
        yield f"{name}.tif", photo_tiffs.tw.write([page | {"tags": tags}])
    text = "ImageJ=1.53\nimages=4000000\nslices=4000000\n"
    page = photo_tiffs.tw.page(np.zeros((16, 16), np.uint8), 8, tags={photo_tiffs.tw.DESCRIPTION: text})
    yield "imagej.tif", photo_tiffs.tw.write([page])
    # Tiles that were never written cost a file nothing.
    tags = {photo_tiffs.tw.WIDTH: 30000, photo_tiffs.tw.HEIGHT: 30000}
    page = photo_tiffs.tw.page(np.zeros((16, 16), np.uint8), 64, tile=(4096, 4096), tags=tags) | {
        "segments": [None] * 64
    }
    yield "not_written.tif", photo_tiffs.tw.write([page])
