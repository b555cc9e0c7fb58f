"""Reads an objects file and prints it as JSON: written from docs/run-format.md alone, with Python's own library.

    python3 read_objects.py FILE.objects
"""

import json
import struct
import sys
import uuid
import zlib


class Bits:
    """Bits from the low end of each byte up."""

    def __init__(self, data):
        self.value = int.from_bytes(data, "little")
        self.at = 0

    def take(self, width):
        found = (self.value >> self.at) & ((1 << width) - 1)
        self.at += width
        return found

    def difference(self, k):
        ones = 0
        while ones < 24 and self.take(1) == 1:
            ones += 1
        u = self.take(48) if ones == 24 else (ones << k) | self.take(k)
        return u // 2 if u % 2 == 0 else -(u + 1) // 2


class Part:
    def __init__(self, data):
        self.data = data
        self.at = 0

    def take(self, length):
        found = self.data[self.at : self.at + length]
        assert len(found) == length
        self.at += length
        return found

    def number(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0]

    def column(self, count):
        base, coded = self.number("q"), self.number("B")
        width, gaps = coded & 127, coded & 128
        bits = Bits(self.take((count * width + 7) // 8))
        codes = [bits.take(width) for _ in range(count)]
        return [None if gaps and code == 0 else base + code for code in codes]

    def texts(self, count):
        return [self.take(length).decode("utf-8") for length in self.column(count)]


def checked(data, crc):
    assert zlib.crc32(data) == crc
    return data


def outline(data, x, y, points):
    bits = Bits(data)
    order, k = bits.take(1) + 1, bits.take(5)
    rings = []
    for number, count in enumerate(points):
        if number > 0:
            x, y = x + bits.difference(k), y + bits.difference(k)
        ring, here, step = [[x / 100, y / 100]], (x, y), (0, 0)
        for _ in range(count - 1):
            guess = step if order == 2 else (0, 0)
            step = (guess[0] + bits.difference(k), guess[1] + bits.difference(k))
            here = (here[0] + step[0], here[1] + step[1])
            ring.append([here[0] / 100, here[1] / 100])
        rings.append(ring)
    return rings


def block(count, table, names, geometry, about, classes):
    table, names, geometry = Part(table), Part(names), Part(geometry)
    min_x, min_y, width, height, code, cx, cy = (table.column(count) for _ in range(7))
    measured = [
        [None if value is None else value / 10 ** column["decimals"] for value in table.column(count)]
        for column in about["columns"]
    ]
    if names.number("B") == 0:
        ids = [str(uuid.UUID(bytes=bytes(names.take(16)))) for _ in range(count)]
    else:
        ids = names.texts(count)
    patch_names = names.texts(names.number("I"))
    counts = names.column(count)
    references = iter(names.column(sum(counts)))
    holes = geometry.column(count)
    points = iter(geometry.column(count + sum(holes)))
    start_x, start_y, lengths = (geometry.column(count) for _ in range(3))
    for i in range(count):
        rings = outline(
            geometry.take(lengths[i]),
            min_x[i] + start_x[i],
            min_y[i] + start_y[i],
            [next(points) for _ in range(1 + holes[i])],
        )
        yield {
            "id": ids[i],
            "classification": classes[code[i]]["name"],
            "box": [value / 100 for value in (min_x[i], min_y[i], min_x[i] + width[i], min_y[i] + height[i])],
            "centroid": [(min_x[i] + cx[i]) / 100, (min_y[i] + cy[i]) / 100],
            "measurements": {
                column["name"]: values[i] for column, values in zip(about["columns"], measured)
            },
            "patches": [patch_names[next(references)] for _ in range(counts[i])],
            "rings": rings,
        }
    for part in (table, names, geometry):
        assert part.at == len(part.data)


def leaves(index, blocks):
    """The box of each block, from the first nodes of the tree."""
    if blocks == 0:
        return []
    assert index[:2] == b"\xfb\x38" and struct.unpack_from("<HI", index, 2) == (16, blocks)
    nodes, level = blocks, blocks
    while True:
        level = (level + 15) // 16
        nodes += level
        if level == 1:
            break
    form = "<%dH" if nodes < 16384 else "<%dI"
    corners = struct.unpack_from("<%dd" % (4 * blocks), index, 8)
    places = struct.unpack_from(form % blocks, index, 8 + 32 * nodes)
    boxes = [None] * blocks
    for leaf, place in enumerate(places):
        boxes[place] = [value / 100 for value in corners[4 * leaf : 4 * leaf + 4]]
    return boxes


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    head = Part(data)
    assert head.take(8) == bytes.fromhex("8f4d544f420d0a1a") and head.number("I") == 1
    length, crc = head.number("I"), head.number("I")
    about = json.loads(checked(head.take(length), crc))
    tail = Part(data[-48:])
    offset, objects = tail.number("q"), tail.number("q")
    stretches = [(tail.number("I"), tail.number("I")) for _ in range(3)]
    assert tail.number("I") == zlib.crc32(data[-48:-8]) and tail.take(4) == b"END\n"
    end = Part(data[offset:-48])
    directory, index, summary = [checked(end.take(length), crc) for length, crc in stretches]
    assert end.at == len(end.data)
    summary = json.loads(summary)
    found, boxes = [], leaves(index, len(directory) // 28)
    for number in range(len(directory) // 28):
        count, *parts = struct.unpack_from("<7I", directory, 28 * number)
        table, names, geometry = [
            checked(head.take(parts[i]), parts[i + 1]) for i in (0, 2, 4)
        ]
        some = list(block(count, table, names, geometry, about, summary["classes"]))
        for i, pick in enumerate((min, min, max, max)):
            assert boxes[number][i] == pick(one["box"][i] for one in some)
        found += some
    assert head.at == offset and len(found) == objects
    return {"about": about, "summary": summary, "objects": found}


if __name__ == "__main__":
    json.dump(read(sys.argv[1]), sys.stdout)
