"""Makes labels, second_stage and the streams of compresso and neuroglancer: files by foreign writers, which
tests/compresso.rs, tests/volume.rs and tests/second_stage.rs read.

Run with the requirements of ../interop and with zstandard, brotli, lz4 and imagecodecs:
python make_labels.py
"""

import bz2
import gzip
import lzma
import pathlib

import brotli
import compressed_segmentation
import compresso
import imagecodecs
import lz4.frame
import numpy as np
import tifffile
import zstandard

GOLDEN = pathlib.Path(__file__).parent
LABELS = GOLDEN / "labels"


def put(name, data):
    path = GOLDEN / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def original(volume, steps=(8, 8, 1)):
    """The stream of the paper's own code for (z, y, x) labels, voxel by voxel from the format's description."""
    depth, height, width = volume.shape
    boundary = np.zeros(volume.shape, bool)
    boundary[:, :, :-1] |= volume[:, :, :-1] != volume[:, :, 1:]
    boundary[:, :-1] |= volume[:, :-1] != volume[:, 1:]
    ids, locations = [], []
    for z in range(depth):
        component = np.full((height, width), -1)
        count = 0
        for y in range(height):
            for x in range(width):
                if boundary[z, y, x] or component[y, x] >= 0:
                    continue
                stack = [(y, x)]
                component[y, x] = count
                while stack:
                    a, b = stack.pop()
                    for c, d in ((a - 1, b), (a + 1, b), (a, b - 1), (a, b + 1)):
                        inside = 0 <= c < height and 0 <= d < width
                        if inside and not boundary[z, c, d] and component[c, d] < 0:
                            component[c, d] = count
                            stack.append((c, d))
                count += 1
        seen = set()
        for y in range(height):
            for x in range(width):
                if component[y, x] not in seen:  # -1 is the boundary, a component like the others
                    seen.add(component[y, x])
                    ids.append(int(volume[z, y, x]) + 1)
    neighbours = [(0, 0, -1), (0, 0, 1), (0, -1, 0), (0, 1, 0), (-1, 0, 0), (1, 0, 0)]
    for z, y, x in np.ndindex(volume.shape):
        if not boundary[z, y, x]:
            continue
        if (y > 0 and not boundary[z, y - 1, x]) or (x > 0 and not boundary[z, y, x - 1]):
            continue
        for code, (dz, dy, dx) in enumerate(neighbours):
            at = (z + dz, y + dy, x + dx)
            inside = all(0 <= i < n for i, n in zip(at, volume.shape))
            if inside and not boundary[at] and volume[at] == volume[z, y, x]:
                locations.append(code)
                break
        else:
            locations.append(int(volume[z, y, x]) + 6)
    xs, ys, zs = steps
    windows = []
    for z in range(0, depth, zs):
        for y in range(0, height, ys):
            for x in range(0, width, xs):
                block = boundary[z : z + zs, y : y + ys, x : x + xs]
                windows.append(sum(1 << (int(i) * ys * xs + int(j) * xs + int(k)) for i, j, k in np.argwhere(block)))
    values = sorted(set(windows))
    runs, zeros = [], 0
    for window in windows:
        index = values.index(window)
        if index == 0:
            zeros += 1
            continue
        if zeros:
            runs.append(zeros << 1 | 1)
            zeros = 0
        runs.append(index << 1)
    header = [depth, height, width, len(ids), len(values), len(locations), zs, ys, xs]
    return np.array(header + ids + values + locations, "<u8").tobytes() + np.array(runs, "<u4").tobytes()


def corrupt(stream):
    """A u8 stream of version 1 in steps of 4 x 4 x 1, damaged in one place each."""
    head = compresso.header(stream)
    ids, values, locations = head["id_size"], head["value_size"], head["location_size"]
    at_values = 36 + ids
    at_locations = at_values + 2 * values
    at_windows = at_locations + locations
    at_index = len(stream) - 2 * head["sz"] * (1 if 2 * head["sx"] * head["sy"] < 255 else 2)

    def changed(at, *new):
        return stream[:at] + bytes(new) + stream[at + len(new) :]

    return {
        "empty": b"",
        "magic": changed(0, ord("k")),
        "header_cut": stream[:30],
        "ids_beyond_the_end": changed(15, 255, 255),
        "no_window_values": changed(23, 0, 0, 0, 0),
        "window_index": changed(at_windows, 254, 255),
        "windows_end_early": stream[: at_index - 2] + stream[at_index:],
        "windows_left_over": stream[:at_index] + bytes([3, 0]) + stream[at_index:],
        "half_a_window": stream[: at_index - 1] + stream[at_index:],
        "location_without_neighbour": changed(at_locations, 0),
        "index_of_components": changed(at_index, stream[at_index] + 1),
        "index_of_locations": changed(at_index + len(stream[at_index:]) // 2, 1),
        "connectivity": changed(35, 6),
    }


def main():
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 40, size=(2, 6, 7))
    nuclei = tifffile.imread(GOLDEN / "../../data/labels/nuclei_label.tif")
    volumes = {
        "blocks_u32": coarse.repeat(3, 0).repeat(7, 1).repeat(6, 2)[:, :35, :40].astype(np.uint32),
        "noise_u8": (255 - rng.integers(0, 12, size=(3, 13, 7))).astype(np.uint8),
        "top_u64": (np.iinfo(np.uint64).max - rng.integers(0, 9, size=(2, 5, 65)).astype(np.uint64)),
        "flat_u16": np.full((3, 4, 130), 65535, np.uint16),
        "nuclei_u16": nuclei[20:28, 100:140, 90:150].astype(np.uint16),
    }
    LABELS.mkdir(exist_ok=True)
    for name, volume in volumes.items():
        np.save(LABELS / f"{name}.npy", volume)
        xyz = np.asfortranarray(volume.T)
        settings = {
            "default": {},
            "no_index": {"random_access_z_index": False},
            "six": {"connectivity": 6},
            "wide": {"steps": (8, 8, 1)},
            "deep": {"steps": (4, 2, 2)},
            "uneven": {"steps": (3, 5, 1)},
        }
        for setting, options in settings.items():
            stream = compresso.compress(xyz, **options)
            put(f"compresso/v{stream[4]}/{name}.{setting}.cpso", stream)
        # Labels at most 200, of which the wheel makes no mistake.
        renamed = {int(label): int(label) * 7 % 200 for label in np.unique(volume)}
        remapped = compresso.remap(compresso.compress(xyz), renamed)
        put(f"compresso/v1/{name}.remapped.cpso", remapped)
        if volume.dtype in (np.uint32, np.uint64):
            blocks = compressed_segmentation.compress(xyz, block_size=(8, 8, 8), order="F")
            put(f"neuroglancer/v1/{name}.cseg", blocks)
        if volume.dtype != np.uint64:  # whose labels leave no room for the + 1
            (LABELS / f"{name}.original").write_bytes(original(volume))
    for name, stream in corrupt((GOLDEN / "compresso/v1/noise_u8.default.cpso").read_bytes()).items():
        put(f"compresso/corrupt/{name}.cpso", stream)
    nuclei = volumes["nuclei_u16"]
    np.save(LABELS / "fortran.npy", np.asfortranarray(nuclei.T))
    np.save(LABELS / "big_endian.npy", nuclei.astype(">u2"))
    np.save(LABELS / "signed.npy", nuclei.astype(np.int64))
    np.save(LABELS / "negative.npy", nuclei.astype(np.int16) - 1)
    np.save(LABELS / "boolean.npy", nuclei > 0)
    np.save(LABELS / "plane.npy", nuclei[0])
    np.save(LABELS / "floats.npy", nuclei[:1].astype(np.float32))
    np.savez_compressed(LABELS / "archive.npz", labels=nuclei)
    tifffile.imwrite(LABELS / "deflate.tif", nuclei, compression="zlib")
    tifffile.imwrite(LABELS / "signed.tif", nuclei.astype(np.int32), compression="lzw")

    raw = (GOLDEN / "compresso/v1/nuclei_u16.default.cpso").read_bytes()
    encoded = {
        "gz": gzip.compress(raw, mtime=0),
        "bz2": bz2.compress(raw),
        "xz": lzma.compress(raw),
        "lzma": lzma.compress(raw, format=lzma.FORMAT_ALONE),
        "zst": zstandard.compress(raw),
        "br": brotli.compress(raw),
        "lz4": lz4.frame.compress(raw),
        "lzw": imagecodecs.lzw_encode(raw),
    }
    for extension, data in encoded.items():
        put(f"second_stage/nuclei_u16.cpso.{extension}", data)


if __name__ == "__main__":
    main()
