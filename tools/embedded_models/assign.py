"""Which points answer for which objects: task-aligned assignment (TOOD, Feng et al. 2021)."""

from typing import NamedTuple

import torch
from torch import Tensor

CANDIDATES = 10  # points an object may train
ALPHA, BETA = 1.0, 6.0  # weights of score and overlap in the alignment, as in the paper


class Assignment(NamedTuple):
    """P assigned points of one image."""

    points: Tensor  # int64 [P], indices into the image's A points
    objects: Tensor  # int64 [P], the object each one answers for
    quality: Tensor  # float32 [P], the score that each should reach, in (0, 1]


def pairwise_iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union [N,M] of boxes [N,4] and [M,4] (xyxy)."""
    top_left = torch.maximum(a[:, None, :2], b[None, :, :2])
    bottom_right = torch.minimum(a[:, None, 2:], b[None, :, 2:])
    overlap = (bottom_right - top_left).clamp(min=0).prod(-1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(-1) for boxes in (a, b)]
    return overlap / (areas[0][:, None] + areas[1][None] - overlap).clamp(min=1e-9)


@torch.no_grad()
def assign(
    scores: Tensor, boxes: Tensor, centres: Tensor, objects: Tensor, classes: Tensor
) -> Assignment:
    """Assign points of one image to its objects.

    Args:
        scores: probabilities [A,C].
        boxes: predicted boxes [A,4], xyxy pixels.
        centres: points [A,2], x and y in pixels.
        objects: true boxes [G,4], xyxy pixels.
        classes: int64 [G], what each object is.

    Each object takes the CANDIDATES points inside it of largest alignment score^ALPHA * IoU^BETA,
    the score being that of its class; a point wanted by several goes to the one it overlaps most.
    The quality is the alignment scaled, per object, so that its largest equals the object's largest
    IoU.
    """
    if len(objects) == 0:
        nothing = torch.empty(0, dtype=torch.int64)
        return Assignment(nothing, nothing, torch.empty(0))
    inside = ((centres > objects[:, None, :2]) & (centres < objects[:, None, 2:])).all(-1)
    overlaps = pairwise_iou(objects, boxes) * inside
    alignment = scores[:, classes].T.pow(ALPHA) * overlaps.pow(BETA)
    threshold = alignment.topk(CANDIDATES, dim=1).values[:, -1:]
    wanted = inside & (alignment >= threshold) & (overlaps > 1e-3)
    contested = overlaps.masked_fill(~wanted, -1.0)
    best, owner = contested.max(0)
    chosen = (best > 0).nonzero()[:, 0]
    owner = owner[chosen]

    mine = torch.zeros_like(wanted)
    mine[owner, chosen] = True
    largest_alignment = (alignment * mine).amax(1)
    largest_overlap = (overlaps * mine).amax(1)
    scaled = (
        alignment[owner, chosen]
        / largest_alignment[owner].clamp(min=1e-12)
        * largest_overlap[owner]
    )
    return Assignment(chosen, owner, scaled)
