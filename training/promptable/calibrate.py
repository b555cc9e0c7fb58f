"""Choose the automatic mode's thresholds on the validation images (never on test images)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .automatic import AutoConfig, Decoded, candidates, masks_of, second_look, suppress
from .datasets import Sample
from .metrics import figures
from .runtime import Runtime

#: Tried one after the other, twice round.
CHOICES: dict[str, tuple[float, ...]] = {
    "objectness_threshold": (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65),
    "mask_threshold": (-2.0, -1.5, -1.25, -1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5),
    "predicted_iou_threshold": (0.0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65),
    "nms_iou": (0.15, 0.2, 0.3, 0.4, 0.5),
    "second_look": (1.0, 0.9, 0.8, 0.7, 0.6, 0.5),
}
#: Peak radii that are tried, in cells.
RADII = (3.0, 4.0, 5.0, 6.0, 7.0, 8.0)


@dataclass
class Case:
    """One validation image and everything the model proposes for it."""

    source: str
    truth: np.ndarray
    found: Decoded
    scores: np.ndarray  # objectness at each prompt
    neighbours: np.ndarray  # how far the nearest higher peak is, px


def crop_of(sample: Sample, largest: int = 640) -> tuple[np.ndarray, np.ndarray]:
    """The sample's top-left corner, at most ``largest`` px a side."""
    return sample.image[:largest, :largest], sample.label[:largest, :largest]


def few(samples: list[Sample], each: int = 8) -> list[Sample]:
    """At most ``each`` samples of a source, evenly spread."""
    out = []
    for source in sorted({s.source for s in samples}):
        members = [s for s in samples if s.source == source]
        step = max(1, -(-len(members) // each))
        out += members[::step]
    return out


def prepare(runtime: Runtime, samples: list[Sample], config: AutoConfig) -> list[Case]:
    """Encode and decode once; thresholds are then tried without the model, but for the second look's few prompts."""
    low = config.but(objectness_threshold=0.2, peak_radius_px=RADII[0] * runtime.stride)
    cases = []
    for sample in samples:
        image, truth = crop_of(sample)
        found = candidates(runtime, runtime.encode(image), low)
        cells = (found.points / runtime.stride).astype(int)
        scores = found.encoded.objectness[cells[:, 1], cells[:, 0]]
        cases.append(Case(sample.source, truth, found, scores, _nearest_higher(found.points, scores)))
    return cases


def _nearest_higher(points: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Distance from each peak to the nearest one that beats it (ties: raster order)."""
    out = np.full(len(points), np.inf)
    for i in range(len(points)):
        beats = (scores > scores[i]) | ((scores == scores[i]) & (np.arange(len(points)) < i))
        if beats.any():
            out[i] = np.sqrt(((points[beats] - points[i]) ** 2).sum(1).min())
    return out


def score(cases: list[Case], runtime: Runtime, config: AutoConfig) -> tuple[float, dict[str, dict[str, float]]]:
    """(AJI + PQ) / 2 averaged over sources, and the figures of each source."""
    rows: dict[str, list[dict[str, float]]] = {}
    for case in cases:
        keep = (case.scores > config.objectness_threshold) & (case.neighbours > config.peak_radius_px)
        d = case.found
        iou = np.where(keep, d.iou, -1.0)
        masks = masks_of(d.windows, d.origins, iou, d.encoded, runtime.stride, config)
        masks += second_look(runtime, d.encoded, masks, config)
        label = suppress(masks, d.encoded.height, d.encoded.width, config.nms_iou, config.min_area_um2 / config.mpp**2)
        rows.setdefault(case.source, []).append(figures(case.truth, label))
    means = {s: {k: float(np.mean([r[k] for r in rs])) for k in rs[0]} for s, rs in rows.items()}
    overall = float(np.mean([(m["aji"] + m["pq"]) / 2 for m in means.values()]))
    means["mean"] = {k: float(np.mean([m[k] for m in means.values()])) for k in next(iter(means.values()))}
    return overall, means


def calibrate(
    runtime: Runtime, samples: list[Sample], further: list[Sample], start: AutoConfig, rounds: int = 2
) -> tuple[AutoConfig, float, dict[str, dict[str, float]]]:
    """Coordinate search over CHOICES; of settings within .0005 of each other the earlier is kept.

    The search looks at ``samples`` and ``further`` (the same fields as others would show them), so that what it
    finds holds under a change of stain and scanner; the score and the figures returned are of ``samples`` alone.
    """
    config = start
    plain = prepare(runtime, samples, config)
    if rounds:
        cases = plain + prepare(runtime, further, config)
        best, _ = score(cases, runtime, config)
    for _ in range(rounds):
        radii = tuple(r * runtime.stride for r in RADII)
        for name, values in ({"peak_radius_px": radii} | CHOICES).items():
            for value in values:
                trial = config.but(**{name: value})
                got, _ = score(cases, runtime, trial)
                if got > best + 0.0005:
                    best, config = got, trial
    overall, means = score(plain, runtime, config)
    return config, overall, means
