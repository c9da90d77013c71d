"""The Python packages that label volumes are compressed with, driven by main.rs.

peers.py VOLUME.npy: reads `encode CODEC` and `decode CODEC` from standard input and answers each with its seconds and the
bytes of the codec's stream; `save CODEC FILE` writes that stream. peers.py --peak encode|decode CODEC FILE: one call, then
the peak of the process's memory in bytes without that of the process before it read the file.
"""

import pathlib
import sys
import time

import brotli
import compresso
import crackle
import numpy as np


def crackle_with(pins, order):
    """Order 5 without pins and 7 with: those for which others' figures on the EM volume were known."""
    return lambda labels: crackle.compress(labels, allow_pins=pins, markov_model_order=order)


def then_brotli(codec):
    encode, decode = codec
    return (lambda labels: brotli.compress(encode(labels)), lambda stream: decode(brotli.decompress(stream)))


CODECS = {
    "compresso": (compresso.compress, compresso.decompress),
    "crackle": (crackle_with(False, 5), crackle.decompress),
    "crackle-pins": (crackle_with(True, 7), crackle.decompress),
}
CODECS |= {f"{name}+brotli": then_brotli(codec) for name, codec in CODECS.items()}


def high_water():
    """VmHWM in bytes: the kernel's ru_maxrss would include the process that started this one."""
    status = pathlib.Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


def peak(direction, codec, path):
    encode, decode = CODECS[codec]
    empty = high_water()
    if direction == "encode":
        encode(np.load(path).T)
    else:
        decode(pathlib.Path(path).read_bytes())
    print(high_water() - empty)


def serve(path):
    labels = np.load(path).T
    streams = {}
    for line in sys.stdin:
        direction, codec, *file = line.split()
        encode, decode = CODECS[codec]
        if codec not in streams:
            streams[codec] = encode(labels)
            assert np.array_equal(decode(streams[codec]), labels), codec
        if direction == "save":
            pathlib.Path(*file).write_bytes(streams[codec])
        started = time.perf_counter()
        if direction != "save":
            result = encode(labels) if direction == "encode" else decode(streams[codec])
            del result
        print(time.perf_counter() - started, len(streams[codec]), flush=True)


if __name__ == "__main__":
    peak(*sys.argv[2:]) if sys.argv[1] == "--peak" else serve(sys.argv[1])
