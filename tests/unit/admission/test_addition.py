"""Adding and removing own models: in one step, checked, and nothing left behind."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from instseg_ui.admission import add
from instseg_ui.admission.addition import Staging
from instseg_ui.catalog import Catalog
from instseg_ui.errors import (
    BusyError,
    Cancelled,
    DiskFullError,
    InputError,
    LoadError,
    ModelError,
    ModelFolderError,
    UnknownModelError,
)
from instseg_ui.images import from_array
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import PROJECT_DIR, Settings
from tests.unit.factories import RED, model_folder, patches


@pytest.fixture
def segmenter(settings: Settings) -> Iterator[Segmenter]:
    with Segmenter(settings) as opened:
        yield opened


def places(settings: Settings) -> list[str]:
    """What lies among the models, drafts and locks too."""
    root = settings.models_dir
    return sorted(
        str(one.relative_to(root))
        for one in root.rglob("*")
        if one.is_dir() and one.name not in (".own", ".adding", ".fetching")
    )


def test_an_added_model_stands_first_and_runs_at_once(segmenter: Segmenter, tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "tigers", labels=["ลายเสือ"])
    stages: list[str] = []
    added = add(segmenter, folder, on_stage=stages.append)
    assert (added.spec.id, added.spec.source, added.spec.family) == ("tigers", "own", "SOLOv2")
    assert added.sentence.startswith("tigers is added: made from SOLOv2, 1 class, ")
    assert stages == [
        "reading it",
        "running it on the example photo",
        "putting it into the catalog",
    ]
    assert next(iter(segmenter.catalog)).id == "tigers"
    found = segmenter.segment(
        from_array(patches(((2, 3, 12, 20), RED)), segmenter.settings), "tigers"
    )
    assert (found.labels, len(found.instances)) == (("ลายเสือ",), 1)
    shutil.rmtree(folder)
    assert segmenter.store.status(added.spec).usable


def test_it_is_remembered_by_who_comes_later_and_seen_by_who_was_there(
    settings: Settings, tmp_path: Path
) -> None:
    with Segmenter(settings) as there, Segmenter(settings) as other:
        assert there.catalog.names[0] == "everyday-M"
        add(other, model_folder(tmp_path / "tigers"))
        assert there.catalog.get("tigers").family == "SOLOv2"
    assert Catalog.load(settings).names[0] == "tigers"
    with Segmenter(settings) as later:
        assert later.remove("tigers") is True
        with pytest.raises(UnknownModelError):
            later.catalog.get("tigers")
    assert "tigers" not in Catalog.load(settings).names


def test_removing_deletes_our_copy_only(segmenter: Segmenter, tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "tigers")
    before = sorted(folder.iterdir())
    added = add(segmenter, folder)
    segmenter.segment(from_array(patches(), segmenter.settings), "tigers")
    segmenter.remove("tigers")
    assert sorted(folder.iterdir()) == before
    assert not added.facts.path.exists()
    assert segmenter.loaded() == {}
    assert segmenter.failures() == {}
    assert places(segmenter.settings) == []


def test_another_model_of_a_removed_name_is_another_model(
    segmenter: Segmenter, tmp_path: Path
) -> None:
    image = from_array(patches(((2, 3, 12, 20), RED)), segmenter.settings)
    add(segmenter, model_folder(tmp_path / "a", labels=["cat"]), "mine")
    assert segmenter.segment(image, "mine").labels == ("cat",)
    segmenter.remove("mine")
    add(segmenter, model_folder(tmp_path / "b", labels=["dog", "bird"]), "mine")
    assert segmenter.catalog.get("mine").labels_hint == "2 classes: dog, bird"
    assert segmenter.segment(image, "mine").labels == ("dog", "bird")


@pytest.mark.parametrize("name", ["everyday-m", "SOLOv2", "ＳＯＬＯv2", "TIGERS"])
def test_a_name_that_is_taken_is_said(segmenter: Segmenter, tmp_path: Path, name: str) -> None:
    add(segmenter, model_folder(tmp_path / "tigers"))
    with pytest.raises(InputError, match=r"There is a model “.*” already\. Choose another name"):
        add(segmenter, tmp_path / "tigers", name)
    with pytest.raises(InputError, match="“tigers” already"):
        add(segmenter, tmp_path / "tigers")


def test_the_default_model_is_not_removed(settings: Settings, tmp_path: Path) -> None:
    with Segmenter(settings) as segmenter:
        add(segmenter, model_folder(tmp_path / "tigers"))
    own = settings.model_copy(update={"default_model": "tigers"})
    with Segmenter(own) as segmenter, pytest.raises(InputError, match="default model here"):
        segmenter.remove("tigers")


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"inference.pdiparams": None}, "“tigers” has no inference.pdiparams"),
        ({"inference.json": None}, "“tigers” has neither inference.json nor inference.pdmodel"),
        ({"inference.pdiparams": ""}, "holds an empty inference.pdiparams"),
        ({"inference.yml": "["}, "not readable as YAML"),
        ({"inference.yml": "label_list: [a]"}, "names no model"),
        ({"inference.yml": "Global: {model_name: YOLO}\nlabel_list: [a]"}, "names “YOLO”"),
        ({"inference.yml": "Global: {model_name: SOLOv2}"}, "lists no labels"),
        ({"inference.json": "{"}, "cannot be read"),
        ({"inference.json": '{"#": "1.save_combine"}'}, "does more than compute"),
    ],
)
def test_what_is_not_whole_is_said(
    segmenter: Segmenter, tmp_path: Path, change: dict[str, str | None], sentence: str
) -> None:
    folder = model_folder(tmp_path / "tigers")
    for name, text in change.items():
        (folder / name).unlink()
        if text is not None:
            (folder / name).write_text(text)
    with pytest.raises(ModelFolderError, match=sentence) as caught:
        add(segmenter, folder)
    assert str(tmp_path) not in str(caught.value)
    assert places(segmenter.settings) == []


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ({"load_error": "no such operator. Sorry."}, "does not run on the example photo. no such"),
        ({"run_error": "shapes differ", "good_runs": 1}, "shapes differ"),
        ({"exit_code": 3, "good_runs": 1}, "stopped unexpectedly"),
        ({"exit_code": 3}, "stopped unexpectedly"),
    ],
)
def test_a_model_that_does_not_run_hurts_nobody(
    segmenter: Segmenter, tmp_path: Path, script: dict[str, object], sentence: str
) -> None:
    folder = model_folder(tmp_path / "tigers", **script)
    with pytest.raises(LoadError, match=sentence) as caught:
        add(segmenter, folder)
    assert "“tigers” was not added" in str(caught.value)
    assert "try a smaller image" not in str(caught.value)
    assert places(segmenter.settings) == []
    assert segmenter.segment(from_array(patches(), segmenter.settings), "everyday-S")


def test_a_model_that_takes_all_memory_is_ended(settings: Settings, tmp_path: Path) -> None:
    little = settings.model_copy(update={"memory_budget": 1_000_000_000})
    with Segmenter(little) as segmenter:
        add(segmenter, model_folder(tmp_path / "small"))
        segmenter.settings = little.model_copy(update={"memory_budget": 10_000_000})
        with pytest.raises(LoadError, match="took more than the 10 MB of memory"):
            add(segmenter, model_folder(tmp_path / "tigers", delay_s=30))


def test_it_is_stopped_at_any_time(segmenter: Segmenter, tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "tigers", delay_s=30, good_runs=1)
    stopped = threading.Event()
    stages: list[str] = []

    def heard(stage: str) -> None:
        stages.append(stage)
        if "running" in stage:
            threading.Timer(0.3, stopped.set).start()

    with pytest.raises(Cancelled):
        add(segmenter, folder, on_stage=heard, cancelled=stopped.is_set)
    with pytest.raises(Cancelled, match="nothing was added"):
        add(segmenter, folder, cancelled=lambda: True)
    assert places(segmenter.settings) == []


def failing(number: int) -> object:
    def fail(*args: object, **options: object) -> object:
        raise OSError(number, os.strerror(number))

    return fail


def test_a_full_disk_is_said(
    segmenter: Segmenter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = model_folder(tmp_path / "tigers")
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(DiskFullError, match=r"There is no room for “tigers”.*0 MB are free"):
        add(segmenter, folder)
    monkeypatch.undo()
    monkeypatch.setattr(os, "fsync", failing(errno.ENOSPC))
    with pytest.raises(DiskFullError, match="There is no room for “tigers”"):
        add(segmenter, folder)
    assert places(segmenter.settings) == []


def test_a_folder_that_cannot_be_written_is_said(
    segmenter: Segmenter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "rename", failing(errno.EROFS))
    with pytest.raises(ModelError, match="the models' folder cannot be written") as caught:
        add(segmenter, model_folder(tmp_path / "tigers"))
    assert "Read-only file system" in caught.value.remedy
    assert places(segmenter.settings) == []


def test_two_of_one_name_at_once_are_kept_apart(segmenter: Segmenter, tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "tigers")
    staging = Staging(segmenter.settings.models_dir, ".adding")

    def ask() -> None:
        with pytest.raises(BusyError, match="being added right now"):
            add(segmenter, folder)

    with staging.alone("tigers", lambda: None):
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    add(segmenter, folder)


@pytest.mark.paddle
@pytest.mark.slow
def test_a_folder_in_paddles_old_format_is_right_at_once(tmp_path: Path) -> None:
    old = tmp_path / "tigers"
    old.mkdir()
    subprocess.run(
        [sys.executable, "-m", "tests.unit.admission.old_export", str(old)],
        cwd=PROJECT_DIR, check=True, timeout=300, capture_output=True,
    )  # fmt: skip
    settings = Settings(models_dir=tmp_path / "models", threads=1)
    with Segmenter(settings) as segmenter:
        added = add(segmenter, old)
        assert (added.facts.format, added.facts.draw_threshold) == ("pdmodel", 0.4)
        image = from_array(np.full((40, 100, 3), 127, np.uint8), settings)
        (found,) = segmenter.segment(image, "tigers").instances
        assert (found.label, round(found.score, 3), found.box) == ("ลายเสือ", 0.9, (0, 0, 50, 40))
        assert found.area == 50 * 40


@pytest.mark.paddle
@pytest.mark.slow
def test_an_export_of_any_size_labels_and_threshold_is_right_at_once(tmp_path: Path) -> None:
    from tools.test_models import build_test_model, make_scene

    labels = ("แมว",)
    folder = build_test_model(tmp_path / "out" / "best_model" / "inference", "PP-YOLOE_seg-S",
                              labels=labels, size=192, candidates=50)  # fmt: skip
    text = (folder / "inference.yml").read_text("utf-8")
    (folder / "inference.yml").write_text(
        text.replace("draw_threshold: 0.5", "draw_threshold: 0.7")
    )
    scene = make_scene(200, 150, count=3, labels=labels, seed=1)
    settings = Settings(models_dir=tmp_path / "models", threads=1)
    with Segmenter(settings) as segmenter:
        added = add(segmenter, tmp_path / "out", "ลายแมว")
        assert (added.facts.labels, added.facts.draw_threshold) == (labels, 0.7)
        found = segmenter.segment(from_array(scene.image, settings), "ลายแมว").at(0.5)
        assert len(found.instances) == 3
        assert {one.label for one in found.instances} == set(labels)
