"""TIFF files of pictures as scanners, cameras, fax machines and editors write them."""

import io
import re

import numpy as np
import tifffile
from PIL import Image, ImageCms

import icc_writer as icc
import tiff_writer as tw
from photo_cases import (
    ALMOST,
    EXACT,
    LOSSY,
    NEAR,
    PATCHES,
    SIZES,
    noise,
    opened,
    over_white,
    saved,
    smooth,
    to_8,
    turned,
)
from photo_jpegs import CLOSE, naive

SIZES = [*SIZES, (107, 160)]
RGB, WHITE, BLACK, TABLE, CMYK, YCC, LAB = 2, 0, 1, 3, 5, 6, 8


def one(array, bits, photometric, order="<", big=False, **options):
    """The bytes of a file of one page."""
    return tw.write([tw.page(array, bits, photometric, order=order, **options)], order, big)


def layouts(cases):
    """Strips, tiles and planes under every lossless compression, where nothing divides the sides."""
    number = 0
    for scheme in ["none", "lzw", "zlib", "oldzlib", "packbits", "zstd"]:
        for bits in (8, 16):
            for channels in (1, 3):
                for layout in [{}, {"rows": 7}, {"tile": (16, 16)}, {"tile": (32, 48)}]:
                    for planar in [False, True][:channels]:
                        number += 1
                        size = SIZES[number % 6]
                        picture = noise(*size, channels, (1 << bits) - 1, number)
                        predictor = scheme != "packbits" and number % 3 == 0 and not planar
                        options = {"scheme": scheme, "planar": planar, "predictor": predictor, **layout}
                        data = one(
                            picture, bits, RGB if channels == 3 else BLACK, "<>"[number % 2], number % 5 == 0, **options
                        )
                        want = to_8(picture, (1 << bits) - 1)
                        cases.add(f"{scheme}_{bits}_{channels}", "tif", data, want, EXACT if bits == 8 else ALMOST)
    for size in SIZES:
        picture = smooth(*size)
        data = one(picture, 8, RGB, lsb_first=True, scheme="lzw")
        cases.add("lsb_first", "tif", data, picture)
        page = tw.page(picture, 8, RGB, rows=9)
        page["segments"] = [old_lzw(segment) for segment in page["segments"]]
        page["tags"][tw.COMPRESSION] = 5
        cases.add("old_lzw", "tif", tw.write([page]), picture)
        pages = [tw.page(picture, 8, RGB), tw.page(picture[::2, ::2], 8, RGB), tw.page(picture[:, :, 0], 8, BLACK)]
        cases.add("pages", "tif", tw.write(pages), picture)


def old_lzw(data):
    """LZW as it was before TIFF 5: the lowest bits first, and codes that grow one entry later."""
    codes = [256]
    table = {bytes([value]): value for value in range(256)}
    widths, width, following, text = [9], 9, 258, b""
    for value in data:
        longer = text + bytes([value])
        if longer in table:
            text = longer
            continue
        codes.append(table[text])
        widths.append(width)
        table[longer] = following
        following += 1
        width = max(width, (following - 1).bit_length())
        text = bytes([value])
        if following >= 4090:
            codes.append(256)
            widths.append(width)
            table = {bytes([value]): value for value in range(256)}
            width, following = 9, 258
    for code in [table[text], 257]:
        codes.append(code)
        widths.append(width)
        # A reader makes an entry of every code; one more may make the last code wider.
        following += 1
        width = max(width, (following - 1).bit_length())
    bits = [np.arange(width) for width in widths]
    bits = np.concatenate([(code >> shifts) & 1 for code, shifts in zip(codes, bits)])
    return np.packbits(bits.astype(np.uint8), bitorder="little").tobytes()


def depths(cases):
    """Grey of 1 to 16 bits, black or white being zero; palettes; colours of odd depths."""
    for bits in [1, 2, 4, 8, 12, 16]:
        top = (1 << bits) - 1
        for size in SIZES:
            samples = noise(*size, 1, top, bits)
            for photometric in (BLACK, WHITE):
                stored = samples if photometric == BLACK else top - samples
                for order in "<>":
                    data = one(stored, bits, photometric, order, rows=5, scheme=["none", "lzw"][bits % 3 % 2])
                    want = to_8(samples, top)
                    cases.add(f"grey_{bits}_{photometric}", "tif", data, want, EXACT if bits <= 8 else ALMOST)
        data = one(noise(20, 37, 1, top), bits, BLACK, tile=(16, 16))
        cases.add(f"grey_tiles_{bits}", "tif", data, to_8(noise(20, 37, 1, top), top), EXACT if bits <= 8 else ALMOST)
    for bits in [10, 14]:
        top = (1 << bits) - 1
        samples = noise(20, 37, 1, top)
        cases.add(f"grey_{bits}", "tif", one(samples, bits, BLACK), to_8(samples, top), ALMOST, [f"{bits}|bits"])
    for bits in [2, 4, 12]:
        top = (1 << bits) - 1
        samples = noise(20, 37, 3, top)
        cases.add(f"rgb_{bits}", "tif", one(samples, bits, RGB), to_8(samples, top), ALMOST, [f"{bits}|bits"])
    for bits in [1, 2, 4, 8]:
        table = np.random.default_rng(bits).integers(0, 65536, (3, 1 << bits))
        # Some writers stop at 255; then the table is taken as it is.
        small = np.random.default_rng(bits).integers(0, 256, (3, 1 << bits))
        for size in SIZES:
            at = noise(*size, 1, (1 << bits) - 1, 5)[:, :, 0]
            for scheme in ["none", "packbits"]:
                data = one(at, bits, TABLE, scheme=scheme, rows=6, tags={tw.PALETTE: table.ravel().tolist()})
                cases.add(f"palette_{bits}", "tif", data, to_8(table.T[at], 65535), ALMOST)
        data = one(at, bits, TABLE, tags={tw.PALETTE: small.ravel().tolist()})
        cases.add(
            f"palette_small_{bits}",
            "tif",
            data,
            [small.T[at].astype(np.uint8), (small.T[at] // 256).astype(np.uint8)],
            ALMOST,
        )
    for colours in (2, 30, 256):
        indexed = Image.fromarray(smooth()).quantize(colours)
        for compression in [None, "tiff_lzw", "tiff_adobe_deflate"]:
            data = saved(indexed, "TIFF", compression=compression)
            cases.add("palette_pillow", "tif", data, opened(data), ALMOST)


def transparency(cases):
    """Alpha beside colours and grey: multiplied into them or not, in both depths and layouts."""
    for bits in (8, 16):
        top = (1 << bits) - 1
        for channels in (1, 3):
            colour = smooth(channels=channels, top=top).reshape(107, 160, channels)
            alpha = smooth(channels=4, top=top)[:, :, 3]
            want = over_white(colour / top, alpha / top)
            multiplied = np.round(colour * (alpha[:, :, None] / top)).astype(colour.dtype)
            photometric = RGB if channels == 3 else BLACK
            for planar in [False, True]:
                for layout in [
                    {},
                    {"tile": (32, 32)},
                    {"rows": 10, "scheme": "lzw"},
                    {"scheme": "zlib", "predictor": not planar},
                ]:
                    options = {"planar": planar, **layout}
                    data = one(np.dstack([colour, alpha]), bits, photometric, tags={tw.EXTRA: 2}, **options)
                    cases.add(f"alpha_{bits}_{channels}", "tif", data, want, ALMOST)
                    data = one(np.dstack([multiplied, alpha]), bits, photometric, tags={tw.EXTRA: 1}, **options)
                    cases.add(f"associated_{bits}_{channels}", "tif", data, want, NEAR if bits == 8 else ALMOST)
            shown = to_8(colour, top)
            words = ["sample|channel|extra"]
            data = one(np.dstack([colour, alpha]), bits, photometric, tags={tw.EXTRA: 0})
            cases.add(f"extra_{bits}_{channels}", "tif", data, shown, ALMOST, words)
            data = one(np.dstack([colour, alpha, alpha // 2]), bits, photometric, tags={tw.EXTRA: [2, 0]})
            cases.add(f"alpha_and_more_{bits}_{channels}", "tif", data, want, ALMOST, words)
        # Four samples of colours and no word on the fourth: alpha for all who write such files.
        picture = smooth(channels=4, top=top)
        want = over_white(picture[:, :, :3] / top, picture[:, :, 3] / top)
        cases.add(f"fourth_{bits}", "tif", one(picture, bits, RGB), want, ALMOST, ["sample|extra|channel"])
    table = np.random.default_rng(4).integers(0, 65536, (3, 256))
    at, alpha = noise(23, 31, 1, 255, 6)[:, :, 0], noise(23, 31, 1, 255, 7)[:, :, 0]
    tags = {tw.PALETTE: table.ravel().tolist(), tw.EXTRA: 2}
    want = over_white(table.T[at] / 65535, alpha / 255)
    words = ["palette|alpha|sample|extra"]
    cases.add("palette_alpha", "tif", one(np.dstack([at, alpha]), 8, TABLE, tags=tags), want, ALMOST, words)
    clear = np.dstack([smooth(20, 30), np.full((20, 30), 255, np.uint8)])
    cases.add("alpha_full", "tif", one(clear, 8, RGB, tags={tw.EXTRA: 2}), clear[:, :, :3])


def ycc_file(size, across, down, scheme="none", studio=False, tile=None):
    """A file of luma and chroma, of which chroma has one sample for `across` x `down` pixels, and what it shows."""
    height, width = size
    y, cb, cr = np.asarray(Image.fromarray(smooth(*size)).convert("YCbCr")).astype(float).transpose(2, 0, 1)
    if studio:
        y, cb, cr = 16 + y * 219 / 255, 128 + (cb - 128) * 224 / 255, 128 + (cr - 128) * 224 / 255
    tall, wide = -(-height // down) * down, -(-width // across) * across
    padded = [np.pad(plane, [(0, tall - height), (0, wide - width)], mode="edge") for plane in (y, cb, cr)]
    blocks = [plane.reshape(tall // down, down, wide // across, across) for plane in padded]
    luma = np.round(blocks[0]).astype(np.uint8)
    chroma = [np.round(plane.mean((1, 3))).astype(np.uint8) for plane in blocks[1:]]
    units = np.concatenate(
        [luma.transpose(0, 2, 1, 3).reshape(tall // down, wide // across, -1), *[c[:, :, None] for c in chroma]], 2
    )
    rows = 4  # of units in a strip
    page = tw.page(np.zeros((height, width, 3), np.uint8), 8, YCC, scheme=scheme, rows=rows * down)
    page["segments"] = [
        tw.squeeze(units[at : at + rows].reshape(-1, units.shape[1] * units.shape[2]), scheme)
        for at in range(0, len(units), rows)
    ]
    page["tags"][530] = [across, down]
    if studio:
        page["tags"][532] = ("rational", [16, 1, 235, 1, 128, 1, 240, 1, 128, 1, 240, 1])
    full = [c.repeat(down, 0).repeat(across, 1)[:height, :width].astype(float) - 128 for c in chroma]
    shown = luma.reshape(tall, wide)[:height, :width].astype(float)
    if studio:
        shown, full = (shown - 16) * 255 / 219, [c * 255 / 224 for c in full]
    cb, cr = full
    rgb = np.stack([shown + 1.402 * cr, shown - 0.344136 * cb - 0.714136 * cr, shown + 1.772 * cb], -1)
    return tw.write([page]), np.clip(np.round(rgb), 0, 255).astype(np.uint8)


def spaces(cases):
    """Luma and chroma, inks, CIELAB, and pages that are JPEG files."""
    for size in [(16, 16), (23, 37), (107, 160)]:
        for across, down in [(1, 1), (2, 1), (2, 2), (4, 1), (4, 2), (4, 4), (1, 2)]:
            for scheme in ["none", "lzw", "zlib", "packbits"]:
                data, want = ycc_file(size, across, down, scheme)
                # Chroma may be repeated, or drawn between its samples.
                bound = NEAR if across * down == 1 else ("psnr", 38.0 if across * down <= 4 else 32.0)
                unusual = None if (across, down) in [(1, 1), (2, 1), (2, 2)] else ["subsampl|chroma|ycbcr"]
                cases.add(f"ycc_{across}{down}", "tif", data, want, bound, unusual)
        data, want = ycc_file(size, 1, 1, studio=True)
        cases.add("ycc_studio", "tif", data, want, ("psnr", 40.0), ["reference|range|ycbcr"])
    picture = smooth()
    for size in [(9, 17), (107, 160)]:
        picture = smooth(*size)
        data = saved(picture, "TIFF", compression="jpeg", quality=95)
        cases.add("jpeg_ycc", "tif", data, opened(data), LOSSY)
        data = saved(np.ascontiguousarray(picture[:, :, 0]), "TIFF", compression="jpeg", quality=95)
        cases.add("jpeg_grey", "tif", data, opened(data), CLOSE)
        for photometric in ["rgb", "ycbcr"]:
            for layout in [{"rowsperstrip": 16}, {"tile": (48, 32)}]:
                for subsampling in [(1, 1), (2, 2), (2, 1)][: 1 + 2 * (photometric == "ycbcr")]:
                    stream = io.BytesIO()
                    options = {
                        "compression": "jpeg",
                        "compressionargs": {"level": 95},
                        "subsampling": subsampling,
                        **layout,
                    }
                    if photometric == "rgb":
                        options.pop("subsampling")
                        options["compressionargs"] = {"level": 95, "outcolorspace": "rgb"}
                    tifffile.imwrite(stream, picture, photometric=photometric, **options)
                    want = opened(stream.getvalue())
                    cases.add(f"jpeg_{photometric}", "tif", stream.getvalue(), want, LOSSY)
    inks = smooth(channels=4)
    for bits in (8, 16):
        wide = inks if bits == 8 else inks.astype(np.uint16) * 257
        for planar in [False, True]:
            for layout in [{}, {"tile": (16, 32)}, {"rows": 9, "scheme": "lzw"}]:
                data = one(wide, bits, CMYK, planar=planar, tags={332: 1}, **layout)
                cases.add(f"cmyk_{bits}", "tif", data, naive(inks), NEAR)
                for kind in ["press", "press_8"]:
                    profile = icc.CMYKS[kind]
                    data = one(wide, bits, CMYK, planar=planar, tags={34675: profile}, **layout)
                    want = icc.as_srgb(Image.fromarray(inks, "CMYK"), profile, True)
                    cases.add(f"cmyk_{kind}_{bits}", "tif", data, want, PATCHES)
    turn = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
    # Pillow gives a and b with their signs, as TIFF has them.
    lab = np.asarray(ImageCms.applyTransform(Image.fromarray(smooth()), turn))
    cases.add("lab", "tif", one(lab, 8, LAB), smooth(), ("psnr", 30.0), ["lab"])
    for kind, profile in icc.PROFILES.items():
        data = one(picture, 8, RGB, scheme="lzw", tags={34675: profile})
        cases.add(f"icc_{kind}", "tif", data, icc.as_srgb(Image.fromarray(picture), profile, True), PATCHES)
    for kind, profile in icc.GREYS.items():
        data = one(picture[:, :, 1], 8, BLACK, tags={34675: profile})
        want = icc.as_srgb(Image.fromarray(np.ascontiguousarray(picture[:, :, 1])), profile, True)
        cases.add(f"icc_{kind}", "tif", data, want, PATCHES)


def old_jpeg(stream, size, sampling, form):
    """A file of the old kind of JPEG (compression 6): the stream is `whole`, or its data are behind a `header` that
    lies apart, or behind nothing, and tags point to the `tables`. Restart markers divide it into strips."""
    at, tables = 2, {0xDB: {}, 0xC4: {}}
    while stream[at + 1] != 0xDA:
        length = int.from_bytes(stream[at + 2 : at + 4])
        body = stream[at + 4 : at + 2 + length]
        while stream[at + 1] in tables and body:
            entry = 65 if stream[at + 1] == 0xDB else 17 + sum(body[1:17])
            tables[stream[at + 1]][body[0]], body = body[1:entry], body[entry:]
        at += 2 + length
    start = at + 2 + int.from_bytes(stream[at + 2 : at + 4])
    header, data = stream[:start], stream[start:-2]
    strips = [stream] if form == "whole" else re.split(rb"\xff[\xd0-\xd7]", data)
    second = [min(number, 1) for number in range(3)]
    blobs = {"whole": [], "header": [header]}.get(form)
    if blobs is None:
        blobs = [tables[0xDB][number] for number in second]
        blobs += [tables[0xC4][kind + number] for kind in (0, 0x10) for number in second]
    # Each part begins at an even byte behind the file's header.
    places = np.cumsum([8] + [len(part) + len(part) % 2 for part in strips + blobs]).tolist()
    page = tw.page(np.zeros((*size, 3), np.uint8), 8, YCC)
    page["segments"] = strips + blobs
    page["tags"] |= {tw.COMPRESSION: 6, 512: 1, 530: list(sampling)}
    page["tags"] |= {tw.OFFSETS: ("long", places[: len(strips)]), tw.COUNTS: [len(part) for part in strips]}
    extra = places[len(strips) :]
    if form == "whole":
        page["tags"] |= {513: ("long", 8), 514: ("long", len(stream))}
    elif form == "header":
        page["tags"] |= {513: ("long", extra[0]), 514: ("long", len(header))}
    else:
        page["tags"] |= {519: ("long", extra[:3]), 520: ("long", extra[3:6]), 521: ("long", extra[6:9])}
    if len(strips) > 1:
        page["tags"][tw.ROWS] = 8 * sampling[1]
    return page


def old_jpegs(cases):
    """All forms of the old kind of JPEG, in one strip and in several, with tags that some writers leave out."""
    for size in [(9, 17), (107, 160)]:
        for number, sampling in enumerate([(1, 1), (2, 1), (2, 2)]):
            whole = saved(smooth(*size), "JPEG", quality=95, subsampling=number)
            for form in ["whole", "header", "tables"]:
                page = old_jpeg(whole, size, sampling, form)
                cases.add(f"jpeg_old_{form}", "tif", tw.write([page]), opened(whole))
                page["tags"][tw.SAMPLES] = None
                cases.add(f"jpeg_old_{form}", "tif", tw.write([page], ">"), opened(whole))
            page = old_jpeg(whole, size, sampling, "whole")
            page["tags"][514] = None
            cases.add("jpeg_old_no_length", "tif", tw.write([page]), opened(whole))
            page["tags"] |= {tw.OFFSETS: None, tw.COUNTS: None}
            cases.add("jpeg_old_no_strips", "tif", tw.write([page]), opened(whole))
            page = old_jpeg(whole, size, sampling, "whole")
            page["tags"][513] = None
            cases.add("jpeg_old_strip", "tif", tw.write([page]), opened(whole))
        parts = saved(smooth(*size), "JPEG", quality=95, subsampling=0, restart_marker_rows=1)
        for form in ["whole", "header", "tables"]:
            cases.add(f"jpeg_old_{form}_strips", "tif", tw.write([old_jpeg(parts, size, (1, 1), form)]), opened(parts))
        for change in [{512: 14}, {519: ("long", [8, 8])}, {521: None}, {520: ("long", [1 << 30] * 3)}]:
            page = old_jpeg(whole, size, sampling, "tables")
            page["tags"] |= change
            cases.add("jpeg_old_wrong", "tif", tw.write([page]), refuse=["jpeg|bytes"])
        page = old_jpeg(parts, size, (1, 1), "header")
        page["tags"][514] = ("long", 20)
        cases.add("jpeg_old_wrong", "tif", tw.write([page]), refuse=["jpeg"])


def fax(cases):
    """Fax groups 3 (of one and two dimensions) and 4 and their ancestor, in both orders of bits and both whites."""
    for size in [(1, 1), (5, 8), (24, 35), (107, 160), (60, 2600)]:
        grey = smooth(*size)[:, :, 2]
        mask = (grey > np.random.default_rng(1).integers(60, 200, size)) if size[0] < 60 else grey > 128
        for kind, compression, options in [("rle", 2, None), ("g3", 3, 0), ("g3_2d", 3, 1), ("g4", 4, None)]:
            name = {2: "tiff_ccitt", 3: "group3", 4: "group4"}[compression]
            info = {292: options} if options else {}
            stream = io.BytesIO(saved(mask, "TIFF", compression=name, tiffinfo=info))
            with tifffile.TiffFile(stream) as file:
                old = file.pages[0]
                assert old.photometric == 1 and len(old.dataoffsets) >= 1
                parts = [stream.getvalue()[at : at + size] for at, size in zip(old.dataoffsets, old.databytecounts)]
                rows = old.rowsperstrip
            for photometric in (WHITE, BLACK):
                for lsb in [False, True]:
                    page = tw.page(mask.astype(np.uint8), 1, photometric)
                    page["segments"] = [tw.reverse_bits(part) for part in parts] if lsb else parts
                    page["tags"] |= {tw.COMPRESSION: compression, tw.ROWS: min(rows, len(mask))}
                    page["tags"] |= {tw.FILL_ORDER: 2 if lsb else 1}
                    if options is not None:
                        page["tags"][292] = ("long", options)
                    shown = mask if photometric == BLACK else ~mask
                    cases.add(f"fax_{kind}", "tif", tw.write([page]), shown.astype(np.uint8) * 255)


def refused(cases):
    """Samples that are no 8 or 16 bits of light are refused under their right names."""
    for dtype, words in [
        ("f2", ["float"]),
        ("f4", ["float"]),
        ("f8", ["float"]),
        ("u4", ["32"]),
        ("i4", ["32|sign"]),
        ("u8", ["64"]),
        ("i2", ["sign|int"]),
        ("i1", ["sign|int"]),
        ("c8", ["complex"]),
    ]:
        for channels in (1, 3):
            if dtype == "c8" and channels == 3:
                continue
            picture = (smooth() // 3).astype(dtype)
            stream = io.BytesIO()
            picture = picture if channels == 3 else np.ascontiguousarray(picture[:, :, 0])
            tifffile.imwrite(stream, picture, photometric="rgb" if channels == 3 else "minisblack")
            cases.add(f"type_{dtype}", "tif", stream.getvalue(), refuse=words)
    whole = one(smooth(), 8, RGB, rows=10)
    for share in [0.0, 0.001, 0.1, 0.5, 0.99]:
        cases.add("cut", "tif", whole[: int(len(whole) * share)], refuse=["."])
    page = tw.page(smooth(), 8, RGB, scheme="zlib", rows=10)
    page["segments"][3] = page["segments"][3][:20]
    cases.add("strip_cut", "tif", tw.write([page]), refuse=["."])
    for tags in [
        {tw.WIDTH: 0},
        {tw.HEIGHT: 0},
        {tw.BITS: [8, 8, 4]},
        {tw.BITS: [8, 16, 8]},
        {tw.SAMPLES: 0},
        {tw.COMPRESSION: 61000},
    ]:
        cases.add("nonsense", "tif", one(smooth(), 8, RGB, tags=tags), refuse=["."])
    cases.add("nonsense", "tif", one(smooth(), 8, RGB, tags={tw.WIDTH: 2_000_000_000}), refuse=["."])
    cases.add("nonsense", "tif", one(smooth(), 8, RGB, tile=(16, 16), tags={tw.TILE_WIDTH: 0}), refuse=["."])
    cases.add("nonsense", "tif", one(smooth(), 8, TABLE), refuse=["."])


def orientations(cases):
    """All eight, as SHORT and as LONG, in colours and grey."""
    for number in range(1, 9):
        for kind in ["short", "long"]:
            for order in "<>":
                picture = smooth(23, 31)
                data = one(picture, 8, RGB, order, tags={tw.ORIENTATION: (kind, number)})
                cases.add(f"orientation_{number}", "tif", data, turned(picture, number))
                data = one(picture[:, :, 0], 8, BLACK, order, tile=(16, 16), tags={tw.ORIENTATION: (kind, number)})
                cases.add(f"orientation_{number}", "tif", data, turned(picture[:, :, 0], number))


def all_kinds(cases):
    for kind in [layouts, depths, transparency, spaces, old_jpegs, fax, refused, orientations]:
        kind(cases)
