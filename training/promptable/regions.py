"""Training images of regions: glands and tumour nests at 2 µm/px, pieces of tissue at 8 µm/px.

Real sets are shrunk to 2 µm/px by their index's µm/px or by an estimate; small fields are laid
together in mosaics so that a crop is not mostly empty. Painted folders carry exact outlines.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from .datasets import Sample, data_root, further_root, guard, load_painted, read_index, read_label, read_rgb, rescale
from .screen import solidity

MPP = 2.0
#: Estimated µm/px where the index gives none. ebhi: crypts of 190 px taken for 85 µm.
ESTIMATED = {"regions-ebhi-polyp": 0.45, "regions-ebhi-multiclass": 0.45}
#: Left out: camelyon's masks are blocks of 16 px, ocdc is one patient with the whole field tumour.
USED = ("regions-bcss-tumour", "regions-ebhi-polyp", "regions-ebhi-multiclass", "regions-rings-prostate")
#: Made of fields of the whole of EBHI-SEG, and squeezed: left out where that is at hand.
EBHI_PARTS = ("regions-ebhi-polyp", "regions-ebhi-multiclass")
#: Objects smaller than this many px at 2 µm/px are crumbs of a mask, not regions.
CRUMB = 60
#: A piece of an EBHI-SEG mask that fills more of its field, or less of its hull, is taken for several glands in one.
MOST_OF_FIELD, LEAST_OF_HULL = 0.55, 0.68


def patient(name: str) -> str:
    """The patient or slide a file name begins with; the two ebhi folders share patients."""
    found = re.search(r"GT[A-Z]*\d+", name, re.I) or re.search(r"P\d+_[A-Z]\d+", name)
    return found.group(0).upper() if found else name


def in_validation(name: str) -> bool:
    """One patient in eight or so, by the patient's number."""
    digits = re.sub(r"\D", "", patient(name))
    return int(digits or 0) % 8 == 3


def load_regions(root: Path | None = None, painted: Path | None = None) -> list[Sample]:
    """All region samples. ``painted`` is a folder prefix: ``-2`` and ``-8`` are added to it."""
    train = (root or data_root()) / "train"
    further = further_root()
    folders = [train / source for source in USED]
    if further is not None and (further / "regions-ebhi-seg").is_dir():
        folders = [f for f in folders if f.name not in EBHI_PARTS] + [further / "regions-ebhi-seg"]
    samples: list[Sample] = []
    seen: set[str] = set()
    for folder in folders:
        guard(folder)
        source = folder.name
        fields: list[Sample] = []
        for row in read_index(folder):
            name = Path(row["image"]).name
            short = re.sub(r"^[A-Z]-", "", name)
            if short in seen:  # ebhi-multiclass repeats images of ebhi-polyp
                continue
            seen.add(short)
            image, label = read_rgb(folder / row["image"]), read_label(folder / row["label"])
            mpp = ESTIMATED.get(source) or float(row["mpp"])
            image, label = rescale(image, label, mpp / MPP)
            sample = Sample(name, source, image, _without_crumbs(label))
            if source == "regions-ebhi-seg":
                sample.ambiguous = _several_in_one(sample.label)
            sample.complete = source != "regions-rings-prostate"
            sample.validation = in_validation(name) if source != "regions-bcss-tumour" else name.startswith("1019")
            fields.append(sample)
        samples += _mosaics(fields) if source.startswith("regions-ebhi") else fields
    if painted is not None:
        for mpp in (2, 8):
            folder = painted.with_name(f"{painted.name}-{mpp}")
            for sample in load_painted(folder, mpp):
                sample.source = f"painted-{mpp}"
                samples.append(sample)
    return samples


def _without_crumbs(label: np.ndarray) -> np.ndarray:
    areas = np.bincount(label.ravel())
    return np.where(areas[label] >= CRUMB, label, 0).astype(np.int32)


def _several_in_one(label: np.ndarray) -> np.ndarray:
    """Pieces of a binary mask that are most likely several glands, or a sheet without glands."""
    found = [
        number
        for number, (area, share) in solidity(label).items()
        if area > MOST_OF_FIELD * label.size or share < LEAST_OF_HULL
    ]
    return np.array(found, np.int32)


def _mosaics(fields: list[Sample], side: int = 3, most: int = 600) -> list[Sample]:
    """Fields of one size laid side by side, ``side`` x ``side``; training and validation kept apart.

    Each field is in up to six mosaics, so that there are about ``most``.
    """
    out = []
    for validation in (False, True):
        chosen = [f for f in fields if f.validation == validation]
        if validation:
            out += chosen
            continue
        rng = np.random.default_rng(3)
        step = side * side
        times = min(6, -(-most * step // max(1, len(chosen))))
        order = np.concatenate([rng.permutation(len(chosen)) for _ in range(times)]) if chosen else []
        for at in range(0, len(order) - step + 1, step):
            parts = [chosen[i] for i in order[at : at + step]]
            height = min(p.label.shape[0] for p in parts)
            width = min(p.label.shape[1] for p in parts)
            image = np.zeros((height * side, width * side, 3), np.uint8)
            label = np.zeros((height * side, width * side), np.int32)
            top = 0
            unsure = []
            for place, part in enumerate(parts):
                y, x = place // side * height, place % side * width
                image[y : y + height, x : x + width] = part.image[:height, :width]
                piece = part.label[:height, :width]
                label[y : y + height, x : x + width] = np.where(piece > 0, piece + top, 0)
                unsure.append(part.ambiguous + top)
                top = int(label.max())
            out.append(Sample(f"mosaic-{at // step}", parts[0].source, image, label, np.concatenate(unsure)))
    return out
