"""What a benchmark asks for and what it found, as records that JSON carries without loss.

Times are milliseconds, memory and sizes are MB of 10^6 bytes, instants are UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from instseg_ui import results
from instseg_ui.catalog import Basis, Published
from instseg_ui.errors import InputError

KIND = "instseg-benchmark"
SCHEMA = 1

STAGES = (*results.STAGES, "encode")
"""The stages of one image, in their order; waiting for the worker is not one of them."""

Answer = Literal["json", "overlay"]
State = Literal["waiting", "running", "done", "failed", "stopped"]
RunState = Literal["running", "done", "stopped"]
_Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]

_MOST_MODELS, _MOST_IMAGES, _MOST_CLIENTS = 64, 200, 64
_ALL_UP_TO = 4


@dataclass(frozen=True, slots=True)
class Request:
    """What to measure.

    Attributes:
        models: names of the catalog, in the order they are run.
        repeats: counted runs of each image.
        warmup: runs before these, kept apart and never counted.
        cold_starts: how often each model is loaded from nothing.
        concurrency: how many callers at once, one throughput figure each.
        answer: what `encode` makes of a prediction: the JSON answer, or the photo with its masks
            drawn as a JPEG file.
        engine: the engine mode asked for; None is the one of the settings.

    Raises:
        InputError: a number out of its range, or no model.
    """

    models: tuple[str, ...]
    repeats: int = 20
    warmup: int = 3
    cold_starts: int = 1
    concurrency: tuple[int, ...] = (1,)
    answer: Answer = "json"
    engine: str | None = None

    def __post_init__(self) -> None:
        if not self.models:
            raise InputError("No model is named. Name one or more models to measure.")
        _expect("models", len(self.models), 1, _MOST_MODELS)
        _expect("repeats", self.repeats, 1, 10_000)
        _expect("warm-up runs", self.warmup, 0, 1000)
        _expect("cold starts", self.cold_starts, 1, 100)
        for callers in self.concurrency:
            _expect("callers at once", callers, 1, _MOST_CLIENTS)

    def check_images(self, count: int) -> None:
        """Raise `InputError` where that many images cannot be measured."""
        if not count:
            raise InputError("There is no image yet. Name one or more images to measure on.")
        _expect("images", count, 1, _MOST_IMAGES)

    def steps(self, images: int) -> int:
        """Images that one model runs in all."""
        counted = self.repeats * images
        more = [level_runs(counted, callers) for callers in self.concurrency if callers > 1]
        return self.cold_starts + self.warmup + counted + sum(more)


def concurrency_levels(most: int) -> tuple[int, ...]:
    """The levels measured up to `most` callers: each up to four, then doubling, then `most`."""
    _expect("callers at once", most, 1, _MOST_CLIENTS)
    levels = set(range(1, min(most, _ALL_UP_TO) + 1)) | {most}
    step = 2 * _ALL_UP_TO
    while step < most:
        levels.add(step)
        step *= 2
    return tuple(sorted(levels))


def level_runs(counted: int, callers: int) -> int:
    """Images of one level: as many as are counted, but two a caller at least."""
    return max(counted, 2 * callers)


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one image, ms.

    `image` counts in the run's images. `queue` is the wait for the worker. `wall` is the whole
    as the caller's clock saw it; what it has beyond the stages is the glue between them.
    """

    image: int
    wall: _Amount
    decode: _Amount = 0.0
    queue: _Amount = 0.0
    preprocess: _Amount = 0.0
    inference: _Amount = 0.0
    postprocess: _Amount = 0.0
    transfer: _Amount = 0.0
    encode: _Amount = 0.0
    instances: int = 0

    @property
    def latency(self) -> float:
        """A warm model's time for one image, ms; see `latency.MEANING`."""
        return float(sum(getattr(self, name) for name in results.MODEL_STAGES))

    @property
    def whole(self) -> float:
        """From the file's bytes to the encoded answer, ms: all stages, without waiting."""
        return float(sum(getattr(self, name) for name in STAGES))


@dataclass(frozen=True, slots=True)
class ColdStart:
    """One start from nothing, ms.

    `load_ms`: until the engine is ready; `first_run_ms`: the run that warms it up; `answer_ms`:
    from asking for the first image to its prediction, these two included.
    """

    load_ms: _Amount
    first_run_ms: _Amount
    answer_ms: _Amount

    @property
    def cold_ms(self) -> float:
        """Load and first run."""
        return self.load_ms + self.first_run_ms


@dataclass(frozen=True, slots=True)
class ConcurrencyLevel:
    """Throughput with so many callers at once, each asking again as soon as it is answered.

    `walls` are the callers' times for one image, waiting included, ms; `wall_ms` is the time
    from the first question to the last answer.
    """

    callers: int
    wall_ms: _Amount
    walls: tuple[_Amount, ...]

    @property
    def images_per_s(self) -> float:
        """Images answered a second."""
        return 1e3 * len(self.walls) / self.wall_ms if self.wall_ms else 0.0


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of the model's own processes after its runs, MB.

    Resident counts pages that are shared with other processes too; `own_mb` is what ending the
    process would free; the peak is the highest resident memory of its life, None where the
    system does not tell.
    """

    resident_mb: _Amount
    own_mb: _Amount
    peak_mb: _Amount | None = None


@dataclass(frozen=True, slots=True)
class ModelRun:
    """One model's part of a run; what was measured before it failed or was stopped is kept."""

    model: str
    state: State = "waiting"
    failure: str = ""
    engine: str = ""
    device: str = ""
    threads: int = 0
    versions: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    size_mb: _Amount = 0.0
    published: Published = field(default_factory=Published)
    cold: tuple[ColdStart, ...] = ()
    warmup: tuple[Sample, ...] = ()
    samples: tuple[Sample, ...] = ()
    levels: tuple[ConcurrencyLevel, ...] = ()
    memory: Memory | None = None


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """An image that was measured on; `digest` is the SHA-256 of its pixels and shape."""

    name: str
    width: int
    height: int
    file_bytes: int
    digest: str


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures were measured on; memory in MB. A model's workers share the threads.

    `load` is how many processes wanted a core in the minute before, None where unknown.
    """

    cpu: str
    cores: int
    memory_mb: _Amount
    system: str
    device: str
    threads: int
    workers: int = 1
    load: _Amount | None = None
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BenchmarkRun:
    """One benchmark: what was asked for, on what, and what was found so far."""

    made: datetime
    request: Request
    machine: Machine
    images: tuple[ImageFacts, ...]
    models: tuple[ModelRun, ...]
    state: RunState = "running"
    basis: Basis | None = None

    @property
    def measured(self) -> tuple[ModelRun, ...]:
        """The models with at least one counted run."""
        return tuple(one for one in self.models if one.samples)

    @property
    def image_size(self) -> str:
        """`640x480` where all images have that size, else `mixed`."""
        sizes = {f"{image.width}x{image.height}" for image in self.images}
        return sizes.pop() if len(sizes) == 1 else "mixed"


_RUN = TypeAdapter(BenchmarkRun)


def to_dict(run: BenchmarkRun) -> dict[str, Any]:
    """The run as plain JSON values; `from_dict` reads it back."""
    values: dict[str, Any] = _RUN.dump_python(run, mode="json")
    return {"kind": KIND, "schema": SCHEMA} | values


def from_dict(values: object) -> BenchmarkRun:
    """The run of `to_dict`.

    Raises:
        InputError: it is none, of another schema, or damaged.
    """
    if not isinstance(values, dict) or values.get("kind") != KIND:
        raise InputError("This is not a benchmark run.")
    if values.get("schema") != SCHEMA:
        shown = str(values.get("schema"))[:20]
        raise InputError(f"Expected a benchmark run of schema {SCHEMA}, got {shown}.")
    try:
        run = _RUN.validate_python(values)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise InputError(f"This benchmark run is damaged: {where}: {fault['msg']}.") from error
    _check_images(run)
    return run


def _check_images(run: BenchmarkRun) -> None:
    numbers = [one.image for model in run.models for one in (*model.warmup, *model.samples)]
    if any(not 0 <= number < len(run.images) for number in numbers):
        raise InputError("This benchmark run is damaged: a sample names an image it does not list.")


def split(samples: Sequence[Sample]) -> dict[int, list[Sample]]:
    """The samples of each image, by its number."""
    groups: dict[int, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(sample.image, []).append(sample)
    return groups


def _expect(name: str, value: object, least: int, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        shown = str(value)[:40]
        raise InputError(f"Expected {least} to {most} {name}, got {shown}.")
