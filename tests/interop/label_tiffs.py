"""TIFF files of labels as microscopes, ImageJ, tifffile and libtiff write them."""

import io

import numpy as np
import tifffile

import tiff_writer as tw
from label_cases import AXES, CAST, COLOURS, FRACTIONS, NEGATIVE, SHAPES, SHORT, volume

GREY = "minisblack"


def written(*arguments, **options):
    stream = io.BytesIO()
    tifffile.imwrite(stream, *arguments, **options)
    return stream.getvalue()


def pages(labels, bits, **options):
    """A page for each slice, written tag by tag."""
    return [tw.page(plane, bits, **options) for plane in labels]


def plain(cases):
    """Every type, byte order and container."""
    for number, shape in enumerate(SHAPES):
        for dtype in ["u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8"]:
            labels = volume(shape, dtype, number)
            order, big = "<>"[number % 2], number % 3 == 0
            data = written(labels, photometric=GREY, byteorder=order, bigtiff=big)
            cases.bytes(f"plain_{dtype}_{order == '>'}", "tif", data, labels)
    for dtype in ["u1", "u2", "u4", "u8"]:
        labels = volume((3, 21, 19), dtype, 1)
        for big in [False, True]:
            for order in "<>":
                data = written(labels, photometric=GREY, byteorder=order, bigtiff=big, tile=(16, 32))
                cases.bytes(f"container_{dtype}", "tiff", data, labels)
    for dtype in ["i1", "i2", "i4", "i8"]:
        labels = volume((2, 5, 7), dtype, 2)
        labels[1, 4, 6] = -3
        cases.bytes(f"negative_{dtype}", "tif", written(labels, photometric=GREY), refuse=NEGATIVE)


def imagej(cases):
    """ImageJ's stacks: with a page for each slice, or with one page and all slices behind it."""
    for number, shape in enumerate(SHAPES[2:] + [(2, 1, 9), (25, 3, 4)]):
        for dtype in ["u1", "u2"]:
            for order in "<>":
                for axes in ["ZYX", "TYX", "CYX"][: 1 + 2 * (number == 0)]:
                    labels = volume(shape, dtype, number)
                    options = {"imagej": True, "metadata": {"axes": axes}, "byteorder": order}
                    cases.bytes("imagej_one_page", "tif", written(labels, truncate=True, **options), labels)
                    cases.bytes("imagej_pages", "tif", written(labels, **options), labels)
    labels = volume((6, 9, 11))
    for shape, axes in [((1, 6, 1, 9, 11), "TZCYX"), ((6, 1, 9, 11), "TZYX"), ((6, 1, 9, 11), "ZCYX")]:
        data = written(labels.reshape(shape), imagej=True, metadata={"axes": axes}, truncate=True)
        cases.bytes("imagej_axes_of_1", "tif", data, labels)
    for shape, axes in [
        ((2, 3, 9, 11), "TZYX"),
        ((2, 3, 9, 11), "ZCYX"),
        ((3, 2, 1, 9, 11), "TZCYX"),
        ((2, 3, 9, 11), "TCYX"),
    ]:
        for truncate in [False, True]:
            data = written(labels.reshape(shape), imagej=True, metadata={"axes": axes}, truncate=truncate)
            cases.bytes("imagej_hyperstack", "tif", data, refuse=AXES)
    data = written(labels, imagej=True, metadata={"axes": "ZYX"}, truncate=True)
    cases.bytes("imagej_cut", "tif", data[:-300], refuse=SHORT)
    cases.bytes("imagej_claims_more", "tif", data.replace(b"images=6\nslices=6", b"images=9\nslices=9"), refuse=SHORT)
    # ImageJ's own files begin with its version and may say no more than the number of images.
    text = "ImageJ=1.54f\nimages=6\nunit=micron\nspacing=2.0\n"
    first = tw.page(labels[0], 16, order=">", tags={tw.DESCRIPTION: text})
    first["segments"] = [labels.astype(">u2").tobytes()]
    first["tags"] |= {tw.COUNTS: 9 * 11 * 2}
    cases.bytes("imagej_bare", "tif", tw.write([first], ">"), labels, ["images|slices"])
    whole = volume((3, 8, 9), "f4")
    cases.bytes(
        "imagej_floats", "tif", written(whole, imagej=True, metadata={"axes": "ZYX"}, truncate=True), refuse=CAST
    )


def axes(cases):
    """More axes than three: of length 1 they are dropped, else the file is refused."""
    labels = volume((6, 9, 11), "u4")
    for shape in [(1, 6, 9, 11), (6, 1, 9, 11), (1, 1, 6, 9, 11), (1, 6, 1, 9, 11)]:
        cases.bytes("shaped_1", "tif", written(labels.reshape(shape), photometric=GREY), labels)
    for shape in [(2, 3, 9, 11), (3, 2, 9, 11), (3, 1, 2, 9, 11), (1, 2, 3, 9, 11)]:
        cases.bytes("shaped_4", "tif", written(labels.reshape(shape), photometric=GREY), refuse=AXES)
        data = written(labels.reshape(shape), photometric=GREY, truncate=True)
        cases.bytes("shaped_4_one_page", "tif", data, refuse=AXES)
    for dtype in ["u1", "u2", "u8"]:
        one = volume((5, 7, 13), dtype)
        cases.bytes("shaped_one_page", "tif", written(one, photometric=GREY, truncate=True), one)
        cases.bytes("shaped_zlib", "tif", written(one, photometric=GREY, compression="zlib"), one)
    for number, (shape, order) in enumerate(
        [((6, 9, 11), "ZYX"), ((1, 1, 6, 9, 11), "TCZYX"), ((6, 1, 9, 11), "ZCYX")]
    ):
        for compression in [None, "zlib"]:
            data = written(
                labels.reshape(shape), ome=True, photometric=GREY, metadata={"axes": order}, compression=compression
            )
            cases.bytes(f"ome_{number}", "ome.tif", data, labels)
    for shape, order in [((2, 3, 9, 11), "TZYX"), ((2, 3, 9, 11), "CZYX"), ((3, 2, 1, 9, 11), "TZCYX")]:
        data = written(labels.reshape(shape), ome=True, photometric=GREY, metadata={"axes": order})
        cases.bytes("ome_4", "ome.tif", data, refuse=AXES)
    for metadata in [None, {}]:
        for compression in [None, "zlib"]:
            stream = io.BytesIO()
            with tifffile.TiffWriter(stream) as writer:
                for plane in labels:
                    writer.write(plane, photometric=GREY, metadata=metadata, compression=compression)
            cases.bytes("page_by_page", "tif", stream.getvalue(), labels)


def white_is_zero(cases):
    """The stored number is the label, whatever a viewer would show."""
    for shape in SHAPES[1:5]:
        for dtype in ["u1", "u2", "u4"]:
            labels = volume(shape, dtype, 3)
            for options in [{}, {"compression": "zlib"}, {"compression": "packbits", "tile": (16, 16)}]:
                cases.bytes("white_is_zero", "tif", written(labels, photometric="miniswhite", **options), labels)
        mask = volume(shape, bool)
        cases.bytes("white_is_zero_1", "tif", written(mask, photometric="miniswhite"), mask)
        cases.bytes("white_is_zero_1", "tif", tw.write(pages(mask, 1, photometric=0, rows=3)), mask)


def not_written(cases):
    """Strips and tiles of offset 0 and length 0 hold zeros under every compression."""
    for scheme in ["none", "zlib", "oldzlib", "zstd", "lzw", "packbits", "lzma"]:
        for bits in [1, 8, 16, 32, 64]:
            labels = (volume((2, 40, 37), "u1") % 2).astype("u1") if bits == 1 else volume((2, 40, 37), f"u{bits // 8}")
            may_refuse = ["lzma"] if scheme == "lzma" else None
            for tile in [None, (16, 16)]:
                found = pages(labels, bits, scheme=scheme, tile=tile, rows=None if tile else 9)
                want = labels.copy()
                tall, wide = tile or (9, 37)
                for item, plane in zip(found, want):
                    for number in range(1, len(item["segments"]), 2):
                        y, x = divmod(number, -(-37 // wide))
                        item["segments"][number] = None
                        plane[y * tall : (y + 1) * tall, x * wide : (x + 1) * wide] = 0
                cases.bytes(f"not_written_{scheme}_{bits}", "tif", tw.write(found), want, may_refuse)
    empty = pages(volume((2, 9, 8)), 16, scheme="zlib")
    for item in empty:
        item["segments"] = [None]
    cases.bytes("nothing_written", "tif", tw.write(empty), np.zeros((2, 9, 8), "u2"))


def one_bit(cases):
    """Masks of one bit a voxel at every width of a row's last byte, in both orders of bits."""
    for width in range(1, 18):
        mask = volume((2, 11, width), bool, width)
        cases.bytes(f"bits_{width}", "tif", written(mask, photometric=GREY), mask)
        for lsb in [False, True]:
            scheme = ["none", "zlib", "packbits", "lzw"][width % 4]
            data = tw.write(pages(mask, 1, rows=4, lsb_first=lsb, scheme=scheme), "<>"[width % 2])
            cases.bytes(f"bits_{width}_{scheme}_{lsb}", "tif", data, mask)
    for width in [1, 15, 16, 17, 40]:
        mask = volume((2, 19, width), bool, 5)
        for lsb in [False, True]:
            data = tw.write(pages(mask, 1, tile=(16, 16), lsb_first=lsb, scheme=["none", "zstd"][lsb]))
            cases.bytes(f"bits_tiles_{width}", "tif", data, mask)
    mask = volume((2, 24, 35), bool)
    for scheme in ["g3", "g4"]:
        found = pages(mask, 1)
        # Fax codes tell black from white, which a mask may call either way: an error by name is right, too.
        for item, plane in zip(found, mask):
            item["tags"][tw.COMPRESSION] = tw.SCHEMES[scheme]
            item["segments"] = [fax(plane, scheme)]
        cases.bytes(f"bits_{scheme}", "tif", tw.write(found), mask, ["fax|ccitt|group|compression"])
    # A TIFF without BitsPerSample, Compression and SamplesPerPixel holds one bit a pixel, uncompressed.
    bare = pages(mask[:1], 1)
    for tag in [tw.BITS, tw.SAMPLES, tw.PLANAR, tw.ROWS]:
        bare[0]["tags"][tag] = None
    cases.bytes("bits_default", "tif", tw.write(bare), mask[:1])
    for bits, dtype in [(2, "u1"), (4, "u1"), (12, "u2")]:
        for width in [1, 3, 8, 13]:
            labels = (volume((2, 9, width), dtype, bits) % (1 << bits)).astype(dtype)
            cases.bytes(f"few_bits_{bits}", "tif", tw.write(pages(labels, bits)), labels, [f"{bits}|bits"])


def fax(plane, scheme):
    """A page of a fax: the strip that libtiff makes of it, 1 for black as in the mask under photometric 1."""
    from PIL import Image

    stream = io.BytesIO()
    name = {"g3": "group3", "g4": "group4"}[scheme]
    Image.fromarray(plane).save(stream, "TIFF", compression=name)
    stream.seek(0)
    with tifffile.TiffFile(stream) as file:
        page = file.pages[0]
        assert len(page.dataoffsets) == 1 and page.photometric == 1 and page.fillorder == 1, page
        return stream.getvalue()[page.dataoffsets[0] : page.dataoffsets[0] + page.databytecounts[0]]


def compressions(cases):
    """Every lossless compression, with and without the horizontal predictor, in strips and tiles."""
    for scheme in ["zlib", "zstd", "lzw", "packbits", "lzma"]:
        for dtype in ["u1", "u2", "u4", "u8"]:
            for predictor in [False, True][: 1 if scheme == "packbits" else 2]:
                for order in "<>":
                    number = len(cases.list)
                    labels = volume(SHAPES[number % 4 + 2], dtype, number)
                    layout = [{"rows": 5}, {"tile": (16, 32)}, {}][number % 3]
                    bits = labels.dtype.itemsize * 8
                    found = pages(labels, bits, scheme=scheme, order=order, predictor=predictor, **layout)
                    data = tw.write(found, order, big=number % 2 == 0)
                    refuse = ["lzma"] if scheme == "lzma" else None
                    cases.bytes(f"{scheme}_{dtype}_{predictor}", "tif", data, labels, refuse)
                if dtype != "u8":
                    layout = [{"rowsperstrip": 5}, {"tile": (16, 16)}, {}][number % 3]
                    options = {"compression": scheme, "predictor": predictor or None, **layout}
                    cases.bytes(
                        f"{scheme}_{dtype}_{predictor}",
                        "tif",
                        written(labels, photometric=GREY, **options),
                        labels,
                        refuse,
                    )
    labels = volume((3, 30, 40), "u1")
    cases.bytes(
        "jpeg", "tif", written(labels, photometric=GREY, compression="jpeg"), refuse=["jpeg", "lossy|loses|exact"]
    )
    words = {
        "jpeg2000": "jpeg ?2000|jp2|3\\d{4}",
        "jpegxl": "jpeg ?xl|jxl|5\\d{4}",
        "webp": "webp|sample|colou?r|50001",
    }
    words |= {"png": "png|34933", "lerc": "lerc|34887"}
    for name in words:
        stack = np.stack([labels] * 3, -1) if name == "webp" else labels
        options = {"photometric": "rgb" if name == "webp" else GREY, "compression": name}
        if name == "jpegxl":
            options["compressionargs"] = {"lossless": True}
        try:
            data = written(stack, **options)
        except Exception as error:
            print(f"cannot write {name}: {error}")
            continue
        cases.bytes(name, "tif", data, None if name == "webp" else labels, [words[name]])
    found = pages(labels, 8)
    found[1]["tags"][tw.COMPRESSION] = 61234
    cases.bytes("unknown_compression", "tif", tw.write(found), refuse=["61234|compression"])


def colours(cases):
    """Samples of three colours are no labels, also where three slices were written as if they were."""
    for dtype in ["u1", "u2"]:
        for side in [(5, 7), (32, 48)]:
            three = volume((3, *side), dtype)
            cases.bytes(
                "three_slices", "tif", written(three, photometric="rgb", planarconfig="separate"), refuse=COLOURS
            )
            says = written(three, photometric="rgb", planarconfig="separate", metadata={"axes": "ZYX"})
            cases.bytes("three_slices_said", "tif", says, three, COLOURS)
            last = np.ascontiguousarray(three.transpose(1, 2, 0))
            cases.bytes("last_axis_3", "tif", written(last, photometric="rgb"), refuse=COLOURS)
            data = written(np.stack([three] * 3, -1), photometric="rgb")
            cases.bytes("rgb_stack", "tif", data, refuse=COLOURS)
            two = np.stack([three, three], -1)
            data = written(two, photometric=GREY, planarconfig="contig", extrasamples=["unspecified"])
            cases.bytes("two_samples", "tif", data, refuse=["sample|channel|colou?r"])
    for bits, dtype in [(8, "u1"), (16, "u2"), (4, "u1"), (1, "u1")]:
        for width in [3, 17, 40]:
            labels = (volume((2, 9, width), dtype) % min(1 << bits, 200)).astype(dtype)
            table = np.random.default_rng(1).integers(0, 65536, 3 << bits).tolist()
            data = tw.write(pages(labels, bits, photometric=3, tags={tw.PALETTE: table}))
            cases.bytes(f"palette_{bits}", "tif", data, labels, None if bits == 8 else ["palette|colou?r|bits"])
    # Planar configuration 2 says nothing where there is one sample.
    labels = volume((3, 20, 18))
    cases.bytes("planar_grey", "tif", tw.write(pages(labels, 16, planar=True, rows=7)), labels)
    for kind in [(2, 3, 5), (1, 20, 30)]:
        labels = volume(kind, "u2")
        cmyk = np.stack([labels.astype("u1")] * 4, -1)
        cases.bytes("cmyk", "tif", written(cmyk, photometric="separated"), refuse=["sample|colou?r|cmyk"])


def reduced(cases):
    """Pages of reduced resolution are skipped wherever they stand; other pages must be alike."""
    for dtype in ["u1", "u4"]:
        for depth in [1, 3]:
            labels = volume((depth, 40, 56), dtype)
            stream = io.BytesIO()
            with tifffile.TiffWriter(stream) as writer:
                for plane in labels:
                    writer.write(plane, photometric=GREY, metadata=None)
                    writer.write(plane[::2, ::2], photometric=GREY, subfiletype=1, metadata=None)
            cases.bytes("reduced_between", "tif", stream.getvalue(), labels)
            stream = io.BytesIO()
            with tifffile.TiffWriter(stream, bigtiff=depth == 3) as writer:
                writer.write(labels, photometric=GREY, subifds=2, tile=(16, 16), compression="zlib")
                writer.write(labels[:, ::2, ::2], photometric=GREY, subfiletype=1, tile=(16, 16), compression="zlib")
                writer.write(labels[:, ::4, ::4], photometric=GREY, subfiletype=1, tile=(16, 16), compression="zlib")
            cases.bytes("reduced_subifds", "tif", stream.getvalue(), labels)
            stream = io.BytesIO()
            with tifffile.TiffWriter(stream, ome=True) as writer:
                writer.write(labels, photometric=GREY, subifds=1, tile=(16, 16), metadata={"axes": "ZYX"})
                writer.write(labels[:, ::2, ::2], photometric=GREY, subfiletype=1, tile=(16, 16))
            cases.bytes("reduced_ome", "ome.tif", stream.getvalue(), labels)
    labels = volume((2, 20, 30))
    found = pages(labels, 16) + [tw.page(labels[0, ::2, ::2], 16)]
    cases.bytes("pages_differ", "tif", tw.write(found), refuse=["page", "differ|shape|size|\\d+ x \\d+"])
    found = pages(labels, 16) + [tw.page(labels[0].astype("u1"), 8)]
    cases.bytes("types_differ", "tif", tw.write(found), refuse=["page", "differ|type|bits"])
    found = [tw.page(labels[0, ::2, ::2], 16, tags={tw.SUBFILE: 1})] + pages(labels, 16)
    cases.bytes("reduced_first", "tif", tw.write(found), labels)
    # Some programs number the pages of a document with bit 2 of the same field.
    cases.bytes("pages_of_a_document", "tif", tw.write(pages(labels, 16, tags={tw.SUBFILE: 2})), labels)


def volumetric(cases):
    """Tiles with a depth: ImageDepth. Read right or refused by name."""
    for shape in [(16, 16, 16), (5, 20, 33), (32, 17, 16)]:
        labels = volume(shape, "u2")
        for compression in [None, "zlib"]:
            data = written(labels, tile=(16, 16, 16), volumetric=True, photometric=GREY, compression=compression)
            cases.bytes("volumetric", "tif", data, labels, ["depth|volumetric"])


def numbers(cases):
    """Floats are taken with --cast where all of them are whole; NaN, fractions and complex numbers never."""
    for dtype in ["f2", "f4", "f8"]:
        for order in "<>":
            whole = volume((3, 8, 9), dtype)
            data = written(whole, photometric=GREY, byteorder=order)
            cases.bytes(f"whole_{dtype}", "tif", data, refuse=CAST)
            either = ["float16|half|16"] if dtype == "f2" else None
            cases.bytes(f"cast_{dtype}", "tif", data, whole.astype("u1"), either, arguments=("--cast",), any_type=True)
            broken = whole.copy()
            broken[2, 1, 3] = 1.5
            data = written(broken, photometric=GREY, byteorder=order)
            cases.bytes(f"fraction_{dtype}", "tif", data, refuse=FRACTIONS)
            cases.bytes(f"fraction_cast_{dtype}", "tif", data, refuse=FRACTIONS, arguments=("--cast",))
            broken[2, 1, 3] = np.nan
            data = written(broken, photometric=GREY, byteorder=order)
            cases.bytes(f"nan_{dtype}", "tif", data, refuse=["nan|whole|number"], arguments=("--cast",))
            broken[2, 1, 3] = -7
            data = written(broken, photometric=GREY, byteorder=order)
            cases.bytes(f"negative_{dtype}", "tif", data, refuse=NEGATIVE, arguments=("--cast",))
    for dtype in ["c8", "c16"]:
        data = written(np.ones((2, 3, 4), dtype), photometric=GREY)
        cases.bytes("complex", "tif", data, refuse=["complex|whole|format"])
    for compression in ["zlib", "lzw"]:
        whole = volume((2, 9, 11), "f4")
        data = written(whole, photometric=GREY, compression=compression, predictor=3)
        cases.bytes(
            "float_predictor",
            "tif",
            data,
            whole.astype("u1"),
            ["predictor|float"],
            arguments=("--cast",),
            any_type=True,
        )


def damage(cases):
    """What is no TIFF file, or not all of one."""
    cases.bytes("empty", "tif", b"", refuse=["empty|end|short|magic|first bytes|not a|no "])
    cases.bytes("two_bytes", "tif", b"II", refuse=["empty|end|short|magic|first bytes|not a|no "])
    labels = volume((4, 30, 40))
    for order in "<>":
        for big in [False, True]:
            data = tw.write(pages(labels, 16, scheme="none"), order, big)
            for share in [0.1, 0.5, 0.9, 0.99]:
                cases.bytes("cut", "tif", data[: int(len(data) * share)], refuse=["."])
            data = tw.write(pages(labels, 16, order=order), order, big, circle=True)
            cases.bytes("circle", "tif", data, refuse=["circle|cycl|loop|twice"])
    for compression in ["zlib", "lzw", "packbits", "zstd"]:
        found = pages(labels, 16, scheme=compression)
        for item in found:
            item["segments"] = [item["segments"][0][: len(item["segments"][0]) // 2]]
        cases.bytes(f"segment_cut_{compression}", "tif", tw.write(found), refuse=["."])
    found = pages(labels, 16)
    found[1]["tags"][tw.WIDTH] = 4_000_000_000
    found[1]["tags"][tw.HEIGHT] = 4_000_000_000
    cases.bytes("huge_page", "tif", tw.write(found), refuse=["."])


def all_kinds(cases):
    for kind in [
        plain,
        imagej,
        axes,
        white_is_zero,
        not_written,
        one_bit,
        compressions,
        colours,
        reduced,
        volumetric,
        numbers,
        damage,
    ]:
        kind(cases)
