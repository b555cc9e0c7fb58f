"""Static int8 quantisation of an exported encoder (QDQ, per channel).

    python -m promptable.quantise --encoder runs/nuclei/export/encoder.onnx --task nuclei \\
        --out runs/nuclei/export/encoder.int8.onnx

Weights use seven bits (reduce_range), so that CPUs without VNNI do not overflow; activations
are calibrated on crops of training images. The two 1x1 convolutions that give the outputs stay in float: they cost
little and lose most.
"""

from __future__ import annotations

import argparse
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from .augment import draw
from .stain import statistics
from .tasks import TASKS


class Crops(CalibrationDataReader):
    """A fixed set of training crops, augmented as in training."""

    def __init__(self, task_name: str, count: int, painted: Path | None) -> None:
        task = TASKS[task_name]
        config = task.batches(1)
        samples = [s for s in task.load(painted) if not s.validation]
        rng = np.random.default_rng(7)
        targets = np.stack([statistics(s.image) for s in samples])
        sources = sorted({s.source for s in samples})
        images = []
        for at in range(count):
            of_source = [s for s in samples if s.source == sources[at % len(sources)]]
            sample = of_source[rng.integers(len(of_source))]
            images.append(draw(sample, config.crop, rng, targets).image[None])
        self.images: Iterator[np.ndarray] = iter(images)

    def get_next(self) -> dict[str, np.ndarray] | None:
        image = next(self.images, None)
        return None if image is None else {"image": image}


def quantise(
    encoder: Path, out: Path, task_name: str, count: int = 32, painted: Path | None = None, reduce_range: bool = True
) -> Path:
    """Write the int8 encoder."""
    logging.getLogger().setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(str(encoder), str(prepared), skip_symbolic_shape=True)
        heads = [n.name for n in onnx.load(str(prepared)).graph.node if n.op_type == "Conv" and "/to_" in n.name]
        quantize_static(
            str(prepared),
            str(out),
            Crops(task_name, count, painted),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=reduce_range,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            nodes_to_exclude=heads,
            op_types_to_quantize=["Conv", "Add", "Resize", "Relu"],
            extra_options={"CalibMovingAverage": True, "CalibMovingAverageConstant": 0.05},
        )
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--task", choices=sorted(TASKS), default="nuclei")
    parser.add_argument("--painted", type=Path)
    parser.add_argument("--count", type=int, default=32)
    args = parser.parse_args()
    quantise(args.encoder, args.out, args.task, args.count, args.painted)
    print(args.out, args.out.stat().st_size)


if __name__ == "__main__":
    main()
