"""Whether a written folder computes what was trained: run by PaddleX's predictor and compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco

from instseg_ui import engines
from instseg_ui.engines import EngineRequest
from instseg_ui.errors import LoadError
from instseg_ui.evaluate.run import MAX_INSTANCES
from instseg_ui.masks import packed
from instseg_ui.results import Instances
from instseg_ui.train.assign import overlaps
from instseg_ui.train.found import find, look
from instseg_ui.train.network import spec
from instseg_ui.train.network.graph import PaddleModel
from instseg_ui.train.network.inference_folder import PADDLEX_NAME

ENGINES = ("paddle", "paddle-onednn")
"""PaddleX's predictor, without and with oneDNN; it uses the latter for this name by default."""
SCORE_TOLERANCE = 1e-3
BOX_TOLERANCE = 0.1
"""Pixels of the photo."""
MASK_TOLERANCE = 0.99
"""IoU."""
# An object nearer than this to the lowest score may be there in one of the two.
_SURE_SCORE = spec.SCORE_THRESHOLD + 2 * SCORE_TOLERANCE
# Suppression decides by overlap: where that is a tie, one object more or less is no difference.
_TIES = 0.02
_SAME_BOX = 0.9


@dataclass(frozen=True, slots=True)
class Proof:
    """The largest differences between the network that was trained and the folder.

    Attributes:
        photos: compared.
        objects: compared, over both engines.
        unpaired: of them found by one side only.
        score: largest difference.
        box: largest difference of a corner, pixels of the photo.
        mask: least IoU of two masks of one object.
    """

    photos: int
    objects: int
    unpaired: int
    score: float
    box: float
    mask: float

    @property
    def holds(self) -> bool:
        """Whether all of it is rounding."""
        return (
            self.unpaired <= _TIES * self.objects
            and self.score <= SCORE_TOLERANCE
            and self.box <= BOX_TOLERANCE
            and self.mask >= MASK_TOLERANCE
        )

    def to_dict(self) -> dict[str, float]:
        """Plain JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"{self.objects} objects in {self.photos} photos: scores within {self.score:.1e}, "
            f"boxes within {self.box:.1e} pixels, masks at an IoU of at least {self.mask:.5f}"
        )


def prove(
    model: PaddleModel, folder: Path, photos: Sequence[npt.NDArray[np.uint8]], threads: int
) -> Proof:
    """Run the folder in PaddleX's own predictor, and the network, on BGR photos (H, W, 3).

    Raises:
        LoadError: PaddleX refuses the folder.
    """
    pairs: list[_Pairs] = []
    for name in ENGINES:
        request = EngineRequest(name, folder, PADDLEX_NAME, model.spec.classes, "cpu", threads)
        engine = engines.create(request)
        for pixels in photos:
            theirs = engine.run(pixels, spec.SCORE_THRESHOLD, MAX_INSTANCES).instances
            ours = find(model, look(model, pixels), model.spec.classes, spec.SCORE_THRESHOLD)
            pairs.append(_paired(ours, theirs))
    return Proof(
        len(photos),
        sum(one.objects for one in pairs),
        sum(one.unpaired for one in pairs),
        max((one.score for one in pairs), default=0.0),
        max((one.box for one in pairs), default=0.0),
        min((one.mask for one in pairs), default=1.0),
    )


def insist(proof: Proof) -> None:
    """Raises `LoadError` where the folder is not equal to the network."""
    if not proof.holds:
        raise LoadError(
            f"The written folder does not compute what was trained ({proof}; {proof.unpaired} "
            "found by one side only). Nothing was replaced; what was learned is kept."
        )


@dataclass(frozen=True, slots=True)
class _Pairs:
    objects: int
    unpaired: int
    score: float
    box: float
    mask: float


def _paired(ours: Instances, theirs: Instances) -> _Pairs:
    """Objects of two sides paired by class and box, and how far the pairs are apart."""
    same = overlaps(ours.boxes, theirs.boxes)
    same = np.where(ours.class_ids[:, None] == theirs.class_ids[None], same, 0)
    taken: set[int] = set()
    score, box, mask, alone = 0.0, 0.0, 1.0, 0
    for i in range(len(ours)):
        free = [j for j in np.argsort(-same[i]).tolist() if j not in taken][:1]
        if not free or same[i, free[0]] < _SAME_BOX:
            alone += bool(ours.scores[i] > _SURE_SCORE)
            continue
        j = free[0]
        taken.add(j)
        score = max(score, abs(float(ours.scores[i] - theirs.scores[j])))
        box = max(box, float(np.abs(ours.boxes[i] - theirs.boxes[j]).max()))
        iou = coco.iou([packed(ours.masks[i])], [packed(theirs.masks[j])], [0])
        empty = not (ours.areas[i] or theirs.areas[j])
        mask = min(mask, 1.0 if empty else float(iou[0, 0]))
    alone += sum(theirs.scores[j] > _SURE_SCORE for j in range(len(theirs)) if j not in taken)
    return _Pairs(len(ours) + len(theirs) - len(taken), int(alone), score, box, mask)
