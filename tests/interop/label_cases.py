"""What the cases of label files have in common: volumes of labels, and a case beside what must come of it."""

import dataclasses
import pathlib

import numpy as np

# Slices of one column, of one row, of sides that divide nothing, and of some tiles.
SHAPES = [(1, 1, 9), (2, 7, 1), (3, 5, 7), (11, 13, 17), (4, 64, 80), (7, 37, 101)]

# What a refusal says. Every pattern must be found, in upper or lower case.
COLOURS = ["sample|colou?r|rgb", "photometric|minisblack|gr[ea]y|save"]
AXES = ["ax[ie]s|dimension|channel|frame|time|position"]
CAST = ["--cast"]
FRACTIONS = ["whole|fraction|integer"]
NEGATIVE = ["negative|0 or more|below 0|-\\d"]
SHORT = ["end|short|missing|bytes|truncat|incomplete|beyond|outside|past|rest"]


@dataclasses.dataclass
class Case:
    """An input, the array (z, y, x) that must come of it or patterns of the refusal; with both, either is right."""

    name: str
    path: pathlib.Path
    want: np.ndarray | None = None
    refuse: list | None = None
    arguments: tuple = ()
    # How the command gets the file: by name, or "stdin", "dash", "fifo" or a shell's line with {} for the file.
    way: str = "name"
    # Whether the type may be any that holds the labels (after --cast).
    any_type: bool = False
    # What standard error must say although the file is taken.
    says: list = dataclasses.field(default_factory=list)


class Cases:
    """Cases in a folder, each file with a name of its own."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.list = []

    def path(self, name, extension):
        path = self.folder / f"{len(self.list):04}_{name}.{extension}"
        assert not path.exists(), path
        return path

    def add(self, name, path, want=None, refuse=None, **rest):
        assert (want is not None) or refuse, name
        if want is not None:
            want = unsigned(np.asarray(want))
            assert want.ndim == 3, name
        self.list.append(Case(name, path, want, refuse, **rest))
        return path

    def bytes(self, name, extension, data, want=None, refuse=None, **rest):
        path = self.add(name, self.path(name, extension), want, refuse, **rest)
        path.write_bytes(data)
        return path


def unsigned(array):
    """The array as Cortado holds it: signed labels as unsigned ones of the same width, truth values as u8."""
    if array.dtype == bool:
        return array.astype(np.uint8)
    native = array.astype(array.dtype.newbyteorder("="))
    return native.astype(f"u{native.dtype.itemsize}") if native.dtype.kind == "i" else native


def volume(shape, dtype="u2", seed=0):
    """Blocks of labels, some small ids and some at the top of the type; for floats whole numbers."""
    rng = np.random.default_rng([seed, *shape])
    coarse = rng.integers(0, 14, [side // 4 + 1 for side in shape])
    dtype = np.dtype(dtype)
    labels = coarse.repeat(2, 0).repeat(4, 1).repeat(5, 2)[: shape[0], : shape[1], : shape[2]]
    labels = np.resize(labels, shape) if labels.shape != tuple(shape) else labels
    if dtype.kind == "b":
        return labels % 3 == 0
    if dtype.kind == "f":
        return labels.astype(dtype)
    top = np.iinfo(dtype).max
    high = (np.uint64(top) - labels.astype(np.uint64)).astype(dtype)
    return np.where(labels % 5 == 4, high, labels.astype(dtype)).astype(dtype)
