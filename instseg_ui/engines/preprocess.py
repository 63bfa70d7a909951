"""From an image to what a network takes: the steps that `inference.yml` names, without PaddleX.

Every number equals PaddleX's to the last bit: the same OpenCV calls on the same interleaved RGB
pixels, and the same float32 arithmetic. What differs is where results are written: the last
normalisation goes straight into the padded planes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from instseg_ui.engines import preprocess_config as config
from instseg_ui.errors import ImageError, WorkerError

Array: TypeAlias = npt.NDArray[Any]
Floats: TypeAlias = npt.NDArray[np.float32]
Size: TypeAlias = tuple[int, int]
"""Height and width, pixels."""

_CHANNELS = 3


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a network takes for one image.

    Attributes:
        image: (1, 3, h, w) float32, C-contiguous, planes in the order RGB.
        im_shape: (1, 2) float32, height and width of the resized image without padding.
        scale_factor: (1, 2) float32, resized size divided by the original one, y and x.
    """

    image: Floats
    im_shape: Floats
    scale_factor: Floats

    def feeds(self) -> dict[str, Array]:
        """The arrays under the names that PaddleX's exports give their inputs."""
        return {
            "im_shape": self.im_shape,
            "image": self.image,
            "scale_factor": self.scale_factor,
        }


class Preprocess:
    """The preprocessing of one model."""

    def __init__(self, chain: config.Chain) -> None:
        self._steps = list(chain.steps)
        self._stride = chain.stride
        last = self._steps[-1] if self._steps else None
        self._normalize = last if isinstance(last, config.Normalize) else None
        if self._normalize:
            self._steps.pop()

    @classmethod
    def read(cls, folder: Path) -> Preprocess:
        """The preprocessing that a model folder's `inference.yml` asks for.

        Raises:
            LoadError: it asks for a step or an option that is not known here.
        """
        return cls(config.read(folder))

    def __call__(self, pixels: npt.NDArray[np.uint8]) -> Prepared:
        """Prepare one image.

        Args:
            pixels: (H, W, 3) uint8 BGR, upright; need not be contiguous.

        Raises:
            ImageError: resized, the image would be less than half a pixel wide or high.
        """
        original = _size_of(pixels)
        image, size, steps = self._begun(pixels)
        for step in steps:
            if isinstance(step, config.Resize):
                image = _resize(image, step)
                size = _size_of(image)
            elif isinstance(step, config.Normalize):
                image = _normalize(image, step)
            else:
                image = _pad(image, step)
        scale = [[size[0] / original[0], size[1] / original[1]]]
        return Prepared(
            image=_planes(image, self._normalize, self._stride)[np.newaxis],
            im_shape=np.array([size], np.float32),
            scale_factor=np.array(scale, np.float32),
        )

    def _begun(self, pixels: npt.NDArray[np.uint8]) -> tuple[Array, Size, list[config.Step]]:
        """RGB, its size, and the steps that are left.

        An image that shrinks first has fewer pixels whose channels change places then; each channel
        is resized for itself.
        """
        first, size = self._steps[0] if self._steps else None, _size_of(pixels)
        if not isinstance(first, config.Resize) or math.prod(
            resized_size(size, first)
        ) >= math.prod(size):
            return cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), size, self._steps
        small = _resize(np.ascontiguousarray(pixels), first)
        return cv2.cvtColor(small, cv2.COLOR_BGR2RGB), _size_of(small), self._steps[1:]


def resized_size(size: Size, step: config.Resize) -> Size:
    """Height and width after a `Resize`, rounded half to even as PaddleX does; may be 0."""
    if not step.keep_ratio:
        return step.target_size
    scale = min(max(step.target_size) / max(size), min(step.target_size) / min(size))
    return round(size[0] * scale), round(size[1] * scale)


def _size_of(image: Array) -> Size:
    return image.shape[0], image.shape[1]


def _resize(image: Array, step: config.Resize) -> Array:
    height, width = resized_size(_size_of(image), step)
    if not (height and width):
        raise ImageError(
            f"The image of {image.shape[1]} x {image.shape[0]} pixels is too narrow for this "
            f"model, which makes {width} x {height} of it. Crop it to a shape nearer to a square."
        )
    if _size_of(image) == (height, width):
        return image
    return cv2.resize(image, (width, height), interpolation=step.interpolation)


def _normalize(image: Array, step: config.Normalize) -> Floats:
    """Interleaved and as floats, for the steps that follow."""
    if image.dtype == np.uint8:
        levels = np.arange(256, dtype=np.float32)[:, np.newaxis]
        return cv2.LUT(image, (levels * step.alpha + step.beta)[np.newaxis])
    return image * step.alpha + step.beta


def _pad(image: Array, step: config.Pad) -> Array:
    """The image in the upper left corner of a canvas of a fixed size."""
    height, width = _size_of(image)
    if (height, width) == step.size:
        return image
    if height > step.size[0] or width > step.size[1]:
        raise WorkerError(
            f"The model pads images to {step.size[1]} x {step.size[0]} pixels, and this one is "
            f"{width} x {height} there. Its inference.yml needs a `Resize` before `Pad`."
        )
    canvas = np.empty((*step.size, _CHANNELS), np.float32)
    canvas[:] = step.fill
    canvas[:height, :width] = image
    return canvas


def _planes(image: Array, normalize: config.Normalize | None, stride: int) -> Floats:
    """(H, W, 3) as (3, h, w) float32; sides grow with zeros to the next multiple of `stride`."""
    height, width = _size_of(image)
    planes = np.empty(
        (_CHANNELS, -(-height // stride) * stride, -(-width // stride) * stride), np.float32
    )
    planes[:, height:] = 0
    planes[:, :height, width:] = 0
    inside = planes[:, :height, :width]
    if normalize is None:
        inside[:] = image.transpose(2, 0, 1)
        return planes
    for channel, plane in enumerate(cv2.split(image)):
        np.multiply(plane, normalize.alpha[channel], out=inside[channel], dtype=np.float32)
        inside[channel] += normalize.beta[channel]
    return planes
