"""What a test model is asked to be: its family by name, and the knobs for the awkward cases."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from tools.test_models.scenes import CLASS_COLORS, DEFAULT_GRID, DEFAULT_LABELS

Family = Literal["detr", "rcnn", "yoloe", "solo"]

FAMILIES: tuple[Family, ...] = ("detr", "rcnn", "yoloe", "solo")

EXAMPLE_NAMES: dict[Family, str] = {
    "detr": "Mask-RT-DETR-S",
    "rcnn": "MaskRCNN-ResNet50-FPN",
    "yoloe": "PP-YOLOE_seg-S",
    "solo": "SOLOv2",
}
"""One official name per family."""

STRUCTURES = ("fpn", "cascade", "c4")
"""R-CNN test models with the real exports' operators: one a kind of the official models."""

CANDIDATES: dict[Family, int] = {"detr": 100, "rcnn": 100, "yoloe": 300, "solo": 100}
"""Candidates a real export returns for one image."""


def family_of(model_name: str) -> Family:
    """The output contract behind a PaddleX model name.

    Raises:
        ValueError: no family goes by such a name.
    """
    if model_name.startswith("Mask-RT-DETR"):
        return "detr"
    if "MaskRCNN" in model_name:
        return "rcnn"
    if model_name.startswith("PP-YOLOE_seg"):
        return "yoloe"
    if model_name.startswith("SOLOv2"):
        return "solo"
    raise ValueError(f"{model_name!r} is not the name of a PaddleX instance segmentation model")


@dataclass(frozen=True)
class ModelOptions:
    """Knobs of a test model.

    Attributes:
        labels: `label_list` of the model; only the first eight have a colour and are ever found.
        size: side in pixels of the network's square input (DETR, PP-YOLOE), or the short side its
            input is scaled to (R-CNN, SOLOv2; the long side is 5/3 of it). Boxes and masks are
            exact to about half an input pixel, so to 1-2 pixels as long as the image is not more
            than three times as large.
        candidates: rows of every output; None is the number of the real family (100, PP-YOLOE
            300). Each row is a full-frame mask, so lower it for large images.
        grid: rows and columns of cells; two objects of one class in one cell come out as one.
        class_scores: score of class ``i``; shorter than the labels repeats its last value. None
            spreads 0.95 to 0.60.
        cell_step: how much the score falls from one cell to the next. With 0 all objects of a
            class tie.
        outside_box: adds a class 0 candidate of score 0.99 whose box lies wholly right of the
            image and whose mask is the whole image. DETR and PP-YOLOE hand it out as it is; R-CNN
            clips it and gives it class -1, as the real export does. Not for SOLOv2, which has no
            boxes.
        empty_mask: adds a class 0 candidate of score 0.97 in the middle of the image with no mask
            pixel.
        nothing: finds nothing in any image and answers what the real family answers then: a
            stand-in row (R-CNN, PP-YOLOE), one row of -1 (SOLOv2; its mask has rank 1), low scores
            only (DETR).
        short_masks: leaves out the last row and column of every mask, as the PP-YOLOE export does
            for image sizes at which its division comes out just below a whole number.
        work: number of wasted 1024 x 1024 matrix products a run, some 50-200 ms each on two cores,
            for time limits.
        structure: for R-CNN, one of `STRUCTURES`: proposals, RoIAlign, box heads and a mask head in
            loops and branches as in the real exports. It finds boxes without meaning instead of
            the scene's objects, and of the other options knows `labels`, `candidates`, `nothing`
            and `empty_mask` (all masks are).
    """

    labels: tuple[str, ...] = DEFAULT_LABELS
    size: int = 320
    candidates: int | None = None
    grid: tuple[int, int] = DEFAULT_GRID
    class_scores: tuple[float, ...] | None = None
    cell_step: float = 0.005
    outside_box: bool = False
    empty_mask: bool = False
    nothing: bool = False
    short_masks: bool = False
    work: int = 0
    structure: str = ""

    def rows(self, family: Family) -> int:
        """Candidates of the family's outputs."""
        return self.candidates or CANDIDATES[family]

    @property
    def classes(self) -> int:
        """Classes that can be found."""
        return min(len(self.labels), len(CLASS_COLORS))

    def score(self, class_id: int, cell: int) -> float:
        """The score an object of this class in this cell gets, before rounding to float32."""
        if self.class_scores is None:
            base = 0.95 - 0.35 * class_id / max(1, self.classes - 1)
        else:
            base = self.class_scores[min(class_id, len(self.class_scores) - 1)]
        return base - self.cell_step * cell

    def checked(self, family: Family) -> ModelOptions:
        """Itself, if the family can have these options.

        Raises:
            ValueError: it cannot; says why.
        """
        if not self.labels:
            raise ValueError("a model needs at least one label; for an empty list use break_model")
        if family == "solo" and self.outside_box:
            raise ValueError("SOLOv2 gives no boxes, so none of them can lie outside the image")
        if self.structure and (family != "rcnn" or self.structure not in STRUCTURES):
            raise ValueError("only R-CNN has a structure: fpn, cascade or c4")
        if self.rows(family) < 1 or self.size < 32:
            raise ValueError("a model needs at least one candidate and a size of 32 pixels or more")
        return self

    def to_json(self) -> str:
        """Text that `from_json` reads back."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ModelOptions:
        """The options written by `to_json`."""
        return cls(**{key: _tuples(value) for key, value in json.loads(text).items()})


def _tuples(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
