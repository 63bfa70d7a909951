"""Fold a checkpoint's batch normalisation and write plain arrays that need no PyTorch to read.

    python -m tools.embedded_models.weights --checkpoint last.pt --out weights.npz --without tiger

Classes that did not get good enough are left out here, for good.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from instseg_ui.train.network.spec import MODELS
from tools.embedded_models.checkpoint import load_average
from tools.embedded_models.network import Network

SPEC = "spec"  # under this name the arrays carry their `Spec`


def main() -> None:
    """Parse the command line and write the arrays."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--without", nargs="*", default=[], help="classes to leave out")
    parser.add_argument("--model", choices=sorted(MODELS), help="ship as this one instead")
    options = parser.parse_args()
    model = reduced(load_average(options.checkpoint), options.without, options.model)
    arrays: dict[str, Any] = fold(model)
    np.savez(options.out, **arrays | {SPEC: np.array(model.spec.dumps())})


def reduced(model: Network, without: Sequence[str] = (), name: str | None = None) -> Network:
    """The same network, in place, without some of its classes, and with the input and mask sizes of
    the model `name`, whose layers are the same.
    """
    classes = model.spec.classes
    if unknown := set(without) - set(classes):
        raise ValueError(f"no classes of the model: {sorted(unknown)}")
    if name is not None:
        own, other = model.spec, MODELS[name]
        model.spec = own._replace(target_size=other.target_size, mask_size=other.mask_size)
        if model.spec != other:
            raise ValueError(f"{name} has other classes or layers")
    kept = [index for index, one in enumerate(classes) if one not in without]
    for layer in (model.score, model.mask_branch.foreground):
        layer.weight = nn.Parameter(layer.weight[kept])
        layer.bias = nn.Parameter(layer.bias[kept])
        layer.out_channels = len(kept)
    model.spec = model.spec._replace(classes=tuple(classes[index] for index in kept))
    return model


def fold(model: Network) -> dict[str, np.ndarray]:
    """Arrays by the names that the Paddle network (`instseg_ui.train.network`) gives them."""
    arrays: dict[str, Tensor] = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Sequential) and isinstance(module[0], nn.Conv2d):
            scale, shift = _affine(module[1])
            arrays[f"{name}.weight"] = module[0].weight * scale[:, None, None, None]
            arrays[f"{name}.bias"] = shift
        elif isinstance(module, nn.BatchNorm2d) and ".norms." in name:
            scale, shift = _affine(module)
            arrays[f"{name}.weight"] = scale[None, :, None, None]
            arrays[f"{name}.bias"] = shift[None, :, None, None]
        elif isinstance(module, nn.Conv2d | nn.Linear) and not in_sequential(name):
            arrays |= {f"{name}.{key}": value for key, value in module.named_parameters()}
    training_only = "mask_branch.foreground."
    return {
        name: value.detach().float().contiguous().numpy()
        for name, value in arrays.items()
        if not name.startswith(training_only)
    }


def _affine(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Scale and shift [C] that a batch normalisation in evaluation mode amounts to."""
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return scale, norm.bias - norm.running_mean * scale


def in_sequential(name: str) -> bool:
    """Whether a convolution is the first of a Sequential, whose folding covers it."""
    parent, leaf = name.rpartition(".")[::2]
    return leaf == "0" and not parent.endswith((".lateral", ".convs"))


if __name__ == "__main__":
    main()
