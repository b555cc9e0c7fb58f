"""Put a trained model into models/: export, quantise, describe.

    python -m promptable.package --checkpoint runs/nuclei/last.pt --task nuclei \\
        --validation runs/nuclei/validation.json --models ../models

The int8 encoder ships only if (AJI + PQ) / 2 on the validation images falls by less than 0.005.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path

from .automatic import AutoConfig, GridConfig
from .calibrate import few, prepare, score
from .export import export
from .model import load
from .quantise import quantise
from .runtime import OnnxRuntime, input_stride
from .tasks import TASKS, Task

LOSS_ALLOWED = 0.005


def describe_file(path: Path) -> dict[str, object]:
    data = path.read_bytes()
    return {"path": path.name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def validation_score(
    task: Task, encoder: Path, decoder: Path, auto: AutoConfig, painted: Path | None
) -> tuple[float, dict[str, dict[str, float]]]:
    """Score and figures of an ONNX pair on the validation images."""
    decoder_config = task.model.decoder
    runtime = OnnxRuntime(encoder, decoder, decoder_config.stride, decoder_config.cells)
    samples = [s for s in task.outlined(painted) if s.validation]
    return score(prepare(runtime, few(samples, task.validation_each), auto), runtime, auto)


def describe(
    task: Task,
    version: str,
    encoder: Path,
    decoder: Path,
    auto: AutoConfig,
    grid: GridConfig,
    sources: list[str],
    classes: dict[str, object] | None,
) -> dict[str, object]:
    """The model's JSON description, in the form src/segment reads."""
    window = task.model.decoder
    return {
        "name": f"microtome-{task.name}",
        "title": task.title,
        "version": version,
        "contract": "window",
        "tasks": list(task.product_tasks),
        "files": {"encoder": describe_file(encoder), "decoder": describe_file(decoder)},
        "input": {"stride": input_stride(window.stride), "preferredSize": 1024},
        "window": {"cells": window.cells, "stride": window.stride},
        "mpp": auto.mpp,
        "masksPerPrompt": 1,
        **({"classes": classes} if classes else {}),
        "auto": {
            "objectnessThreshold": auto.objectness_threshold,
            "peakRadiusPx": auto.peak_radius_px,
            "predictedIouThreshold": auto.predicted_iou_threshold,
            "maskThreshold": auto.mask_threshold,
            "nmsIou": auto.nms_iou,
            "refinePasses": int(auto.refine_passes),
            "minAreaUm2": auto.min_area_um2,
            **({"secondLookForeground": auto.second_look} if auto.second_look < 1 else {}),
        },
        "grid": {
            "pointsPerSide": round(1024 / grid.step_px),
            "predictedIouThreshold": grid.predicted_iou_threshold,
            "stabilityScoreThreshold": grid.stability_threshold,
            "stabilityScoreOffset": grid.stability_offset,
            "maskThreshold": auto.mask_threshold,
            "nmsIou": auto.nms_iou,
            "nmsKind": "mask",
            "minAreaUm2": auto.min_area_um2,
        },
        "licence": "Apache-2.0",
        "trainedOn": sources,
        "researchUseOnly": True,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--task", choices=sorted(TASKS), default="nuclei")
    parser.add_argument("--validation", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("../models"))
    parser.add_argument("--painted", type=Path)
    parser.add_argument("--classes", type=Path, help="what promptable.classes wrote beside its checkpoint")
    parser.add_argument("--lineage", type=Path, help="the model that training began from: its sets count too")
    parser.add_argument("--version", default="0.1.0")
    args = parser.parse_args()
    task = TASKS[args.task]
    chosen = json.loads(args.validation.read_text())
    auto = AutoConfig(**chosen["auto"])
    grid = GridConfig(**{k: v for k, v in chosen.get("grid", {}).items() if k not in ("score", "images")})
    work = args.checkpoint.parent / "export"
    encoder, decoder = export(load(str(args.checkpoint)), work)
    small = quantise(encoder, work / "encoder.int8.onnx", args.task, painted=args.painted)
    full_score, _ = validation_score(task, encoder, decoder, auto, args.painted)
    small_score, figures = validation_score(task, small, decoder, auto, args.painted)
    print(f"validation score fp32 {full_score:.4f}, int8 {small_score:.4f}")
    if small_score < full_score - LOSS_ALLOWED:
        raise SystemExit("the int8 encoder loses too much: not shipped")
    args.models.mkdir(parents=True, exist_ok=True)
    name = f"microtome-{args.task}"
    shipped = args.models / f"{name}.encoder.onnx", args.models / f"{name}.decoder.onnx"
    shutil.copyfile(small, shipped[0])
    shutil.copyfile(decoder, shipped[1])
    before = json.loads(args.lineage.read_text())["trainedOn"] if args.lineage else []
    sources = sorted({s.source for s in task.load(args.painted)} | set(before))
    classes = None
    if args.classes:
        told = json.loads(args.classes.read_text())
        classes = {"names": [c.capitalize() for c in told["classes"]], "threshold": told["threshold"]}
    description = describe(task, args.version, *shipped, auto, grid, sources, classes)
    (args.models / f"{name}.json").write_text(json.dumps(description, indent=2) + "\n")
    report = {"fp32": full_score, "int8": small_score, "figures": figures}
    (work / "package.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
