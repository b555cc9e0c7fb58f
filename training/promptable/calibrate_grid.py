"""Choose the grid mode's thresholds on a few validation images, given the automatic mode's.

    python -m promptable.calibrate_grid --checkpoint runs/nuclei/last.pt --validation runs/nuclei/validation.json

writes them into the validation file, from which `package` takes them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from .automatic import AutoConfig, GridConfig, grid_points, masks_of, stability, suppress
from .calibrate import crop_of, few
from .metrics import figures
from .model import load
from .runtime import TorchRuntime
from .tasks import TASKS

IOUS = (0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75)
STABILITIES = (0.0, 0.5, 0.6, 0.7, 0.8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--task", choices=sorted(TASKS), default="nuclei")
    parser.add_argument("--validation", type=Path, required=True)
    parser.add_argument("--painted", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    results = json.loads(args.validation.read_text())
    auto, grid = AutoConfig(**results["auto"]), GridConfig()
    task = TASKS[args.task]
    samples = [s for s in task.outlined(args.painted) if s.validation]
    runtime = TorchRuntime(load(str(args.checkpoint)), True)
    cases = []
    for sample in few(samples, 2):
        image, truth = crop_of(sample, 320)
        encoded = runtime.encode(image)
        windows, origins, iou = runtime.decode(encoded, grid_points(*truth.shape, grid.step_px))
        steady = stability(windows, auto.mask_threshold, grid.stability_offset)
        cases.append((truth, encoded, windows, origins, iou, steady))
    best: tuple[float, float, float] | None = None
    for least in IOUS:
        for steadiness in STABILITIES:
            config = auto.but(predicted_iou_threshold=least)
            scores = []
            for truth, encoded, windows, origins, iou, steady in cases:
                kept = np.where(steady >= steadiness, iou, -1.0)
                masks = masks_of(windows, origins, kept, encoded, runtime.stride, config)
                label = suppress(masks, *truth.shape, auto.nms_iou, auto.min_area_um2 / auto.mpp**2)
                got = figures(truth, label)
                scores.append((got["aji"] + got["pq"]) / 2)
            mean = float(np.mean(scores))
            if best is None or mean > best[0] + 0.001:
                best = (mean, least, steadiness)
    assert best is not None
    results["grid"] = {
        "score": best[0],
        "images": len(cases),
        "step_px": grid.step_px,
        "predicted_iou_threshold": best[1],
        "stability_threshold": best[2],
    }
    args.validation.write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results["grid"]))


if __name__ == "__main__":
    main()
