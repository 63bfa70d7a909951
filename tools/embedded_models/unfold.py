"""Start a network from folded weights, of a checkpoint or a shipped folder, to train it on."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from instseg_ui.train.network.spec import Spec
from tools.embedded_models.network import Network
from tools.embedded_models.weights import SPEC, in_sequential

# Widths of the source's neck and of its mask branch, and which of the channels go on.
_Kept = tuple[tuple[int, np.ndarray], ...]


@torch.no_grad()
def load(model: Network, path: Path, images: Tensor) -> None:
    """Take from the .npz at `path` what fits.

    Scores are taken class by class, by name; a narrower network takes the channels that the layers
    behind the towers weigh most. Folding lost the batch statistics, so they are measured on
    normalised `images` [B,3,S,S]; the network computes the same as before, in training too.
    """
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    source = Spec.loads(str(arrays.pop(SPEC)))
    arrays |= _scores(model, source, arrays)
    kept = _channels(arrays, source, model.spec)
    for name, module in model.named_modules():
        mine = [leaf for leaf in ("weight", "bias") if f"{name}.{leaf}" in arrays]
        cut = {leaf: _cut(name, arrays[f"{name}.{leaf}"], kept) for leaf in mine}
        if cut:
            _set(name, module, {leaf: torch.from_numpy(value) for leaf, value in cut.items()})
    _measure(model, images)


def _scores(model: Network, source: Spec, arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The score layer for the model's own classes; a new class starts at the prior."""
    bias = np.full(len(model.spec.classes), -4.6, np.float32)
    old = arrays["score.weight"]
    weight = np.random.default_rng(0).normal(0, 0.01, (len(bias), *old.shape[1:]))
    for index, name in enumerate(model.spec.classes):
        if name in source.classes:
            weight[index] = old[source.classes.index(name)]
            bias[index] = arrays["score.bias"][source.classes.index(name)]
    return {"score.weight": weight.astype(np.float32), "score.bias": bias}


def _channels(arrays: dict[str, np.ndarray], source: Spec, target: Spec) -> _Kept:
    """Which channels go on; all, in their order, where the target is as wide."""
    readers = ("score.weight", "distance.weight", "controller.weight")
    columns = [np.abs(arrays[name]).reshape(len(arrays[name]), -1) for name in readers]
    importance = np.sum([column.mean(0) / column.mean() for column in columns], 0)
    width = np.sort(np.argsort(-importance)[: target.width])
    of_mask = np.abs(arrays["mask_branch.fuse.weight"]).sum((0, 2, 3))
    mask = np.sort(np.argsort(-of_mask)[: target.mask_width])
    return (source.width, width), (source.mask_width, mask)


def _cut(name: str, value: np.ndarray, kept: _Kept) -> np.ndarray:
    """Leave channels out along the axes that are of a source's width."""
    if name.startswith("backbone."):
        return value
    pairs = kept if name.startswith("mask_branch.") else kept[:1]
    for axis in range(min(value.ndim, 2)):
        for old, index in pairs:
            if value.shape[axis] == old:
                value = np.take(value, index, axis)
                break
    return value


def _set(name: str, module: nn.Module, values: dict[str, Tensor]) -> None:
    """Give a layer its folded weights; a normalisation is made one that does nothing more."""
    if isinstance(module, nn.Sequential):
        module[0].weight.copy_(values["weight"])
        _identity(module[1])
        module[1].bias.copy_(values["bias"])
    elif isinstance(module, nn.BatchNorm2d):
        _identity(module)
        module.weight.copy_(values["weight"].flatten())
        module.bias.copy_(values["bias"].flatten())
    elif not in_sequential(name):
        for leaf, value in values.items():
            getattr(module, leaf).copy_(value)


def _identity(norm: nn.BatchNorm2d) -> None:
    norm.running_mean.zero_()
    norm.running_var.fill_(1 - norm.eps)
    norm.weight.fill_(1)


def _measure(model: Network, images: Tensor) -> None:
    """Give the normalisations outside the backbone the statistics of `images`.

    Weights and biases take up the difference, so that nothing changes for these images.
    """
    seen: dict[nn.BatchNorm2d, tuple[Tensor, Tensor]] = {}

    def look(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        values = inputs[0].float()
        seen[module] = values.mean((0, 2, 3)), values.var((0, 2, 3))

    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    of_backbone = set(model.backbone.modules())
    handles = [m.register_forward_pre_hook(look) for m in norms if m not in of_backbone]
    model.eval()(images)
    for handle in handles:
        handle.remove()
    for norm, (mean, variance) in seen.items():
        # The normalisation was y = weight * x + bias.
        norm.bias.add_(norm.weight * mean)
        norm.weight.mul_((variance + norm.eps).sqrt())
        norm.running_mean.copy_(mean)
        norm.running_var.copy_(variance)
