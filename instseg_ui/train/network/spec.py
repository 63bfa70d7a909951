"""What the PyTorch network and its Paddle twin must agree on.

`MODELS` lists the embedded models; they differ in a `Spec` and in nothing else. Both networks, the
assigner and the export read it and the constants, so that a change here is a change everywhere.
Imports neither framework.
"""

import json
from typing import NamedTuple

# The weights were trained by TensorFlow on pixels mapped by (value - 127) / 128, RGB.
PIXEL_MEAN = 127.0
PIXEL_STD = 128.0


class Stage(NamedTuple):
    """A row of EfficientNet-Lite0 (Tan & Le 2019, table 1, less squeeze-excitation)."""

    repeats: int
    kernel: int
    stride: int
    expansion: int
    out_channels: int


STEM_CHANNELS = 32
BATCH_NORM_EPS = 1e-3  # TensorFlow's, which the pretrained statistics assume
STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(2, 5, 2, 6, 192),  # 2 of its 4 blocks: the last wide ones hold most of the parameters
)
# Blocks whose outputs feed the neck, by index into the flattened stages: strides 4, 8, 16, 32.
TAPS = (2, 4, 10, 12)
TAP_CHANNELS = (24, 40, 112, 192)

STRIDES = (8, 16, 32)
MASK_STRIDE = 4
DISTANCE_BINS = 16  # distances from 0 to 15 strides to each side of the box

MASK_CHANNELS = 16
MASK_HIDDEN = 8
# The mask of one object is a three-layer perceptron applied to every point of its box: (inputs,
# outputs) a layer. Inputs are the mask features and the point's two coordinates within the box.
MASK_LAYERS = ((MASK_CHANNELS + 2, MASK_HIDDEN), (MASK_HIDDEN, MASK_HIDDEN), (MASK_HIDDEN, 1))
MASK_PARAMETERS = sum(inputs * outputs + outputs for inputs, outputs in MASK_LAYERS)

SCORE_THRESHOLD = 0.05
NMS_IOU = 0.6
NMS_TOP_K = 400
KEEP_TOP_K = 100
MIN_SIDE = 1.0  # pixels of the original image; what lies outside of it after clipping has no side


class Spec(NamedTuple):
    """One embedded model: what it knows and how large it is."""

    classes: tuple[str, ...]
    width: int = 80  # channels of the pyramid and the towers
    tower_depth: int = 2  # 3x3 convolutions before scores, and as many before boxes
    mask_width: int = 64  # channels of the mask branch at stride 4
    mask_size: int = 48  # side of the grid laid over each kept box at run time
    # Pixels: the short side becomes the first unless the long one would exceed the second.
    target_size: tuple[int, int] = (416, 640)

    def dumps(self) -> str:
        """JSON, which travels with checkpoints and weights."""
        return json.dumps(self._asdict())

    @classmethod
    def loads(cls, text: str) -> "Spec":
        """What `dumps` wrote."""
        fields = json.loads(text)
        lists = {name: tuple(fields[name]) for name in ("classes", "target_size")}
        return cls(**(fields | lists))


EVERYDAY = (
    "person",
    "cat",
    "deer",
    "tiger",
    "otter",
    "turtle",
    "car",
    "building",
    "window",
    "balcony",
    "handbag",
)
MODELS = {
    "everyday-M": Spec(EVERYDAY, target_size=(320, 416)),
    "everyday-S": Spec(EVERYDAY, mask_size=32, target_size=(160, 224)),
    "cats": Spec(("cat",), target_size=(416, 640)),
}
