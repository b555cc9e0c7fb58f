"""The two models that ship: what each is trained on, and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .augment import CropConfig
from .batches import BatchConfig
from .datasets import Sample, load_nuclei, load_points
from .model import ModelConfig, nuclei_config, regions_config
from .regions import load_regions
from .targets import PromptConfig


@dataclass(frozen=True)
class Task:
    """A model to train."""

    name: str
    title: str
    #: Names of the product's tasks that use this model.
    product_tasks: tuple[str, ...]
    model: ModelConfig
    load: Callable[..., list[Sample]]
    batches: Callable[[int], BatchConfig]
    #: Background prompts a crop, chosen while training.
    empty_prompts: int
    #: Where the search for thresholds starts (see automatic.AutoConfig).
    auto: dict[str, float]
    #: Radius of the blind disc control, px.
    disc_px: float
    #: At most so many validation images of a source.
    validation_each: int = 8

    def outlined(self, painted: Path | None) -> list[Sample]:
        """The images, of training and of validation, in which every object has an outline."""
        return [s for s in self.load(painted) if s.points is None and s.complete]


NUCLEI_SHARES = {
    "nuclei-dsb2018-histology": 0.07,
    "nuclei-dsb2018-stage1test": 0.04,
    "nuclei-histolytics-hgsc": 0.11,
    "nuclei-nucls-cellvit": 0.13,
    "nuclei-nuinsseg": 0.34,
    "nuclei-tnbc-full": 0.17,
    # Where the whole of TNBC is not at hand.
    "nuclei-tnbc-antillia": 0.09,
    "nuclei-tnbc-originals": 0.08,
    "points-brca-m2c": 0.14,
    "painted": 0.04,
}


def _nuclei_samples(painted: Path | None, outlines: Path | None = None) -> list[Sample]:
    return load_nuclei(painted=painted) + load_points(outlines=outlines)


def _nuclei_batches(seed: int) -> BatchConfig:
    return BatchConfig(
        batch=4,
        stride=2,
        seed=seed,
        crop=CropConfig(size=256, pale=0.15),
        prompt=PromptConfig(objects=9),
        shares=NUCLEI_SHARES,
    )


REGIONS_SHARES = {
    "regions-bcss-tumour": 0.09,
    "regions-ebhi-seg": 0.48,
    # Where the whole of EBHI-SEG is not at hand.
    "regions-ebhi-polyp": 0.25,
    "regions-ebhi-multiclass": 0.08,
    "regions-rings-prostate": 0.12,
    "painted-2": 0.17,
    "painted-8": 0.14,
}


def _regions_samples(painted: Path | None, outlines: Path | None = None) -> list[Sample]:
    return load_regions(painted=painted)


def _regions_batches(seed: int) -> BatchConfig:
    return BatchConfig(
        batch=6,
        stride=4,
        seed=seed,
        crop=CropConfig(size=256, scale_spread=0.25, painted_scale_spread=0.2, on_object=0.7, glass=0.2),
        prompt=PromptConfig(objects=6, min_area=60),
        shares=REGIONS_SHARES,
    )


TASKS = {
    "nuclei": Task(
        name="nuclei",
        title="microtome nuclei: a small SAM-style model for nuclei in H&E",
        product_tasks=("nuclei",),
        model=nuclei_config(),
        load=_nuclei_samples,
        batches=_nuclei_batches,
        empty_prompts=3,
        auto={"min_area_um2": 6.0, "mpp": 0.25},
        disc_px=10.0,
    ),
    "regions": Task(
        name="regions",
        title="microtome regions: a small SAM-style model for glands, tumour nests and pieces of tissue in H&E",
        product_tasks=("tumor", "tissue"),
        model=regions_config(),
        load=_regions_samples,
        batches=_regions_batches,
        empty_prompts=2,
        auto={"min_area_um2": 400.0, "mpp": 2.0, "peak_radius_px": 12.0},
        disc_px=20.0,
        validation_each=32,
    ),
}
