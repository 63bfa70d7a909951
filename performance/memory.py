"""Memory of this process and all it started, before, with and after loaded models."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from pydantic import ByteSize

from instseg_ui import images
from instseg_ui.segmenter import Segmenter
from performance.cases import Case
from performance.ours import names_of, settings_for

_SETTLE_S = 60.0


@dataclass(frozen=True, slots=True)
class Memory:
    """One moment.

    Attributes:
        moment: what had just happened.
        loaded: ids of the models in memory.
        rss_mb: resident set sizes added up, MB of 10^6 bytes; a page that processes share
            counts once for each.
        pss_mb: proportional set sizes added up: each page counts once. Equal to `uss_mb`
            where the system does not tell.
        uss_mb: unique set sizes added up: what belongs to one process alone.
        processes: how many there were.
    """

    moment: str
    loaded: tuple[str, ...]
    rss_mb: float
    pss_mb: float
    uss_mb: float
    processes: int


def measure_memory(cases: Sequence[Case], threads: int, baseline: frozenset[int]) -> list[Memory]:
    """Load, run and evict the first model; then the first two where only one has room.

    `baseline` are processes that were there before and are not counted.
    """
    first, *others = cases
    folders = [case.folder for case in cases[:2]]
    moments = []
    with Segmenter(settings_for(folders, threads)) as segmenter:
        names = names_of(segmenter, folders)
        model, image = names[first.folder], images.read(first.images[-1], segmenter.settings)
        segmenter.prepare()
        _settle(baseline)
        moments.append(_now("ready, no model", segmenter, baseline))
        segmenter.load(model)
        moments.append(_now("loaded", segmenter, baseline))
        segmenter.segment(image, model)
        moments.append(_now("after one run", segmenter, baseline))
        segmenter.unload(model)
        moments.append(_now("evicted", segmenter, baseline))
    return moments + (_two_in_room_for_one(folders, threads, baseline) if others else [])


def _two_in_room_for_one(
    folders: Sequence[Path], threads: int, baseline: frozenset[int]
) -> list[Memory]:
    settings = settings_for(folders, threads)
    with Segmenter(settings) as segmenter:
        names = list(names_of(segmenter, folders).values())
        specs = [segmenter.catalog.get(name) for name in names]
        needs = [segmenter._expected_mb(spec, segmenter.store.folder(spec)) for spec in specs]
    budget = ByteSize(int((max(needs) + 50) * 1e6))
    moments = []
    with Segmenter(settings.model_copy(update={"memory_budget": budget})) as segmenter:
        for name in names:
            segmenter.load(name)
            moment = f"loaded {name}, budget {budget / 1e6:.0f} MB"
            moments.append(_now(moment, segmenter, baseline))
    return moments


def processes() -> frozenset[int]:
    """Ids of this process's descendants."""
    return frozenset(child.pid for child in psutil.Process().children(recursive=True))


def _now(moment: str, segmenter: Segmenter, baseline: frozenset[int]) -> Memory:
    me = psutil.Process()
    counted = [me, *(c for c in me.children(recursive=True) if c.pid not in baseline)]
    sizes = [size for size in map(_size, counted) if size]
    rss, pss, uss = (sum(values) / 1e6 for values in zip(*sizes, strict=True))
    return Memory(moment, tuple(sorted(segmenter.loaded())), rss, pss, uss, len(sizes))


def _size(process: psutil.Process) -> tuple[int, int, int] | None:
    """Resident, proportional and unique set size, bytes; None if it has just ended."""
    try:
        full = process.memory_full_info()
    except psutil.Error:
        return None
    return full.rss, getattr(full, "pss", full.uss), full.uss


def _settle(baseline: frozenset[int]) -> None:
    """Wait until the process that workers are forked from has imported what it imports."""
    deadline, before = time.monotonic() + _SETTLE_S, -1
    while time.monotonic() < deadline:
        time.sleep(1.0)
        found = [c for c in psutil.Process().children(recursive=True) if c.pid not in baseline]
        now = sum(size[0] for size in map(_size, found) if size)
        if now == before:
            return
        before = now
