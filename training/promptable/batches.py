"""Batches as a function of (seed, step): the same after a restart, whatever the number of workers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from .augment import CropConfig, draw
from .datasets import Sample
from .stain import statistics
from .targets import PromptConfig, make


@dataclass(frozen=True)
class BatchConfig:
    """One batch: how many crops, of what, with which prompts."""

    batch: int = 8
    stride: int = 2
    seed: int = 1
    crop: CropConfig = field(default_factory=CropConfig)
    prompt: PromptConfig = field(default_factory=PromptConfig)
    #: From this step on the probability of each change of colour and optics is multiplied by ``calm``.
    calm_from: int | None = None
    calm: float = 0.5
    #: Share of crops by source; a source is divided evenly between its images by the square root of size.
    shares: dict[str, float] = field(default_factory=dict)


class Batches(Dataset):
    """Item ``step`` is a whole batch of tensors."""

    def __init__(self, samples: list[Sample], config: BatchConfig, steps: int) -> None:
        self.samples = [s for s in samples if not s.validation]
        self.config = config
        self.steps = steps
        self.targets = np.stack([statistics(s.image) for s in self.samples])
        self.sources = sorted({s.source for s in self.samples})
        shares = np.array([config.shares.get(s, 0.0) for s in self.sources])
        self.shares = shares / shares.sum()
        self.members: list[np.ndarray] = []
        self.weights: list[np.ndarray] = []
        for source in self.sources:
            members = np.array([i for i, s in enumerate(self.samples) if s.source == source])
            weight = np.array([self._weight(self.samples[i]) for i in members])
            self.members.append(members)
            self.weights.append(weight / weight.sum())

    @staticmethod
    def _weight(sample: Sample) -> float:
        objects = len(sample.points) if sample.points is not None else len(np.unique(sample.label)) - 1
        return float(np.sqrt(sample.label.size / 65536) * np.sqrt(min(objects, 60) + 3))

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, step: int) -> dict[str, torch.Tensor]:
        c = self.config
        rng = np.random.default_rng([c.seed, step])
        calm = c.calm_from is not None and step >= c.calm_from
        shape = replace(c.crop, strength=c.calm) if calm else c.crop
        images, labels, dense, weight, background = [], [], [], [], []
        points, boxes, has_box, ids, owner = [], [], [], [], []
        for at in range(c.batch):
            source = rng.choice(len(self.sources), p=self.shares)
            sample = self.samples[rng.choice(self.members[source], p=self.weights[source])]
            crop = draw(sample, shape, rng, self.targets)
            t = make(crop, sample.ambiguous, c.stride, c.prompt, rng)
            if not sample.complete:
                t.weight *= t.dense[1:2] > 0.5
                t.background[:] = False
            images.append(crop.image)
            labels.append(crop.label)
            dense.append(t.dense)
            weight.append(t.weight)
            background.append(t.background)
            points.append(t.points)
            boxes.append(t.boxes)
            has_box.append(t.has_box)
            ids.append(t.ids)
            owner.append(np.full(len(t.points), at, np.int64))
        stacked = {
            "image": images, "label": labels, "dense": dense, "weight": weight, "background": background,
        }  # fmt: skip
        joined = {"points": points, "boxes": boxes, "has_box": has_box, "ids": ids, "owner": owner}
        return {k: torch.from_numpy(np.stack(v)) for k, v in stacked.items()} | {
            k: torch.from_numpy(np.concatenate(v)) for k, v in joined.items()
        }


def loader(batches: Batches, start: int, every: int, workers: int) -> DataLoader:
    """Every ``every``-th batch from ``start`` on, made by other processes."""
    return DataLoader(
        batches,
        batch_size=None,
        sampler=range(start, len(batches), every),
        num_workers=workers,
        prefetch_factor=6 if workers else None,
    )
