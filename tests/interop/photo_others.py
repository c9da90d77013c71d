"""GIF, WebP, BMP and the PNM family, and what each does with transparency and animation."""

import struct

import numpy as np
from PIL import Image

import icc_writer as icc
from photo_cases import (
    ALMOST,
    EXACT,
    LOSSY,
    PHOTO,
    SIZES,
    china,
    flat,
    noise,
    opened,
    over_white,
    saved,
    smooth,
    to_8,
    turned,
)
from photo_pngs import exif, xmp


def gifs(cases):
    """Still, interlaced and with a transparent index; of an animation the first picture."""
    for size in [*SIZES, (107, 160)]:
        for colours in (2, 7, 64, 256):
            indexed = Image.fromarray(smooth(*size)).quantize(colours)
            for interlace in (0, 1):
                data = saved(indexed, "GIF", interlace=interlace)
                cases.add(f"gif_{interlace}", "gif", data, opened(data))
                clear = saved(indexed, "GIF", interlace=interlace, transparency=1)
                cases.add("gif_clear", "gif", clear, flat(clear))
        frames = [Image.fromarray(np.roll(smooth(*size), number, 1)).quantize(50) for number in range(4)]
        for disposal in (0, 1, 2, 3):
            options = {"save_all": True, "append_images": frames[1:], "duration": 40, "disposal": disposal, "loop": 0}
            data = saved(frames[0], "GIF", **options)
            cases.add("gif_animated", "gif", data, opened(data))
    plain = bytearray(saved(Image.fromarray(smooth(20, 30)).quantize(16), "GIF", interlace=0))
    inside = opened(bytes(plain))
    # The picture lies in a larger canvas, of which the rest is clear, or in the colour of the background.
    at = bytes(plain).index(b",", 13 + 3 * 16)
    struct.pack_into("<HH", plain, 6, 50, 40)
    struct.pack_into("<HH", plain, at + 1, 7, 9)
    wants = []
    for around in (np.array([255, 255, 255]), np.frombuffer(bytes(plain[13:16]), np.uint8), np.zeros(3)):
        want = np.broadcast_to(around.astype(np.uint8), (40, 50, 3)).copy()
        want[9:29, 7:37] = inside
        wants.append(want)
    cases.add("gif_canvas", "gif", bytes(plain), wants)
    data = saved(Image.fromarray(smooth()).quantize(64), "GIF")
    cases.add("gif_87", "gif", data.replace(b"GIF89a", b"GIF87a"), opened(data))
    # Without a palette the numbers are grey levels.
    at = noise(20, 30, 1, 255)[:, :, 0]
    data = saved(Image.fromarray(at), "GIF", optimize=False)
    bare = data[:10] + bytes([data[10] & 0x7F]) + data[11:13] + data[13 + 3 * 256 :]
    cases.add("gif_no_palette", "gif", bare, np.dstack([at] * 3))
    # An extension of a kind that nobody knows, in two blocks.
    at = data.index(b",", 13 + 3 * 256)
    unknown = data[:at] + b"!\x47\x03abc\x02de\0" + data[at:]
    cases.add("gif_unknown_extension", "gif", unknown, opened(data))
    data = saved(Image.fromarray(smooth()).quantize(64), "GIF")
    for share in [0.002, 0.05, 0.5, 0.9]:
        cases.add("gif_cut", "gif", data[: int(len(data) * share)], refuse=["."])


def webps(cases):
    """Lossy and lossless, with alpha, profiles, orientations and animation."""
    for size in [*SIZES, (107, 160)]:
        picture = smooth(*size)
        rgba = np.dstack([picture, smooth(*size, 4)[:, :, 3]])
        cases.add("webp_lossless", "webp", saved(picture, "WEBP", lossless=True), picture)
        cases.add("webp_noise", "webp", saved(noise(*size, 3, 255), "WEBP", lossless=True), noise(*size, 3, 255))
        data = saved(rgba, "WEBP", lossless=True, exact=True)
        cases.add("webp_lossless_alpha", "webp", data, over_white(rgba[:, :, :3] / 255, rgba[:, :, 3] / 255), ALMOST)
        for quality in (30, 75, 100):
            data = saved(picture, "WEBP", quality=quality)
            cases.add("webp_lossy", "webp", data, opened(data), LOSSY)
            data = saved(rgba, "WEBP", quality=quality)
            cases.add("webp_lossy_alpha", "webp", data, flat(data), LOSSY)
        frames = [Image.fromarray(np.roll(picture, number, 1)) for number in range(3)]
        for options in [{"lossless": True}, {"quality": 80}]:
            data = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=50, **options)
            cases.add("webp_animated", "webp", data, opened(data), EXACT if "lossless" in options else LOSSY)
    data = saved(china(), "WEBP", quality=90)
    cases.add("webp_china", "webp", data, opened(data), LOSSY)
    for name, picture, bound in [("smooth", smooth(), PHOTO), ("china", china(), PHOTO)]:
        for kind in ["display_p3", "adobe", "scanner"]:
            data = saved(picture, "WEBP", lossless=True, icc_profile=icc.PROFILES[kind])
            cases.add(
                f"webp_icc_{kind}_{name}",
                "webp",
                data,
                icc.as_srgb(Image.fromarray(picture), icc.PROFILES[kind], True),
                bound,
            )
    for number in range(1, 9):
        for long in [False, True]:
            for lossless in [False, True]:
                picture = smooth(23, 31)
                # Some writers keep the mark that JPEG files have before the block.
                block = exif(number, "<>"[number % 2], long)
                data = saved(picture, "WEBP", lossless=lossless, exif=block)
                want, bound = turned(opened(data), number), EXACT if lossless else LOSSY
                cases.add("webp_exif", "webp", data, want, bound)
                said = saved(picture, "WEBP", lossless=lossless, xmp=xmp(number))
                cases.add("webp_xmp", "webp", said, want, bound)
                plain = data[: data.rindex(b"EXIF")]
                marked = plain + b"EXIF" + struct.pack("<I", len(block) + 6) + b"Exif\0\0" + block
                marked = b"RIFF" + struct.pack("<I", len(marked) - 8) + marked[8:]
                cases.add("webp_exif_mark", "webp", marked, want, bound)
    data = saved(smooth(), "WEBP", quality=80)
    for share in [0.01, 0.3, 0.7, 0.95]:
        cases.add("webp_cut", "webp", data[: int(len(data) * share)], refuse=["."])


def bmp(rows, bits, size, palette=b"", compression=0, header=40, top_down=False, masks=(), colours=0):
    """A file of rows of bytes as they lie in it (already from the bottom up where that is so)."""
    height, width = size
    fields = struct.pack(
        "<iiHHIIiiII", width, -height if top_down else height, 1, bits, compression, len(rows), 2835, 2835, colours, 0
    )
    if header == 12:
        fields = struct.pack("<HHHH", width, height, 1, bits)
    extra = struct.pack(f"<{len(masks)}I", *masks)
    head = struct.pack("<I", header) + fields
    head = (head + extra).ljust(max(header, 4 + len(fields) + len(extra)), b"\0")
    start = 14 + len(head) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + head + palette + rows


def padded(rows):
    """Rows of bytes, each filled to a multiple of four."""
    return b"".join(row + bytes(-len(row) % 4) for row in rows)


def starting_at(data, offset):
    """A file that says that its pixels begin at an offset."""
    return data[:10] + struct.pack("<I", offset) + data[14:]


def os2(data, header):
    """A file with the second header of OS/2 in so many bytes, at most 64, in the place of Windows 3's."""
    fields = data[18 : 14 + min(header, 40)].ljust(header - 4, b"\0")
    (start,) = struct.unpack_from("<I", data, 10)
    return starting_at(data[:14] + struct.pack("<I", header) + fields + data[54:], start + header - 40)


def run_lengths(at, bits, absolute):
    """RLE4 or RLE8 of rows of indices from the bottom up: runs, and stretches of single values where `absolute`."""
    out = b""
    for row in at[::-1]:
        x = 0
        while x < len(row):
            same = 1
            while x + same < len(row) and same < 255 and row[x + same] == row[x]:
                same += 1
            left = min(len(row) - x, 250)
            if absolute and same < 3 and left >= 3:
                values = row[x : x + left]
                if bits == 4:
                    both = np.pad(values, (0, len(values) % 2)).reshape(-1, 2)
                    data = (both[:, 0] * 16 + both[:, 1]).astype(np.uint8).tobytes()
                else:
                    data = values.astype(np.uint8).tobytes()
                out += bytes([0, left]) + data + bytes(len(data) % 2)
                x += left
            else:
                out += bytes([same, row[x] * 17 if bits == 4 else row[x]])
                x += same
        out += b"\0\0"
    return out + b"\0\1"


def bmps(cases):
    """Palettes, run lengths, 16 to 32 bits, fields of bits, every header, both directions."""
    for size in [*SIZES, (20, 300)]:
        for bits in (1, 4, 8):
            at = noise(*size, 1, (1 << bits) - 1, bits)[:, :, 0]
            at[:, size[1] // 2 :] = at[:, size[1] // 2 :][:, :1]
            table = noise(1, 1 << bits, 3, 255)[0]
            four = b"".join(bytes([b, g, r, 0]) for r, g, b in table.tolist())
            three = b"".join(bytes([b, g, r]) for r, g, b in table.tolist())
            planes = (at[:, :, None] >> np.arange(bits - 1, -1, -1)) & 1
            packed = [row.tobytes() for row in np.packbits(planes.reshape(len(at), -1).astype(np.uint8), axis=1)]
            cases.add(f"bmp_{bits}", "bmp", bmp(padded(packed[::-1]), bits, size, four), table[at])
            cases.add(f"bmp_{bits}_down", "bmp", bmp(padded(packed), bits, size, four, top_down=True), table[at])
            cases.add(f"bmp_{bits}_os2", "bmp", bmp(padded(packed[::-1]), bits, size, three, header=12), table[at])
            cases.add(f"bmp_{bits}_v5", "bmp", bmp(padded(packed[::-1]), bits, size, four, header=124), table[at])
            few = min(1 << bits, 5)
            data = bmp(padded([(row % few).tobytes() for row in at[::-1]]), 8, size, four[: 4 * few], colours=few)
            cases.add("bmp_few", "bmp", data, table[at % few])
            # A header that forgets the palette: the picture is behind it. Within it there is none.
            cases.add("bmp_start", "bmp", starting_at(data, 54), table[at % few])
            cases.add("bmp_start", "bmp", starting_at(data, 57), refuse=["palette"])
            cases.add("bmp_start", "bmp", starting_at(data, 53), refuse=["header"])
            # It claims 256 colours and has no room for so many, but for those that occur.
            all_colours = data[:46] + bytes(4) + data[50:]
            cases.add("bmp_short_palette", "bmp", all_colours, table[at % few])
            cases.add("bmp_no_filling", "bmp", data[: len(data) - -size[1] % 4], table[at % few])
            whole = bmp(padded(packed[::-1]), bits, size, four)
            for header in (16, 24, 64):
                cases.add(f"bmp_{bits}_os2_2", "bmp", os2(whole, header), table[at])
            cases.add(f"bmp_{bits}_bare", "dib", whole[14:], table[at])
            cases.add("bmp_planes", "bmp", whole[:26] + b"\0\0" + whole[28:], table[at])
            if bits > 1:
                for absolute in [False, True]:
                    rows = run_lengths(at, bits, absolute)
                    compression = {4: 2, 8: 1}[bits]
                    cases.add(f"bmp_rle{bits}", "bmp", bmp(rows, bits, size, four, compression), table[at])
                    # A last run that goes on beyond its row, as some writers leave it.
                    beyond = rows[:-4] + b"\7\0" + rows[-4:]
                    cases.add(f"bmp_rle{bits}_beyond", "bmp", bmp(beyond, bits, size, four, compression), table[at])
                    rows = run_lengths(at[::-1], bits, absolute)
                    down = bmp(rows, bits, size, four, compression, top_down=True)
                    cases.add(f"bmp_rle{bits}_down", "bmp", down, table[at])
        picture = noise(*size, 3, 255)
        bgr = picture[::-1, :, ::-1]
        data = padded([row.tobytes() for row in bgr])
        whole = bmp(data, 24, size)
        cases.add("bmp_24", "bmp", whole, picture)
        cases.add("bmp_24_bare", "dib", whole[14:], picture)
        cases.add("bmp_24_os2_2", "bmp", os2(whole, 64), picture)
        cases.add("bmp_24_os2", "bmp", bmp(data, 24, size, header=12), picture)
        for fill in (0, 255, 77):
            data = np.dstack([bgr, np.full(size, fill, np.uint8)]).tobytes()
            cases.add("bmp_32", "bmp", bmp(data, 32, size), picture)
            if fill != 0:
                masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
                want = over_white(picture / 255, np.full(size, fill) / 255)
                for header in (108, 124):
                    cases.add(
                        "bmp_alpha",
                        "bmp",
                        bmp(data, 32, size, compression=3, header=header, masks=masks),
                        [want, picture],
                        ALMOST,
                    )
            masks = (0xFF0000, 0xFF00, 0xFF)
            fields = bmp(data, 32, size, compression=3, masks=masks)
            cases.add("bmp_fields_32", "bmp", fields, picture)
            cases.add("bmp_fields_32_bare", "dib", fields[14:], picture)
        for masks, bits in [((0x7C00, 0x3E0, 0x1F), (5, 5, 5)), ((0xF800, 0x7E0, 0x1F), (5, 6, 5))]:
            values = [picture[::-1, :, i].astype(int) >> (8 - bits[i]) for i in range(3)]
            words = sum(value << (mask & -mask).bit_length() - 1 for value, mask in zip(values, masks))
            data = padded([row.astype("<u2").tobytes() for row in words])
            want = np.stack([to_8(value[::-1], (1 << count) - 1) for value, count in zip(values, bits)], -1)
            cases.add("bmp_fields_16", "bmp", bmp(data, 16, size, compression=3, masks=masks), want, ALMOST)
            if bits == (5, 5, 5):
                cases.add("bmp_16", "bmp", bmp(data, 16, size), want, ALMOST)
        for mode in ["1", "L", "P", "RGB"]:
            data = saved(Image.fromarray(picture).convert(mode), "BMP")
            cases.add(f"bmp_pillow_{mode}", "bmp", data, opened(data))
    whole = saved(smooth(), "BMP")
    for share in [0.0005, 0.01, 0.5, 0.99]:
        cases.add("bmp_cut", "bmp", whole[: int(len(whole) * share)], refuse=["."])


def pnm(number, samples, top, comment=b""):
    """A PNM file of samples (height, width, channels), plain (P1 to P3) or raw (P4 to P6)."""
    height, width = samples.shape[:2]
    head = b"P%d\n%s%d %d\n" % (number, comment, width, height) + (b"" if number in (1, 4) else b"%d\n" % top)
    flat = samples.reshape(height, -1)
    if number <= 3:
        body = b"\n".join(b" ".join(b"%d" % value for value in row) for row in flat.tolist()) + b"\n"
    elif number == 4:
        body = np.packbits(flat.astype(np.uint8), axis=1).tobytes()
    else:
        body = flat.astype(np.uint8 if top < 256 else ">u2").tobytes()
    return head + body


def pams(samples, top, kind):
    height, width, depth = samples.shape
    head = b"P7\nWIDTH %d\nHEIGHT %d\nDEPTH %d\nMAXVAL %d\nTUPLTYPE %s\nENDHDR\n" % (width, height, depth, top, kind)
    return head + samples.astype(np.uint8 if top < 256 else ">u2").tobytes()


def pnms(cases):
    """Bits, grey and colours, plain and raw, up to every largest value; PAM with and without alpha."""
    for size in [*SIZES, (107, 160)]:
        bits = noise(*size, 1, 1)
        for number in (1, 4):
            for comment in [b"", b"# a comment\n"]:
                # 1 is black.
                cases.add(f"pbm_{number}", "pbm", pnm(number, bits, 1, comment), to_8(1 - bits, 1))
        for top in (255, 1, 100, 254, 256, 1023, 65535):
            for number, channels, extension in [(2, 1, "pgm"), (5, 1, "pgm"), (3, 3, "ppm"), (6, 3, "ppm")]:
                samples = noise(*size, channels, top)
                comment = b"# a comment\n# and another\n" if top in (100, 65535) else b""
                bound = EXACT if top == 255 else ALMOST
                cases.add(
                    f"pnm_{number}_{top}", extension, pnm(number, samples, top, comment), to_8(samples, top), bound
                )
            kinds = [(b"GRAYSCALE", 1), (b"RGB", 3), (b"GRAYSCALE_ALPHA", 2), (b"RGB_ALPHA", 4)]
            for kind, channels in kinds:
                samples = noise(*size, channels, top)
                if b"ALPHA" in kind:
                    want = over_white(samples[:, :, :-1] / top, samples[:, :, -1] / top)
                else:
                    want = to_8(samples, top)
                cases.add(f"pam_{channels}_{top}", "pam", pams(samples, top, kind), want, ALMOST)
        cases.add("pam_bits", "pam", pams(bits, 1, b"BLACKANDWHITE"), to_8(bits, 1))
    picture = smooth(20, 30)
    cases.add("pnm_name", "pnm", pnm(6, picture, 255), picture)
    for number in range(2, 7):
        samples = picture if number in (3, 6) else picture[:, :, :1]
        samples = samples // 128 if number == 4 else samples
        whole = pnm(number, samples, 255)
        for share in [0.02, 0.5, 0.95]:
            cases.add("pnm_cut", "ppm", whole[: int(len(whole) * share)], refuse=["."])
    cases.add(
        "pnm_above",
        "pgm",
        pnm(2, np.full((3, 4, 1), 200, np.uint8), 100),
        to_8(np.full((3, 4), 100), 100),
        EXACT,
        ["."],
    )
    for top in (0, 65536, 99999999999):
        cases.add("pnm_top", "pgm", b"P5\n3 2\n%d\n" % top + bytes(12), refuse=["."])
    cases.add("pnm_size", "pgm", b"P5\n99999999999 9999999999\n255\n" + bytes(12), refuse=["."])


def nothing(cases):
    """What is no picture at all."""
    for data in [
        b"",
        b"x",
        b"no picture\n" * 9,
        b"BM",
        b"GIF89a",
        b"RIFF\0\0\0\0WEBP",
        b"P6",
        b"\x89PNG\r\n\x1a\n",
        b"II*\0",
    ]:
        for extension in ["png", "jpg", "gif"]:
            cases.add("nothing", extension, data, refuse=["."])
    # The first bytes tell, whatever the name says.
    cases.add("misnamed", "png", saved(smooth(), "TIFF"), smooth())
    cases.add("misnamed", "jpg", saved(smooth(), "PNG"), smooth())
    cases.add("misnamed", "tif", saved(smooth(), "BMP"), smooth())


def all_kinds(cases):
    for kind in [gifs, webps, bmps, pnms, nothing]:
        kind(cases)
