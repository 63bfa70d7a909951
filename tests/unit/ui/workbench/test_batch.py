"""All photos through all ticked models: what is noted, and what is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from instseg_ui import images
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.workbench import batch
from instseg_ui.ui.workbench.batch import BatchView
from instseg_ui.ui.workbench.tray import Tray
from tests.unit.factories import model_folder
from tests.unit.ui.workbench.kit import filled


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Models of the built-in engine: two alike, one that fails, and slow ones."""
    root = tmp_path_factory.mktemp("models")
    folders = [
        model_folder(root / "one"),
        model_folder(root / "two"),
        model_folder(root / "fails", good_runs=1, run_error="It failed <b>here</b>."),
        model_folder(root / "slow", good_runs=2, delay_s=30),
        model_folder(root / "waits", good_runs=1, delay_s=0.4),
    ]
    settings = Settings(
        models_dir=root / "official", model_folders=tuple(folders), fake_engine=True, threads=1
    )
    with Segmenter(settings) as segmenter:
        yield Services(segmenter)


def views(services: Services, tray: Tray, *models: str, session: str = "me") -> list[BatchView]:
    return list(batch.run(services, tray, models, session, None))


def found(tray: Tray) -> list[dict[str, int]]:
    return [dict(one.found) for one in tray.photos]


def test_each_photo_is_counted_and_compared(services: Services, tmp_path: Path) -> None:
    tray = filled(tmp_path, 3, 0, 1)
    *before, last = views(services, tray, "one", "two")
    assert found(tray) == [{"one": n, "two": n} for n in (3, 0, 1)]
    assert [one.disagreement for one in tray.photos] == [0, 0, 0]
    assert all(view.busy for view in before)
    assert "6 of 6 runs done." in last.progress
    assert (last.busy, last.noted) == (False, True)
    assert services.latencies == {}  # one run of each photo is no latency
    assert not services.jobs["batch"].busy("me")


def test_of_one_model_there_is_no_disagreement(services: Services, tmp_path: Path) -> None:
    tray = filled(tmp_path, 2)
    views(services, tray, "one")
    assert found(tray) == [{"one": 2}]
    assert tray.photos[0].disagreement is None


def test_disagreement_is_of_each_two_models(services: Services, tmp_path: Path) -> None:
    tray = filled(tmp_path, 3)
    image = images.read(tray.photos[0].path, services.settings)
    whole = services.segmenter.segment(image, "one").at(0.5)
    nothing = whole.at(1.0)
    assert len(nothing.instances) == 0
    assert batch.disagreement([whole, whole]) == 0
    assert batch.disagreement([whole, nothing]) == 1
    assert batch.disagreement([whole, whole, nothing]) == pytest.approx(2 / 3)


def test_a_photo_that_is_none_is_left_out_and_named(services: Services, tmp_path: Path) -> None:
    tray = filled(tmp_path, 1, -1, 2)
    last = views(services, tray, "one", "two")[-1]
    assert found(tray) == [{"one": 1, "two": 1}, {}, {"one": 2, "two": 2}]
    assert tray.photos[1].disagreement is None
    assert "4 of 6 runs done." in last.progress
    assert "“photo 1.png”: This file is not an image" in last.progress
    assert str(tmp_path) not in last.progress


def test_a_model_that_fails_is_left_out_and_the_others_go_on(
    services: Services, tmp_path: Path
) -> None:
    tray = filled(tmp_path, 1, 2)
    last = views(services, tray, "fails", "one")[-1]
    assert found(tray) == [{"one": 1}, {"one": 2}]
    assert "2 of 4 runs done." in last.progress
    assert last.progress.count("It failed") == 1
    assert "<b>here" not in last.progress


def test_only_a_few_reasons_are_told(services: Services, tmp_path: Path) -> None:
    tray = filled(tmp_path, *[-1] * 6)
    last = views(services, tray, "one")[-1]
    assert "0 of 6 runs done." in last.progress
    assert last.progress.count("not an image") == 3
    assert "and 3 more." in last.progress


def test_stopping_keeps_what_is_done(services: Services, tmp_path: Path) -> None:
    tray, seen = filled(tmp_path, 1, 2, 3), []
    for view in batch.run(services, tray, ["one", "slow"], "x", None):
        seen.append(view)
        if "slow on photo 2.png" in view.progress or "slow on photo 1.png" in view.progress:
            services.jobs["batch"].stop("x")
    assert "Stopped: " in seen[-1].progress
    assert not seen[-1].busy
    assert [one["one"] for one in found(tray)] == [1, 2, 3]


def test_a_newer_run_ends_the_older_in_silence(services: Services, tmp_path: Path) -> None:
    tray = filled(tmp_path, 1)
    older = batch.run(services, tray, ["slow"], "y", None)
    next(older)
    newer = views(services, tray, "one", session="y")
    assert all(view.busy and "alert" not in view.progress for view in older)
    assert "1 of 1 run done" in newer[-1].progress


@pytest.mark.parametrize(("counts", "models"), [((1,), ()), ((), ("one",))])
def test_without_photos_or_models_it_says_what_to_do(
    services: Services, tmp_path: Path, counts: tuple[int, ...], models: tuple[str, ...]
) -> None:
    tray = filled(tmp_path, *counts) if counts else Tray(())
    (only,) = views(services, tray, *models)
    assert "Tick one or more models and add photos" in only.progress
    assert "alert" in only.progress
    assert not only.busy


def test_a_photo_taken_out_meanwhile_is_not_missed(services: Services, tmp_path: Path) -> None:
    tray, seen = filled(tmp_path, 1, 2), []
    for view in batch.run(services, tray, ["waits"], "me", None):
        seen.append(view)
        if len(tray.photos) == 2:
            tray.remove(tray.photos[1].key)
    assert "2 of 2 runs done." in seen[-1].progress
    assert found(tray) == [{"waits": 1}]


def test_the_button_counts() -> None:
    assert batch.label(20, 3) == "Run 3 models on 20 photos"
    assert batch.label(2, 1) == "Run 1 model on 2 photos"
