"""What label files come in: compressed files, pipes, and folders with a picture for each slice."""

import bz2
import gzip
import io
import lzma

import imagecodecs
import numpy as np
from PIL import Image

from label_arrays import npy, npz
from label_cases import volume
from label_tiffs import GREY, written

STAGES = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": imagecodecs.zstd_encode,
    "lz4": imagecodecs.lz4f_encode,
    "br": imagecodecs.brotli_encode,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
}
# These have no magic bytes: they may be told by their names alone, or not at all.
NAMELESS = {"br": ["br|magic|format|name"], "lzma": ["lzma|magic|format|name"]}


def files(labels):
    """A volume in every container, with its extension."""
    yield "npy", npy(labels)
    yield "npz", npz(True, labels=labels)
    yield "tif", written(labels, photometric=GREY, compression="zlib")
    options = {"imagej": True, "metadata": {"axes": "ZYX"}} if labels.itemsize <= 2 else {"photometric": GREY}
    yield "tif", written(labels, truncate=True, **options)


def stages(cases):
    """A second stage over every container: by name, by its magic bytes alone, through pipes."""
    labels = volume((5, 21, 33), "u2")
    for extension, data in files(labels):
        for stage, squeeze in STAGES.items():
            packed = squeeze(data)
            refuse = NAMELESS.get(stage)
            cases.bytes("stage", f"{extension}.{stage}", packed, labels, refuse)
            cases.bytes("stage_misnamed", extension, packed, labels, ["."] if refuse else ["name|magic|extension"])
            if stage not in NAMELESS:
                cases.bytes("stage_stdin", f"{extension}.{stage}", packed, labels, way="stdin")
                cases.bytes("stage_dash", f"{extension}.{stage}", packed, labels, way="dash")
                cases.bytes("stage_fifo", f"{extension}.{stage}", packed, labels, way="fifo")
            if stage == "xz" or stage in NAMELESS:
                continue
            cases.bytes("stage_cut", f"{extension}.{stage}", packed[: len(packed) * 7 // 10], refuse=["."])
    data = npy(labels)
    half = len(data) // 2
    for stage in ["gz", "bz2", "xz", "zst", "lz4"]:
        # Two members in one file, as parallel compressors write them; what they hold is one after the other.
        packed = STAGES[stage](data[:half]) + STAGES[stage](data[half:])
        cases.bytes("stage_members", f"npy.{stage}", packed, labels)
    cases.bytes("stage_gz_named", "npy.gz", gzip_with_name(data), labels)
    cases.bytes("stage_empty", "npy.gz", gzip.compress(b""), refuse=["."])
    cases.bytes("stage_twice", "npy.gz.xz", lzma.compress(gzip.compress(data)), labels, ["."])
    cases.bytes(
        "stage_cast",
        "npy.gz",
        gzip.compress(npy((labels % 50).astype("f4"))),
        labels % 50,
        arguments=("--cast",),
        any_type=True,
    )
    several = gzip.compress(npz(a=labels, b=labels))
    cases.bytes("stage_several", "npz.gz", several, refuse=["--array"])
    cases.bytes("stage_array", "npz.gz", several, labels, arguments=("--array", "b"))
    flipped = bytearray(gzip.compress(data))
    flipped[len(flipped) // 2] ^= 16
    cases.bytes("stage_flipped", "npy.gz", bytes(flipped), refuse=["."])


def gzip_with_name(data):
    stream = io.BytesIO()
    with gzip.GzipFile("labels of Tuesday.npy", "wb", fileobj=stream) as file:
        file.write(data)
    return stream.getvalue()


def pipes(cases):
    """Standard input under both of its names, FIFOs, and what a shell substitutes."""
    for shape, dtype in [((5, 21, 33), "u4"), ((1, 1, 3), "u1"), ((30, 70, 110), "u8")]:
        labels = volume(shape, dtype)
        for extension, data in files(labels):
            for way in ["stdin", "dash", "fifo"]:
                cases.bytes("pipe", extension, data, labels, way=way)
            cases.bytes("substitution", extension, data, labels, way='"$CORTADO" compress <(cat {}) -o "$OUT"')
            line = 'cat {} | "$CORTADO" compress - -o "$OUT"'
            cases.bytes("cat", extension, data, labels, way=line)
        packed = gzip.compress(npy(labels))
        line = '"$CORTADO" compress <(gzip -dc {}) -o "$OUT"'
        cases.bytes("gzip_dc", "npy.gz", packed, labels, way=line)
        slow = '(head -c 50 {}; sleep 0.1; tail -c +51 {}) | "$CORTADO" compress /dev/stdin -o "$OUT"'
        cases.bytes("slow", "npy", npy(labels), labels, way=slow)
    for way in ["stdin", "dash", "fifo"]:
        cases.bytes("pipe_empty", "npy", b"", refuse=["."], way=way)
        cases.bytes("pipe_text", "npy", b"these are no labels\n" * 20, refuse=["."], way=way)
        whole = npy(volume((3, 4, 5)))
        cases.bytes("pipe_cut", "npy", whole[:-1], refuse=["."], way=way)
        cases.bytes("pipe_longer", "npy", whole + b"x", refuse=["."], way=way)


def folder(cases, name, slices, want=None, refuse=None, stray=(), **rest):
    """A folder of files: pairs of name and bytes."""
    path = cases.path(name, "slices")
    path.mkdir()
    for name_of_file, data in [*slices, *stray]:
        (path / name_of_file).write_bytes(data)
    cases.add(name, path, want, refuse, **rest)


def picture(plane, extension="png", **options):
    stream = io.BytesIO()
    if extension.startswith("tif"):
        return written(plane, photometric=GREY, **options)
    image = Image.fromarray(plane)
    image.save(stream, "PNG", **options)
    return stream.getvalue()


def folders(cases):
    """A picture for each slice, in natural order: s2 comes before s10."""
    names = [
        lambda z: f"s{z + 1}",
        lambda z: f"{z:04}",
        lambda z: f"slice {z * 7}",
        lambda z: f"a{z // 5}_b{z % 5 + 8}",
        lambda z: f"z{z + 98}.final",
        lambda z: f"{z + 99999999999999999999}",
    ]
    for number, name in enumerate(names):
        for extension, dtype in [
            ("png", "u1"),
            ("png", "u2"),
            ("tif", "u2"),
            ("tiff", "u4"),
            ("png", "?"),
            ("TIF", "u1"),
        ]:
            labels = volume((12, 9 + number, 17), dtype, number)
            # Written in another order, so that the order of the directory is none.
            order = np.random.default_rng(number).permutation(12).tolist()
            slices = [(f"{name(z)}.{extension}", picture(labels[z], extension.lower())) for z in order]
            folder(cases, f"folder_{extension}_{labels.dtype.kind}", slices, labels)
    labels = volume((4, 10, 11), "u2")
    slices = [(f"s{z}.png", picture(labels[z])) for z in range(4)]
    folder(cases, "folder_one", slices[:1], labels[:1])
    folder(
        cases, "folder_zlib", [(f"s{z}.tif", picture(labels[z], "tif", compression="zlib")) for z in range(4)], labels
    )
    wrong = [*slices, ("s9.png", picture(labels[0, :5]))]
    folder(cases, "folder_sizes", wrong, refuse=["size|shape|differ|\\d+ x \\d+", "s9"])
    wrong = [*slices, ("s9.png", picture(labels[0].T.copy()))]
    folder(cases, "folder_turned", wrong, refuse=["size|shape|differ|\\d+ x \\d+", "s9"])
    wrong = [*slices, ("s9.png", picture(labels[0])[:60])]
    folder(cases, "folder_damaged", wrong, refuse=["s9"])
    folder(cases, "folder_empty", [], refuse=["no |empty|none"])
    deep = [(f"s{z}.png", picture((labels[z] % 200).astype("u1" if z else "u2"))) for z in range(4)]
    folder(cases, "folder_depths", deep, labels % 200, ["type|bits|depth|differ"], any_type=True)
    mixed = [*slices[:2], *((f"s{z}.tif", picture(labels[z], "tif")) for z in (2, 3))]
    folder(cases, "folder_mixed", mixed, labels, ["png|tif|kind|mixed"])
    colour = np.stack([labels[0].astype("u1")] * 3, -1)
    folder(cases, "folder_rgb", [("s1.png", picture(colour))], refuse=["colou?r|rgb|sample"])
    colour = np.stack([labels[0].astype("u1")] * 4, -1)
    folder(cases, "folder_rgba", [("s1.png", picture(colour))], refuse=["colou?r|rgb|sample|alpha"])
    indexed = Image.fromarray((labels[0] % 7).astype("u1"))
    indexed.putpalette(np.random.default_rng(0).integers(0, 256, 21).tolist())
    stream = io.BytesIO()
    indexed.save(stream, "PNG")
    folder(
        cases,
        "folder_indexed",
        [("s1.png", stream.getvalue())],
        (labels[:1] % 7).astype("u1"),
        ["palette|index|colou?r"],
    )
    # A stray file is refused, or said on standard error.
    for name, data in [
        ("notes.txt", b"x\n"),
        ("z.npy", npy(labels)),
        ("photo.jpg", b"\xff\xd8\xff"),
    ]:
        words = [f"{name}|1 (other )?file|another|skipped|ignored|left out"]
        folder(cases, "folder_stray", slices, labels, words, stray=[(name, data)], says=words)
    # What systems leave behind is no slice.
    folder(
        cases,
        "folder_hidden",
        slices,
        labels,
        ["DS_Store|Thumbs|hidden|\\._"],
        stray=[(".DS_Store", b"\0\0"), ("._s1.png", b"\0"), ("Thumbs.db", b"\xd0\xcf")],
    )
    pages = [("s1.tif", written(labels[:2], photometric=GREY)), ("s2.tif", written(labels[2:], photometric=GREY))]
    folder(cases, "folder_of_stacks", pages, labels, ["page|slice"])


def all_kinds(cases):
    for kind in [stages, pipes, folders]:
        kind(cases)
