"""Training images: folders with an index.tsv, brought to one scale and split by source image.

A folder holds ``index.tsv`` (image, label, mpp, ...), images and 16-bit label PNGs (0 background,
one number an object). Only folders under ``train/`` and painted folders are ever read here; nothing
under ``test/`` is (``guard`` refuses it).
"""

from __future__ import annotations

import csv
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from .screen import ambiguous_ids, suspicion

#: Median equivalent diameter of nuclei at 0.25 µm/px, px: what images of unknown scale are brought to.
NUCLEUS_PX = 23.0
SUSPICIOUS = 0.65
#: Label of what may be a nucleus or not: it teaches neither masks nor foreground.
UNKNOWN = 60000
#: What the classified centres are.
CLASSES = ("lymphocyte", "epithelial", "stromal")
#: Fields of a patient who also appears in MoNuSeg's published sets (Kumar et al. 2017) teach nothing.
MEASURED_PATIENTS = ("TCGA-A7-A13F",)
#: Organs of NuInsSeg that are for validation.
NUINSSEG_VALIDATION = ("human_epiglottis", "human_melanoma", "human_testis", "mouse_thymus")
#: Patients of the whole of TNBC that are for validation. One image of theirs, 08_4, is in the training half of the
#: older sets (a turned copy, number 1037): it taught the models up to 0.3.0.
TNBC_VALIDATION = ("08_", "11_")
#: Made of images of the whole of TNBC: left out where that is at hand.
TNBC_PARTS = ("nuclei-tnbc-antillia", "nuclei-tnbc-originals")
# A pool of OpenCV threads does not survive the fork of the loader's workers.
cv2.setNumThreads(0)


@dataclass
class Sample:
    """One image at the model's scale."""

    name: str
    source: str
    image: np.ndarray  # uint8 [H,W,3] RGB
    label: np.ndarray  # int32 [H,W]; 0 background
    #: Objects whose outline is not to be trusted (merged neighbours, say): left out of mask training.
    ambiguous: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))
    #: Object centres [n,2] (x,y px) where there are no true outlines; the label then holds sure ones, or none.
    points: np.ndarray | None = None
    #: Index into CLASSES of each centre.
    classes: np.ndarray | None = None
    #: False: unlabelled tissue may hold objects, so background prompts and dense heads skip it.
    complete: bool = True
    validation: bool = False


def data_root() -> Path:
    """The folder with ``train/``: MICROTOME_DATA, else ../shared/data from the repository."""
    fallback = Path(__file__).resolve().parents[3] / "shared" / "data"
    return Path(os.environ.get("MICROTOME_DATA", fallback))


def further_root() -> Path | None:
    """The folder of sets that promptable.further_data made: MICROTOME_FURTHER_DATA, or none."""
    named = os.environ.get("MICROTOME_FURTHER_DATA")
    return Path(named) if named else None


def guard(folder: Path) -> None:
    """Refuse anything that is for measuring only."""
    if "test" in folder.resolve().parts:
        raise ValueError(f"{folder} is for measuring only: never train on it")


def read_index(folder: Path) -> list[dict[str, str]]:
    with open(folder / "index.tsv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def read_rgb(path: Path) -> np.ndarray:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f"cannot read {path}")
    return np.ascontiguousarray(image[:, :, ::-1])


def read_label(path: Path) -> np.ndarray:
    label = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if label is None:
        raise ValueError(f"cannot read {path}")
    return label.astype(np.int32)


def rescale(image: np.ndarray, label: np.ndarray, factor: float) -> tuple[np.ndarray, np.ndarray]:
    """Both scaled by ``factor``; the image by area averaging when it shrinks."""
    if abs(factor - 1) < 0.02:
        return image, label
    size = (max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor)))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    small = cv2.resize(label.astype(np.float32), size, interpolation=cv2.INTER_NEAREST).astype(np.int32)
    return cv2.resize(image, size, interpolation=how), small


def diameters(label: np.ndarray) -> np.ndarray:
    """Equivalent diameter of every object, px."""
    areas = np.bincount(label.ravel())[1:]
    return np.sqrt(areas[areas > 0] * 4 / np.pi)


def number_of(name: str) -> int:
    """The source image's number, the same for every warped copy of it."""
    digits = re.findall(r"\d+", name)
    return int(digits[-1]) if digits else 0


def nuclei_factor(source: str, row: dict[str, str], label: np.ndarray) -> float:
    """Scale factor that brings an image to about 0.25 µm/px."""
    if source == "nuclei-tnbc-antillia":
        return 0.8  # 512 px of 0.25 µm enlarged to 640
    if source == "nuclei-histolytics-hgsc":
        return 1.0
    try:
        return float(row["mpp"]) / 0.25
    except ValueError:
        sizes = diameters(label)
        if sizes.size == 0:
            return 1.0
        return float(np.clip((NUCLEUS_PX / np.median(sizes)) ** 0.85, 0.4, 1.8))


def in_validation(source: str, at: int, name: str) -> bool:
    """One image in ten, and every copy of one source image on the same side."""
    if source == "nuclei-tnbc-full":
        return name.startswith(TNBC_VALIDATION)
    if source.startswith("nuclei-tnbc"):
        return number_of(name) % 10 == 8
    if source == "nuclei-nucls-cellvit":
        return name.startswith(("test_3", "train_8"))
    if source == "nuclei-dsb2018-stage1test":
        return at in (6, 9)
    if source == "nuclei-nuinsseg":  # whole organs, so that validation asks for tissues never seen
        return name.startswith(NUINSSEG_VALIDATION)
    return at % 10 == 4


def load_nuclei(root: Path | None = None, painted: Path | None = None) -> list[Sample]:
    """All nuclei samples with outlines, at 0.25 µm/px; suspicious masks are left out."""
    train = (root or data_root()) / "train"
    guard(train)
    samples: list[Sample] = []
    further = further_root()
    folders = sorted(train.glob("nuclei-*")) + (sorted(further.glob("nuclei-*")) if further else [])
    whole_tnbc = any(folder.name == "nuclei-tnbc-full" for folder in folders)
    for folder in folders:
        guard(folder)
        source = folder.name
        if whole_tnbc and source in TNBC_PARTS:
            continue
        for at, row in enumerate(read_index(folder)):
            image, label = read_rgb(folder / row["image"]), read_label(folder / row["label"])
            name = Path(row["image"]).name
            image, label = rescale(image, label, nuclei_factor(source, row, label))
            if suspicion(image, label) < SUSPICIOUS:
                continue
            unsure = ambiguous_ids(label) if source.startswith("nuclei-tnbc") else np.zeros(0, np.int32)
            if source == "nuclei-histolytics-hgsc":  # two large images: the lowest strip is for validation
                cut = round(image.shape[0] * 0.74)
                samples.append(Sample(name, source, image[:cut], label[:cut], unsure))
                samples.append(Sample(name, source, image[cut:], label[cut:], unsure, validation=True))
                continue
            validation = in_validation(source, at, name)
            samples.append(Sample(name, source, image, label, unsure, validation=validation))
    if painted is not None:
        samples += load_painted(painted)
    return samples


def load_painted(folder: Path, mpp: float = 0.25) -> list[Sample]:
    """What the painter of samples/ wrote: exact labels. One image in ten is for validation."""
    guard(folder)
    samples = []
    for at, row in enumerate(read_index(folder)):
        image, label = read_rgb(folder / row["image"]), read_label(folder / row["label"])
        image, label = rescale(image, label, float(row.get("mpp") or mpp) / mpp)
        samples.append(Sample(Path(row["image"]).name, "painted", image, label, validation=at % 10 == 4))
    return samples


def load_points(root: Path | None = None, mpp: float = 0.25, outlines: Path | None = None) -> list[Sample]:
    """H&E fields with a centroid for every nucleus; ``outlines`` is what promptable.outlines wrote for them."""
    folder = (root or data_root()) / "train" / "points-brca-m2c"
    guard(folder)
    samples = []
    for at, row in enumerate(read_index(folder)):
        name = Path(row["image"]).name
        if name.startswith(MEASURED_PATIENTS):
            continue
        factor = float(row["mpp"]) / mpp
        image = read_rgb(folder / row["image"])
        with open(folder / row["points"], newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        points = np.array([[float(r["x"]), float(r["y"])] for r in rows], np.float32).reshape(-1, 2)
        image, label = rescale(image, np.zeros(image.shape[:2], np.int32), factor)
        if outlines is not None:
            label = read_label(outlines / "labels" / f"{Path(name).stem}.png")
        sample = Sample(name, "points-brca-m2c", image, label, points=points * factor)
        sample.classes = np.array([CLASSES.index(r["class"]) for r in rows])
        sample.validation = at % 10 == 4
        samples.append(sample)
    return samples
