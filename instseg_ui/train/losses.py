"""What training minimises, image by image: scores, boxes and masks.

As `tools/embedded_models/losses.py` has it in PyTorch, less the map of the foreground; and classes
that are replayed have the start network's own scores for targets.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import paddle
import paddle.nn.functional as F
from paddle import Tensor

from instseg_ui.train.assign import Assigned, Floats, assign, grid_points, overlaps
from instseg_ui.train.augment import KNOWN_STRIDE
from instseg_ui.train.network import spec
from instseg_ui.train.network.graph import mask_logits, sample
from instseg_ui.train.network.layers import PaddleNetwork
from instseg_ui.train.outlines import MASK_MARGIN
from instseg_ui.train.sample import Targets

WEIGHTS = {"score": 1.0, "box": 5.0, "bins": 1.0, "mask": 1.0, "dice": 1.5}
MASK_POINTS = 28
"""Side of the grid on which an object's mask is compared."""
MASKS_AN_IMAGE = 40
CROWD = 6
"""Objects of one class in one image that count fully."""
_TRUSTED_IOU = 0.5


class Replay(NamedTuple):
    """What the start network says of the classes that are not annotated.

    Attributes:
        classes: int64 [K], of the model.
        scores: float16 [K,A], probabilities.
    """

    classes: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float16]


def losses(
    network: PaddleNetwork,
    taps: list[Tensor],
    targets: Targets,
    replay: Replay | None,
    rng: np.random.Generator,
) -> dict[str, Tensor]:
    """Weighted losses of one input; the sum of the values is minimised.

    Args:
        network: its backbone is not used.
        taps: the backbone's features of the input, [1,C,h,w] each.
        targets: the input's objects, and what is known where.
        replay: of classes that have no annotations; None where there are none.
        rng: chooses the points whose masks are compared, where there are many.
    """
    scores, distances, embeddings, features, _ = network.read(taps)
    height, width = (spec.MASK_STRIDE * side for side in features.shape[2:])
    centres, strides = grid_points(height, width)
    predicted = _decoded(distances[0], centres, strides)
    found = predicted.detach().numpy()
    chosen = assign(F.sigmoid(scores[0]).numpy(), found, centres, targets.boxes, targets.labels)
    shares = _class_shares(targets.labels, scores.shape[1])
    score, total = _score_loss(scores[0], targets, chosen, shares, replay)
    result = {"score": score}
    result |= _box_losses(predicted, distances[0], centres, strides, targets, chosen, shares, total)
    result |= _mask_losses(network, embeddings[0], features, found, targets, chosen, rng)
    return {name: value * WEIGHTS[name] for name, value in result.items()}


def _decoded(distances: Tensor, centres: Floats, strides: Floats) -> Tensor:
    """Boxes [A,4] in input pixels: each side is the expectation of its distribution.

    The formula is that of Generalized Focal Loss (Li et al. 2020, eq. 5).
    """
    bins = paddle.arange(spec.DISTANCE_BINS, dtype="float32")
    expected = (F.softmax(distances, -1) * bins).sum(-1) * paddle.to_tensor(strides[:, None])
    middle = paddle.to_tensor(centres)
    return paddle.concat([middle - expected[:, :2], middle + expected[:, 2:]], -1)


def _class_shares(labels: npt.NDArray[np.int64], classes: int) -> Floats:
    """Weights [C] of a class in an image: a crowd of windows counts as CROWD of them and a few."""
    counts = np.bincount(labels, minlength=classes)
    return np.sqrt(CROWD / np.maximum(counts, CROWD)).astype(np.float32)


def known_points(known: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """[C,A] at the network's points, from a map [C,S/8,S/8]."""
    levels = []
    for stride in spec.STRIDES:
        step = stride // KNOWN_STRIDE
        levels.append(known[:, step // 2 :: step, step // 2 :: step].reshape(len(known), -1))
    return np.concatenate(levels, 1)


def _score_loss(
    logits: Tensor,
    targets: Targets,
    chosen: Assigned,
    shares: Floats,
    replay: Replay | None,
) -> tuple[Tensor, float]:
    """Cross-entropy of logits [C,A], and the weight of all objects that it is divided by."""
    wanted = np.zeros(logits.shape, np.float32)
    labels = targets.labels[chosen.objects]
    wanted[labels, chosen.points] = chosen.quality
    counted = known_points(targets.known)
    # What answers for one object is none of another class, whatever is known of the photo.
    counted[:, chosen.points] = True
    weights = counted * shares[:, None]
    if replay is not None:
        weights[replay.classes] = 1.0
        wanted[replay.classes] = replay.scores
    total = max(float((chosen.quality * shares[labels]).sum()), 1.0)
    entropy = F.binary_cross_entropy_with_logits(
        logits, paddle.to_tensor(wanted), paddle.to_tensor(weights), reduction="sum"
    )
    return entropy / total, total


def _box_losses(
    predicted: Tensor,
    distances: Tensor,
    centres: Floats,
    strides: Floats,
    targets: Targets,
    chosen: Assigned,
    shares: Floats,
    total: float,
) -> dict[str, Tensor]:
    """GIoU and distribution focal losses of the assigned boxes, weighted by quality."""
    if not len(chosen.points):
        nothing = predicted.sum() * 0
        return {"box": nothing, "bins": nothing}
    points = paddle.to_tensor(chosen.points)
    true = targets.boxes[chosen.objects]
    weights = paddle.to_tensor(chosen.quality * shares[targets.labels[chosen.objects]] / total)
    middle = centres[chosen.points]
    sides = np.concatenate([middle - true[:, :2], true[:, 2:] - middle], 1)
    sides = sides / strides[chosen.points, None]
    giou = _giou(paddle.gather(predicted, points), paddle.to_tensor(true))
    bins = _distribution_focal(paddle.gather(distances, points), sides)
    return {"box": ((1 - giou) * weights).sum(), "bins": (bins * weights).sum()}


def _giou(a: Tensor, b: Tensor) -> Tensor:
    """Generalised IoU [N] of paired boxes [N,4] (Rezatofighi et al. 2019, algorithm 1)."""
    corners = paddle.minimum(a[:, 2:], b[:, 2:]) - paddle.maximum(a[:, :2], b[:, :2])
    common = F.relu(corners).prod(-1)
    union = (a[:, 2:] - a[:, :2]).prod(-1) + (b[:, 2:] - b[:, :2]).prod(-1) - common
    hull = paddle.maximum(a[:, 2:], b[:, 2:]) - paddle.minimum(a[:, :2], b[:, :2])
    around = hull.prod(-1).clip(min=1e-6)
    return common / union.clip(min=1e-6) - (around - union) / around


def _distribution_focal(logits: Tensor, sides: Floats) -> Tensor:
    """Distribution focal loss [N], the mean over four sides [N,4] (GFL, eq. 6).

    It is the cross-entropy to the two bins around each true distance.
    """
    sides = np.clip(sides, 0, spec.DISTANCE_BINS - 1.01)
    lower = sides.astype(np.int64)
    share = sides - lower
    wanted = np.zeros((*sides.shape, spec.DISTANCE_BINS), np.float32)
    np.put_along_axis(wanted, lower[..., None], (1 - share)[..., None], -1)
    np.put_along_axis(wanted, lower[..., None] + 1, share[..., None], -1)
    return -(F.log_softmax(logits, -1) * paddle.to_tensor(wanted)).sum(-1).mean(-1)


def _mask_losses(
    network: PaddleNetwork,
    embeddings: Tensor,
    features: Tensor,
    predicted: Floats,
    targets: Targets,
    chosen: Assigned,
    rng: np.random.Generator,
) -> dict[str, Tensor]:
    """Cross-entropy and dice of masks, for a random share of the assigned points."""
    some = rng.permutation(len(chosen.points))[:MASKS_AN_IMAGE]
    if not len(some):
        nothing = features.sum() * 0
        return {"mask": nothing, "dice": nothing}
    points, objects = chosen.points[some], chosen.objects[some]
    frames = _frames(predicted[points], targets.boxes[objects])
    truth = _read_masks(targets.masks[objects], targets.boxes[objects], frames)
    parameters = network.controller(paddle.gather(embeddings, paddle.to_tensor(points)))
    values = sample(features, paddle.to_tensor(frames), MASK_POINTS)
    found = mask_logits(parameters, values, MASK_POINTS).flatten(1)
    return {
        "mask": F.binary_cross_entropy_with_logits(found, truth),
        "dice": _dice(F.sigmoid(found), truth).mean(),
    }


def _dice(probabilities: Tensor, truth: Tensor) -> Tensor:
    """Dice loss [N] of probabilities and targets [N,P] (Milletari et al. 2016, section 3)."""
    common = 2 * (probabilities * truth).sum(1)
    return 1 - (common + 1) / (probabilities.square().sum(1) + truth.square().sum(1) + 1)


def _frames(predicted: Floats, true: Floats) -> Floats:
    """The boxes [N,4] over which masks are compared: the predicted ones, wherever those are good.

    So it is at run time, too.
    """
    trusted = np.diagonal(overlaps(predicted, true)) >= _TRUSTED_IOU
    return np.where(trusted[:, None], predicted, true)


def _read_masks(masks: npt.NDArray[np.uint8], boxes: Floats, frames: Floats) -> Tensor:
    """True coverage [N,MASK_POINTS**2], 0 to 1, at a grid over each of `frames` [N,4].

    It is read from `masks`, which lie over the enlarged `boxes` [N,4].
    """
    steps = (np.arange(MASK_POINTS, dtype=np.float32) + 0.5) / MASK_POINTS
    corner, side = frames[:, None, :2], frames[:, None, 2:] - frames[:, None, :2]
    at = corner + side * steps[None, :, None]
    middle = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2
    extent = np.maximum(boxes[:, None, 2:] - boxes[:, None, :2], 1e-3) * MASK_MARGIN
    at = (at - middle) / extent * 2
    x = np.broadcast_to(at[:, None, :, 0], (len(at), MASK_POINTS, MASK_POINTS))
    y = np.broadcast_to(at[:, :, None, 1], (len(at), MASK_POINTS, MASK_POINTS))
    coverage = paddle.to_tensor(masks[:, None].astype(np.float32) / 255)
    grid = paddle.to_tensor(np.ascontiguousarray(np.stack([x, y], -1), np.float32))
    with paddle.no_grad():
        read = F.grid_sample(coverage, grid, padding_mode="zeros", align_corners=False)
    return read.flatten(1)
