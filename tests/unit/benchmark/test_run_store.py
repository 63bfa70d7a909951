"""Runs on disk: whole, named by what they were measured on, never lost to a damaged file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from instseg_ui.benchmark import Request, Shelf, concurrency_levels, to_json
from instseg_ui.benchmark.records import from_dict, to_dict
from instseg_ui.benchmark.run_store import run_name
from instseg_ui.errors import InputError
from instseg_ui.settings import Settings
from tests.unit.benchmark.kit import made_run, model_run

RUN = made_run(model_run("A", [10.0] * 5), model_run("B", [20.0] * 3))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "runs")


def test_json_round_trip() -> None:
    assert from_dict(json.loads(to_json(RUN))) == RUN
    assert from_dict(to_dict(RUN)) == RUN
    assert json.loads(to_json(RUN))["summary_ms"]["A"]["percentiles"]["50"] == 13.0


def test_the_name_says_what_it_was_measured_on() -> None:
    assert run_name(RUN) == "20260102T030405Z_AMD-EPYC_fake_2t_80x60_n3-5"
    machine = replace(
        RUN.machine, cpu="Intel(R) Xeon(R) CPU E5-2690 v4 @ 2.60GHz", device="gpu:0", threads=8
    )
    one = made_run(model_run("A", [1.0], engine="../../x y"), machine=machine)
    assert run_name(one) == "20260102T030405Z_Intel-Xeon-E5-2690-v4-gpu-0_x-y_8t_80x60_n1"
    nothing = made_run(machine=replace(RUN.machine, cpu="日本"))
    assert run_name(nothing) == "20260102T030405Z_unknown_none_2t_80x60_n0"


def test_kept_runs_come_back_the_newest_first(shelf: Shelf) -> None:
    older = replace(RUN, made=RUN.made.replace(year=2025))
    shelf.save(RUN)
    shelf.save(older)
    again = shelf.save(RUN)
    listing = shelf.listing()
    assert [one.run for one in listing.kept] == [RUN, RUN, older]
    assert listing.findings == ()
    assert again.name.endswith("_n3-5_2.json")
    assert shelf.latest() == again
    assert shelf.read(again.name) == shelf.read(again.name.removesuffix(".json")) == RUN
    assert not list(shelf.folder.glob(".*"))


def test_a_longer_state_takes_the_place_of_the_shorter(shelf: Shelf) -> None:
    first = shelf.save(replace(RUN, models=RUN.models[:1], state="running"))
    other = shelf.save(RUN, first)
    assert shelf.save(RUN, other) == other
    assert [path.name for path in shelf.folder.iterdir()] == [other.name]


def test_damaged_files_are_said_and_left_out(shelf: Shelf) -> None:
    shelf.save(RUN)
    values = to_dict(RUN)
    bad: dict[str, object] = {
        "cut": to_json(RUN)[:200].decode(),
        "other": json.dumps({"kind": "x"}),
        "newer": json.dumps(values | {"schema": 99}),
        "nan": json.dumps(values).replace("10.0", "NaN"),
        "negative": json.dumps(values).replace("10.0", "-10.0"),
        "image": json.dumps(values).replace('"image": 0', '"image": 7'),
        "list": "[]",
        "deep": "[" * 100_000,
        "empty": "",
        "request": json.dumps(values | {"request": {"models": []}}),
    }
    for name, text in bad.items():
        (shelf.folder / f"{name}.json").write_text(str(text))
    listing = shelf.listing()
    assert [one.run for one in listing.kept] == [RUN]
    assert len(listing.findings) == len(bad)
    assert any("Expected a benchmark run of schema 1, got 99." in one for one in listing.findings)
    assert all(str(shelf.folder) not in one for one in listing.findings)


@pytest.mark.parametrize("name", ["nope", "../../etc/passwd", "", "."])
def test_only_kept_runs_are_read(shelf: Shelf, name: str) -> None:
    shelf.save(RUN)
    with pytest.raises(InputError, match="no kept benchmark run"):
        shelf.read(name)


def test_nothing_kept(shelf: Shelf) -> None:
    assert shelf.listing().kept == ()
    with pytest.raises(InputError, match="Run one first"):
        shelf.latest()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="could not be kept on disk"):
        Shelf(tmp_path / "file" / "runs").save(RUN)


def test_the_shelf_of_the_settings(settings: Settings, tmp_path: Path) -> None:
    assert Shelf.of(settings).folder.is_relative_to(tmp_path)


def test_levels() -> None:
    assert concurrency_levels(1) == (1,)
    assert concurrency_levels(3) == (1, 2, 3)
    assert concurrency_levels(8) == (1, 2, 3, 4, 8)
    assert concurrency_levels(20) == (1, 2, 3, 4, 8, 16, 20)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"models": ()}, "No model is named"),
        ({"repeats": 0}, "Expected 1 to 10000 repeats, got 0"),
        ({"warmup": -1}, "warm-up runs"),
        ({"cold_starts": 0}, "cold starts"),
        ({"concurrency": (1, 65)}, "Expected 1 to 64 callers at once, got 65"),
        ({"repeats": True}, "repeats"),
    ],
)
def test_requests_out_of_range(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        Request(**({"models": ("A",)} | changes))  # type: ignore[arg-type]
