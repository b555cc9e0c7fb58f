"""Further training sets, made of public repositories that carry them: one folder an image set, as under ``train/``.

    python -m promptable.further_data nuinsseg FOLDER runs/further/nuclei-nuinsseg
    python -m promptable.further_data tnbc FOLDER runs/further/nuclei-tnbc-full
    python -m promptable.further_data ebhi FOLDER runs/further/regions-ebhi-seg

``FOLDER`` is a checkout of the repository and commit named in ``SOURCES``; the last gets images/, labels/ (16-bit PNG,
0 background, one number an object), index.tsv and LICENCE.md. Nothing is fetched here.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy import ndimage

#: A nucleus or gland of fewer pixels than this is what an overlap left over, or a slip of the pen.
LEAST_PX = 40
COLUMNS = ("image", "label", "width", "height", "instances", "mpp", "magnification", "organ", "note")


@dataclass(frozen=True)
class Source:
    """Where a set comes from and what may be done with it."""

    repository: str
    commit: str
    title: str
    licence: str
    certainty: str
    citation: str
    scale: str
    mpp: float
    magnification: str
    remarks: str


SOURCES = {
    "nuinsseg": Source(
        repository="https://github.com/chandana-koganti14/NuInseg",
        commit="6a78bfca0a2409a6eb1946b2e6011040e71ed4ad",
        title="NuInsSeg: 665 H&E patches of 31 human and mouse organs (folder dataset/)",
        licence="CC BY 4.0",
        certainty=(
            "high: Zenodo 10518968 as named CC BY 4.0 by InstanSeg (utils/create_bioimageio_model.py at 835ce66 and"
            " the card of its brightfield_nuclei model); the Zenodo page itself was not seen. The repository adds "
            "no licence of its own."
        ),
        citation=(
            "Mahbod A, Polak C, Feldmann K, Khan R, Gelles K, Dorffner G, Woitek R, Hatamikia S, Ellinger I. "
            "NuInsSeg: A fully annotated dataset for nuclei instance segmentation in H&E-stained histological "
            "images. Scientific Data 11, 295 (2024). https://doi.org/10.1038/s41597-024-03117-2"
        ),
        scale=(
            "0.18 µm/px, an estimate: median nuclear diameters (mouse thymus 28.7 px, human spleen 28.7, cerebellum"
            " 30.0, mouse liver 38.8) fit 5.2 µm for lymphocytes and granule cells and 7 µm for hepatocytes. "
            "Scanned with a TissueFAXS."
        ),
        mpp=0.18,
        magnification="40x",
        remarks=(
            "Outlined by hand in ImageJ; 'label masks modify': each overlap belongs to one nucleus. The authors' "
            "masks of ambiguous areas are not in this repository, so that blurred nuclei may stand unlabelled. One "
            "slide an organ: split by organ. Own slides of the Medical University of Vienna, no TCGA."
        ),
    ),
    "tnbc": Source(
        repository="https://github.com/OVER-CODER/Nuclei-Segmentation",
        commit="a98f3ec405a29495a2c2d3493790b4604e64170f",
        title="TNBC: 50 H&E images of 11 patients (folder Dataset/TNBC_Dataset_Compiled/)",
        licence="CC BY 4.0",
        certainty=(
            "high: Zenodo 3552674 as named CC BY 4.0 by InstanSeg's card of its brightfield_nuclei model, and "
            "1175282 by shjo-april/COIN; the Zenodo page itself was not seen. The repository adds no licence of its"
            " own."
        ),
        citation=(
            "Naylor P, Laé M, Reyal F, Walter T. Segmentation of nuclei in histopathology images by deep regression"
            " of the distance map. IEEE Transactions on Medical Imaging 38(2), 448-459 (2019)."
        ),
        scale="0.25 µm/px: 40x",
        mpp=0.25,
        magnification="40x",
        remarks=(
            "Binary masks: a nucleus is a 4-connected piece, so that touching ones merge. The first number of a "
            "name is the patient: split by it. Holds the images of nuclei-tnbc-antillia and nuclei-tnbc-originals: "
            "use it in their place."
        ),
    ),
    "ebhi": Source(
        repository="https://github.com/emhaihsan/EBHI-Segmentation",
        commit="211f175d5a7c3f84cd2ef8fe214b6ba70533c0eb",
        title="EBHI-SEG: 2,226 fields of colorectal biopsies, six classes, with masks of glands (folder EBHI-SEG/)",
        licence="CC BY 4.0",
        certainty=(
            "high: figshare 21540159 as named CC BY 4.0 by dataset-ninja/ebhi-seg (LICENSE.md at 7b3202bb) and by "
            "the paper's abstract, which names the same page; the page itself was not seen. The repository adds no "
            "licence of its own."
        ),
        citation=(
            "Shi L, Li X, Hu W, et al. EBHI-Seg: A novel enteroscope biopsy histopathological hematoxylin and eosin"
            " image dataset for image segmentation tasks. Frontiers in Medicine 10, 1114673 (2023)."
        ),
        scale=("1.15 µm/px once stretched, an estimate: normal crypts of a median 73 px across are taken for 85 µm."),
        mpp=1.15,
        magnification="400x as named by the authors",
        remarks=(
            "The fields are squeezed into 224 x 224: glands that do not touch the edge are 1.3 times as high as wide"
            " in every class, as a 4:3 camera frame would be. Stretched back to 299 x 224 here. The masks are binary:"
            " a gland is a 4-connected piece with its holes filled, so that touching glands merge, with what they"
            " enclose. The first part of a name is the patient, who may have fields of several classes: split by it."
            " Holds the images of "
            "regions-ebhi-polyp and regions-ebhi-multiclass: use it in their place."
        ),
    ),
}


def one_piece(label: np.ndarray) -> np.ndarray:
    """The largest 8-connected piece of every number, from 1 without gaps; what is under LEAST_PX is dropped."""
    out = np.zeros(label.shape, np.uint16)
    count = 0
    for number in np.unique(label):
        if number == 0:
            continue
        _, pieces, stats, _ = cv2.connectedComponentsWithStats((label == number).astype(np.uint8), connectivity=8)
        areas = stats[1:, cv2.CC_STAT_AREA]
        if areas.max() < LEAST_PX:
            continue
        count += 1
        out[pieces == 1 + int(areas.argmax())] = count
    return out


#: Name, image BGR [H,W,3], label [H,W] and what the tissue is.
Item = tuple[str, np.ndarray, np.ndarray, str]


def pixels(path: Path, how: int = cv2.IMREAD_COLOR) -> np.ndarray:
    """The file's pixels. Raises ValueError where it cannot be read."""
    found = cv2.imread(str(path), how) if path.is_file() else None
    if found is None:
        raise ValueError(f"{path}: missing or not an image; is the checkout at the commit that SOURCES names?")
    return found


def nuinsseg(folder: Path) -> Iterator[Item]:
    """Every NuInsSeg patch."""
    for path in sorted((folder / "dataset").glob("*/label masks modify/*.tif")):
        organ = path.parent.parent.name
        image = path.parent.parent / "tissue images" / f"{path.stem}.png"
        yield path.stem.replace(" ", "_"), pixels(image), pixels(path, cv2.IMREAD_UNCHANGED), organ


def tnbc(folder: Path) -> Iterator[Item]:
    """Every TNBC image."""
    for path in sorted((folder / "Dataset" / "TNBC_Dataset_Compiled" / "Masks").glob("*.png")):
        mask = pixels(path, cv2.IMREAD_GRAYSCALE)
        _, label = cv2.connectedComponents((mask > mask.max() / 2).astype(np.uint8), connectivity=4)
        yield path.stem, pixels(path.parent.parent / "Slide" / path.name), label, "human breast"


def ebhi(folder: Path) -> Iterator[Item]:
    """Every EBHI-SEG field that has a mask, stretched back to 4:3; a name begins with its patient, in capitals."""
    for path in sorted((folder / "EBHI-SEG").glob("*/label/*.png")):
        kind = path.parent.parent.name
        mask = pixels(path, cv2.IMREAD_GRAYSCALE)
        image = pixels(path.parent.parent / "image" / path.name)
        size = (round(image.shape[1] * 4 / 3), image.shape[0])
        wide = cv2.resize(mask, size, interpolation=cv2.INTER_LINEAR) > 127
        _, label = cv2.connectedComponents(ndimage.binary_fill_holes(wide).astype(np.uint8), connectivity=4)
        name = f"{path.stem.upper().replace('GTGT', 'GT')}-{kind.replace(' ', '_')}"
        yield name, cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), label, f"human colon or rectum, {kind}"


READERS = {"nuinsseg": nuinsseg, "tnbc": tnbc, "ebhi": ebhi}


def licence(source: Source, images: int, objects: int) -> str:
    return "\n".join(
        (
            f"Source: {source.repository} @ {source.commit}",
            f"Data set: {source.title}",
            f"Licence of the data: {source.licence}",
            f"Certainty: {source.certainty}",
            f"Cite: {source.citation}",
            f"Pixel size: {source.scale}",
            f"Counts: {images} images, {objects} objects",
            f"Remarks: {source.remarks}",
            "",
        )
    )


def make(name: str, folder: Path, out: Path) -> tuple[int, int]:
    """Write the set ``name`` into ``out``; how many images and objects. Raises ValueError where a file is missing."""
    source = SOURCES[name]
    rows = []
    (out / "images").mkdir(parents=True, exist_ok=True)
    (out / "labels").mkdir(exist_ok=True)
    for stem, image, raw, tissue in READERS[name](folder):
        label = one_piece(raw)
        paths = (f"images/{stem}.png", f"labels/{stem}.png")
        cv2.imwrite(str(out / paths[0]), image)
        cv2.imwrite(str(out / paths[1]), label)
        height, width = label.shape
        scale = (source.mpp, source.magnification)
        rows.append((*paths, width, height, int(label.max()), *scale, tissue, f"{name}; {tissue}"))
    if not rows:
        raise ValueError(f"{folder}: nothing of {name} found; expected {source.repository} at {source.commit}")
    with open(out / "index.tsv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    objects = sum(row[4] for row in rows)
    (out / "LICENCE.md").write_text(licence(source, len(rows), objects), encoding="utf-8")
    return len(rows), objects


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=sorted(SOURCES))
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    args = parser.parse_args()
    images, objects = make(args.set, args.folder, args.out)
    print(f"{args.set}: {images} images, {objects} objects in {args.out}")


if __name__ == "__main__":
    main()
