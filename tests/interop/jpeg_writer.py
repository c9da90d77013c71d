"""Writes JPEG files that encoders do not: any sampling, any division into scans, any tables, from random coefficients.

Only sequential ones. The coefficients are no picture's, which a decoder cannot know.
"""

import numpy as np


def segment(marker, body):
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + bytes(body)


class Bits:
    """Entropy-coded data; a byte of ones is followed by a 0."""

    def __init__(self):
        self.value, self.count = 1, 0

    def put(self, value, count):
        self.value = self.value << count | value
        self.count += count

    def bytes(self, padding=1):
        while self.count % 8:
            self.put(padding, 1)
        data = self.value.to_bytes(self.count // 8 + 1, "big")[1:]
        return data.replace(b"\xff", b"\xff\0")


class Huffman:
    """A random table for these symbols, with codes of up to 16 bits."""

    def __init__(self, random, symbols):
        symbols = list(random.permutation(symbols))
        # As many leaves as there are symbols, and one for the code that must not be: of only ones.
        depths = [0]
        while len(depths) < len(symbols) + 1:
            # Mostly one of the deepest, so that there are long codes, and at times any.
            candidates = [i for i, depth in enumerate(depths) if depth < 16]
            if random.random() < 0.5:
                at = candidates[int(random.integers(len(candidates)))]
            else:
                at = min(candidates, key=lambda i: depths[i])
            depths[at] += 1
            depths.append(depths[at])
        depths.sort()
        self.counts = [depths[:-1].count(length) for length in range(1, 17)]
        self.symbols, self.codes, code, index = symbols, {}, 0, 0
        for length, count in enumerate(self.counts, 1):
            for _ in range(count):
                self.codes[int(symbols[index])] = (code, length)
                code, index = code + 1, index + 1
            code <<= 1

    def body(self, kind, index):
        return bytes([kind << 4 | index, *self.counts, *map(int, self.symbols)])


def number(value):
    size = abs(value).bit_length()
    return size, value if value > 0 else value + (1 << size) - 1


def put_block(bits, block, before, dc, ac):
    size, tail = number(int(block[0]) - before)
    bits.put(*dc.codes[size])
    bits.put(tail, size)
    run = 0
    for value in map(int, block[1 : int(np.max(np.nonzero(block)[0], initial=0)) + 1]):
        if value == 0:
            run += 1
            continue
        while run > 15:
            bits.put(*ac.codes[0xF0])
            run -= 16
        size, tail = number(value)
        bits.put(*ac.codes[run << 4 | size])
        bits.put(tail, size)
        run = 0
    if block[63] == 0:
        bits.put(*ac.codes[0])


def write(
    random, height, width, factors, scans, restarts=None, deep=False, fill=0, ids=None, notes=b"", extra=b"", dnl=False
):
    """A file of random coefficients.

    `factors`: (across, down) of each component. `scans`: lists of components. `restarts`: an interval for each scan.
    `deep`: quantisation tables of 16 bits. `fill`: bytes 0xFF before markers. `notes`: segments behind the first
    marker. `extra`: segments between scans. `dnl`: the height comes behind the first scan.
    """
    across, down = (max(factor[i] for factor in factors) for i in (0, 1))
    ids = ids or list(range(1, len(factors) + 1))
    sizes = [(-(-height * v // (8 * down)), -(-width * h // (8 * across))) for h, v in factors]
    units = (-(-height // (8 * down)), -(-width // (8 * across)))
    blocks = []
    for h, v in factors:
        shape = (units[0] * v, units[1] * h, 64)
        block = np.rint(random.laplace(0, 6 / (1 + np.arange(64.0)), shape))
        block[..., 0] = np.cumsum(np.rint(random.normal(0, 6, shape[:2])), axis=1).clip(-60, 60)
        block[random.random(shape[:2]) < 0.2, 1:] = 0
        block[random.random(shape[:2]) < 0.1, 63] = 1
        blocks.append(block.astype(int))
    mark = b"\xff" * fill
    out = b"\xff\xd8" + notes
    for index in range(len(factors)):
        # Small steps for high frequencies too, or the samples would all be clamped.
        steps = random.integers(1, 16, 64)
        body = [b for step in steps for b in ((step >> 8, step & 255) if deep else (step,))]
        out += mark + segment(0xDB, [int(deep) << 4 | index, *body])
    frame = [8, *(0 if dnl else height).to_bytes(2, "big"), *width.to_bytes(2, "big"), len(factors)]
    for index, (h, v) in enumerate(factors):
        frame += [ids[index], h << 4 | v, index]
    out += mark + segment(0xC1, frame)
    tables = {}
    for turn, (scan, interval) in enumerate(zip(scans, restarts or [0] * len(scans))):
        out += extra + mark + segment(0xDD, interval.to_bytes(2, "big"))
        for index in range(min(len(scan), 2)):
            tables[index] = Huffman(random, range(12)), Huffman(random, [i for i in range(256) if i % 16 <= 10])
            out += mark + segment(0xC4, tables[index][0].body(0, index) + tables[index][1].body(1, index))
        header = [len(scan)]
        for place, component in enumerate(scan):
            header += [ids[component], (place % 2) * 0x11]
        out += mark + segment(0xDA, [*header, 0, 63, 0])
        if len(scan) == 1:
            grid = sizes[scan[0]]
        else:
            grid = units
        bits, levels, done = Bits(), dict.fromkeys(scan, 0), 0
        for row in range(grid[0]):
            for column in range(grid[1]):
                if interval and done and done % interval == 0:
                    out += bits.bytes(done // interval % 2) + mark + bytes([0xFF, 0xD0 + (done // interval - 1) % 8])
                    bits, levels = Bits(), dict.fromkeys(scan, 0)
                for place, component in enumerate(scan):
                    h, v = (1, 1) if len(scan) == 1 else factors[component]
                    for y in range(row * v, row * v + v):
                        for x in range(column * h, column * h + h):
                            block = blocks[component][y, x]
                            put_block(bits, block, levels[component], *tables[place % 2])
                            levels[component] = int(block[0])
                done += 1
        out += bits.bytes(turn % 2)
        if dnl and turn == 0:
            out += segment(0xDC, height.to_bytes(2, "big"))
    return out + mark + b"\xff\xd9"
