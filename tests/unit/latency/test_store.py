"""Latencies on disk: whole or not there, bounded, and damaged files are none."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from instseg_ui.hpi.identity import Identity
from instseg_ui.latency import Latency, LatencyKey, LatencyStore, size_class, store
from instseg_ui.latency.load import held, others

KEY = LatencyKey(
    Identity("a", "c", "normal", ("fake",), "", "", "v", ("cpu",), 2), 12, 0.05, 300, "EPYC", 2
)
FIVE = Latency(
    "a",
    (5.0, 1.0, 2.0, 3.0, 4.0),
    "normal",
    "fake",
    "cpu",
    2,
    80,
    60,
    "EPYC",
    2,
    datetime(2026, 1, 2, tzinfo=UTC),
    "s",
    ("a", "b"),
    0.1,
    12.0,
    300.0,
    {"opencv": "4"},
)


@pytest.fixture
def kept(tmp_path: Path) -> LatencyStore:
    return LatencyStore(tmp_path / "latencies")


def test_what_is_put_is_read(kept: LatencyStore) -> None:
    assert kept.get(KEY) is None
    kept.put(KEY, FIVE)
    assert kept.get(KEY) == FIVE
    assert kept.get(replace(KEY, size=13)) is None
    kept.forget(KEY)
    assert kept.get(KEY) is None


def test_a_figure_is_not_replaced_by_less(kept: LatencyStore) -> None:
    kept.put(KEY, FIVE)
    kept.put(KEY, replace(FIVE, runs_ms=(9.0,)))
    assert kept.get(KEY) == FIVE
    newer = replace(FIVE, runs_ms=(9.0,) * 5)
    kept.put(KEY, newer)
    assert kept.get(KEY) == newer


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        '{"schema": 99}',
        json.dumps({"schema": 1, "model": "a", "runs_ms": ["fast"]}),
    ],
)
def test_a_damaged_file_is_none(kept: LatencyStore, damage: str) -> None:
    kept.put(KEY, FIVE)
    (file,) = kept.folder.glob("*.json")
    file.write_text(damage)
    assert kept.get(KEY) is None
    kept.put(KEY, FIVE)
    assert kept.get(KEY) == FIVE


def test_times_that_are_none_are_refused(kept: LatencyStore) -> None:
    kept.put(KEY, FIVE)
    (file,) = kept.folder.glob("*.json")
    for wrong in ("-1.0", "NaN", "Infinity"):
        file.write_text(file.read_text().replace("[5.0", f"[{wrong}"))
        assert kept.get(KEY) is None


def test_it_is_bounded(kept: LatencyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_MOST", 3)
    keys = [replace(KEY, size=size) for size in range(5)]
    for age, key in enumerate(keys):
        kept.put(key, FIVE)
        os.utime(kept.folder / f"{key.digest}.json", (age, age))
    kept.put(keys[4], FIVE)
    assert [kept.get(key) is not None for key in keys] == [False, False, True, True, True]
    many = replace(FIVE, runs_ms=tuple(float(i) for i in range(3000)))
    kept.put(keys[4], many)
    found = kept.get(keys[4])
    assert found is not None
    assert found.runs_ms == many.runs_ms[-1000:]


def test_a_folder_that_cannot_be_made_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    nowhere = LatencyStore(tmp_path / "file" / "latencies")
    nowhere.put(KEY, FIVE)
    assert nowhere.get(KEY) is None
    with nowhere.alone(lambda: False):
        pass


def test_the_figure_and_its_spread() -> None:
    assert (FIVE.n, FIVE.median, FIVE.quartiles) == (5, 3.0, (2.0, 4.0))
    assert replace(FIVE, runs_ms=(5.0, 1.0)).quartiles is None


@pytest.mark.parametrize(
    ("work", "cores", "threads", "busy"),
    [(None, 2, 2, False), (0.5, 2, 2, False), (0.7, 2, 2, True), (1.2, 2, 1, False),
     (1.4, 2, 1, True), (30.0, 64, 2, False), (63.0, 64, 2, True)],
)  # fmt: skip
def test_other_work_counts_where_it_takes_wanted_cores(
    work: float | None, cores: int, threads: int, busy: bool
) -> None:
    assert held(work, cores, threads) is busy
    assert replace(FIVE, others=work, cores=cores, threads=threads).busy is busy


def test_other_work_is_looked_for() -> None:
    assert others(0) is None
    found = others(0.05)
    assert found is None or found >= 0


def test_sizes_of_one_class() -> None:
    assert size_class(640, 480) == size_class(512, 512) == 18
    assert size_class(1920, 1080) == 21
    assert size_class(0, 0) == 0
