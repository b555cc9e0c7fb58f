"""TIAToolbox's SQLiteStore; where it cannot be imported, SQLite's R*Tree with geometry as SQLiteStore keeps it.

The stand-in keeps what SQLiteStore 2.1 keeps of a polygon: a row with a UUID, its middle, zlib (level 9) over WKB, its
properties as JSON, and its box in an R*Tree; queries give back geometry and properties.
"""

import json
import os
import pathlib
import sqlite3
import struct
import sys
import time
import uuid
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "reading"))
from jobs import serve

CHUNK = 10_000
MEASUREMENTS = (
    "Area µm^2",
    "Perimeter µm",
    "Circularity",
    "Predicted IoU",
    "Stability",
    "Hematoxylin OD mean",
)
DECIMALS = (3, 3, 4, 4, 4, 4)


def objects(path):
    """Coordinates (closed) and properties of each object; bench/store/write-input.ts has the layout."""
    with open(path, "rb") as file:
        while head := file.read(8):
            points, length = struct.unpack("<II", head)
            name = file.read(length).decode()
            values = struct.unpack("<6d", file.read(48))
            flat = struct.unpack(f"<{2 * points}d", file.read(16 * points))
            ring = list(zip(flat[::2], flat[1::2]))
            measured = {
                key: round(value, decimals)
                for key, value, decimals in zip(MEASUREMENTS, values, DECIMALS)
            }
            yield [*ring, ring[0]], {"type": name, **measured}


def chunks(items):
    chunk = []
    for item in items:
        chunk.append(item)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


class Tiatoolbox:
    def __init__(self):
        import tiatoolbox
        from shapely.geometry import Polygon
        from tiatoolbox.annotation.storage import Annotation, SQLiteStore

        self.version = f"TIAToolbox {tiatoolbox.__version__}, SQLite {sqlite3.sqlite_version}"
        self.store_class = SQLiteStore
        self.make = lambda ring, properties: Annotation(Polygon(ring), properties)

    def open(self, path):
        self.store = self.store_class(path)

    def append(self, chunk):
        self.store.append_many(chunk)

    def query(self, box):
        return self.store.query(box, geometry_predicate="bbox_intersects")

    def close(self):
        self.store.commit()
        self.store.close()


class PlainSqlite:
    def __init__(self):
        self.version = f"SQLite {sqlite3.sqlite_version} with R*Tree, as SQLiteStore keeps it"

    @staticmethod
    def make(ring, properties):
        return ring, properties

    def open(self, path):
        self.db = sqlite3.connect(path)
        self.db.execute("CREATE VIRTUAL TABLE IF NOT EXISTS boxes USING rtree(id, x0, x1, y0, y1)")
        self.db.execute(
            "CREATE TABLE IF NOT EXISTS annotations(id INTEGER PRIMARY KEY, key TEXT UNIQUE,"
            " cx INTEGER, cy INTEGER, geometry BLOB, properties TEXT)"
        )

    def append(self, chunk):
        cursor = self.db.cursor()
        for ring, properties in chunk:
            xs, ys = [x for x, _ in ring], [y for _, y in ring]
            wkb = struct.pack(f"<BIII{2 * len(ring)}d", 1, 3, 1, len(ring), *(v for p in ring for v in p))
            x0, x1, y0, y1 = min(xs), max(xs), min(ys), max(ys)
            cursor.execute(
                "INSERT INTO annotations(key, cx, cy, geometry, properties) VALUES (?, ?, ?, ?, ?)",
                (
                    str(uuid.uuid4()),
                    int((x0 + x1) / 2),
                    int((y0 + y1) / 2),
                    zlib.compress(wkb, 9),
                    json.dumps(properties, separators=(",", ":")),
                ),
            )
            cursor.execute("INSERT INTO boxes VALUES (?, ?, ?, ?, ?)", (cursor.lastrowid, x0, x1, y0, y1))

    def query(self, box):
        x0, y0, x1, y1 = box
        rows = self.db.execute(
            "SELECT key, geometry, properties FROM annotations JOIN boxes USING (id)"
            " WHERE x0 <= ? AND x1 >= ? AND y0 <= ? AND y1 >= ?",
            (x1, x0, y1, y0),
        )
        return {key: (zlib.decompress(wkb), json.loads(text)) for key, wkb, text in rows}

    def close(self):
        self.db.commit()
        self.db.close()


def write(job):
    if os.path.exists(job["store"]):
        os.remove(job["store"])
    seconds, cpu = 0.0, 0.0

    def timed(work):
        nonlocal seconds, cpu
        started, before = time.perf_counter(), time.process_time()
        work()
        seconds += time.perf_counter() - started
        cpu += time.process_time() - before

    timed(lambda: KIND.open(job["store"]))
    for chunk in chunks(objects(job["input"])):
        made = [KIND.make(ring, properties) for ring, properties in chunk]
        timed(lambda: KIND.append(made))
    timed(KIND.close)
    return {
        "writeSeconds": seconds,
        "writeCpuSeconds": cpu,
        "bytes": os.path.getsize(job["store"]),
    }


def query(job):
    started = time.perf_counter()
    KIND.open(job["store"])
    opened = time.perf_counter() - started
    milliseconds, found = [], 0
    for box in job["boxes"]:
        corners = (box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"])
        before = time.perf_counter()
        hits = KIND.query(corners)
        milliseconds.append(1000 * (time.perf_counter() - before))
        found += len(hits)
    KIND.close()
    return {"openSeconds": opened, "milliseconds": milliseconds, "found": found}


# The store logs to stdout, where answers go.
answers, sys.stdout = sys.stdout, sys.stderr
try:
    KIND = Tiatoolbox()
except ImportError as error:
    print(f"TIAToolbox cannot be imported ({error}): plain SQLite stands in", file=sys.stderr)
    KIND = PlainSqlite()
sys.stdout = answers
serve(KIND.version, lambda job: write(job) if job["op"] == "write" else query(job))
