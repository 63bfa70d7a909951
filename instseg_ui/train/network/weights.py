"""The weights of an inference folder, back in a network that can be trained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import paddle
import yaml
from paddle.utils import unique_name

from instseg_ui.errors import ModelFolderError
from instseg_ui.train.network.graph import PaddleModel
from instseg_ui.train.network.spec import MODELS, Spec
from instseg_ui.train.starts import SIZES, SPEC_FILE

PRIOR = -4.6
"""Bias of a new class: it is there with 1 %, so that empty points do not drown the first steps."""
_PRIOR_SPREAD = 0.01

Arrays: TypeAlias = dict[str, npt.NDArray[np.float32]]


def build(size: Spec) -> PaddleModel:
    """The network, its parameters named alike in every process and after every build."""
    with unique_name.guard():
        model = PaddleModel(size)
    model.eval()
    return model


def arrays_of(model: PaddleModel) -> Arrays:
    """Copies of all parameters by name."""
    return {name: value.numpy() for name, value in model.network.named_parameters()}


def fill(model: PaddleModel, arrays: Arrays) -> None:
    """Give a network its parameters. Raises `ValueError` when one is missing or left over."""
    parameters = dict(model.network.named_parameters())
    if parameters.keys() != arrays.keys():
        raise ValueError(f"names differ: {sorted(parameters.keys() ^ arrays.keys())}")
    for name, parameter in parameters.items():
        parameter.set_value(arrays[name])


def read_folder(folder: Path, name: str) -> PaddleModel:
    """The network of an inference folder: an embedded model, or one that was taught here.

    Args:
        folder: a whole folder.
        name: of the model in the catalog, which tells the sizes of an embedded one.

    Raises:
        ModelFolderError: it holds another network.
    """
    try:
        size = _spec(folder, name)
        model = build(size)
        loaded = paddle.jit.load(str(folder / "inference")).state_dict().values()
        # Loading puts a number behind each name.
        arrays = {one.name.rpartition("_")[0]: one.numpy() for one in loaded}
        named = {key: one.name for key, one in model.network.named_parameters()}
        fill(model, {key: arrays[there] for key, there in named.items()})
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise ModelFolderError(
            f"“{name}” cannot be taught: only the embedded models ({', '.join(sorted(SIZES))}) "
            "and models that were taught from them can."
        ) from error
    return model


def _spec(folder: Path, name: str) -> Spec:
    """Of a folder written here its own; of an embedded model the one that it was trained by."""
    written = folder / SPEC_FILE
    if written.is_file():
        return _sane(Spec.loads(written.read_text(encoding="utf-8")))
    description = yaml.safe_load((folder / "inference.yml").read_text(encoding="utf-8"))
    labels = tuple(str(one) for one in description["label_list"])
    return MODELS[SIZES[name]]._replace(classes=labels)


def _sane(size: Spec) -> Spec:
    """A spec of a size that networks here have. Raises `ValueError`, `TypeError`."""
    for value, most in (
        (size.width, 512),
        (size.tower_depth, 8),
        (size.mask_width, 512),
        (size.mask_size, 128),
        *((side, 2048) for side in size.target_size),
        (len(size.classes), 2000),
    ):
        if type(value) is not int or not 1 <= value <= most:
            raise ValueError(f"expected 1 to {most}, got {value!r}")
    if not all(isinstance(name, str) for name in size.classes) or len(size.target_size) != 2:
        raise ValueError("expected names and two sides")
    return size


def with_classes(model: PaddleModel, classes: tuple[str, ...], seed: int) -> PaddleModel:
    """The same network for other classes: those it knows keep their weights, new ones are at the
    prior.
    """
    known = model.spec.classes
    arrays = arrays_of(model)
    old_weight, old_bias = arrays["score.weight"], arrays["score.bias"]
    rng = np.random.default_rng(seed)
    weight = rng.normal(0, _PRIOR_SPREAD, (len(classes), *old_weight.shape[1:]))
    bias = np.full(len(classes), PRIOR)
    for place, name in enumerate(classes):
        if name in known:
            weight[place] = old_weight[known.index(name)]
            bias[place] = old_bias[known.index(name)]
    arrays |= {"score.weight": weight.astype(np.float32), "score.bias": bias.astype(np.float32)}
    result = build(model.spec._replace(classes=classes))
    fill(result, arrays)
    return result


def untrained(model: PaddleModel, seed: int) -> PaddleModel:
    """The same network with everything behind the backbone at random (He et al. 2015, eq. 10).

    For measuring what starting from a trained one is worth.
    """
    rng = np.random.default_rng(seed)
    arrays = arrays_of(model)
    for name, value in arrays.items():
        if name.startswith("backbone."):
            continue
        if value.ndim == 1 or name.endswith(".bias"):
            arrays[name] = np.zeros_like(value)
        elif ".norms." in name:
            arrays[name] = np.ones_like(value)
        else:
            spread = np.sqrt(2 / np.prod(value.shape[1:]))
            arrays[name] = rng.normal(0, spread, value.shape).astype(np.float32)
    shape = arrays["score.weight"].shape
    arrays["score.weight"] = rng.normal(0, _PRIOR_SPREAD, shape).astype(np.float32)
    arrays["score.bias"] = np.full(shape[0], PRIOR, np.float32)
    result = build(model.spec)
    fill(result, arrays)
    return result


def dumps(size: Spec) -> str:
    """A spec as `SPEC_FILE` holds it."""
    return json.dumps(json.loads(size.dumps()), ensure_ascii=False, indent=2) + "\n"
