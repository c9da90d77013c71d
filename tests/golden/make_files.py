"""Makes tests/golden/files: small pictures and label files of every kind that is read, or refused by name, each beside
what must come of it, which tests/files.rs checks.

    python tests/golden/make_files.py

What lies beside NAME.tif, NAME.npy.gz or the folder NAME.slices is one of

- photos/NAME.want: a line `HEIGHT WIDTH CHANNELS TOLERANCE`, then samples (height, width, channel) of 8 bits, of which
  each may be so much off,
- labels/NAME.want: a line `Z Y X TYPE`, then the labels (z, y, x), little-endian,
- NAME.refuse: words, a line each, of which every one stands in the error, in upper or lower case.

Names that end in `_cast` ask for floating-point numbers to be taken, those in `_named` for the array `labels`.

What must come of a file is computed from the arrays that were written. Only of what loses (JPEG, WebP) Pillow reads it
back, and it must be near the original here. All pictures and labels are synthetic. Written with Python 3.11,
NumPy 2.4.6, Pillow 13.0.0, tifffile 2026.3.3 and imagecodecs 2026.3.6, which write the same bytes in every run.
"""

import gzip
import io
import pathlib
import shutil
import struct
import sys

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
# The writers that the long checks use, too.
sys.path.insert(0, str(HERE.parent / "interop"))

import icc_writer as icc  # noqa: E402
import tiff_writer as tw  # noqa: E402
from label_arrays import fortran, npy, npz, with_header  # noqa: E402
from label_carriers import STAGES, picture  # noqa: E402
from label_cases import unsigned, volume  # noqa: E402
from label_tiffs import GREY, written  # noqa: E402
from photo_cases import flat, noise, opened, over_white, saved, smooth, to_8, turned  # noqa: E402
from photo_jpegs import naive  # noqa: E402
from photo_others import bmp, os2, padded, pams, pnm, run_lengths, starting_at  # noqa: E402
from photo_pngs import (  # noqa: E402
    chrm,
    chunk,
    exif,
    exif_text,
    from_gamma,
    gama,
    iccp,
    png,
    to_linear,
    to_srgb,
    xmp,
    xmp_text,
)
from photo_tiffs import BLACK, CMYK, LAB, RGB, TABLE, WHITE, YCC, old_jpeg, old_lzw, one, ycc_file  # noqa: E402

FILES = HERE / "files"
SIZE = (7, 13)
# What two right decoders of JPEG or of lossy WebP differ by.
LOSSY = 4


def put(kind, name, extension, data, head=None, want=None, refuse=None):
    """A file, or for a dictionary of files a folder, beside what must come of it."""
    folder = FILES / kind
    assert not list(folder.glob(f"{name}.*")), name
    assert (want is None) != (refuse is None), name
    path = folder / f"{name}.{extension}"
    if isinstance(data, dict):
        path.mkdir()
        for inner, content in data.items():
            (path / inner).write_bytes(content)
    else:
        path.write_bytes(data)
    if refuse is None:
        (folder / f"{name}.want").write_bytes(head.encode() + b"\n" + want)
    else:
        (folder / f"{name}.refuse").write_text("".join(f"{word}\n" for word in refuse))


def photo(name, extension, data, want=None, tolerance=0, refuse=None):
    """A picture, and the samples (height, width) or (height, width, channel) that come of it."""
    if want is None:
        put("photos", name, extension, data, refuse=refuse)
        return
    want = want[:, :, None] if want.ndim == 2 else want
    assert want.dtype == np.uint8 and want.shape[2] in (1, 3), name
    head = " ".join(map(str, [*want.shape, tolerance]))
    put("photos", name, extension, data, head, np.ascontiguousarray(want).tobytes())


def labels(name, extension, data, want=None, refuse=None):
    """A file of labels, and the array (z, y, x) that comes of it."""
    if want is None:
        put("labels", name, extension, data, refuse=refuse)
        return
    want = unsigned(np.asarray(want))
    want = want.astype(want.dtype.newbyteorder("<"))
    assert want.ndim == 3, name
    head = " ".join([*map(str, want.shape), f"u{8 * want.itemsize}"])
    put("labels", name, extension, data, head, np.ascontiguousarray(want).tobytes())


def near(data, original, most):
    """What Pillow reads, which must be near the picture that was saved."""
    found = opened(data, "L" if original.ndim == 2 else "RGB")
    error = np.abs(found.astype(int) - original).mean()
    assert error < most, error
    return found


def between(samples, primaries):
    """Colours of 8 bits under sRGB's curve and other primaries, as sRGB."""
    across = np.linalg.inv(icc.matrix_of(icc.SRGB)) @ icc.matrix_of(primaries)
    return np.round(to_srgb(to_linear(samples / 255) @ across.T) * 255).astype(np.uint8)


def from_lab(lab):
    """CIELAB under D50, (lightness, a, b) in its own units, as sRGB."""
    lightness, a, b = np.moveaxis(lab, -1, 0)
    root = np.stack([a / 500, 0 * a, -b / 200], -1) + (lightness[..., None] + 16) / 116
    xyz = icc.D50 * np.where(root > 6 / 29, root**3, 3 * (6 / 29) ** 2 * (root - 4 / 29))
    return np.round(to_srgb(xyz @ np.linalg.inv(icc.matrix_of(icc.SRGB)).T) * 255).astype(np.uint8)


def tiff_layouts():
    """Strips, tiles and planes, compressions, byte orders and containers."""
    rgb = smooth(*SIZE)
    large = smooth(18, 21)
    deep = smooth(*SIZE, top=65535)
    photo("tif_planar_tiles", "tif", one(large, 8, RGB, planar=True, tile=(16, 16), scheme="zlib"), large)
    photo("tif_tiles_lzw_predictor", "tif", one(large, 8, RGB, tile=(16, 32), scheme="lzw", predictor=True), large)
    photo("tif_big_endian_16", "tif", one(deep, 16, RGB, ">", rows=3), to_8(deep, 65535), 1)
    data = one(deep, 16, RGB, ">", scheme="zlib", predictor=True)
    photo("tif_deflate_predictor_16", "tif", data, to_8(deep, 65535), 1)
    photo("tif_zstd", "tif", one(rgb, 8, RGB, scheme="zstd"), rgb)
    photo("tif_packbits", "tif", one(rgb // 64 * 64, 8, RGB, scheme="packbits", rows=4), rgb // 64 * 64)
    page = tw.page(rgb, 8, RGB, rows=4)
    page["segments"] = [old_lzw(segment) for segment in page["segments"]]
    page["tags"][tw.COMPRESSION] = tw.SCHEMES["lzw"]
    photo("tif_old_lzw", "tif", tw.write([page]), rgb)
    photo("tif_bigtiff", "tif", one(rgb, 8, RGB, ">", True), rgb)
    data = one(rgb, 8, RGB, ">", tags={tw.ORIENTATION: ("long", 6)})
    photo("tif_orientation_long", "tif", data, turned(rgb, 6))
    smaller = tw.page(rgb[::2, ::2], 8, RGB, tags={tw.SUBFILE: 1})
    photo("tif_thumbnail_first", "tif", tw.write([smaller, tw.page(rgb, 8, RGB)]), rgb)
    # What follows the first page is no reason not to show it; where no page is one, the circle is.
    photo("tif_circle_behind", "tif", tw.write([tw.page(rgb, 8, RGB)], circle=True), rgb)
    photo("tif_circle", "tif", tw.write([smaller], circle=True), refuse=["circle"])


def tiff_depths():
    """Grey of all depths, white or black being zero, palettes, and opacity beside them."""
    for bits in [1, 2, 4, 12, 16]:
        top = (1 << bits) - 1
        grey = noise(*SIZE, 1, top, bits)
        photo(f"tif_grey_{bits}", "tif", one(grey, bits, BLACK, rows=5), to_8(grey, top), int(bits > 8))
    grey = noise(*SIZE, 1, 15)
    photo("tif_white_is_zero", "tif", one(15 - grey, 4, WHITE, ">"), to_8(grey, 15))
    for bits in [4, 8]:
        table = np.random.default_rng(bits).integers(0, 65536, (3, 1 << bits))
        at = noise(*SIZE, 1, (1 << bits) - 1, 5)[:, :, 0]
        data = one(at, bits, TABLE, tags={tw.PALETTE: table.ravel().tolist()})
        photo(f"tif_palette_{bits}", "tif", data, to_8(table.T[at], 65535), 1)
    table = np.random.default_rng(9).integers(0, 65536, (3, 16))
    at, alpha = noise(*SIZE, 1, 15, 6)[:, :, 0], noise(*SIZE, 1, 15, 7)[:, :, 0]
    data = one(np.dstack([at, alpha]), 4, TABLE, tags={tw.PALETTE: table.ravel().tolist(), tw.EXTRA: 2})
    photo("tif_palette_alpha", "tif", data, over_white(table.T[at] / 65535, alpha / 15), 1)
    for bits in [8, 16]:
        top = (1 << bits) - 1
        rgb, alpha = smooth(*SIZE, top=top), smooth(*SIZE, 4, top)[:, :, 3]
        multiplied = np.round(rgb * (alpha[:, :, None] / top)).astype(rgb.dtype)
        data = one(np.dstack([multiplied, alpha]), bits, RGB, tags={tw.EXTRA: 1})
        # Of what was rounded to 8 bits once, little is left where little was seen.
        photo(f"tif_associated_{bits}", "tif", data, over_white(rgb / top, alpha / top), 1)
    data = one(np.dstack([rgb, alpha]), 16, RGB, ">", planar=True, tags={tw.EXTRA: 2})
    photo("tif_alpha_16", "tif", data, over_white(rgb / top, alpha / top), 1)
    grey, alpha = smooth(*SIZE)[:, :, :1], smooth(*SIZE, 4)[:, :, 3]
    # Black is zero for the opacity, even where white is for the grey.
    data = one(np.dstack([255 - grey, alpha]), 8, WHITE, tags={tw.EXTRA: 2})
    photo("tif_grey_alpha", "tif", data, over_white(grey / 255, alpha / 255), 1)


def tiff_spaces():
    """Luma and chroma, JPEG, inks, CIELAB, and what a file says of its colours."""
    data, want = ycc_file((10, 13), 2, 2)
    photo("tif_ycc_22", "tif", data, want, 1)
    data, want = ycc_file((7, 13), 2, 1, "lzw")
    photo("tif_ycc_21_lzw", "tif", data, want, 1)
    data, want = ycc_file(SIZE, 1, 1, studio=True)
    photo("tif_ycc_studio", "tif", data, want, 1)
    rgb = smooth(18, 21)
    data = saved(rgb, "TIFF", compression="jpeg", quality=95)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        assert 347 in file.pages[0].tags, "it has no tables of its own"
    photo("tif_jpeg_tables", "tif", data, near(data, rgb, 2), LOSSY)
    # Each plane is a JPEG of grey, which tells no decoder that it is luma or chroma.
    planes = np.asarray(Image.fromarray(smooth(*SIZE)).convert("YCbCr"))
    page = tw.page(planes, 8, YCC, planar=True, tags={tw.COMPRESSION: 7, 530: [1, 1]})
    page["segments"] = [saved(np.ascontiguousarray(planes[:, :, i]), "JPEG", quality=95) for i in range(3)]
    data = tw.write([page])
    photo("tif_jpeg_ycc_planes", "tif", data, near(data, smooth(*SIZE), 3), LOSSY)
    # TIFF 6.0's own kind, in each of its three forms.
    for form, rows in [("whole", 0), ("header", 1), ("tables", 1)]:
        data = saved(rgb, "JPEG", quality=95, subsampling=0, restart_marker_rows=rows)
        found = tw.write([old_jpeg(data, (18, 21), (1, 1), form)])
        photo(f"tif_jpeg_old_{form}", "tif", found, near(data, rgb, 2), LOSSY)
    inks = smooth(*SIZE, 4)
    photo("tif_cmyk_planar", "tif", one(inks, 8, CMYK, planar=True, tags={332: 1}), naive(inks), 1)
    pure = np.stack(np.meshgrid(*[np.array([0, 255], np.uint8)] * 4, indexing="ij"), -1).reshape(4, 4, 4)
    press = icc.table_profile(b"CMYK", 4, 3, icc.cmyk_linear, names=(b"A2B1",))
    want = np.round(to_srgb(icc.cmyk_linear(pure / 255)) * 255).astype(np.uint8)
    photo("tif_cmyk_press", "tif", one(pure, 8, CMYK, tags={34675: press}), want, 2)
    rgb = smooth(*SIZE)
    lab = icc.lab_of(to_linear(rgb / 255), icc.matrix_of(icc.SRGB))
    wide = np.round(lab * [655.35, 256, 256]).astype(np.int64).astype(np.uint16)
    photo("tif_lab_16", "tif", one(wide, 16, LAB), rgb, 1)
    narrow = np.round(lab * [2.55, 1, 1]).astype(np.int64)
    data = one(narrow.astype(np.uint8), 8, LAB)
    photo("tif_lab_8", "tif", data, from_lab(narrow / [2.55, 1, 1]), 1)
    points = [0.3127, 0.3290, *np.ravel(icc.P3)]
    fractions = [part for point in points for part in (round(point * 10000), 10000)]
    tags = {318: ("rational", fractions[:4]), 319: ("rational", fractions[4:])}
    photo("tif_primaries_p3", "tif", one(rgb, 8, RGB, tags=tags), between(rgb, icc.P3), 1)


def fax(mask, compression, options=None):
    """The only strip of a page of fax codes that libtiff makes of a mask, in which 1 is black."""
    name = {2: "tiff_ccitt", 3: "group3", 4: "group4"}[compression]
    data = saved(mask, "TIFF", compression=name, tiffinfo={292: options} if options else {})
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        assert page.photometric == 1 and page.fillorder == 1 and len(page.dataoffsets) == 1, page
        return data[page.dataoffsets[0] : page.dataoffsets[0] + page.databytecounts[0]]


def tiff_faxes():
    """All kinds of fax codes, in both orders of bits and with both whites."""
    mask = smooth(24, 35)[:, :, 2] > np.random.default_rng(1).integers(60, 200, (24, 35))
    kinds = [("2", 2, None), ("3_1d", 3, 0), ("3_2d", 3, 1), ("4", 4, None)]
    for number, (name, compression, options) in enumerate(kinds):
        photometric, lsb_first = (WHITE, BLACK)[number % 2], number >= 2
        page = tw.page(mask.astype(np.uint8), 1, photometric)
        strip = fax(mask, compression, options)
        page["segments"] = [tw.reverse_bits(strip) if lsb_first else strip]
        page["tags"] |= {tw.COMPRESSION: compression, tw.FILL_ORDER: 2 if lsb_first else 1}
        if options is not None:
            page["tags"][292] = ("long", options)
        shown = mask if photometric == BLACK else ~mask
        photo(f"tif_fax_{name}", "tif", tw.write([page]), shown.astype(np.uint8) * 255)


def tiff_refused():
    """What is no 8 or 16 bits of light, what is not read, and damage."""
    grey = smooth(*SIZE)[:, :, 0]
    for name, dtype, words in [
        ("float_32", "f4", ["float", "32"]),
        ("uint_32", "u4", ["32"]),
        ("int_8", "i1", ["signed", "8"]),
        ("complex", "c8", ["complex"]),
    ]:
        photo(f"tif_{name}", "tif", written((grey // 3).astype(dtype), photometric=GREY, metadata=None), refuse=words)
    for name, number, words in [
        ("jpeg_old_without_tables", 6, ["JPEG", "tables"]),
        ("jpeg_2000", 34712, ["JPEG 2000", "compression"]),
    ]:
        photo(f"tif_{name}", "tif", one(grey, 8, BLACK, tags={tw.COMPRESSION: number}), refuse=words)
    photo("tif_depths_differ", "tif", one(smooth(*SIZE), 8, RGB, tags={tw.BITS: [8, 8, 4]}), refuse=["depth"])
    whole = one(smooth(*SIZE), 8, RGB)
    photo("tif_cut", "tif", whole[:-9], refuse=["TIFF", "byte"])


def pngs():
    """Colour types and depths, keys, and everything that is said of colours."""
    for depth, interlaced in [(1, False), (2, True), (16, False)]:
        top = (1 << depth) - 1
        grey = noise(*SIZE, 1, top, depth)
        data = png(grey, depth, 0, interlaced=interlaced)
        photo(f"png_grey_{depth}", "png", data, to_8(grey, top), int(depth == 16))
    rgb = smooth(*SIZE)
    photo("png_rgb_interlaced", "png", png(rgb, 8, 2, interlaced=True), rgb)
    table, alpha = noise(1, 16, 3, 255)[0], np.array([0, 80, 200] + 13 * [255], np.uint8)
    at = noise(*SIZE, 1, 15, 2)
    data = png(at, 4, 3, chunk(b"PLTE", table.tobytes()) + chunk(b"tRNS", alpha[:3].tobytes()))
    photo("png_palette_clear", "png", data, over_white(table[at[:, :, 0]] / 255, alpha[at[:, :, 0]] / 255), 1)
    for name, extra, interlaced in [("cut", 1, True), ("cut_later", 2, False)]:
        palette = chunk(b"PLTE", table.tobytes()[: 45 + extra])
        data = png(at, 4, 3, palette, interlaced=interlaced)
        photo(f"png_palette_{name}", "png", data, refuse=["palette", f"{45 + extra} bytes"])
    for kind, name, depth in [(4, "grey_alpha", 16), (6, "rgb_alpha", 8)]:
        top = (1 << depth) - 1
        pixels = smooth(*SIZE, 4, top)[:, :, [0, 3] if kind == 4 else slice(None)]
        want = over_white(pixels[:, :, :-1] / top, pixels[:, :, -1] / top)
        photo(f"png_{name}_{depth}", "png", png(pixels, depth, kind), want, 1)
    # The neighbours differ from the key in their lower bytes alone.
    grey = noise(*SIZE, 1, 65535, 1)
    grey[2:5, 3:9], grey[5, 3:9] = 0x1234, 0x1235
    want = over_white(grey / 65535, (grey[:, :, 0] != 0x1234).astype(float))
    photo("png_grey_16_key", "png", png(grey, 16, 0, chunk(b"tRNS", struct.pack(">H", 0x1234))), want, 1)
    deep = noise(*SIZE, 3, 65535, 2)
    deep[2:5, 3:9], deep[5, 3:9] = (65535, 5, 65534), (65535, 6, 65534)
    want = over_white(deep / 65535, (deep != (65535, 5, 65534)).any(2).astype(float))
    photo("png_rgb_16_key", "png", png(deep, 16, 2, chunk(b"tRNS", struct.pack(">HHH", 65535, 5, 65534))), want, 1)

    p3 = icc.PROFILES["display_p3"]
    photo("png_gama", "png", png(rgb, 8, 2, gama(0.8)), from_gamma(rgb, 0.8), 2)
    data = png(rgb, 8, 2, gama(0.625) + chrm(icc.P3))
    photo("png_gama_chrm", "png", data, from_gamma(rgb, 0.625, icc.P3), 2)
    photo("png_iccp_p3", "png", png(rgb, 8, 2, gama(1.0) + iccp(p3)), between(rgb, icc.P3), 1)
    grey = rgb[:, :, :1]
    want = np.round(to_srgb((grey / 255) ** 1.8) * 255).astype(np.uint8)
    photo("png_iccp_grey", "png", png(grey, 8, 0, iccp(icc.GREYS["grey_1_8"])), want, 1)
    photo("png_iccp_broken", "png", png(rgb, 8, 2, iccp(p3[:200])), rgb)
    code_points = chunk(b"cICP", bytes([12, 13, 0, 1])) + iccp(icc.PROFILES["linear"])
    photo("png_cicp_p3", "png", png(rgb, 8, 2, code_points), between(rgb, icc.P3), 1)
    photo("png_exif", "png", png(rgb, 8, 2, after=chunk(b"eXIf", exif(8, ">", True))), turned(rgb, 8))
    photo("png_xmp", "png", png(rgb, 8, 2, xmp_text(xmp(5), True)), turned(rgb, 5))
    photo("png_exif_text", "png", png(rgb, 8, 2, exif_text(6, b"zTXt")), turned(rgb, 6))
    frames = [Image.fromarray(np.roll(rgb, number, 0)) for number in range(2)]
    data = saved(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=50)
    assert b"acTL" in data
    photo("png_animated", "png", data, rgb)
    whole = png(rgb, 8, 2)
    flipped = bytearray(whole)
    flipped[len(flipped) // 2] ^= 1
    photo("png_flipped", "png", bytes(flipped), refuse=["PNG"])
    photo("png_misnamed", "jpg", whole, rgb)


def jpegs():
    """Profiles and inks, what is refused by name, and a cut; golden/photos has more of the rest."""
    rgb = smooth(18, 21)
    data = saved(rgb, "JPEG", quality=95, subsampling=0, icc_profile=icc.PROFILES["display_p3"])
    photo("jpg_icc_p3", "jpg", data, between(near(data, rgb, 2), icc.P3), LOSSY)
    inks = smooth(18, 21, 4)
    data = saved(Image.fromarray(inks, "CMYK"), "JPEG", quality=95)
    found = opened(data, "CMYK")
    assert np.abs(found.astype(int) - inks).mean() < 2
    photo("jpg_cmyk", "jpg", data, naive(found), LOSSY)
    data = saved(rgb, "JPEG", quality=90, subsampling=0, exif=b"Exif\0\0" + exif(3, ">", True))
    photo("jpg_exif_long", "jpg", data, turned(near(data, rgb, 3), 3), LOSSY)
    grey = np.ascontiguousarray(smooth(*SIZE)[:, :, 0])
    whole = saved(grey, "JPEG", quality=90)
    frame = whole.index(b"\xff\xc0")
    photo("jpg_arithmetic", "jpg", whole[: frame + 1] + b"\xc9" + whole[frame + 2 :], refuse=["arithmetic"])
    data = saved(rgb, "JPEG", quality=90, subsampling=0)
    photo("jpg_cut", "jpg", data[: data.index(b"\xff\xda") + 60], refuse=["JPEG", "%"])


def gifs():
    """Still, with a clear colour, animated, without a palette, and with an extension that nobody knows."""
    table, at = noise(1, 7, 3, 255)[0], noise(*SIZE, 1, 6)[:, :, 0]

    def indexed(at):
        image = Image.fromarray(at)
        image.putpalette(table.tobytes())
        return image

    photo("gif_still", "gif", saved(indexed(at), "GIF", interlace=1), table[at])
    clear = np.where((at == 3)[:, :, None], 255, table[at]).astype(np.uint8)
    photo("gif_clear", "gif", saved(indexed(at), "GIF", transparency=3), clear)
    frames = [indexed(np.roll(at, number, 1)) for number in (1, 2)]
    data = saved(indexed(at), "GIF", save_all=True, append_images=frames, duration=40, loop=0)
    photo("gif_animated", "gif", data, table[at])
    data = saved(Image.fromarray(at * 36), "GIF", optimize=False)
    bare = data[:10] + bytes([data[10] & 0x7F]) + data[11:13] + data[13 + 3 * 256 :]
    photo("gif_no_palette", "gif", bare, np.dstack([at * 36] * 3))
    unknown = data.index(b",", 13 + 3 * 256)
    data = data[:unknown] + b"!\x47\x03abc\0" + data[unknown:]
    photo("gif_unknown_extension", "gif", data, np.dstack([at * 36] * 3))


def webps():
    """Lossless and lossy, with opacity, turned, and animated."""
    rgb, alpha = smooth(18, 21), smooth(18, 21, 4)[:, :, 3]
    rgba = np.dstack([rgb, alpha])
    photo("webp_lossless", "webp", saved(rgb, "WEBP", lossless=True), rgb)
    data = saved(rgba, "WEBP", lossless=True, exact=True)
    photo("webp_lossless_alpha", "webp", data, over_white(rgb / 255, alpha / 255), 1)
    data = saved(rgb, "WEBP", quality=95)
    photo("webp_lossy", "webp", data, near(data, rgb, 4), LOSSY)
    data = saved(rgba, "WEBP", quality=95)
    found = flat(data)
    assert np.abs(found.astype(int) - over_white(rgb / 255, alpha / 255)).mean() < 4
    photo("webp_lossy_alpha", "webp", data, found, LOSSY)
    frames = [Image.fromarray(np.roll(rgb, number, 1)) for number in range(2)]
    data = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=50, lossless=True)
    photo("webp_animated", "webp", data, rgb)
    photo("webp_exif", "webp", saved(rgb, "WEBP", lossless=True, exif=exif(5)), turned(rgb, 5))


def bmps():
    """Palettes, run lengths, 16 to 32 bits; headers of OS/2, none, and careless ones."""
    table, at = noise(1, 16, 3, 255)[0], noise(*SIZE, 1, 15, 4)[:, :, 0]
    at[:, 7:] = at[:, 7:8]
    colours = b"".join(bytes([b, g, r, 0]) for r, g, b in table.tolist())
    whole = bmp(padded([row.tobytes() for row in at[::-1]]), 8, SIZE, colours, colours=16)
    photo("bmp_8", "bmp", whole, table[at])
    photo("bmp_pixels_in_palette", "bmp", starting_at(whole, 57), refuse=["BMP", "palette"])
    photo("bmp_palette_forgotten", "bmp", starting_at(whole, 54), table[at])
    for name, at_byte in [("width", 18), ("height", 22)]:
        photo(f"bmp_no_{name}", "bmp", whole[:at_byte] + bytes(4) + whole[at_byte + 4 :], refuse=["BMP", "0"])
    photo("bmp_os2", "bmp", os2(whole, 64), table[at])
    # It counts 16 colours and has room for 15.
    end = 14 + 40 + 4 * 15
    few = bmp(padded([row.tobytes() for row in at[::-1] % 15]), 8, SIZE, colours, colours=16)
    photo("bmp_short_palette", "bmp", starting_at(few, end)[:end] + few[end + 4 :], table[at % 15])
    photo("bmp_too_short_palette", "bmp", starting_at(whole, end)[:end] + whole[end + 4 :], refuse=["palette", "15"])
    for number, wrong in enumerate([b"\0\x0e" + bytes(14), b"\0\2\x0e\0", b"\0\2\0\7", b"\4\1"]):
        photo(f"bmp_rle_wrong_{number}", "bmp", bmp(wrong, 8, SIZE, colours, 1, colours=16), refuse=["BMP", "runs"])
    photo("bmp_bare", "dib", whole[14:], table[at])
    photo("bmp_planes", "bmp", whole[:26] + b"\0\0" + whole[28:], table[at])
    for bits, compression in [(4, 2), (8, 1)]:
        rows = run_lengths(at, bits, True)
        photo(f"bmp_rle_{bits}", "bmp", bmp(rows, bits, SIZE, colours, compression, colours=16), table[at])
        down = bmp(run_lengths(at[::-1], bits, True), bits, SIZE, colours, compression, colours=16, top_down=True)
        photo(f"bmp_rle_{bits}_down", "bmp", down, table[at])
    rgb = smooth(*SIZE)
    bgr = rgb[::-1, :, ::-1]
    photo("bmp_24", "bmp", bmp(padded([row.tobytes() for row in bgr]), 24, SIZE), rgb)
    alpha = smooth(*SIZE, 4)[::-1, :, 3]
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    data = bmp(np.dstack([bgr, alpha]).tobytes(), 32, SIZE, compression=3, header=108, masks=masks)
    photo("bmp_32_alpha", "bmp", data, over_white(rgb / 255, alpha[::-1] / 255), 1)
    values = [bgr[:, :, 2 - i].astype(int) >> 8 - bits for i, bits in enumerate((5, 6, 5))]
    words = (values[0] << 11 | values[1] << 5 | values[2]).astype("<u2")
    data = padded([row.tobytes() for row in words])
    want = np.stack([to_8(value[::-1], top) for value, top in zip(values, (31, 63, 31))], -1)
    photo("bmp_16_fields", "bmp", bmp(data, 16, SIZE, compression=3, masks=(0xF800, 0x7E0, 0x1F)), want, 1)


def pnms():
    """Bits, grey and colours, as text and as bytes; PAM."""
    bits, grey, rgb = noise(*SIZE, 1, 1), noise(*SIZE, 1, 255, 1), noise(*SIZE, 3, 255, 2)
    # 1 is black.
    photo("pnm_1", "pbm", pnm(1, bits, 1, b"# a comment\n"), to_8(1 - bits, 1))
    photo("pnm_2", "pgm", pnm(2, grey // 3, 100), to_8(grey // 3, 100), 1)
    photo("pnm_3", "ppm", pnm(3, rgb, 255), rgb)
    photo("pnm_4", "pbm", pnm(4, bits, 1), to_8(1 - bits, 1))
    deep = noise(*SIZE, 1, 1023)
    photo("pnm_5", "pgm", pnm(5, deep, 1023), to_8(deep, 1023), 1)
    photo("pnm_6", "ppm", pnm(6, rgb, 255, b"# a comment\n# and another\n"), rgb)
    rgba = smooth(*SIZE, 4)
    want = over_white(rgba[:, :, :3] / 255, rgba[:, :, 3] / 255)
    photo("pnm_7_alpha", "pam", pams(rgba, 255, b"RGB_ALPHA"), want, 1)
    photo("no_picture", "png", b"no picture\n", refuse=["first bytes"])


def pages(stack, bits, **options):
    return [tw.page(plane, bits, **options) for plane in stack]


def stacks():
    """TIFF stacks as ImageJ, tifffile and others write them."""
    three = volume((3, 5, 7))
    imagej = {"imagej": True, "metadata": {"axes": "ZYX"}}
    for name, order in [("little", "<"), ("big", ">")]:
        data = written(three, truncate=True, byteorder=order, **imagej)
        labels(f"tif_imagej_one_page_{name}_endian", "tif", data, three)
    labels("tif_imagej_pages", "tif", written(three, **imagej), three)
    data = written(three, truncate=True, **imagej)
    labels("tif_imagej_cut", "tif", data[:-60], refuse=["3", "slices", "missing"])
    four = volume((4, 5, 7)).reshape(2, 2, 5, 7)
    data = written(four, imagej=True, metadata={"axes": "TZYX"}, truncate=True)
    labels("tif_imagej_tzyx", "tif", data, refuse=["axes", "frames 2", "slices 2"])
    labels("tif_tifffile_truncated", "tif", written(three, photometric=GREY, truncate=True), three)
    labels("tif_tifffile_1_at_1", "tif", written(three[:, None], photometric=GREY), three)
    column = volume((2, 7, 1), "u1")
    labels("tif_tifffile_column", "tif", written(column, photometric=GREY), column)
    # Attributes in the order of their names, as Bio-Formats has them: a voxel's height comes before the number of
    # slices, and its name ends in that one's.
    four = four.reshape(4, 5, 7)
    text = (
        '<?xml version="1.0"?><{0}OME><{0}Image><{0}Pixels PhysicalSizeZ="{1}" SizeC="1" SizeT="{2}" SizeZ="{3}"/>'
        "</{0}Image></{0}OME>"
    )
    for name, prefix, height, times, depth in [
        ("zyx", "", "0.5", 1, 4),
        ("tyx", "", "2", 4, 1),
        ("tzyx", "", "0.5", 2, 2),
        ("prefix_tzyx", "ome:", "0.5", 2, 2),
    ]:
        found = pages(four, 16)
        found[0]["tags"][tw.DESCRIPTION] = text.format(prefix, height, times, depth)
        if times > 1 and depth > 1:
            labels(f"tif_ome_{name}", "tif", tw.write(found), refuse=["axes", "slices 2", "times 2"])
        else:
            labels(f"tif_ome_{name}", "tif", tw.write(found), four)
    large = volume((2, 5, 7), "u8")
    labels("tif_bigtiff_u64", "tif", written(large, photometric=GREY, bigtiff=True, byteorder=">"), large)
    labels("tif_white_is_zero", "tif", tw.write(pages(three, 16, photometric=0)), three)
    mask = volume((2, 5, 11), bool)
    labels("tif_one_bit", "tif", tw.write(pages(mask, 1, lsb_first=True, rows=3)), mask)
    for scheme, dtype, order in [("zstd", "u4", "<"), ("lzma", "u2", ">"), ("lzw", "u4", ">")]:
        stack = volume((2, 5, 7), dtype)
        options = {"predictor": scheme == "lzw", "rows": 3, "order": order}
        data = tw.write(pages(stack, 8 * stack.itemsize, scheme=scheme, **options), order)
        labels(f"tif_{scheme}", "tif", data, stack)
    table = np.random.default_rng(1).integers(0, 65536, 3 << 8).tolist()
    stack = volume((1, 5, 7), "u1")
    labels("tif_palette", "tif", tw.write(pages(stack, 8, photometric=3, tags={tw.PALETTE: table})), stack)
    stack = volume((2, 18, 20), "u1")
    found, want = pages(stack, 8, scheme="zlib", tile=(16, 16)), stack.copy()
    for item, plane in zip(found, want):
        item["segments"][0] = item["segments"][3] = None
        plane[:16, :16] = plane[16:, 16:] = 0
    labels("tif_tiles_not_written", "tif", tw.write(found), want)
    planes = np.moveaxis(three, 0, 2)
    data = tw.write([tw.page(planes, 16, planar=True, tags={tw.EXTRA: [0, 0]})])
    labels("tif_planar_slices", "tif", data, three)
    stack = volume((5, 7, 17), "u1")
    options = {"tile": (16, 16, 16), "volumetric": True, "compression": "zlib", "metadata": None}
    labels("tif_volumetric", "tif", written(stack, photometric=GREY, **options), stack)
    copies = [tw.page(plane[::2, ::2], 16, tags={tw.SUBFILE: 1}) for plane in three]
    found = copies[:1] + [page for pair in zip(pages(three, 16), copies) for page in pair]
    labels("tif_pyramid", "tif", tw.write(found), three)


def stacks_of_numbers():
    """Signs and floating-point numbers, which are labels only where they are whole and not negative."""
    signed = volume((2, 5, 7), "i2")
    labels("tif_signed", "tif", written(signed, photometric=GREY, metadata=None), signed)
    signed[1, 2, 3] = -3
    labels("tif_negative", "tif", written(signed, photometric=GREY, metadata=None), refuse=["-3", "0 or more"])
    whole = volume((2, 5, 7), "f4")
    data = written(whole, photometric=GREY, metadata=None)
    labels("tif_float_cast", "tif", data, whole.astype("u4"))
    labels("tif_float", "tif", data, refuse=["cast", "float"])
    data = written(whole, photometric=GREY, metadata=None, compression="zlib", predictor=3)
    labels("tif_float_predictor_cast", "tif", data, whole.astype("u4"))
    for name, value, words in [("fraction", 1.5, ["whole", "1.5"]), ("nan", np.nan, ["NaN"])]:
        whole[1, 2, 3] = value
        data = written(whole, photometric=GREY, metadata=None)
        labels(f"tif_float_{name}_cast", "tif", data, refuse=words)


def stacks_refused():
    """Colours, losses, pages that differ, and damage."""
    three = volume((3, 5, 7), "u1")
    how = ["colours", 'photometric="minisblack"']
    labels("tif_rgb", "tif", tw.write([tw.page(np.moveaxis(three, 0, 2), 8, photometric=2)]), refuse=how)
    two = np.moveaxis(three[:2], 0, 2)
    labels("tif_two_samples", "tif", tw.write([tw.page(two, 8, tags={tw.EXTRA: 0})]), refuse=["samples", how[1]])
    data = written(volume((1, 16, 16), "u1"), photometric=GREY, compression="jpeg")
    labels("tif_jpeg", "tif", data, refuse=["JPEG", "lossy"])
    data = tw.write(pages(three, 8)[:2] + [tw.page(three[0, :3], 8)])
    labels("tif_pages_differ", "tif", data, refuse=["page 3", "3 x 7", "5 x 7"])
    beyond = dict.fromkeys([256, 257, 32997], ("long", (1 << 31) - 1)) | {278: 1}
    labels("tif_beyond_all_numbers", "tif", tw.write([tw.page(three[0], 8, tags=beyond)]), refuse=["limit"])
    labels("tif_circle", "tif", tw.write(pages(three, 8), circle=True), refuse=["circle"])
    whole = tw.write(pages(three, 8))
    labels("tif_cut", "tif", whole[:-20], refuse=["TIFF", "byte"])
    labels("tif_empty", "tif", b"", refuse=["TIFF"])


def arrays():
    """NumPy arrays of every order and version, and what is refused by name."""
    three = volume((3, 5, 7))
    labels("npy_c", "npy", npy(three), three)
    labels("npy_fortran", "npy", npy(np.asfortranarray(three.T)), three)
    for axis in [1, 3]:
        labels(f"npy_c_1_at_{axis}", "npy", npy(np.expand_dims(three, axis)), three)
    for shape in [(7, 5, 3, 1), (1, 7, 5, 3)]:
        labels(f"npy_fortran_1_at_{shape.index(1)}", "npy", fortran(three, shape), three)
    labels("npy_plane_fortran", "npy", npy(np.asfortranarray(three[0].T)), three[:1])
    labels("npy_version_2", "npy", npy(three, (2, 0)), three)
    text = '{"descr":"<u2","fortran_order":False,"shape":(3,5,7)}'
    labels("npy_other_words", "npy", with_header(text, three.tobytes()), three)
    # Python 2 wrote some numbers so, and NumPy still reads them.
    text = "{'descr': '<u2', 'fortran_order': False, 'shape': (3L, 5L, 7L), }\n"
    labels("npy_python_2", "npy", with_header(text, three.tobytes()), three)
    big = volume((3, 5, 7), "u4")
    labels("npy_big_endian", "npy", npy(big.astype(">u4")), big)
    mask = volume((3, 5, 7), bool)
    labels("npy_boolean", "npy", npy(mask), mask)
    labels("npy_no_voxels", "npy", npy(np.zeros((0, 5, 7), "u8")), np.zeros((0, 5, 7), "u8"))
    signed = volume((3, 5, 7), "i8")
    signed[2, 4, 6] = -1
    labels("npy_negative", "npy", npy(signed.astype(">i8")), refuse=["-1", "0 or more"])
    labels("npy_four_axes", "npy", npy(np.ones((2, 3, 5, 7), "u1")), refuse=["axes", "[2, 3, 5, 7]"])
    for dtype in ["f2", "f8"]:
        whole = volume((2, 3, 5), dtype)
        whole[0, 0, 0] = -0.0
        labels(f"npy_{dtype}_cast", "npy", npy(whole.astype(f">{dtype}")), whole.astype(f"u{whole.itemsize}"))
    labels("npy_f8", "npy", npy(whole), refuse=["cast", "float", "f8"])
    # A float of 32 bits does not tell this number from the next.
    labels("npy_too_large_cast", "npy", npy(np.full((1, 1, 3), 2.0**25, "f4")), refuse=["33554432"])
    for name, array, words in [
        ("objects", np.array([[{"a": 1}, None]], object), ["objects"]),
        ("structured", np.zeros((2, 3), [("id", "u4"), ("x", "f4")]), ["structured"]),
        ("complex", np.ones((2, 3, 4), "c8"), ["complex", "c8"]),
    ]:
        labels(f"npy_{name}", "npy", npy(array), refuse=words)
    # What a file says must not break an error's line, nor colour the terminal.
    text = "{'descr': '<x\n\x1b[31m2', 'fortran_order': False, 'shape': (3, 5, 7)}"
    labels("npy_dtype_of_two_lines", "npy", with_header(text, three.tobytes()), refuse=["dtype", "\\x1b"])
    labels("npy_cut", "npy", npy(three)[:-1], refuse=["338", "337"])
    labels("npy_longer", "npy", npy(three) + b"x", refuse=["338", "339"])
    text = "{'descr': '<u8', 'fortran_order': False, 'shape': (%d, 1099511627776, 1099511627776)}"
    labels("npy_claims_much", "npy", with_header(text % 2, bytes(48)), refuse=["npy", "header"])
    # None of slices that no memory has room for: NumPy refuses it, too.
    labels("npy_claims_none", "npy", with_header(text % 0), refuse=[])


def archives():
    """Archives of one array, of several, and of none."""
    three = volume((3, 5, 7))
    labels("npz_one", "npz", npz(True, anything=three), three)
    several = npz(True, raw=np.full((3, 5, 7), 0.5), labels=three, boxes=np.arange(6), meta=np.array({}, object))
    labels("npz_several", "npz", several, refuse=["array", "raw", "labels", "boxes", "meta"])
    labels("npz_several_named", "npz", several, three)
    flipped = bytearray(npz(labels=three))
    flipped[len(flipped) // 2] ^= 1
    labels("npz_flipped", "npz", bytes(flipped), refuse=["checksum"])


def carriers():
    """What files are compressed with, by their names or by their first bytes."""
    three = volume((3, 5, 7))
    squeezed = STAGES | {"gz": lambda data: gzip.compress(data, mtime=0)}
    for stage, squeeze in squeezed.items():
        labels(f"npy_in_{stage}", f"npy.{stage}", squeeze(npy(three)), three)
    stack = tw.write(pages(three, 16))
    labels("tif_in_zst", "tif.zst", imagecodecs.zstd_encode(stack), three)
    labels("npy_misnamed", "tif", squeezed["gz"](npy(three)), three)
    data = npy(three)
    labels("npy_two_members", "npy.gz", squeezed["gz"](data[:99]) + squeezed["gz"](data[99:]), three)
    labels("npy_gz_cut", "npy.gz", squeezed["gz"](data)[:90], refuse=["gzip"])


def slices():
    """Folders of a file a slice, and PNG files, each a slice."""
    stack = volume((11, 5, 7))
    labels("png_slices", "slices", {f"s{z}.png": picture(plane) for z, plane in enumerate(stack)}, stack)
    two = stack[:2]
    found = {f"{z}.tif": tw.write([tw.page(plane, 16, scheme="zlib")]) for z, plane in zip((9, 10), two)}
    labels("tif_slices", "slices", found, two)
    found = {f"s{z}.png": picture(plane) for z, plane in enumerate(two)}
    labels("sizes_differ", "slices", found | {"s9.png": picture(two[0, :3])}, refuse=["s9.png", "shape"])
    labels("stray_file", "slices", found | {"notes.txt": b"x\n"}, refuse=["notes.txt"])
    for depth, top in [(1, 1), (8, 255), (16, 65535)]:
        plane = noise(5, 7, 1, top, depth)
        # What is said of the light of a picture does not change its numbers, and neither does a clear one.
        said = gama(1.0) + chunk(b"tRNS", bytes([0, 1])) if depth == 8 else b""
        labels(f"png_grey_{depth}", "png", png(plane, depth, 0, said, depth == 1), plane[None, :, :, 0])
    plane = noise(5, 7, 1, 15)
    table = chunk(b"PLTE", noise(1, 16, 3, 255).tobytes())
    labels("png_palette", "png", png(plane, 4, 3, table), plane[None, :, :, 0])
    labels("png_rgb", "png", png(smooth(5, 7), 8, 2), refuse=["colours"])
    labels("no_labels", "png", b"no labels\n", refuse=["first bytes"])


def main():
    if FILES.exists():
        shutil.rmtree(FILES)
    for kind in ["photos", "labels"]:
        (FILES / kind).mkdir(parents=True)
    for make in [
        *[tiff_layouts, tiff_depths, tiff_spaces, tiff_faxes, tiff_refused, pngs, jpegs, gifs, webps, bmps, pnms],
        *[stacks, stacks_of_numbers, stacks_refused, arrays, archives, carriers, slices],
    ]:
        make()


if __name__ == "__main__":
    main()
