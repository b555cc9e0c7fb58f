"""Write models/parity/: an image, prompts and what the shipped model answers, for tests in TypeScript.

    python make_golden.py --model ../models/microtome-nuclei.json --checkpoint runs/nuclei/last.pt \\
        --image some.png --out ../models/parity

Answers are given twice: of the PyTorch model in float32, and of the shipped ONNX files.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import torch

from promptable.automatic import AutoConfig, automatic, candidates, foreground_peaks, masks_of, peaks, to_mask
from promptable.datasets import read_rgb
from promptable.evaluate import open_model
from promptable.model import load
from promptable.runtime import Encoded, OnnxRuntime, Runtime, TorchRuntime


def answers(
    runtime: TorchRuntime | OnnxRuntime, image: np.ndarray, points: np.ndarray, boxes: np.ndarray, config: AutoConfig
) -> dict[str, object]:
    """Everything worth comparing, rounded."""
    encoded: Encoded = runtime.encode(image)
    rows, columns = (
        v.tolist() for v in np.divmod(np.arange(0, encoded.objectness.size, 997), image.shape[1] // runtime.stride)
    )
    dense = [
        [r, c, round(float(encoded.objectness[r, c]), 5), round(float(encoded.foreground[r, c]), 5)]
        for r, c in zip(rows, columns, strict=True)
    ]
    found = peaks(encoded.objectness, config.objectness_threshold, config.peak_radius_px, runtime.stride)
    # As if no mask claimed anything: on a small field the second look finds little to ask for.
    look = (runtime.stride, config.second_look, config.peak_radius_px)
    bare = foreground_peaks(encoded, [], *look)
    first = candidates(runtime, encoded, config)
    masks = masks_of(first.windows, first.origins, first.iou, encoded, runtime.stride, config)
    label = automatic(runtime, image, config)
    return {
        "denseSamples": {"columns": ["row", "column", "objectness", "foreground"], "rows": dense},
        "peaks": found.tolist(),
        "foregroundPeaks": bare.tolist(),
        "points": _decoded(runtime, encoded, points, None, config),
        "classLogits": np.round(runtime.class_logits(encoded, points), 4).tolist(),
        "boxes": _decoded(runtime, encoded, (boxes[:, :2] + boxes[:, 2:]) / 2, boxes, config),
        "automatic": {
            "objects": len(np.unique(label)) - 1,
            "areas": [int(a) for a in np.bincount(label.ravel())[1:] if a],
            "foregroundPx": int((label > 0).sum()),
            "secondLook": len(foreground_peaks(encoded, masks, *look)),
        },
    }


def _decoded(
    runtime: Runtime, encoded: Encoded, points: np.ndarray, boxes: np.ndarray | None, config: AutoConfig
) -> list[dict[str, object]]:
    windows, origins, iou = runtime.decode(encoded, points, boxes)
    out = []
    half = runtime.cells // 2
    for at in range(len(points)):
        mask = to_mask(windows[at], origins[at], 0, at, encoded, runtime.stride, config.mask_threshold)
        out.append(
            {
                "point": points[at].tolist(),
                "box": boxes[at].tolist() if boxes is not None else None,
                "origin": [int(v) for v in origins[at]],
                "iou": round(float(iou[at]), 5),
                "area": int(mask.bits.sum()) if mask else 0,
                "maskBox": [mask.x, mask.y, mask.x + mask.bits.shape[1], mask.y + mask.bits.shape[0]] if mask else None,
                "logitsRow": half,
                "logits": [round(float(v), 4) for v in windows[at][half, half - 8 : half + 8]],
                "logitsFromColumn": half - 8,
            }
        )
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--image", type=Path, required=True)
    parser.add_argument("--origin", default="painted by samples/ (CC0)")
    parser.add_argument("--size", type=int, default=256, help="px a side, a multiple of 64")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    torch.set_num_threads(1)
    runtime, config, spec = open_model(args.model)
    image = np.ascontiguousarray(read_rgb(args.image)[: args.size, : args.size])
    args.out.mkdir(parents=True, exist_ok=True)
    name = str(spec["name"])
    cv2.imwrite(str(args.out / f"{name}.png"), image[:, :, ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    seen = runtime.encode(image)
    points = peaks(seen.objectness, config.objectness_threshold, config.peak_radius_px, runtime.stride)
    scores = [seen.objectness[int(y // runtime.stride), int(x // runtime.stride)] for x, y in points]
    points = points[np.argsort(scores)[::-1][:6]]
    size = args.size
    corners = np.array([[0.5, 0.5], [size - 1, size - 1], [size / 2, 3.25], [100.3, 127.9]], np.float32)
    boxes = np.array([[x - 11, y - 9, x + 12, y + 10] for x, y in points[:4]], np.float32)
    points = np.concatenate([points, corners]).astype(np.float32)
    golden = {
        "model": name,
        "encoderSha256": spec["files"]["encoder"]["sha256"],
        "decoderSha256": spec["files"]["decoder"]["sha256"],
        "image": f"{name}.png",
        "imageFrom": args.origin,
        "maskThreshold": config.mask_threshold,
        "onnx": answers(runtime, image, points, boxes, config),
        "pytorchFloat32": answers(TorchRuntime(load(str(args.checkpoint))), image, points, boxes, config),
    }
    path = args.out / f"{name}.json"
    path.write_text(json.dumps(golden, indent=1) + "\n")
    print(path, path.stat().st_size, (args.out / f"{name}.png").stat().st_size)


if __name__ == "__main__":
    main()
