"""Both sides on the same models and images, run in turns so that both meet the same noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from instseg_ui.segmenter import Segmenter
from performance.cases import Case
from performance.figures import Figure
from performance.ours import Stages, names_of, run_ours
from performance.paddlex_side import PaddlexError, PaddlexSide


@dataclass(frozen=True, slots=True)
class Plan:
    """How a pair is measured.

    A pair ends after `repeats` turns, or earlier once it has taken `seconds`.
    """

    threads: int
    modes: Sequence[str]
    repeats: int
    seconds: float
    threshold: float
    work: Path


@dataclass(slots=True)
class Pair:
    """One model on one image: samples of both sides, milliseconds, and what ran.

    Attributes:
        mode: what our side was asked for, `normal` or `high_performance`.
        parity: what is known of our engine beside Paddle, in `high_performance`.
        worker_peak_mb: most that our worker ever held (resident), 0 where the system does not tell.
        ratio: PaddleX's time over ours, turn by turn, from an image file to both files.
        mask_ratio: the same from an image file to masks in memory.
        overhead: our time from pixels to masks beyond the network's own, over the network's.
    """

    model: str
    image: str
    mode: str = "normal"
    parity: str = ""
    engine: str = ""
    run_mode: str = ""
    instances: int = 0
    paddlex_instances: int = 0
    worker_mb: float = 0.0
    worker_peak_mb: float = 0.0
    paddlex_mb: float = 0.0
    ours: dict[str, Figure] = field(default_factory=dict)
    paddlex: dict[str, Figure] = field(default_factory=dict)
    ratio: Figure | None = None
    mask_ratio: Figure | None = None
    overhead: Figure | None = None
    error: str = ""


def measure_pairs(segmenter: Segmenter, cases: Sequence[Case], plan: Plan) -> Iterator[Pair]:
    """Every model in every mode on every image of its case; one model is in memory at a time."""
    names = names_of(segmenter, [case.folder for case in cases])
    with PaddlexSide() as other:
        for case in cases:
            model = names[case.folder]
            for mode in plan.modes:
                for image in case.images:
                    pair = Pair(model, image.stem, mode)
                    yield _measure(segmenter, other, pair, case.folder, image, plan)
                segmenter.unload(model)


def _measure(
    segmenter: Segmenter, other: PaddlexSide, pair: Pair, folder: Path, image: Path, plan: Plan
) -> Pair:
    _, prediction = run_ours(segmenter, pair.model, pair.mode, image, plan.work, plan.threshold)
    pair.engine, pair.instances = prediction.runtime.engine, len(prediction.instances)
    pair.parity = prediction.runtime.parity
    try:
        facts = segmenter.store.folder(segmenter.catalog.get(pair.model))
        loaded = other.load(folder, facts.model_name, plan.threads)
        other.run(image, plan.threshold, None)
    except PaddlexError as error:
        pair.error = str(error)
    else:
        pair.run_mode = f"{loaded['run_mode']}, {loaded['threads']} threads"
    _take_turns(segmenter, other, image, plan, pair)
    return pair


def _take_turns(
    segmenter: Segmenter, other: PaddlexSide, image: Path, plan: Plan, pair: Pair
) -> None:
    ours: list[Stages] = []
    theirs: list[Stages] = []
    start = perf_counter()
    while len(ours) < plan.repeats and (not ours or perf_counter() - start < plan.seconds):
        stages, prediction = run_ours(
            segmenter, pair.model, pair.mode, image, plan.work, plan.threshold
        )
        ours.append(stages)
        pair.worker_mb = prediction.runtime.memory_mb
        if not pair.error:
            theirs += _their_turn(other, image, plan, pair)
    pair.ours, pair.paddlex = _figures(ours), _figures(theirs)
    pair.worker_peak_mb = _peak_mb(segmenter.loaded()[pair.model].worker.pid)
    pair.overhead = Figure.of([our["masks"] / our["inference"] - 1 for our in ours])
    if not pair.error:
        turns = list(zip(theirs, ours, strict=True))
        pair.ratio = Figure.of([their["total"] / our["total"] for their, our in turns])
        pair.mask_ratio = Figure.of([their["predict"] / _to_masks(our) for their, our in turns])


def _to_masks(ours: Stages) -> float:
    """From the image's file to masks in the asking process, as PaddleX's `predict` does."""
    return ours["decode"] + ours["masks"] + ours["transfer"]


def _peak_mb(pid: int | None) -> float:
    """The most that a process ever held, MB of 10^6 bytes; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def _their_turn(other: PaddlexSide, image: Path, plan: Plan, pair: Pair) -> list[Stages]:
    try:
        answer = other.run(image, plan.threshold, plan.work)
    except PaddlexError as error:
        pair.error = str(error)
        return []
    pair.paddlex_instances, pair.paddlex_mb = answer["instances"], answer["rss_mb"]
    return [answer["stages"]]


def _figures(samples: Sequence[Stages]) -> dict[str, Figure]:
    if not samples:
        return {}
    return {name: Figure.of([sample[name] for sample in samples]) for name in samples[0]}
