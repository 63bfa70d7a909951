"""Models in turn through real workers with the built-in engine; nothing asserts a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from instseg_ui import latency
from instseg_ui.errors import UnknownModelError
from instseg_ui.images import Image, digest
from instseg_ui.latency import LatencyKey, LatencyProgress, LatencyStore, known
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from tests.unit.factories import RED, model_folder, patches

PIXELS = patches(((2, 3, 12, 20), RED))
PHOTO = Image(PIXELS, digest(PIXELS), "one.png")
SIZE = (80, 60)


def settings_with(tmp_path: Path, **scripts: dict[str, Any]) -> Settings:
    folders = tuple(model_folder(tmp_path / name, **script) for name, script in scripts.items())
    return Settings(
        models_dir=tmp_path / "models", fake_engine=True, threads=1, model_folders=folders
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_with(
        tmp_path,
        a={},
        b={},
        never={"load_error": "It does not load."},
        late={"good_runs": 4, "run_error": "It failed."},
    )


@pytest.fixture
def segmenter(settings: Settings) -> Iterator[Segmenter]:
    with Segmenter(settings) as made:
        yield made


def measure(segmenter: Segmenter, *models: str, **more: Any) -> list[LatencyProgress]:
    return list(latency.measure(segmenter, models, PHOTO, watch_s=0, **more))


def test_models_take_turns_and_are_loaded_before_any_run_counts(segmenter: Segmenter) -> None:
    seen = measure(segmenter, "a", "b")
    turns = [(one.stage, one.model) for one in seen]
    assert turns == [
        ("waiting", ""),
        ("loading", "a"),
        ("loading", "b"),
        *[("measuring", "a"), ("measuring", "b")] * 5,
        ("done", ""),
    ]
    last = seen[-1]
    assert (last.done, last.total, last.share) == (10, 10, 1.0)
    assert [one.n for one in last.latencies.values()] == [5, 5]
    one = last.latencies["a"]
    assert (one.beside, one.engine, one.width, one.height) == (("a", "b"), "fake", *SIZE)
    assert one.session == last.latencies["b"].session
    low, high = one.quartiles or (0.0, 0.0)
    assert low <= one.median <= high


def test_every_run_is_one_and_none_is_a_kept_prediction(segmenter: Segmenter) -> None:
    segmenter.segment(PHOTO, "a")
    kept = segmenter.segment(PHOTO, "a").timings.latency
    found = measure(segmenter, "a")[-1].latencies["a"]
    assert len(set(found.runs_ms)) > 1, "a kept prediction has one time for ever"
    assert segmenter.segment(PHOTO, "a").timings.latency == kept


def test_until_there_are_five_it_says_how_many_and_goes_on_from_there(
    segmenter: Segmenter,
) -> None:
    seen: list[LatencyProgress] = []

    def stop() -> bool:
        return bool(seen) and seen[-1].done >= 3

    for step in latency.measure(segmenter, ["a"], PHOTO, watch_s=0, cancelled=stop):
        seen += [step]
    assert seen[-1].stage == "stopped"
    found = known(segmenter, "a", SIZE)
    assert found is not None
    assert (3 <= found.n < 5, found.enough, found.quartiles) == (True, False, None)
    more = measure(segmenter, "a")[-1].latencies["a"]
    assert more.n == 5
    assert more.runs_ms[: found.n] == found.runs_ms


def test_no_round_begins_after_its_time(segmenter: Segmenter) -> None:
    last = measure(segmenter, "a", seconds=-1)[-1]
    assert (last.stage, last.latencies) == ("stopped", {})


def test_what_is_known_is_not_measured_again_but_when_asked(
    segmenter: Segmenter, settings: Settings
) -> None:
    first = measure(segmenter, "a")[-1].latencies["a"]
    (only,) = measure(segmenter, "a")
    assert (only.stage, only.latencies["a"]) == ("done", first)
    with Segmenter(settings) as restarted:
        assert known(restarted, "a", (82, 58)) == first
        again = measure(restarted, "a", again=True)[-1].latencies["a"]
        assert again.session != first.session
        assert known(restarted, "a", SIZE) == again


def test_one_that_fails_says_so_and_the_others_go_on(segmenter: Segmenter) -> None:
    last = measure(segmenter, "never", "late", "a")[-1]
    assert last.stage == "done"
    assert last.failures == {"never": "It does not load.", "late": "It failed."}
    assert last.latencies["a"].n == 5
    assert last.latencies["late"].n < 5
    with pytest.raises(UnknownModelError):
        measure(segmenter, "nope")


def test_models_that_do_not_fit_together_are_measured_alone(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, a={}, b={})
    with Segmenter(settings) as segmenter:
        segmenter.load("a")
        (held,) = segmenter.registry.residents()
        segmenter.registry.budget_mb = 1.5 * held.memory_mb
        segmenter._measured_mb.update(a=held.memory_mb, b=held.memory_mb)
        last = measure(segmenter, "a", "b")[-1]
    assert [one.n for one in last.latencies.values()] == [5, 5]
    assert {one.beside for one in last.latencies.values()} == {("a",), ("b",)}


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"threads": 2}, False),
        ({"floor": 0.5}, False),
        ({"engine": "paddle"}, False),
        ({"cache_predictions": 1}, True),
    ],
)
def test_it_holds_for_what_it_was_measured_with(
    segmenter: Segmenter, settings: Settings, change: dict[str, Any], same: bool
) -> None:
    measure(segmenter, "a")
    other = settings.model_copy(update=change)
    with Segmenter(other) as segmenter2:
        assert (known(segmenter2, "a", SIZE) is not None) is same


def test_other_weights_and_other_sizes_are_another_figure(
    segmenter: Segmenter, tmp_path: Path
) -> None:
    measure(segmenter, "a")
    assert known(segmenter, "a", (640, 480)) is None
    assert known(segmenter, "absent", SIZE) is None
    (tmp_path / "a" / "inference.pdiparams").write_bytes(b"1" * 1000)
    assert known(segmenter, "a", SIZE) is None


def test_before_the_engines_are_proven_there_is_no_key(tmp_path: Path) -> None:
    settings = settings_with(tmp_path, a={}).model_copy(update={"fake_engine": False})
    with Segmenter(settings) as segmenter:
        assert LatencyKey.of(segmenter, "a", SIZE, "high_performance") is None
        assert LatencyKey.of(segmenter, "a", SIZE, "paddle") is not None


def test_two_measurements_do_not_run_at_once(segmenter: Segmenter, settings: Settings) -> None:
    with LatencyStore.of(settings).alone(lambda: False):
        asked: list[int] = []

        def stop() -> bool:
            asked.append(1)
            return len(asked) > 2

        steps = list(latency.measure(segmenter, ["a"], PHOTO, watch_s=0, cancelled=stop))
    assert [one.stage for one in steps] == ["waiting", "stopped"]
    assert segmenter.loaded() == {}
