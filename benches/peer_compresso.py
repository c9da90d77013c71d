"""The `compresso` wheel, driven by benches/labels.rs.

peer_compresso.py VOLUME.npy: reads `encode` and `decode` from standard input and answers each with its seconds; in the end
its stream is left beside the volume as .peer. peer_compresso.py --peak encode|decode FILE: one call, then the peak of the
process's memory in bytes without that of the process before it read the file.
"""

import pathlib
import sys
import time

import compresso
import numpy as np


def high_water():
    """VmHWM in bytes: the kernel's ru_maxrss would include the process that started this one."""
    status = pathlib.Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def peak(direction, path):
    empty = high_water()
    if direction == "encode":
        compresso.compress(np.load(path).T)
    else:
        compresso.decompress(pathlib.Path(path).read_bytes())
    print(high_water() - empty)


def serve(path):
    labels = np.load(path).T
    stream = compresso.compress(labels)
    for line in sys.stdin:
        started = time.perf_counter()
        result = compresso.compress(labels) if line.strip() == "encode" else compresso.decompress(stream)
        seconds = time.perf_counter() - started
        del result
        print(seconds, flush=True)
    pathlib.Path(path).with_suffix(".peer").write_bytes(stream)


if __name__ == "__main__":
    peak(*sys.argv[2:]) if sys.argv[1] == "--peak" else serve(sys.argv[1])
