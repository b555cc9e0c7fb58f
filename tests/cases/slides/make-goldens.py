"""Writes the golden pixels of tests/tiler/goldens.test.ts: SHA-256 of raw RGB regions.

The oracle of a file is OpenSlide (openslide-bin 4.0.1.2, openslide-python 1.4.7) where it opens it, else
libvips 8.14 (pyvips 3.2), or tifffile 2026.3.3 (with imagecodecs 2026.3.6) where libvips cannot decode it. Pixels
outside a level are white. Needs the data folder; run it as

    python make-goldens.py <data>/slides [name ...]

with openslide-bin, openslide-python, pyvips, tifffile, imagecodecs and numpy installed. The name
"aperio-ycbcr" prints the digest that tests/tiler/tiff-codecs.test.ts holds: no file of that kind is at hand, so one
is written here.
"""
import base64
import hashlib
import json
import math
import pathlib
import sys
import tempfile
import zlib
from typing import NamedTuple

import imagecodecs
import numpy as np
import openslide
import pyvips
import tifffile

HERE = pathlib.Path(__file__).parent

class Channels(NamedTuple):
    """Pages that are added up, each in its colour, as docs/formats.md says; what `channel` must be to get that."""

    pages: tuple
    colors: list
    channel: object = None


# name of the golden file: (path under slides/, how libvips names the levels, or None for OpenSlide, or the
# number of OpenSlide's levels that the file stores, where OpenSlide adds some of its own)
SLIDES = {
    "aperio-cmu": ("aperio-svs-jpeg/CMU-1-Small-Region.svs", None),
    "aperio-tiny": ("openslide-python-boxes/small.svs", None),
    "tiff-jpeg": ("derived-from-cmu1/pyramid-jpeg-q80.tif", None),
    "bigtiff-jpeg": ("derived-from-cmu1/pyramid-jpeg-bigtiff.tif", None),
    "tiff-deflate": ("derived-from-cmu1/tiled-deflate-pred.tif", None),
    "tiff-lzw": ("derived-from-cmu1/tiled-lzw-pred.tif", None),
    "tiff-boxes": ("openslide-python-boxes/boxes.tiff", None),
    "tiff-webp": ("derived-from-cmu1/pyramid-webp.tif", "page"),
    "tiff-strips": ("derived-from-cmu1/strip-none.tif", "page1"),
    "tiff-subifd": ("derived-from-cmu1/pyramid-subifd-jpeg.tif", "subifd"),
    "tiff-strip-jpeg": ("tiff-conformance/pillow/tiff_strip_ycbcr_jpeg_2x2_sampling.tif", "page1"),
    "tiff-rgb-jpeg": ("tiff-conformance/image-tiff/tiled-jpeg-rgb-u8.tif", "page1"),
    "aperio-jp2k": ("aperio-svs-tcga/tcga-cr-7395-01a-01-ts1.svs", "near"),
    "tiff-jp2k": ("derived-from-cmu1/pyramid-jp2k.tif", "tifffile"),
    "tiff-zstd": ("derived-from-cmu1/tiled-zstd.tif", "tifffile"),
    "tiff-planes": ("tiff-conformance/pillow/tiff_tiled_planar_lzw.tiff", "tifffile"),
    "tiff-big-endian": ("tiff-conformance/twelvemonkeys/BigTIFFMotorola.tif", "page1"),
    "ndpi-stritt": ("ndpi-stritt/test3-DAPI-2-387.ndpi", 4),
    "ome-instanseg": ("ome-tiff-he-instanseg/HE_example.tif", "page1"),
    "ome-subifd": ("derived-from-cmu1/pyramid-subifd.ome.tif", "subifd"),
    "qptiff-composite": ("vectra-qptiff/small_vectra.qptiff", Channels((0, 1, 2), [(0, 0, 255), (0, 255, 0), (255, 255, 0)])),
    "qptiff-fitc": ("vectra-qptiff/small_vectra.qptiff", Channels((1,), [(255, 255, 255)], "fitc")),
    "ome-channels": ("ome-tiff-misc/multi-channel-z-series.ome.tif", Channels((2, 7, 12), [(255, 0, 0), (0, 255, 0), (0, 0, 255)])),
    "ome-channel": ("ome-tiff-misc/multi-channel-z-series.ome.tif", Channels((12,), [(255, 255, 255)], 2)),
    "plain-png": ("plain-images/cellseg_models/HE.png", "plain"),
    "plain-jpeg": ("plain-images/oscc-mendeley/OSCC_400x_1.jpg", "plain"),
}


def openslide_levels(path, count):
    slide = openslide.OpenSlide(path)
    levels = []
    for i, size in enumerate(slide.level_dimensions[:count]):
        # Only from the origin is a coarser level's pixel lattice met exactly.
        rgba = np.asarray(slide.read_region((0, 0), i, size))
        assert (rgba[..., 3] == 255).all()
        levels.append(rgba[..., :3])
    return levels, list(slide.level_downsamples[:count])


def vips_levels(path, how):
    def load(**options):
        image = pyvips.Image.new_from_file(path, **options)
        pixels = image.numpy()
        return pixels if pixels.ndim == 3 and pixels.shape[2] == 3 else np.repeat(pixels.reshape(*pixels.shape[:2], -1)[..., :1], 3, 2)

    if how == "plain" or how == "page1":
        levels = [load()]
    elif how == "page":
        pages = pyvips.Image.new_from_file(path).get("n-pages")
        levels = [load(page=i) for i in range(pages)]
    else:
        count = pyvips.Image.new_from_file(path).get("n-subifds")
        levels = [load()] + [load(subifd=i) for i in range(count)]
    h, w = levels[0].shape[:2]
    return levels, [(w / p.shape[1] + h / p.shape[0]) / 2 for p in levels]


def tifffile_levels(path):
    with tifffile.TiffFile(path) as tiff:
        levels = [page.asarray() for page in tiff.pages]
    # Planes of their own come first.
    levels = [np.moveaxis(p, 0, 2) if p.shape[0] == 3 else p for p in levels]
    h, w = levels[0].shape[:2]
    return levels, [(w / p.shape[1] + h / p.shape[0]) / 2 for p in levels]


def channel_levels(path, how):
    """Of uint8 0 to 255 is shown, else the 0.1st to the 99.9th percentile; the level is shown in full."""
    total = 0.5
    for page, color in zip(how.pages, how.colors):
        values = tifffile.imread(path, key=page)
        low, high = 0, 255
        if values.dtype != np.uint8:
            ordered = np.sort(values.astype(float), axis=None)
            last = ordered.size - 1
            low, high = ordered[math.floor(0.001 * last)], ordered[math.ceil(0.999 * last)]
        part = np.clip((values.astype(float) - low) * (1 / (high - low)), 0, 1)
        total = total + part[..., None] * np.array(color, float)
    return [np.minimum(total, 255).astype(np.uint8)], [1.0]


def aperio_ycbcr():
    """SHA-256 of what OpenSlide makes of 96×80 samples, called YCbCr, in Aperio's compression 33003."""
    y, x = np.mgrid[0:80, 0:96]
    samples = np.stack([(x * 37 + y * 11) % 256, (x * x + 3 * y) % 256, np.where((x // 4 + y // 3) % 2, 255, 0)], -1)
    tiles = [samples[:, i : i + 48].astype(np.uint8) for i in (0, 48)]
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/ycbcr.svs"
        tifffile.imwrite(
            path,
            (imagecodecs.jpeg2k_encode(t, codecformat="j2k", level=0, reversible=True, mct=False) for t in tiles),
            shape=samples.shape,
            dtype=np.uint8,
            tile=(80, 48),
            photometric="rgb",
            compression=33003,
            description="Aperio Image Library\r\n96x80 [0,0 96x80] (48x80) J2K/YUV16 Q=70|AppMag = 20|MPP = 0.5",
            metadata=None,
        )
        return hashlib.sha256(openslide_levels(path, None)[0][0].tobytes()).hexdigest()


def boxes(width, height):
    """Whole level; across inner seams; over each corner; one pixel; beside the level."""
    yield 0, 0, width, height
    yield width // 3 + 1, height // 3 + 2, max(1, width // 4), max(1, height // 5)
    yield -7, -5, 20, 30
    yield width - 9, height - 11, 31, 27
    yield width - 1, 0, 1, 1
    yield width + 3, height // 2, 4, 4


def few_boxes(width, height):
    """Across a corner of tiles; the part where a rounding is known to differ; over the last corner."""
    yield 229, 239, 60, 40
    yield 40, 160, 60, 40
    yield width - 40, height - 20, 60, 40


def held(pixels, how):
    """The digest of pixels that must be equal; pixels that must be near, where the decoding rounds in floating point."""
    if how == "near":
        return {"within": 1, "deflated": base64.b64encode(zlib.compress(pixels.tobytes(), 9)).decode()}
    return {"sha256": hashlib.sha256(pixels.tobytes()).hexdigest()}


def crop(pixels, x, y, w, h):
    out = np.full((h, w, 3), 255, np.uint8)
    height, width = pixels.shape[:2]
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
    if x0 < x1 and y0 < y1:
        out[y0 - y : y1 - y, x0 - x : x1 - x] = pixels[y0:y1, x0:x1]
    return out


def main(root, *only):
    if "aperio-ycbcr" in only:
        print("aperio-ycbcr", aperio_ycbcr())
    for name, (file, how) in SLIDES.items():
        if only and name not in only:
            continue
        path = str(pathlib.Path(root) / file)
        if how is None or isinstance(how, int) or how == "near":
            levels, downsamples = openslide_levels(path, None if how == "near" else how)
            oracle = "openslide 4.0.1"
        elif isinstance(how, Channels):
            (levels, downsamples), oracle = channel_levels(path, how), f"tifffile {tifffile.__version__}, numpy"
        elif how == "tifffile":
            (levels, downsamples), oracle = tifffile_levels(path), f"tifffile {tifffile.__version__}"
        else:
            levels, downsamples = vips_levels(path, how)
            oracle = f"libvips {pyvips.version(0)}.{pyvips.version(1)}"
        golden = {
            "file": file,
            "oracle": oracle,
            **({"channel": how.channel} if isinstance(how, Channels) and how.channel is not None else {}),
            "levels": [
                {"width": p.shape[1], "height": p.shape[0], "downsample": d}
                for p, d in zip(levels, downsamples)
            ],
            "regions": [
                {"level": i, "box": box, **held(crop(p, *box), how)}
                for i, p in enumerate(levels)
                for box in (few_boxes if how == "near" else boxes)(p.shape[1], p.shape[0])
            ],
        }
        (HERE / f"{name}.json").write_text(json.dumps(golden, indent=1) + "\n")
        print(name, oracle, len(golden["regions"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
