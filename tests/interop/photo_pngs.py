"""PNG files of every colour type, depth and ancillary chunk that changes what is seen."""

import struct
import zlib

import numpy as np
from PIL import Image

import icc_writer as icc
from photo_cases import (
    ALMOST,
    PATCHES,
    PHOTO,
    SIZES,
    china,
    noise,
    opened,
    over_white,
    patches,
    saved,
    smooth,
    to_8,
    turned,
)

CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
# First row, first column, step of the rows and of the columns of the seven passes.
ADAM7 = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def chunk(kind, data=b""):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def scanlines(samples, depth, filters):
    """Rows of bytes, each behind its filter's number, which goes round the five where `filters` asks for it."""
    flat = samples.reshape(len(samples), -1)
    if depth == 16:
        rows = np.ascontiguousarray(flat.astype(">u2")).view(np.uint8).reshape(len(flat), -1)
    elif depth == 8:
        rows = flat.astype(np.uint8)
    else:
        bits = (flat[:, :, None] >> np.arange(depth - 1, -1, -1)) & 1
        rows = np.packbits(bits.reshape(len(flat), -1).astype(np.uint8), axis=1)
    step = max(depth * samples.shape[2] // 8, 1)
    out, above = b"", np.zeros(rows.shape[1], int)
    for number, row in enumerate(rows.astype(int)):
        kind = number % 5 if filters else 0
        left = np.concatenate([np.zeros(step, int), row])[: len(row)]
        corner = np.concatenate([np.zeros(step, int), above])[: len(row)]
        distances = np.stack([abs(above - corner), abs(left - corner), abs(left + above - 2 * corner)])
        paeth = np.choose(distances.argmin(0), [left, above, corner])
        guess = [0, left, above, (left + above) // 2, paeth][kind]
        out += bytes([kind]) + ((row - guess) % 256).astype(np.uint8).tobytes()
        above = row
    return out


def png(samples, depth, kind, chunks=b"", interlaced=False, filters=True, after=b""):
    """A file of samples (height, width, channels); `chunks` come before the data, `after` behind it."""
    height, width = samples.shape[:2]
    if interlaced:
        parts = [samples[y::tall, x::wide] for y, x, tall, wide in ADAM7]
        data = b"".join(scanlines(part, depth, filters) for part in parts if part.size)
    else:
        data = scanlines(samples, depth, filters)
    packed = zlib.compress(data)
    half = len(packed) // 2
    header = struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, int(interlaced))
    body = chunk(b"IHDR", header) + chunks + chunk(b"IDAT", packed[:half]) + chunk(b"IDAT", packed[half:])
    return b"\x89PNG\r\n\x1a\n" + body + after + chunk(b"IEND")


def types(cases):
    """Every colour type and depth, interlaced or not, of several sizes."""
    for kind, depths in DEPTHS.items():
        for depth in depths:
            top = (1 << depth) - 1
            for size in SIZES:
                for interlaced in [False, True]:
                    samples = noise(*size, CHANNELS[kind], top, depth)
                    name = f"type_{kind}_{depth}"
                    bound = ALMOST if depth == 16 or kind in (4, 6) else ("max", 0)
                    chunks = b""
                    if kind == 3:
                        table = noise(1, top + 1, 3, 255)[0]
                        chunks, want = chunk(b"PLTE", table.tobytes()), table[samples[:, :, 0]]
                    elif kind in (4, 6):
                        want = over_white(samples[:, :, :-1] / top, samples[:, :, -1] / top)
                    else:
                        want = to_8(samples, top)
                    cases.add(name, "png", png(samples, depth, kind, chunks, interlaced), want, bound)


def keys(cases):
    """Transparency without an alpha channel: a key for grey and colours, a table for palettes."""
    for depth in DEPTHS[0]:
        top = (1 << depth) - 1
        for interlaced in [False, True]:
            samples = noise(23, 31, 1, top, 1)
            samples[3:9, 5:20] = key = top // 3
            clear = (samples[:, :, 0] != key).astype(float)
            chunks = chunk(b"tRNS", struct.pack(">H", key))
            want = over_white(samples / top, clear)
            cases.add(f"key_grey_{depth}", "png", png(samples, depth, 0, chunks, interlaced), want, ALMOST)
    for depth in (8, 16):
        top = (1 << depth) - 1
        for interlaced in [False, True]:
            samples = noise(23, 31, 3, top, 2)
            key = (top, 5, top - 1)
            samples[3:9, 5:20] = key
            # The same in its upper bytes only, or in two channels of three, is another colour.
            samples[12:15, 5:20] = (top, 5 if depth == 8 else 6, top - 1 - (depth == 8))
            clear = (samples != key).any(2).astype(float)
            chunks = chunk(b"tRNS", struct.pack(">HHH", *key))
            want = over_white(samples / top, clear)
            cases.add(f"key_rgb_{depth}", "png", png(samples, depth, 2, chunks, interlaced), want, ALMOST)
    for depth in DEPTHS[3]:
        count = 1 << depth
        for given in {1, count // 2, count}:
            table, opacity = noise(1, count, 3, 255, depth)[0], noise(1, given, 1, 255, depth)[0, :, 0]
            opacity[0] = 0
            whole = np.concatenate([opacity, np.full(count - given, 255, np.uint8)])
            samples = noise(23, 31, 1, count - 1, 3)
            chunks = chunk(b"PLTE", table.tobytes()) + chunk(b"tRNS", opacity.tobytes())
            at = samples[:, :, 0]
            want = over_white(table[at] / 255, whole[at] / 255)
            cases.add(f"key_palette_{depth}", "png", png(samples, depth, 3, chunks, given == 1), want, ALMOST)


def to_linear(values):
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def to_srgb(values):
    values = np.clip(values, 0, 1)
    return np.where(values <= 0.0031308, 12.92 * values, 1.055 * values ** (1 / 2.4) - 0.055)


def from_gamma(samples, gamma, primaries=icc.SRGB):
    """8-bit samples under a gAMA and cHRM as sRGB, computed without a table."""
    linear = (samples / 255.0) ** (1 / gamma)
    across = np.linalg.inv(icc.matrix_of(icc.SRGB)) @ icc.matrix_of(primaries)
    return np.round(to_srgb(linear @ across.T) * 255).astype(np.uint8)


def gama(gamma):
    return chunk(b"gAMA", struct.pack(">I", round(gamma * 100000)))


def chrm(primaries, white=icc.D65_XY):
    numbers = [*white, *[number for primary in primaries for number in primary]]
    return chunk(b"cHRM", struct.pack(">8I", *(round(number * 100000) for number in numbers)))


def iccp(profile):
    return chunk(b"iCCP", b"a profile\0\0" + zlib.compress(profile))


def colours(cases):
    """gAMA, cHRM, sRGB, cICP and iCCP, alone and together; a later word of the specification has the last one."""
    for name, picture, bound in [
        ("patches", patches(), PATCHES),
        ("smooth", smooth(), PHOTO),
        ("china", china(), PHOTO),
    ]:
        image = Image.fromarray(picture)

        def add(kind, chunks, want, bound=bound, name=name, picture=picture):
            cases.add(f"{kind}_{name}", "png", png(picture, 8, 2, chunks, filters=False), want, bound)

        for gamma in [1.0, 0.5556, 0.8]:
            add(f"gama_{gamma}", gama(gamma), from_gamma(picture, gamma))
        # The usual number stands for sRGB as often as for a power of 2.2.
        add("gama_usual", gama(0.45455), [picture, from_gamma(picture, 0.45455)])
        add("gama_chrm_srgb", gama(0.45455) + chrm(icc.SRGB), [picture, from_gamma(picture, 0.45455)])
        adobe = from_gamma(picture, 0.45455, icc.ADOBE)
        add(
            "gama_chrm_adobe",
            gama(0.45455) + chrm(icc.ADOBE),
            [adobe, *icc.as_srgb(image, srgb_curve_profile(icc.ADOBE))],
        )
        add("gama_chrm_p3", gama(0.625) + chrm(icc.P3), from_gamma(picture, 0.625, icc.P3))
        add("srgb_over_gama", gama(1.0) + chrm(icc.P3) + chunk(b"sRGB", b"\0"), picture, ("max", 0))
        p3 = icc.as_srgb(image, icc.PROFILES["display_p3"])
        add("iccp_over_srgb", gama(1.0) + chunk(b"sRGB", b"\0") + iccp(icc.PROFILES["display_p3"]), p3)
        add("cicp_p3", chunk(b"cICP", bytes([12, 13, 0, 1])), p3)
        add("cicp_over_iccp", chunk(b"cICP", bytes([12, 13, 0, 1])) + iccp(icc.PROFILES["linear"]), p3)
        add("cicp_srgb", gama(1.0) + chunk(b"cICP", bytes([1, 13, 0, 1])) + iccp(icc.PROFILES["linear"]), picture)
        add("cicp_linear", chunk(b"cICP", bytes([1, 8, 0, 1])), icc.as_srgb(image, icc.PROFILES["linear"]))
        wide = icc.as_srgb(image, icc.matrix_profile(icc.BT2020, icc.srgb_curve(), 4))
        add("cicp_2020", chunk(b"cICP", bytes([9, 13, 0, 1])), wide)
        for kind, profile in icc.PROFILES.items():
            cases.add(
                f"iccp_{kind}_{name}",
                "png",
                saved(picture, "PNG", icc_profile=profile),
                icc.as_srgb(image, profile, True),
                bound,
            )
        grey = np.ascontiguousarray(picture[:, :, 1])
        for kind, profile in icc.GREYS.items():
            want = icc.as_srgb(Image.fromarray(grey), profile, True)
            cases.add(f"iccp_{kind}_{name}", "png", saved(grey, "PNG", icc_profile=profile), want, bound)
        linear = np.round(to_srgb((grey / 255.0) ** 1.25) * 255).astype(np.uint8)
        cases.add(f"gama_grey_{name}", "png", png(grey[:, :, None], 8, 0, gama(0.8)), linear, bound)
    # Depths, palettes and transparency under a profile.
    picture = smooth()
    deep = smooth(top=65535)
    p3 = icc.PROFILES["display_p3"]
    want = icc.as_srgb(Image.fromarray(to_8(deep, 65535)), p3)
    cases.add("iccp_16", "png", png(deep, 16, 2, iccp(p3)), want, PATCHES)
    cases.add(
        "gama_16", "png", png(deep, 16, 2, gama(1.0)), np.round(to_srgb(deep / 65535) * 255).astype(np.uint8), PHOTO
    )
    indexed = Image.fromarray(picture).quantize(64)
    want = icc.as_srgb(indexed.convert("RGB"), p3)
    cases.add("iccp_palette", "png", saved(indexed, "PNG", icc_profile=p3), want, PATCHES)
    fading = np.dstack([picture, smooth(channels=4)[:, :, 3]])
    want = over_white(icc.as_srgb(Image.fromarray(picture), p3)[0] / 255, fading[:, :, 3] / 255)
    cases.add("iccp_alpha", "png", saved(fading, "PNG", icc_profile=p3), want, PATCHES)
    key = chunk(b"tRNS", struct.pack(">HHH", *map(int, picture[50, 70])))
    clear = (picture != picture[50, 70]).any(2).astype(float)
    want = over_white(icc.as_srgb(Image.fromarray(picture), p3)[0] / 255, clear)
    cases.add("iccp_key", "png", png(picture, 8, 2, iccp(p3) + key), want, PATCHES)
    # What is no profile, or one of another kind of picture, changes nothing; the command says so.
    for broken in [
        b"",
        b"not a profile",
        p3[:200],
        icc.GREYS["grey_1_8"],
        icc.CMYKS["press"],
        p3[:16] + b"XXXX" + p3[20:],
    ]:
        cases.add("iccp_broken", "png", png(picture, 8, 2, iccp(broken)), picture, ("max", 0))
    cases.add("iccp_no_zlib", "png", png(picture, 8, 2, chunk(b"iCCP", b"x\0\0junk")), picture, ("max", 0))
    cases.add("gama_0", "png", png(picture, 8, 2, chunk(b"gAMA", bytes(4))), picture, ("max", 0))
    cases.add(
        "chrm_0",
        "png",
        png(picture, 8, 2, gama(0.45455) + chunk(b"cHRM", bytes(32))),
        [picture, from_gamma(picture, 0.45455)],
    )


def srgb_curve_profile(primaries):
    return icc.matrix_profile(primaries, icc.srgb_curve(), 4)


def others(cases):
    """Orientation, animation, chunks that change nothing, and damage."""
    picture = smooth(23, 31)
    for order in "<>":
        for long in [False, True]:
            for number in range(1, 9):
                block = chunk(b"eXIf", exif(number, order, long))
                cases.add("exif", "png", png(picture, 8, 2, block), turned(picture, number))
                cases.add("exif_behind", "png", png(picture, 8, 2, after=block), turned(picture, number))
    # Texts ask for an orientation, too; the block before them.
    for number in range(1, 9):
        for quote in ['="{}"', "='{}'", ">{}</tiff:Orientation>"]:
            packet = xmp(number, quote)
            for text in [xmp_text(packet), xmp_text(packet, True)]:
                cases.add("xmp", "png", png(picture, 8, 2, text), turned(picture, number))
        for kind in (b"tEXt", b"zTXt"):
            cases.add("exif_text", "png", png(picture, 8, 2, exif_text(number, kind)), turned(picture, number))
        both = chunk(b"eXIf", exif(number)) + xmp_text(xmp(9 - number))
        cases.add("exif_before_xmp", "png", png(picture, 8, 2, both), turned(picture, number))
    frames = [Image.fromarray(np.roll(picture, 5 * number, 0)) for number in range(3)]
    data = saved(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=50)
    cases.add("animated", "png", data, picture)
    plain = chunk(b"tEXt", b"Title\0x") + chunk(b"pHYs", struct.pack(">IIB", 2835, 2835, 1)) + chunk(b"bKGD", bytes(6))
    plain += chunk(b"sBIT", b"\5\6\5") + chunk(b"prVt", b"private") + chunk(b"tIME", bytes([7, 233, 1, 1, 0, 0, 0]))
    cases.add("chunks", "png", png(picture, 8, 2, plain, after=chunk(b"tEXt", b"x\0y")), picture)
    cases.add("behind_the_end", "png", png(picture, 8, 2) + b"more", picture)
    whole = png(smooth(), 8, 2)
    for share in [0.01, 0.3, 0.6, 0.9, 0.98]:
        cases.add("cut", "png", whole[: int(len(whole) * share)], refuse=["."])
    bad = bytearray(whole)
    bad[len(bad) // 2] ^= 1
    cases.add("flipped", "png", bytes(bad), refuse=["."])
    assert (opened(whole) == smooth()).all()


def exif(orientation, order="<", long=False):
    """An EXIF block of one field, the orientation, of type SHORT or LONG."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    value = struct.pack(f"{order}I" if long else f"{order}HH", *([orientation] if long else [orientation, 0]))
    return mark + struct.pack(f"{order}IHHHI", 8, 1, 274, 4 if long else 3, 1) + value + bytes(4)


def xmp(orientation, form='="{}"'):
    """An XMP packet that names an orientation, as an attribute or an element."""
    return f"<?xpacket begin=''?><x:xmpmeta> tiff:Orientation{form.format(orientation)} </x:xmpmeta>".encode()


def xmp_text(packet, packed=False):
    """The chunk that an XMP packet is in, with or without compression."""
    body = zlib.compress(packet) if packed else packet
    return chunk(b"iTXt", b"XML:com.adobe.xmp\0" + bytes([packed, 0]) + b"\0\0" + body)


def exif_text(orientation, kind):
    """EXIF data as ImageMagick keeps them: numbers in a text."""
    block = b"Exif\0\0" + exif(orientation, ">")
    digits = block.hex()
    text = f"\nexif\n{len(block):8}\n" + "".join(f"{digits[at : at + 72]}\n" for at in range(0, len(digits), 72))
    body = b"\0" + zlib.compress(text.encode()) if kind == b"zTXt" else text.encode()
    return chunk(kind, b"Raw profile type exif\0" + body)


def all_kinds(cases):
    for kind in [types, keys, colours, others]:
        kind(cases)
