"""How long a shipped model takes: encoder at 1024², decoder a prompt, one thread.

python -m promptable.speed --model ../models/microtome-nuclei.json
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from .evaluate import open_model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--repeat", type=int, default=8)
    args = parser.parse_args()
    runtime, _, _ = open_model(args.model)
    rng = np.random.default_rng(0)
    image = rng.integers(0, 255, (1024, 1024, 3), dtype=np.uint8)
    times, cpu = [], []
    for _ in range(args.repeat):
        began, spent = time.perf_counter(), time.process_time()
        encoded = runtime.encode(image)
        times.append(time.perf_counter() - began)
        cpu.append(time.process_time() - spent)
    print(f"encoder 1024x1024: best {min(times) * 1e3:.0f} ms, CPU time {min(cpu) * 1e3:.0f} ms")
    for count in (1, 16, 64, 256):
        points = rng.random((count, 2)).astype(np.float32) * 1024
        times, cpu = [], []
        for _ in range(args.repeat):
            began, spent = time.perf_counter(), time.process_time()
            runtime.decode(encoded, points)
            times.append(time.perf_counter() - began)
            cpu.append(time.process_time() - spent)
        print(
            f"decoder {count:4d} prompts: {min(times) / count * 1e3:.3f} ms a prompt, CPU {min(cpu) / count * 1e3:.3f}"
        )


if __name__ == "__main__":
    main()
