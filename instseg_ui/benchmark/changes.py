"""One run against an earlier one: what changed, and whether it exceeds the noise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from instseg_ui.benchmark.bootstrap import LEAST_RUNS, Interval, median_difference
from instseg_ui.benchmark.figures import throughput
from instseg_ui.benchmark.records import STAGES, BenchmarkRun, ModelRun, split
from instseg_ui.latency import BUSY

Verdict = Literal["faster", "slower", "under 1 %", "within the noise", "too few runs", "one value"]

LEAST_PERCENT = 1.0
"""A smaller difference matters to nobody, however sure it is."""

CAVEAT = (
    "The interval is of the difference of the medians, by the bootstrap. It holds what the runs "
    "of each benchmark scattered by; that the machine was busier or warmer on one of the two days "
    "is not noise to it: repeat the earlier run to know. Of twenty figures that did not change, "
    "about one lies beyond the noise by chance."
)


@dataclass(frozen=True, slots=True)
class Change:
    """One figure of one model, before and after, in the unit of its name.

    `interval` is of the difference of the medians; None where no interval can be given.
    """

    model: str
    figure: str
    before: float
    after: float
    verdict: Verdict
    interval: Interval | None = None

    @property
    def difference(self) -> float:
        """After minus before."""
        return self.after - self.before

    @property
    def percent(self) -> float | None:
        """The difference in percent of the earlier value; None where that is 0."""
        return 100 * self.difference / self.before if self.before else None


@dataclass(frozen=True, slots=True)
class Changes:
    """All that can be compared of two runs.

    Attributes:
        changes: model by model, the latency first.
        conditions: what else differs between the runs, in sentences; with any of them a change
            need not come from the model.
        missing: models that only one of the runs has measured.
    """

    changes: tuple[Change, ...]
    conditions: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def beyond_noise(self) -> tuple[Change, ...]:
        """The changes that exceed the noise and matter."""
        return tuple(one for one in self.changes if one.verdict in ("faster", "slower"))


def compare_runs(before: BenchmarkRun, after: BenchmarkRun) -> Changes:
    """What differs in `after` from `before`, of the models that both have measured.

    Latency and stages are compared by the median, with a bootstrap interval. Runs on other images
    are compared too, and `conditions` says so.
    """
    earlier = {one.model: one for one in before.measured}
    later = {one.model: one for one in after.measured}
    both = [name for name in later if name in earlier]
    return Changes(
        changes=tuple(change for name in both for change in _changes(earlier[name], later[name])),
        conditions=(
            *_conditions(before, after),
            *_busy(before, after),
            *_engines(earlier, later, both),
        ),
        missing=tuple(name for name in (*earlier, *later) if name not in both),
    )


def _changes(before: ModelRun, after: ModelRun) -> Iterator[Change]:
    for figure in ("latency", *STAGES):
        yield _timed(before, after, figure)
    yield from _single(before, after)


def _timed(before: ModelRun, after: ModelRun, figure: str) -> Change:
    groups = [_groups(one, figure) for one in (before, after)]
    interval = median_difference(*groups)
    old, new = (_median(values) for values in groups)
    name = f"{figure} p50, ms"
    if min(len(before.samples), len(after.samples)) < LEAST_RUNS:
        return Change(before.model, name, old, new, "too few runs")
    return Change(before.model, name, old, new, _verdict(interval, old), interval)


def _verdict(interval: Interval, before: float) -> Verdict:
    if not interval.excludes_zero:
        return "within the noise"
    if abs(interval.estimate) * 100 < LEAST_PERCENT * before:
        return "under 1 %"
    return "faster" if interval.estimate < 0 else "slower"


def _groups(model: ModelRun, figure: str) -> list[list[float]]:
    groups = split(model.samples)
    return [[getattr(one, figure) for one in groups[number]] for number in sorted(groups)]


def _median(groups: Sequence[Sequence[float]]) -> float:
    values = sorted(value for group in groups for value in group)
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def _single(before: ModelRun, after: ModelRun) -> Iterator[Change]:
    """Figures that have one value a run: they are told, not judged."""
    pairs: list[tuple[str, float | None, float | None]] = [
        ("throughput, images/s", _rate(before), _rate(after)),
        ("cold start, ms", _cold(before), _cold(after)),
        ("peak memory, MB", _peak(before), _peak(after)),
        ("size on disk, MB", before.size_mb, after.size_mb),
    ]
    for name, old, new in pairs:
        if old is not None and new is not None:
            yield Change(before.model, name, old, new, "one value")


def _rate(model: ModelRun) -> float | None:
    best = throughput(model)
    return best.images_per_s if best else None


def _cold(model: ModelRun) -> float | None:
    return _median([[start.cold_ms for start in model.cold]]) if model.cold else None


def _peak(model: ModelRun) -> float | None:
    return model.memory.peak_mb if model.memory else None


def _conditions(before: BenchmarkRun, after: BenchmarkRun) -> Iterator[str]:
    old, new = before.machine, after.machine
    facts = (
        ("CPU", old.cpu, new.cpu),
        ("Cores", old.cores, new.cores),
        ("System", old.system, new.system),
        ("Device", old.device, new.device),
        ("Threads", old.threads, new.threads),
        ("Workers of a model", old.workers, new.workers),
        ("Answer", before.request.answer, after.request.answer),
        *_versions("", old.versions, new.versions),
    )
    yield from (f"{name}: {one} before, {other} now." for name, one, other in facts if one != other)
    if [image.digest for image in before.images] != [image.digest for image in after.images]:
        yield "The images are not the same."


def _busy(before: BenchmarkRun, after: BenchmarkRun) -> Iterator[str]:
    """That other work was going on when one of the runs began."""
    loads = [run.machine.load or 0.0 for run in (before, after)]
    shares = [load / run.machine.cores for load, run in zip(loads, (before, after), strict=True)]
    if max(shares) > BUSY:
        yield (
            f"The machine had other work: load {loads[0]:.2g} before the earlier run, "
            f"{loads[1]:.2g} before this one."
        )


def _engines(
    earlier: dict[str, ModelRun], later: dict[str, ModelRun], both: Sequence[str]
) -> Iterator[str]:
    for name in both:
        old, new = earlier[name], later[name]
        facts = (("engine", old.engine, new.engine), *_versions("", old.versions, new.versions))
        for fact, one, other in facts:
            if one != other:
                yield f"{name}, {fact}: {one} before, {other} now."


def _versions(
    prefix: str, old: dict[str, str], new: dict[str, str]
) -> Iterator[tuple[str, str, str]]:
    for name in sorted({*old, *new}):
        yield f"{prefix}{name}", old.get(name, "none"), new.get(name, "none")
