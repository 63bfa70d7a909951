"""What training minimises: scores, boxes, masks and an auxiliary foreground map."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from instseg_ui.train.augment import KNOWN_STRIDE
from instseg_ui.train.network import spec
from instseg_ui.train.outlines import MASK_MARGIN
from tools.embedded_models import network
from tools.embedded_models.assign import Assignment, assign, pairwise_iou
from tools.embedded_models.dataset import Batch
from tools.embedded_models.network import Raw

WEIGHTS = {"score": 1.0, "box": 5.0, "bins": 1.0, "mask": 1.0, "dice": 1.5, "foreground": 0.5}
MASK_POINTS = 28  # side of the grid on which an object's mask is compared
MASKS_A_BATCH = 160
CROWD = 6  # objects of one class in one image that count fully
_TRUSTED_IOU = 0.5


def losses(raw: Raw, controller: nn.Module, batch: Batch) -> dict[str, Tensor]:
    """Weighted losses of a batch of S x S images; the sum of the values is minimised.

    Args:
        raw: the network's outputs for B images.
        controller: the layer that turns embeddings into mask parameters.
        batch: the images' objects, and what is known where.
    """
    boxes, size = batch.boxes, batch.images.shape[-1]
    centres, strides = network.points(size, size)
    scores, distances = raw.scores.float(), raw.distances.float()
    predicted = network.decode_boxes(distances, centres, strides)
    chosen = [
        assign(scores[i].sigmoid(), predicted[i].detach(), centres, boxes[i], batch.labels[i])
        for i in range(len(boxes))
    ]
    shares = class_shares(batch.labels, scores.shape[2])
    targets, counted = torch.zeros_like(scores), known_points(batch.known)
    for i, item in enumerate(chosen):
        targets[i, item.points, batch.labels[i][item.objects]] = item.quality
        # Whatever is known about the photo: what answers for one object is none of another class.
        counted[i, item.points] = True
    weights = counted * shares[:, None]
    total = (targets * weights).sum().clamp(min=1.0)
    # Plain cross-entropy keeps scores near probabilities. Focal weights of the negatives left some
    # eighty candidates an image above the floor, nearly all of them background.
    score = F.binary_cross_entropy_with_logits(scores, targets, weights, reduction="sum")
    result = {"score": score / total}
    of_objects = [shares[i][batch.labels[i]] for i in range(len(boxes))]
    result |= _box_losses(predicted, distances, centres, strides, boxes, chosen, of_objects, total)
    result |= _mask_losses(raw, controller, predicted.detach(), boxes, batch.masks, chosen)
    result["foreground"] = _foreground_loss(raw.foreground.float(), batch)
    return {name: value * WEIGHTS[name] for name, value in result.items()}


def class_shares(labels: list[Tensor], classes: int) -> Tensor:
    """Weights [B,C] of a class in an image: a crowd of windows counts as CROWD of them and a few.

    The weight is of the whole channel, what is there and what is not, so that scores stay near
    probabilities.
    """
    counts = torch.stack([torch.bincount(one, minlength=classes) for one in labels]).float()
    return (CROWD / counts.clamp(min=CROWD)).sqrt()


def known_points(known: Tensor) -> Tensor:
    """Bool [B,A,C] at the network's points, from maps [B,C,S/8,S/8]."""
    levels = []
    for stride in spec.STRIDES:
        step = stride // KNOWN_STRIDE
        levels.append(known[:, :, step // 2 :: step, step // 2 :: step].flatten(2))
    return torch.cat(levels, 2).transpose(1, 2).contiguous()


def _foreground_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Cross-entropy and dice of the map of each class [B,C,S/4,S/4], where it is known."""
    truth = batch.foreground.float()
    known = batch.known.repeat_interleave(2, 2).repeat_interleave(2, 3) | (truth > 0)
    entropy = F.binary_cross_entropy_with_logits(logits, truth, known.float(), reduction="sum")
    there = truth.flatten(2).any(2)
    overlap = dice((logits.sigmoid() * known)[there].flatten(1), truth[there].flatten(1))
    return entropy / known.sum().clamp(min=1) + overlap.sum() / max(len(overlap), 1)


def giou(a: Tensor, b: Tensor) -> Tensor:
    """Generalised IoU [N] of paired boxes [N,4] (Rezatofighi et al. 2019, algorithm 1)."""
    overlap = (
        (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2]))
        .clamp(min=0)
        .prod(-1)
    )
    union = (a[:, 2:] - a[:, :2]).prod(-1) + (b[:, 2:] - b[:, :2]).prod(-1) - overlap
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(-1)
    return overlap / union.clamp(min=1e-6) - (hull - union) / hull.clamp(min=1e-6)


def dice(probabilities: Tensor, targets: Tensor) -> Tensor:
    """Dice loss [N] of probabilities and targets [N,P] (Milletari et al. 2016, section 3)."""
    overlap = 2 * (probabilities * targets).sum(1)
    return 1 - (overlap + 1) / (probabilities.square().sum(1) + targets.square().sum(1) + 1)


def _box_losses(
    predicted: Tensor,
    distances: Tensor,
    centres: Tensor,
    strides: Tensor,
    boxes: list[Tensor],
    chosen: list[Assignment],
    shares: list[Tensor],
    total: Tensor,
) -> dict[str, Tensor]:
    """GIoU and distribution focal losses of the assigned boxes, weighted by quality and by the
    objects' `shares`, [G] an image.
    """
    found = torch.cat([predicted[i, item.points] for i, item in enumerate(chosen)])
    true = torch.cat([boxes[i][item.objects] for i, item in enumerate(chosen)])
    quality = torch.cat(
        [item.quality * share[item.objects] for item, share in zip(chosen, shares, strict=True)]
    )
    logits = torch.cat([distances[i, item.points] for i, item in enumerate(chosen)])
    points = torch.cat([item.points for item in chosen])
    sides = (
        torch.cat([centres[points] - true[:, :2], true[:, 2:] - centres[points]], 1)
        / strides[points, None]
    )
    return {
        "box": ((1 - giou(found, true)) * quality).sum() / total,
        "bins": (_distribution_focal(logits, sides) * quality).sum() / total,
    }


def _distribution_focal(logits: Tensor, sides: Tensor) -> Tensor:
    """Distribution focal loss [N], the mean over four sides [N,4] (GFL, eq. 6).

    It is the cross-entropy to the two bins around each true distance.
    """
    sides = sides.clamp(0, spec.DISTANCE_BINS - 1.01)
    lower = sides.long()
    share = sides - lower
    logs = logits.log_softmax(-1)
    below = logs.gather(-1, lower[..., None])[..., 0]
    above = logs.gather(-1, lower[..., None] + 1)[..., 0]
    return -(below * (1 - share) + above * share).mean(-1)


def _mask_losses(
    raw: Raw,
    controller: nn.Module,
    predicted: Tensor,
    boxes: list[Tensor],
    masks: list[Tensor],
    chosen: list[Assignment],
) -> dict[str, Tensor]:
    """Cross-entropy and dice of masks, for a random share of the assigned points."""
    budget = MASKS_A_BATCH // len(boxes)
    logits, targets = [], []
    for i, item in enumerate(chosen):
        some = torch.randperm(len(item.points))[:budget]
        points, objects = item.points[some], item.objects[some]
        if len(points) == 0:
            continue
        frames = _frames(predicted[i, points], boxes[i][objects])
        grid = network.box_grid(frames, MASK_POINTS)
        values = network.sample(raw.mask_features[i].float(), grid)
        logits.append((raw.embeddings[i, points], values))
        targets.append(_read_masks(masks[i][objects], boxes[i][objects], grid))
    if not logits:
        zero = raw.mask_features.float().sum() * 0
        return {"mask": zero, "dice": zero}
    embeddings, values = (torch.cat(parts) for parts in zip(*logits, strict=True))
    truth = torch.cat(targets)
    found = network.mask_logits(controller(embeddings.float()), values)
    return {
        "mask": F.binary_cross_entropy_with_logits(found, truth),
        "dice": dice(found.sigmoid(), truth).mean(),
    }


def _frames(predicted: Tensor, true: Tensor) -> Tensor:
    """The boxes [N,4] over which masks are compared.

    They are the predicted ones, as at run time, wherever those are any good.
    """
    trusted = pairwise_iou(predicted, true).diagonal() >= _TRUSTED_IOU
    return torch.where(trusted[:, None], predicted, true)


def _read_masks(masks: Tensor, boxes: Tensor, grid: Tensor) -> Tensor:
    """True coverage float32 [N,P] at `grid` [N,s,s,2].

    It is read from the masks, which lie over the enlarged `boxes`.
    """
    centres = (boxes[:, None, None, :2] + boxes[:, None, None, 2:]) / 2
    extents = (boxes[:, None, None, 2:] - boxes[:, None, None, :2]) * MASK_MARGIN
    normalised = (grid - centres) / extents * 2
    coverage = masks[:, None].float() / 255
    return F.grid_sample(coverage, normalised, padding_mode="zeros", align_corners=False).flatten(1)
