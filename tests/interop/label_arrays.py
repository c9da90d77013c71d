"""NumPy files of labels: every order, byte order, type and number of axes, and what is refused by name."""

import io
import struct
import zipfile

import numpy as np

from label_cases import AXES, CAST, FRACTIONS, NEGATIVE, SHAPES, volume

DTYPES = ["?", "u1", "u2", "u4", "u8", "i1", "i2", "i4", "i8"]


def npy(array, version=None):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=version)
    return stream.getvalue()


def npz(compressed=False, **arrays):
    stream = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(stream, **arrays)
    return stream.getvalue()


def with_header(text, data=b"", version=1, length=None):
    """A file with a header of one's own words."""
    text = text.encode()
    size = struct.pack("<H" if version == 1 else "<I", len(text) if length is None else length)
    return b"\x93NUMPY" + bytes([version, 0]) + size + text + data


def fortran(labels, shape):
    """A file that says Fortran order, whose memory is that of labels (z, y, x). NumPy says C where both are true."""
    text = f"{{'descr': '{labels.dtype.str}', 'fortran_order': True, 'shape': {tuple(shape)}, }}\n"
    return with_header(text, labels.tobytes())


def orders(cases):
    """Three axes or fewer, in both orders and byte orders, in every version of the format."""
    for number, shape in enumerate(SHAPES):
        for dtype in DTYPES:
            labels = volume(shape, dtype, number)
            order = "<>"[number % 2]
            ordered = labels if labels.itemsize == 1 else labels.astype(labels.dtype.newbyteorder(order))
            z, y, x = shape
            version = [None, (2, 0), (3, 0)][len(cases.list) % 3]
            cases.bytes(f"c_{labels.dtype.kind}", "npy", npy(ordered, version), labels)
            turned = np.asfortranarray(ordered.transpose(2, 1, 0))
            data = fortran(ordered, (x, y, z)) if turned.flags.c_contiguous else npy(turned, version)
            cases.bytes(f"f_{labels.dtype.kind}", "npy", data, labels)
            cases.bytes("c_1zyx", "npy", npy(ordered[None], version), labels)
            # An axis of length 1 too many. Where several have length 1, the first ones in memory are dropped.
            if z > 1 and y > 1 and x > 1:
                for axis in (1, 2, 3):
                    cases.bytes(f"c_1_at_{axis}", "npy", npy(np.expand_dims(ordered, axis)), labels)
                for full in [(x, y, z, 1), (x, y, 1, z), (1, x, y, z), (x, 1, y, z)]:
                    cases.bytes(f"f_1_at_{full.index(1)}", "npy", fortran(ordered, full), labels)
                for full in [(1, 1, z, y, x), (z, 1, y, 1, x), (1, z, 1, y, 1, x), (z, y, x, 1, 1)]:
                    cases.bytes("c_several_1", "npy", npy(ordered.reshape(full)), labels)
            elif dtype in ("u2", "i4"):
                cases.bytes("f_xyz1", "npy", fortran(ordered, (x, y, z, 1)), labels)
    plane = volume((1, 9, 14), "u4")[0]
    cases.bytes("two_axes", "npy", npy(plane), plane[None])
    cases.bytes("two_axes_f", "npy", npy(np.asfortranarray(plane.T)), plane[None])
    cases.bytes("one_axis", "npy", npy(plane[0]), plane[:1][None])
    cases.bytes("no_axis", "npy", npy(np.array(7, "u2")), np.full((1, 1, 1), 7, "u2"), AXES)
    for shape in [(0, 5, 7), (3, 0, 7), (3, 5, 0), (0, 0, 0), (1, 0, 5, 7)]:
        want = np.zeros(shape[-3:], "u2")
        cases.bytes("no_voxels", "npy", npy(np.zeros(shape, "u2")), want, ["voxel|empty|length 0"])
    for shape in [(2, 3, 5, 7), (3, 5, 7, 2), (3, 5, 7, 3), (2, 1, 3, 5, 7)]:
        cases.bytes("four_axes", "npy", npy(np.ones(shape, "u2")), refuse=AXES)
        cases.bytes("four_axes_f", "npy", npy(np.asfortranarray(np.ones(shape, "u2"))), refuse=AXES)
    # Headers as other programs write them: other spaces, other orders of the keys, no line break.
    labels = volume((2, 3, 4), "u2")
    for text in [
        "{'shape': (2, 3, 4), 'fortran_order': False, 'descr': '<u2'}\n",
        "{'descr':'<u2','fortran_order':False,'shape':(2,3,4)}",
        "{'descr': '<u2', 'fortran_order': False, 'shape': (2, 3, 4), }" + " " * 57 + "\n",
        '{"descr": "<u2", "fortran_order": False, "shape": (2, 3, 4)}\n',
    ]:
        quotes = ["header|dtype|quot"] if '"' in text else None
        cases.bytes("header", "npy", with_header(text, labels.tobytes()), labels, quotes)
    for descr in ["=u2", "uint16", "H"]:
        text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': (2, 3, 4)}}\n"
        cases.bytes("descr", "npy", with_header(text, labels.tobytes()), labels, ["dtype|descr|type"])


def archives(cases):
    """One array is taken; of several one is named, and the error lists them."""
    for number, shape in enumerate(SHAPES):
        for compressed in [False, True]:
            labels = volume(shape, DTYPES[number + 1], number)
            turned = np.asfortranarray(labels.T)
            order = turned if number % 2 and not turned.flags.c_contiguous else labels
            cases.bytes("npz", "npz", npz(compressed, labels=order), labels)
            cases.bytes("npz_unnamed", "npz", npz(compressed, **{"arr_0": labels[None]}), labels)
            rest = {"raw": np.full(shape, 0.5), "names": np.array(["a", "b"]), "boxes": np.arange(6)}
            rest = {"labels": labels} | rest if number % 2 else rest | {"labels": labels}
            data = npz(compressed, **rest)
            cases.bytes("npz_several", "npz", data, refuse=["labels", "raw", "names", "boxes", "--array"])
            cases.bytes("npz_named", "npz", data, labels, arguments=("--array", "labels"))
            cases.bytes("npz_no_such", "npz", data, refuse=["labels", "raw", "nope"], arguments=("--array", "nope"))
            cases.bytes("npz_floats", "npz", data, refuse=FRACTIONS, arguments=("--array", "raw", "--cast"))
            cases.bytes("npz_text", "npz", data, refuse=["U1|str|text|whole"], arguments=("--array", "names"))
    labels = volume((3, 8, 9), "u4")
    pickled = npz(True, labels=labels, meta=np.array({"a": 1}, object))
    cases.bytes("npz_beside_object", "npz", pickled, labels, arguments=("--array", "labels"))
    cases.bytes("npz_object", "npz", pickled, refuse=["object"], arguments=("--array", "meta"))
    cases.bytes(
        "npz_cast", "npz", npz(True, a=labels.astype("f8") % 99), labels % 99, arguments=("--cast",), any_type=True
    )
    cases.bytes("npz_one_named", "npz", npz(labels=labels), labels, arguments=("--array", "labels"))
    cases.bytes(
        "npz_folder", "npz", npz(**{"a/labels": labels, "a/raw": labels}), labels, arguments=("--array", "a/labels")
    )
    cases.bytes("npz_none", "npz", npz(), refuse=["no array|0 arrays|empty|holds no"])
    for method in [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", method) as archive:
            archive.writestr("labels.npy", npy(labels))
        cases.bytes("npz_method", "npz", stream.getvalue(), labels, ["compress|method|zip"])

    # Written as a stream: the lengths come behind the data, as zip programs write to a pipe.
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

    stream = Pipe()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("labels.npy", npy(labels))
    cases.bytes("npz_streamed", "npz", stream.getvalue(), labels)
    whole = npz(True, labels=labels)
    for share in [0.2, 0.6, 0.95]:
        cases.bytes("npz_cut", "npz", whole[: int(len(whole) * share)], refuse=["."])
    bad = bytearray(npz(False, labels=labels))
    bad[len(bad) // 2] ^= 1
    cases.bytes("npz_flipped", "npz", bytes(bad), refuse=["crc|checksum|invalid|damag"])


def types(cases):
    """What is no label is refused by its name, floats point to --cast, negative numbers stay out."""
    named = [
        (np.array([[{"a": 1}, None]], object), ["object"]),
        (np.zeros((2, 3), [("id", "u4"), ("x", "f4")]), ["structured|record|field|V8|id"]),
        (np.ones((2, 3, 4), "c8"), ["complex|c8"]),
        (np.ones((2, 3, 4), "c16"), ["complex|c16"]),
        (np.zeros((2, 3), "M8[s]"), ["date|M8"]),
        (np.zeros((2, 3), "m8[ms]"), ["time|m8"]),
        (np.array([["ab", "c"]]), ["str|text|U2"]),
        (np.array([[b"ab", b"c"]]), ["bytes|text|str|S2"]),
        (np.zeros((2, 3), "V5"), ["void|V5"]),
        (np.ones((2, 3), "g"), ["float|f16"]),
    ]
    for array, words in named:
        for arguments in [(), ("--cast",)]:
            cases.bytes("type", "npy", npy(array), refuse=words, arguments=arguments)
    for dtype in ["i1", "i2", "i4", "i8"]:
        for order in "<>":
            labels = volume((3, 5, 7), dtype).astype(np.dtype(dtype).newbyteorder(order))
            labels[2, 4, 6] = -1
            cases.bytes("negative", "npy", npy(labels), refuse=NEGATIVE)
    for dtype in ["f2", "f4", "f8"]:
        for order in "<>":
            for shape in SHAPES[:3]:
                whole = volume(shape, dtype, 4).astype(np.dtype(dtype).newbyteorder(order))
                whole.flat[0] = -0.0
                want = whole.astype("u2")
                cases.bytes("whole", "npy", npy(whole), refuse=CAST)
                cases.bytes("whole_cast", "npy", npy(whole), want, arguments=("--cast",), any_type=True)
                data = fortran(whole, (*whole.T.shape, 1))
                cases.bytes("whole_cast_f", "npy", data, want, arguments=("--cast",), any_type=True)
            for value in [0.5, -1.0, np.nan, np.inf, -np.inf, 1e-7]:
                whole.flat[5] = value
                words = ["whole|fraction|negative|nan|inf|range|0 or more|integer"]
                cases.bytes("no_whole", "npy", npy(whole), refuse=words)
                cases.bytes("no_whole_cast", "npy", npy(whole), refuse=words, arguments=("--cast",))
    large = np.array([[[0, 2**24, 2**31, 2**53]]], "f8")
    cases.bytes("large_cast", "npy", npy(large), large.astype("u8"), arguments=("--cast",), any_type=True)
    for value in [2.0**64, 1e300]:
        words = ["range|large|whole|most|exceed"]
        cases.bytes("too_large", "npy", npy(np.array([[[value]]])), refuse=words, arguments=("--cast",))
    # --cast is no harm to what is whole anyway.
    labels = volume((3, 5, 7), "u8")
    cases.bytes("cast_labels", "npy", npy(labels), labels, arguments=("--cast",))


def damage(cases):
    """What is no NumPy file, or not all of one."""
    whole = npy(volume((3, 15, 17), "u4"))
    for length in [0, 1, 5, 6, 8, 10, 60, 127, 128, 129, len(whole) // 2, len(whole) - 1]:
        cases.bytes("cut", "npy", whole[:length], refuse=["."])
    cases.bytes("longer", "npy", whole + bytes(7), refuse=["."])
    for text in [
        "{'descr': '<u2', 'fortran_order': False, 'shape': (1000000000, 1000000000, 1000000000)}",
        "{'descr': '<u8', 'fortran_order': False, 'shape': (65536, 65536, 4)}",
        "{'descr': '<u2', 'fortran_order': False, 'shape': (18446744073709551615, 2, 2)}",
        "{'descr': '<u2', 'fortran_order': False, 'shape': (99999999999999999999999999,)}",
        "{'descr': '<u2', 'fortran_order': False, 'shape': (-2, 3, 4)}",
        "{'descr': '<u2', 'fortran_order': False, 'shape': (2, 3",
        "{'descr': '<u2', 'fortran_order': False}",
        "{'descr': '<u2', 'fortran_order': 7, 'shape': (2, 3, 4)}",
        "((((" * 500,
    ]:
        for version in [1, 2]:
            cases.bytes("claims", "npy", with_header(text, bytes(48), version), refuse=["."])
    cases.bytes("long_header", "npy", with_header("{}", bytes(48), 2, 0x7FFFFFFF), refuse=["header|end|short|."])
    cases.bytes("version", "npy", with_header("{}", bytes(48), 9), refuse=["version"])


def all_kinds(cases):
    for kind in [orders, archives, types, damage]:
        kind(cases)
