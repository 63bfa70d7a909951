"""What a model found, in one shape for all models: `Instances`, `Timings`, `Prediction`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from instseg_ui.errors import InputError
from instseg_ui.masks import Rle

Selection = (
    slice
    | int
    | Sequence[int]
    | Sequence[bool]
    | npt.NDArray[np.bool_]
    | npt.NDArray[np.signedinteger]
    | npt.NDArray[np.unsignedinteger]
)
"""What `Instances` are chosen by."""


class Instance(NamedTuple):
    """One found object, as a row."""

    class_id: int
    label: str
    score: float
    box: tuple[float, float, float, float]
    area: int
    mask: Rle


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Instances:
    """N found objects, by column, highest score first.

    Attributes:
        boxes: (N, 4) float32, xyxy in pixels of the upright original image.
        class_ids: (N,) int32.
        scores: (N,) float32, 0..1.
        areas: (N,) int64, mask pixels.
        masks: N full-frame COCO run-length encodings.
        labels: N class names.
    """

    boxes: npt.NDArray[np.float32]
    class_ids: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float32]
    areas: npt.NDArray[np.int64]
    masks: tuple[Rle, ...]
    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        _expect("boxes", self.boxes, np.float32, (len(self), 4))
        _expect("class_ids", self.class_ids, np.int32, (len(self),))
        _expect("areas", self.areas, np.int64, (len(self),))
        _expect("scores", self.scores, np.float32, (len(self),))
        if not np.all(self.scores[:-1] >= self.scores[1:]):
            raise ValueError("Expected scores in falling order.")
        if len(self.masks) != len(self) or len(self.labels) != len(self):
            raise ValueError(
                f"Expected {len(self)} masks and labels, got {len(self.masks)} and "
                f"{len(self.labels)}."
            )

    @classmethod
    def from_rows(cls, rows: Sequence[Instance]) -> Instances:
        """Columns of these rows, sorted by falling score; ties keep their order."""
        rows = sorted(rows, key=lambda row: -row.score)
        return cls(
            boxes=np.array([row.box for row in rows], np.float32).reshape(-1, 4),
            class_ids=np.array([row.class_id for row in rows], np.int32),
            scores=np.array([row.score for row in rows], np.float32),
            areas=np.array([row.area for row in rows], np.int64),
            masks=tuple(row.mask for row in rows),
            labels=tuple(row.label for row in rows),
        )

    def __len__(self) -> int:
        return int(self.scores.shape[0])

    def __iter__(self) -> Iterator[Instance]:
        for i in range(len(self)):
            x0, y0, x1, y1 = (float(value) for value in self.boxes[i])
            yield Instance(
                int(self.class_ids[i]),
                self.labels[i],
                float(self.scores[i]),
                (x0, y0, x1, y1),
                int(self.areas[i]),
                self.masks[i],
            )

    def __repr__(self) -> str:
        return f"Instances({len(self)})"

    def __getitem__(self, which: Selection) -> Instances:
        """Those that are chosen, all columns alike, in the order they are asked for.

        Args:
            which: a mask of N bool, integers as an array or a list (a negative one counts from the
                end), a slice, or one integer; one integer gives one instance, as `Instances`.

        Raises:
            TypeError: it is none of these.
            IndexError: the mask has another length, or an integer is outside of -N..N-1.
            ValueError: the order asked for is not one of falling scores.
        """
        places = _places(which, len(self))
        return Instances(
            self.boxes[places],
            self.class_ids[places],
            self.scores[places],
            self.areas[places],
            tuple(self.masks[i] for i in places),
            tuple(self.labels[i] for i in places),
        )

    def at(self, threshold: float) -> Instances:
        """Those whose score is at least `threshold`; see `reaches`."""
        return self[: int(np.count_nonzero(reaches(self.scores, threshold)))]

    def limit(self, most: int | None) -> Instances:
        """The `most` best ones; all of them for None."""
        return self[:most]

    def without(self, labels: Collection[str]) -> Instances:
        """Those of other classes than these, by name."""
        return self[[i for i, label in enumerate(self.labels) if label not in labels]]

    def counts(self) -> dict[str, int]:
        """How many of each class, the most frequent first."""
        names, counts = np.unique(np.array(self.labels, dtype=object), return_counts=True)
        order = np.argsort(-counts, kind="stable")
        return {str(names[i]): int(counts[i]) for i in order}


def reaches(scores: npt.ArrayLike, threshold: float) -> npt.NDArray[np.bool_]:
    """Which scores are at least `threshold`: both as float32, which scores are computed in.

    The one comparison of this package, and of the page (`reaches` of `static/scores.js`). A score
    that is written by its shortest digits (`0.7`) reaches 0.7 wherever it is read again.
    """
    return np.asarray(np.asarray(scores, np.float32) >= np.float32(threshold))


@dataclass(frozen=True, slots=True)
class Timings:
    """Where one request's time went, milliseconds; the stages do not overlap."""

    decode: float = 0.0
    """From the file's bytes to upright pixels."""
    queue: float = 0.0
    """Waiting for the model's worker, loading it included."""
    preprocess: float = 0.0
    """Resize, normalise, batch."""
    inference: float = 0.0
    """The network itself."""
    postprocess: float = 0.0
    """From raw outputs to run-length masks."""
    transfer: float = 0.0
    """Pixels to the worker's process and instances back."""

    @property
    def stages(self) -> dict[str, float]:
        """The time of each of `STAGES`."""
        return {name: getattr(self, name) for name in STAGES}

    @property
    def whole(self) -> float:
        """The same with decoding, ms."""
        return float(sum(self.stages.values()))

    @property
    def latency(self) -> float:
        """A warm model's time for one image, from upright pixels to masks: `MODEL_STAGES`."""
        return float(sum(getattr(self, name) for name in MODEL_STAGES))


STAGES = tuple(item.name for item in fields(Timings) if item.name != "queue")
"""What one image's time is spent on, in this order; each by the name it has everywhere."""

MODEL_STAGES = tuple(name for name in STAGES if name != "decode")
"""Those that are the model's: its latency. Decoding takes what the file takes, for all alike."""


def stage_label(stage: str) -> str:
    """A stage as a heading."""
    return stage.capitalize()


@dataclass(frozen=True, slots=True)
class Runtime:
    """What ran a model and what it took to make it ready.

    Attributes:
        engine: `paddle`, `paddle-onednn`, `onnxruntime`, `openvino`, `tensorrt`, `fake`.
        device: `cpu` or `gpu:0`.
        threads: of the engine.
        versions: of the packages that computed the answer.
        load_ms: from asking for the worker to a ready engine.
        first_run_ms: the first image, which warms the engine up.
        memory_mb: the worker's own memory (unique set size) after the last image; MB = 10^6 bytes.
        notes: what the user should know, such as why a faster engine was not used.
        speedup: the time of Paddle's normal mode over this engine's, both measured here on one
            photo; None in normal mode.
        parity: how the engine compares with Paddle, a sentence; empty in normal mode.
    """

    engine: str
    device: str
    threads: int
    versions: dict[str, str] = field(default_factory=dict)
    load_ms: float = 0.0
    first_run_ms: float = 0.0
    memory_mb: float = 0.0
    notes: tuple[str, ...] = ()
    speedup: float | None = None
    parity: str = ""

    @property
    def cold_ms(self) -> float:
        """What the first image costs: load and first run."""
        return self.load_ms + self.first_run_ms


@dataclass(frozen=True, slots=True)
class Prediction:
    """What `model` found in one image of `width` x `height` pixels, at the floor.

    `labels` are all classes the model knows, by class id; `cut` says in a sentence that there are
    more objects at the floor than are kept, and is empty where all are. A prediction is run once at
    `floor`; every threshold at or above it is a filter.
    """

    model: str
    width: int
    height: int
    instances: Instances
    timings: Timings
    runtime: Runtime
    floor: float
    labels: tuple[str, ...] = ()
    size_mb: float = 0.0
    notes: tuple[str, ...] = ()
    cut: str = ""

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of all classes the model knows, then of those found besides; each once."""
        besides = set(self.instances.labels) - set(self.labels)
        return (*dict.fromkeys(self.labels), *sorted(besides))

    def at(self, threshold: float) -> Prediction:
        """The same prediction with the instances whose score is at least `threshold`.

        Raises:
            InputError: `threshold` is not a number between 0 and 1.
        """
        kept = self.instances.at(check_threshold(threshold))
        # What was cut off lies below what is filtered out.
        cut = self.cut if len(kept) == len(self.instances) else ""
        return replace(self, instances=kept, cut=cut)


def check_threshold(value: object) -> float:
    """`value` as a threshold.

    Raises:
        InputError: it is not a number between 0 and 1.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise InputError(f"The threshold must be a number from 0 to 1, got {str(value)[:40]!r}.")
    try:
        threshold = float(value)
    except OverflowError:  # a number of hundreds of digits
        threshold = float("inf")
    if not 0 <= threshold <= 1:
        raise InputError(f"The threshold must lie between 0 and 1, got {threshold:g}.")
    return threshold


def _places(which: Selection, count: int) -> npt.NDArray[np.intp]:
    """The chosen places, 0 to `count` - 1."""
    if isinstance(which, slice):
        return np.arange(count)[which]
    chosen = np.atleast_1d(np.asarray(which))
    if chosen.ndim != 1 or not (chosen.size == 0 or chosen.dtype.kind in "bui"):
        raise TypeError(
            "Expected a mask, integers or a slice to choose instances by, got an array of "
            f"{chosen.dtype}{list(chosen.shape)}."
        )
    if chosen.dtype.kind == "b":
        if chosen.size != count:
            raise IndexError(f"Expected a mask of {count} bool, got one of {chosen.size}.")
        return np.flatnonzero(chosen)
    outside = chosen[(chosen < -count) | (chosen >= count)]
    if outside.size:
        raise IndexError(f"Expected places of {count} instances, got {outside[0]}.")
    return chosen.astype(np.intp) % max(count, 1)


def _expect(
    name: str, array: npt.NDArray[Any], dtype: type[np.generic], shape: tuple[int, ...]
) -> None:
    if array.dtype != dtype or array.shape != shape:
        expected = f"{np.dtype(dtype).name}{list(shape)}"
        raise ValueError(f"Expected {name} as {expected}, got {array.dtype}{list(array.shape)}.")
