"""Writes deep-zoom.json and deep-zoom-*.png, the goldens of tests/server/deep-zoom.test.ts.

The oracle is the DeepZoomGenerator of openslide-python 1.4.7 over OpenSlide 4.0.1, with its defaults (tiles
of 254 px, 1 px overlap). Of the repository's own sample the finest levels are kept as SHA-256 of RGB bytes and
the ones that it resamples (Lanczos) as PNG; of slides in the data folder SHA-256 alone. Run it as

    python make-deep-zoom-goldens.py <repository> <data>/slides

With an address it writes nothing, but compares a running server's PNG tiles with the oracle, level by level:

    python make-deep-zoom-goldens.py --compare http://127.0.0.1:8017/slides/<id> slide.svs
"""
import hashlib
import io
import json
import pathlib
import sys
import urllib.request

import numpy as np
import openslide
from openslide.deepzoom import DeepZoomGenerator
from PIL import Image

HERE = pathlib.Path(__file__).parent
SIZES = [(1, 1), (2, 1), (254, 254), (255, 253), (509, 3), (1000, 700), (2220, 2967), (46000, 32914), (1, 70000)]
# name: (path, how many of the finest levels are the file's own)
SLIDES = {
    "sample": ("samples/sample.tif", 4),
    "aperio": ("aperio-svs-jpeg/CMU-1-Small-Region.svs", 1),
    "tiff": ("derived-from-cmu1/pyramid-jpeg-q80.tif", 1),
}


class Stub:
    """A slide of one level that has a size and nothing else."""

    level_downsamples = (1.0,)
    properties = {}

    def __init__(self, size):
        self.dimensions = size
        self.level_dimensions = (size,)

    def get_best_level_for_downsample(self, downsample):
        return 0


def corners(columns, rows):
    """First, last, and one from the middle."""
    return sorted({(0, 0), (columns - 1, rows - 1), (columns // 2, rows // 2), (columns - 1, 0)})


def pyramid(size):
    deep = DeepZoomGenerator(Stub(size))
    levels = []
    for level, (dimensions, grid) in enumerate(zip(deep.level_dimensions, deep.level_tiles)):
        tiles = []
        for place in corners(*grid):
            (x, y), _, _ = deep.get_tile_coordinates(level, place)
            tiles.append([*place, x, y, *deep.get_tile_dimensions(level, place)])
        levels.append({"size": dimensions, "grid": grid, "tiles": tiles})
    return {"size": size, "levels": levels}


def rgb(image):
    return np.asarray(image.convert("RGB"))


def tiles_of(name, path, exact):
    deep = DeepZoomGenerator(openslide.OpenSlide(str(path)))
    tiles = []
    for level in range(deep.level_count):
        own = level >= deep.level_count - exact
        if not own and name != "sample":
            continue
        for column, row in corners(*deep.level_tiles[level]):
            image = rgb(deep.get_tile(level, (column, row)))
            tile = {"level": level, "column": column, "row": row, "size": [image.shape[1], image.shape[0]]}
            if own:
                tile["sha256"] = hashlib.sha256(image.tobytes()).hexdigest()
            elif level in (0, 4, 7, 8):
                tile["png"] = f"deep-zoom-{level}-{column}-{row}.png"
                Image.fromarray(image).save(HERE / tile["png"], optimize=True)
            else:
                continue
            tiles.append(tile)
    return tiles


def compare(address, path):
    deep = DeepZoomGenerator(openslide.OpenSlide(path))
    for level in reversed(range(deep.level_count)):
        columns, rows = deep.level_tiles[level]
        worst, total, count = 0, 0.0, 0
        for column, row in ((c, r) for c in range(columns) for r in range(rows)):
            with urllib.request.urlopen(f"{address}_files/{level}/{column}_{row}.png") as answer:
                ours = rgb(Image.open(io.BytesIO(answer.read()))).astype(int)
            theirs = rgb(deep.get_tile(level, (column, row))).astype(int)
            # Pillow's thumbnail keeps proportions, which may cost a pixel.
            h, w = min(ours.shape[0], theirs.shape[0]), min(ours.shape[1], theirs.shape[1])
            difference = np.abs(ours[:h, :w] - theirs[:h, :w])
            worst = max(worst, int(difference.max()))
            total += difference.sum()
            count += difference.size
        print(f"level {level}: {columns * rows} tiles, largest difference {worst}, mean {total / count:.3f}")


def main(repository, slides):
    goldens = {
        "oracle": f"openslide-python {openslide.__version__}, OpenSlide {openslide.__library_version__}",
        "pyramids": [pyramid(size) for size in SIZES],
        "slides": {
            name: {
                "file": file,
                "tiles": tiles_of(name, pathlib.Path(repository if name == "sample" else slides) / file, exact),
            }
            for name, (file, exact) in SLIDES.items()
        },
    }
    (HERE / "deep-zoom.json").write_text(json.dumps(goldens) + "\n")


if __name__ == "__main__":
    if sys.argv[1] == "--compare":
        compare(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
