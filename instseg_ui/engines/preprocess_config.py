"""`Preprocess` of `inference.yml`: which steps a model asks for, checked."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
import yaml

from instseg_ui.catalog.model_folder import CONFIG, MAX_CONFIG_BYTES
from instseg_ui.errors import LoadError

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_T = TypeVar("_T")

# PaddleX's numbers and names of OpenCV's interpolations.
_INTERPOLATIONS: dict[object, int] = {
    0: cv2.INTER_NEAREST,
    1: cv2.INTER_LINEAR,
    2: cv2.INTER_CUBIC,
    3: cv2.INTER_AREA,
    4: cv2.INTER_LANCZOS4,
    "NEAREST": cv2.INTER_NEAREST,
    "LINEAR": cv2.INTER_LINEAR,
    "BICUBIC": cv2.INTER_CUBIC,
    "AREA": cv2.INTER_AREA,
    "LANCZOS4": cv2.INTER_LANCZOS4,
}
_IMAGENET_MEAN, _IMAGENET_STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
_LARGEST_SIDE, _LARGEST_STRIDE = 8192, 1024


@dataclass(frozen=True, slots=True)
class Resize:
    """To `target_size` (height, width), or into it where the ratio of the sides is kept."""

    target_size: tuple[int, int]
    keep_ratio: bool
    interpolation: int


@dataclass(frozen=True, slots=True, eq=False)
class Normalize:
    """Value * `alpha` + `beta`, each (3,) float32, RGB."""

    alpha: npt.NDArray[np.float32]
    beta: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Pad:
    """To `size` (height, width), to the right and below, with `fill`: (3,) float32, RGB."""

    size: tuple[int, int]
    fill: npt.NDArray[np.float32]


Step: TypeAlias = Resize | Normalize | Pad


@dataclass(frozen=True, slots=True)
class Chain:
    """Steps on interleaved pixels in their order, then planes whose sides `stride` divides."""

    steps: tuple[Step, ...]
    stride: int


def read(folder: Path) -> Chain:
    """The preprocessing that a model folder's `inference.yml` asks for.

    Raises:
        LoadError: it asks for a step or an option that is not known here.
    """
    try:
        with (folder / CONFIG).open("rb") as file:
            content = yaml.load(file.read(MAX_CONFIG_BYTES), Loader=_Loader)
    except (OSError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise LoadError(f"{CONFIG} of the model cannot be read. Fetch the model again.") from error
    given = content.get("Preprocess") if isinstance(content, dict) else None
    if not isinstance(given, list) or not all(isinstance(entry, dict) for entry in given):
        raise LoadError(f"Expected {CONFIG} to list steps under `Preprocess`; it does not.")
    return _chain([_named(entry) for entry in given])


def _named(entry: dict[object, object]) -> tuple[str, _Options]:
    name = str(entry.get("type"))
    if name not in _READERS and name not in ("Permute", "PadStride"):
        known = ", ".join([*_READERS, "Permute", "PadStride"])
        raise LoadError(
            f"{CONFIG} asks for the preprocessing step “{name[:40]}”. Known here: {known}."
        )
    return name, _Options(name, {key: value for key, value in entry.items() if key != "type"})


def _chain(given: list[tuple[str, _Options]]) -> Chain:
    names = [name for name, _ in given]
    at = names.index("Permute") if "Permute" in names else len(names)
    if names[at:] not in (["Permute"], ["Permute", "PadStride"]) or "PadStride" in names[:at]:
        raise LoadError(
            f"Expected the steps of {CONFIG} to end with Permute, or with Permute and PadStride; "
            f"got {', '.join(names)[:200] or 'none'}."
        )
    stride = _read_stride(given[at + 1][1]) if len(given) > at + 1 else 1
    given[at][1].end()
    return Chain(tuple(_READERS[name](options) for name, options in given[:at]), stride)


class _Options:
    """The options of one step; each is taken once, and what is left at the end is not known."""

    def __init__(self, step: str, given: dict[object, object]) -> None:
        self._step, self._left = step, dict(given)

    def take(
        self, name: str, default: object, check: Callable[[Any], _T | None], expected: str
    ) -> _T:
        """The checked value of an option, or of its default where it is not given."""
        value = self._left.pop(name, default)
        checked = check(value)
        if checked is None:
            raise LoadError(
                f"Expected `{name}` of {self._step} in {CONFIG} to be {expected}, "
                f"got {str(value)[:60]}."
            )
        return checked

    def end(self) -> None:
        if self._left:
            name = str(next(iter(self._left)))
            raise LoadError(
                f"{CONFIG} gives {self._step} the option “{name[:40]}”, which is not known here."
            )


def _read_resize(options: _Options) -> Resize:
    sides = f"two whole numbers from 1 to {_LARGEST_SIDE}, height and width"
    step = Resize(
        target_size=options.take("target_size", None, _size, sides),
        keep_ratio=options.take("keep_ratio", False, _flag, "true or false"),
        interpolation=options.take("interp", 2, _interpolation, "a number from 0 to 4"),
    )
    options.end()
    return step


def _read_normalize(options: _Options) -> Normalize:
    """`norm_type: none` still applies `mean` and `std`, as it does in PaddleX."""
    options.take("norm_type", None, _norm_type, "none or mean_std")
    mean = options.take("mean", _IMAGENET_MEAN, _three, "three numbers")
    std = options.take("std", _IMAGENET_STD, _three_but_zero, "three numbers other than 0")
    scaled = options.take("is_scale", True, _flag, "true or false")
    options.end()
    scale = 1.0 / 255.0 if scaled else 1.0
    # In float64 and rounded once, in PaddleX's order of operations.
    alpha = [scale / value for value in std]
    beta = [-shift / value for shift, value in zip(mean, std, strict=True)]
    return Normalize(np.array(alpha, np.float32), np.array(beta, np.float32))


def _read_pad(options: _Options) -> Pad:
    sides = f"two whole numbers from 1 to {_LARGEST_SIDE}, height and width"
    size = options.take("size", None, _size, sides)
    fill = options.take("fill_value", [127.5] * 3, _three, "three numbers")
    options.end()
    return Pad(size, np.array(fill, np.float32))


def _read_stride(options: _Options) -> int:
    """A stride of 0 or less pads nothing."""
    expected = f"a whole number up to {_LARGEST_STRIDE}"
    stride = options.take("stride", 32, _whole, expected)
    options.end()
    return max(1, stride)


_READERS: dict[str, Callable[[_Options], Step]] = {
    "Resize": _read_resize,
    "NormalizeImage": _read_normalize,
    "Pad": _read_pad,
}


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _whole(value: object) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool) and value <= _LARGEST_STRIDE
    return int(str(value)) if whole else None


def _size(value: object) -> tuple[int, int] | None:
    if not isinstance(value, list) or len(value) != 2:
        return None
    fits = [type(side) is int and 1 <= side <= _LARGEST_SIDE for side in value]
    return (value[0], value[1]) if all(fits) else None


def _interpolation(value: object) -> int | None:
    key = value.upper() if isinstance(value, str) else value
    return _INTERPOLATIONS.get(key) if type(key) in (int, str) else None


def _norm_type(value: object) -> str | None:
    return str(value) if value in (None, "", "none", "mean_std") else None


def _three(value: object) -> list[float] | None:
    values = [value] * 3 if isinstance(value, float) else value
    if not isinstance(values, list) or len(values) != 3:
        return None
    numbers = [isinstance(entry, int | float) and math.isfinite(entry) for entry in values]
    return [float(entry) for entry in values] if all(numbers) else None


def _three_but_zero(value: object) -> list[float] | None:
    values = _three(value)
    return values if values and all(values) else None
