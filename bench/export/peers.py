"""What others write the same objects with: GDAL and Arrow (pyogrio, geopandas), and json a feature at a time."""

import json
import os
import sys
from pathlib import Path

import geopandas
import pyarrow
import pyogrio
import shapely

sys.path.insert(0, str(Path(__file__).parent.parent / "reading"))
from jobs import serve  # noqa: E402

state = {}


def by_feature(frame, out):
    """A dict and a json.dumps for each feature, as TIAToolbox's to_ndjson and QuPath scripts do it."""
    columns = [name for name in frame.columns if name != "geometry"]
    rows = frame[columns].to_dict("records")
    with open(out, "w", encoding="utf8") as file:
        file.write('{"type":"FeatureCollection","features":[')
        for i, (properties, geometry) in enumerate(zip(rows, frame.geometry)):
            feature = {
                "type": "Feature",
                "id": properties.pop("id"),
                "geometry": shapely.geometry.mapping(geometry),
                "properties": properties,
            }
            file.write(("\n" if i == 0 else ",\n") + json.dumps(feature))
        file.write("\n]}\n")


def work(job):
    if "load" in job:
        state["frame"] = pyogrio.read_dataframe(job["load"], max_features=job["objects"])
        return {"objects": len(state["frame"]), "bytes": 0}
    frame, out = state["frame"], job["out"]
    if job["how"] == "json":
        by_feature(frame, out)
    elif job["how"] == "gdal-geojson":
        pyogrio.write_dataframe(frame, out, driver="GeoJSON", COORDINATE_PRECISION=2)
    elif job["how"] == "gdal-flatgeobuf":
        pyogrio.write_dataframe(frame, out, driver="FlatGeobuf")
    elif job["how"] == "pandas-csv":
        frame.drop(columns="geometry").to_csv(out, index=False)
    elif job["how"] == "pyarrow-parquet":
        frame.drop(columns="geometry").to_parquet(out)
    return {"objects": len(frame), "bytes": os.path.getsize(out)}


gdal = pyogrio.__gdal_version_string__
serve(f"pyogrio {pyogrio.__version__} with GDAL {gdal}, geopandas {geopandas.__version__}, pyarrow {pyarrow.__version__}", work)
