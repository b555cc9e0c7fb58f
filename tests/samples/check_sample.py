"""Holds the committed sample against independent tools: GEOS (shapely), OpenSlide, tifffile.

    pip install shapely numpy openslide-python openslide-bin tifffile imagecodecs
    python tests/samples/check_sample.py [samples/sample]
"""

import gzip
import json
import sys

import numpy as np
import openslide
import tifffile
from shapely import STRtree, get_coordinates, is_valid
from shapely.geometry import shape

stem = sys.argv[1] if len(sys.argv) > 1 else "samples/sample"
slide = openslide.OpenSlide(f"{stem}.tif")
mpp = float(slide.properties["openslide.mpp-x"]) if "openslide.mpp-x" in slide.properties else None
if mpp is None:
    # OpenSlide's generic-tiff leaves the resolution to its reader.
    assert slide.properties["tiff.ResolutionUnit"] == "centimeter"
    mpp = 1e4 / float(slide.properties["tiff.XResolution"])
print("OpenSlide", slide.properties["openslide.vendor"], slide.level_dimensions, "mpp", mpp)

with tifffile.TiffFile(f"{stem}.tif") as tif:
    page = tif.pages[0].asarray()
    print("tifffile", page.shape, [p.shape for p in tif.pages])
region = np.asarray(slide.read_region((700, 100), 0, (512, 512)).convert("RGB"))
different = int((region != page[100:612, 700:1212]).sum())
print("pixels that OpenSlide and tifffile read differently:", different)

for layer in ("nuclei", "regions", "tissue"):
    with gzip.open(f"{stem}.{layer}.geojson.gz", "rt", encoding="utf-8") as file:
        features = json.load(file)["features"]
    shapes = [shape(f["geometry"]) for f in features]
    assert all(is_valid(s) for s in shapes), layer
    assert all((get_coordinates(s) % 1 == 0).all() for s in shapes), layer
    for f, s in zip(features, shapes):
        assert abs(f["properties"]["measurements"]["Area µm^2"] - s.area * mpp * mpp) < 0.0051
    a, b = STRtree(shapes).query(shapes, predicate="intersects")
    shared = [shapes[i].intersection(shapes[j]).area for i, j in zip(a, b) if i < j]
    areas = np.array([s.area for s in shapes]) * mpp * mpp
    print(
        f"{layer}: {len(shapes)} valid, {len(shared)} pairs touch, shared area {sum(shared)},",
        "area µm² min/median/max", areas.min(), float(np.median(areas)), areas.max(),
    )
    assert sum(shared) == 0, layer
print("all well")
