"""Label volumes exchanged with the Python packages, byte for byte.

Random volumes and, where it is there, the EM volume of ../shared go through the `compresso` wheel and through the `cortado`
command; the streams must be equal and decode to the same labels on both sides. The same for `compressed-segmentation`, and
a precomputed layer written by Cortado is opened by `cloud-volume`. Ristretto, which no package writes, is a stop on the way.

Run from the project's folder with a Python that has requirements.txt: python tests/interop/test_labels.py [CASES]
"""

import json
import lzma
import pathlib
import subprocess
import sys
import tempfile

import compressed_segmentation
import compresso
import numpy as np
from cloudvolume import CloudVolume

TARGET = pathlib.Path("target/release").resolve()
EM = pathlib.Path("../shared/data/labels/connectomics.npy.cpso.lzma").resolve()
DTYPES = [np.uint8, np.uint16, np.uint32, np.uint64]
STEPS = [(4, 4, 1), (8, 8, 1), (2, 2, 1), (1, 1, 1), (4, 2, 2), (3, 5, 2), (16, 4, 1), (64, 1, 1), (1, 1, 7), (4, 2, 1), (8, 1, 1)]


def cortado(*arguments, **options):
    return subprocess.run([TARGET / "cortado", *map(str, arguments)], check=True, capture_output=True, **options)


def random_volume(rng):
    """Labels of shape (x, y, z) in Fortran order: noise, blocks, stripes or one label, ids small or at the top."""
    shape = rng.choice([1, 2, 3, 5, 7, 8, 13, 31, 64, 65, 70, 130], size=3)
    shape = np.minimum(shape, [130, 130, 31])
    kind = rng.integers(5)
    if kind == 0:
        labels = rng.integers(0, rng.integers(1, 8), size=shape)
    elif kind == 1:
        coarse = rng.integers(0, 50, size=shape // rng.integers(1, 9) + 1)
        labels = coarse.repeat(9, 0).repeat(9, 1).repeat(9, 2)[: shape[0], : shape[1], : shape[2]]
    elif kind == 2:
        labels = np.add.outer(np.add.outer(np.arange(shape[0]) // 5, np.arange(shape[1]) // 3), np.arange(shape[2]))
    elif kind == 3:
        labels = np.arange(np.prod(shape)).reshape(shape)
    else:
        labels = np.full(shape, rng.integers(0, 9))
    dtype = DTYPES[rng.integers(4)]
    labels = labels.astype(dtype)
    if rng.integers(3) == 0:
        labels = np.iinfo(dtype).max - labels
    return np.asfortranarray(labels)


def save(path, volume, as_fortran=False):
    """(x, y, z) in Fortran order is (z, y, x) in C order; Cortado reads both the same. What is both at once is saved as C."""
    np.save(path, volume if as_fortran and not volume.flags.c_contiguous else np.ascontiguousarray(volume.T))


def check_random(folder, rng):
    volume = random_volume(rng)
    steps = STEPS[rng.integers(len(STEPS))]
    connectivity = int(rng.choice([4, 6]))
    index = bool(rng.integers(2))
    save(folder / "in.npy", volume, as_fortran=rng.integers(2))
    arguments = ["--connectivity", connectivity, "--steps", ",".join(map(str, steps)), *([] if index else ["--no-index"])]
    theirs = compresso.compress(volume, steps=steps, connectivity=connectivity, random_access_z_index=index)
    cortado("compress", folder / "in.npy", "-o", folder / "out.cpso", "--force", *arguments)
    assert (folder / "out.cpso").read_bytes() == theirs, (volume.shape, volume.dtype, steps, connectivity, index)
    assert np.array_equal(compresso.decompress(theirs), volume)
    (folder / "theirs.cpso").write_bytes(theirs)
    cortado("decompress", folder / "theirs.cpso", "-o", folder / "back.npy", "--force")
    back = np.load(folder / "back.npy")
    assert back.dtype == volume.dtype and np.array_equal(back, volume.T)
    z = int(rng.integers(volume.shape[2]))
    one = cortado("decompress", folder / "theirs.cpso", "-o", "-", "--z", z)
    (folder / "slice.npy").write_bytes(one.stdout)
    assert np.array_equal(np.load(folder / "slice.npy")[0], volume[:, :, z].T)
    labels = json.loads(cortado("info", folder / "theirs.cpso", "--json").stdout)["labels"]
    assert labels == len(np.unique(volume))
    # Through Ristretto and back: the same stream, and the same array for Python.
    level = ["fast", "default", "max"][volume.size % 3]
    cortado("compress", folder / "theirs.cpso", "-o", folder / "out.ristretto", "--level", level, "--force")
    cortado("compress", folder / "out.ristretto", "-o", folder / "again.cpso", "--force", *arguments)
    assert (folder / "again.cpso").read_bytes() == theirs, (volume.shape, volume.dtype, level)
    cortado("decompress", folder / "out.ristretto", "-o", folder / "back.npy", "--force")
    back = np.load(folder / "back.npy")
    assert back.dtype == volume.dtype and np.array_equal(back, volume.T)


def check_many_windows(folder):
    """More windows than 4 x 4 x 1 can number: by default both sides take 8 x 8 x 1, and both refuse others."""
    volume = np.asfortranarray((np.random.default_rng(1).random((2048, 2048, 4)) < 0.3).astype(np.uint8))
    save(folder / "noise.npy", volume)
    cortado("compress", folder / "noise.npy", "-o", folder / "noise.cpso")
    theirs = compresso.compress(volume)
    assert compresso.header(theirs)["xstep"] == 8, "the case is no longer one"
    assert (folder / "noise.cpso").read_bytes() == theirs
    try:
        compresso.compress(volume, steps=(4, 2, 1))
        raise AssertionError("the wheel no longer refuses")
    except compresso.EncodeError:
        pass
    ours = [TARGET / "cortado", "compress", folder / "noise.npy", "-o", folder / "no.cpso", "--steps", "4,2,1"]
    refused = subprocess.run(ours, capture_output=True, text=True)
    assert refused.returncode == 1 and "choose others" in refused.stderr, refused


def check_segmentation(folder, rng):
    volume = random_volume(rng)
    volume = volume.astype(np.uint64 if volume.dtype == np.uint64 else np.uint32, order="F")
    save(folder / "in.npy", volume)
    subprocess.run([TARGET / "examples/compressed_segmentation", folder / "in.npy", folder / "out.cseg"], check=True)
    theirs = compressed_segmentation.compress(volume, block_size=(8, 8, 8), order="F")
    assert (folder / "out.cseg").read_bytes() == theirs, (volume.shape, volume.dtype)


def check_cloud_volume(folder, volume):
    save(folder / "layer.npy", volume)
    subprocess.run([TARGET / "examples/precomputed", folder / "layer.npy", folder / "layer"], check=True)
    layer = CloudVolume(f"file://{folder / 'layer'}", progress=False)
    assert layer.encoding == "compresso"
    assert np.array_equal(np.asarray(layer[:, :, :])[..., 0], volume)


def check_em(folder):
    if not EM.exists():
        print("SKIPPED: no EM volume in ../shared")
        return
    theirs = lzma.decompress(EM.read_bytes())
    volume = compresso.decompress(theirs)
    # Cortado's own reading of the file as it is, and of its own stream.
    cortado("decompress", EM, "-o", folder / "em.npy")
    assert np.array_equal(np.load(folder / "em.npy", mmap_mode="r"), volume.T)
    for arguments, options in [
        ([], {}),
        (["--no-index"], {"random_access_z_index": False}),
        (["--connectivity", 6], {"connectivity": 6}),
        (["--steps", "8,8,1"], {"steps": (8, 8, 1)}),
    ]:
        expected = compresso.compress(volume, **options)
        cortado("compress", folder / "em.npy", "-o", folder / "em.cpso", "--force", *arguments)
        assert (folder / "em.cpso").read_bytes() == expected, arguments
        print(f"EM volume {arguments}: {len(expected)} bytes, equal", flush=True)
    cortado("compress", EM, "-o", folder / "em.ristretto")
    cortado("decompress", folder / "em.ristretto", "-o", folder / "em.npy", "--force")
    assert np.array_equal(np.load(folder / "em.npy", mmap_mode="r"), volume.T)
    print(f"EM volume: {(folder / 'em.ristretto').stat().st_size} bytes as Ristretto, equal", flush=True)
    check_cloud_volume(folder, volume[:200, :150, :40])


def main():
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    subprocess.run(
        ["cargo", "build", "--release", "--bin", "cortado", "--example", "precomputed", "--example", "compressed_segmentation"],
        check=True,
    )
    rng = np.random.default_rng(20260)
    with tempfile.TemporaryDirectory(dir="target") as name:
        folder = pathlib.Path(name).resolve()
        for _ in range(cases):
            check_random(folder, rng)
        print(f"{cases} random volumes equal", flush=True)
        check_many_windows(folder)
        for _ in range(cases // 4):
            check_segmentation(folder, rng)
        print(f"{cases // 4} compressed_segmentation files equal", flush=True)
        check_cloud_volume(folder, random_volume(np.random.default_rng(3)))
        check_em(folder)
    print(f"{cases + 4} passed, 0 failed")


if __name__ == "__main__":
    main()
