"""Figures of a shipped model on a folder of labelled images, in automatic mode.

    python -m promptable.evaluate --model ../models/microtome-nuclei.json --dataset ../../shared/data/test/NAME

Measures only: nothing is chosen by what comes out. Images are brought to the model's µm/px by their
index's ``mpp`` (unknown: taken as they are, and said so), results are brought back before they are compared.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np

from .automatic import AutoConfig, automatic
from .datasets import read_index, read_label, read_rgb
from .metrics import figures, summary
from .runtime import OnnxRuntime


def open_model(path: Path, threads: int = 1) -> tuple[OnnxRuntime, AutoConfig, dict[str, object]]:
    """The runtime and thresholds a models/*.json describes."""
    spec = json.loads(path.read_text())
    files, auto, window = spec["files"], spec["auto"], spec["window"]
    runtime = OnnxRuntime(
        path.parent / files["encoder"]["path"],
        path.parent / files["decoder"]["path"],
        window["stride"],
        window["cells"],
        threads,
    )
    config = AutoConfig(
        objectness_threshold=auto["objectnessThreshold"],
        peak_radius_px=auto["peakRadiusPx"],
        predicted_iou_threshold=auto["predictedIouThreshold"],
        mask_threshold=auto["maskThreshold"],
        nms_iou=auto["nmsIou"],
        refine_passes=auto["refinePasses"],
        min_area_um2=auto["minAreaUm2"],
        mpp=spec["mpp"],
        second_look=auto.get("secondLookForeground", 1.0),
    )
    return runtime, config, spec


def at_scale(image: np.ndarray, factor: float) -> np.ndarray:
    """The image resampled by ``factor``; left alone within 2 %."""
    if abs(factor - 1) < 0.02:
        return image
    size = (round(image.shape[1] * factor), round(image.shape[0] * factor))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR)


def evaluate(model: Path, dataset: Path, mpp: float | None = None, limit: int | None = None) -> dict[str, object]:
    """Every image of a dataset; the mean over images and its spread."""
    runtime, config, spec = open_model(model)
    rows, unknown, seconds, area = [], 0, 0.0, 0.0
    for row in read_index(dataset)[:limit]:
        image, truth = read_rgb(dataset / row["image"]), read_label(dataset / row["label"])
        try:
            factor = (mpp or float(row["mpp"])) / config.mpp
        except ValueError:
            factor, unknown = 1.0, unknown + 1
        scaled = at_scale(image, factor)
        began = time.perf_counter()
        label = automatic(runtime, scaled, config)
        seconds += time.perf_counter() - began
        area += scaled.shape[0] * scaled.shape[1] * (config.mpp / 1000) ** 2
        if label.shape != truth.shape:
            size = (truth.shape[1], truth.shape[0])
            label = cv2.resize(label.astype(np.float32), size, interpolation=cv2.INTER_NEAREST).astype(np.int32)
        rows.append({"image": row["image"], **figures(truth, label)})
    plain = [{k: v for k, v in r.items() if k != "image"} for r in rows]
    return {
        "model": spec["name"],
        "version": spec["version"],
        "dataset": dataset.name,
        "images": len(rows),
        "scale_unknown": unknown,
        "auto": asdict(config),
        "mean": {k: round(v[0], 4) for k, v in summary(plain).items()},
        "spread": {k: round(v[1], 4) for k, v in summary(plain).items()},
        "seconds_per_mm2": round(seconds / area, 2),
        "per_image": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--dataset", type=Path, nargs="+", required=True)
    parser.add_argument("--mpp", type=float, help="µm/px of the images, over the index")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    results = [evaluate(args.model, folder, args.mpp) for folder in args.dataset]
    for result in results:
        print(json.dumps({k: v for k, v in result.items() if k != "per_image"}))
    if args.out:
        args.out.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
