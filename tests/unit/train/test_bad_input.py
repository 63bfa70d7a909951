"""Data sets that cannot teach, disks without room: one sentence each."""

from __future__ import annotations

import errno
import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from instseg_ui.errors import DiskFullError, InputError
from instseg_ui.train import checkpoint
from instseg_ui.train.checks import CHECKPOINT, WORK, Lesson, check_room, lesson_of
from instseg_ui.train.memory import RunMemory
from tests.unit.train.factories import NEW, PHOTOS, dataset, document, request

KNOWN = ("person", "cat", "window")


def taught(folder: Path, value: dict, *, keep: bool = True) -> Lesson:
    found = dataset(folder, value)
    try:
        return lesson_of(found, KNOWN, keep_classes=keep)
    finally:
        found.close()


def kinds(lesson: Lesson) -> set[str]:
    return {one.kind for one in lesson.findings}


def test_new_classes_come_after_those_that_are_kept(tmp_path: Path) -> None:
    lesson = taught(tmp_path, document())
    assert lesson.classes == (*KNOWN, NEW)
    assert (lesson.new, lesson.replayed, lesson.dropped) == ((NEW,), KNOWN, ())
    assert lesson.labels == {0: 3}
    dropped = taught(tmp_path, document(), keep=False)
    assert dropped.classes == (NEW,)
    assert (dropped.replayed, dropped.dropped) == ((), KNOWN)


def test_a_known_class_is_taught_on_however_it_is_spelled(tmp_path: Path) -> None:
    value = document()
    value["categories"][0]["name"] = "Window"
    lesson = taught(tmp_path, value)
    assert (lesson.classes, lesson.new, lesson.labels) == (KNOWN, (), {0: 2})
    assert lesson.replayed == ("person", "cat")


def test_one_picture_cannot_teach(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Only 1 picture with annotated objects"):
        taught(tmp_path, document(names=PHOTOS[:1]))


def test_no_object_cannot_teach(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No object is annotated"):
        taught(tmp_path, {**document(), "annotations": []})


def test_a_class_with_one_example_is_told(tmp_path: Path) -> None:
    value = document()
    value["categories"].append({"id": 99, "name": "flag"})
    value["annotations"].append({**value["annotations"][0], "id": 5000, "category_id": 99})
    lesson = taught(tmp_path, value)
    assert "class with one example" in kinds(lesson)
    assert "flag" in lesson.classes


def test_outlines_outside_the_picture_are_left_out_and_told(tmp_path: Path) -> None:
    value = document()
    outside = [[600, 600, 700, 600, 700, 700]]
    value["annotations"].append({**value["annotations"][0], "id": 5000, "segmentation": outside})
    assert "outline outside the picture" in kinds(taught(tmp_path, value))
    for one in value["annotations"]:
        one["segmentation"] = outside
    with pytest.raises(InputError, match="No object is annotated"):
        taught(tmp_path, value)


def test_categories_that_differ_in_spelling_only_are_refused(tmp_path: Path) -> None:
    value = document()
    value["categories"].append({"id": 99, "name": f" {NEW.upper()}"})
    value["annotations"].append({**value["annotations"][0], "id": 5000, "category_id": 99})
    with pytest.raises(InputError, match="differ in spelling only"):
        taught(tmp_path, value)


def test_a_disk_without_room_is_told_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 5, 5))
    with pytest.raises(DiskFullError, match="has no room"):
        check_room(tmp_path / "model")


def test_a_file_is_no_folder_to_make(tmp_path: Path) -> None:
    (tmp_path / "model").write_text("mine")
    with pytest.raises(InputError, match="is a file"):
        check_room(tmp_path / "model")
    with pytest.raises(InputError, match="cannot be made"):
        check_room(tmp_path / "model" / "below")


def test_nothing_that_is_there_is_replaced(tmp_path: Path) -> None:
    mine = tmp_path / "model"
    check_room(mine)
    (mine / "inference.json").write_text("left by a run that was killed while it moved files")
    check_room(mine)
    (mine / WORK).mkdir()
    (mine / WORK / CHECKPOINT).write_bytes(b"")
    check_room(mine, resume=True)
    with pytest.raises(InputError, match="holds a run that is not done"):
        check_room(mine)
    for name in ("inference.yml", "diary.txt"):
        (mine / name).write_text("mine")
        with pytest.raises(InputError, match="holds something already"):
            check_room(mine, resume=True)
        (mine / name).unlink()


def test_a_checkpoint_is_whole_or_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoint.save(tmp_path, {"round": 1}, {"a/b": np.arange(3)})

    def full(path: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskFullError, match="has no room"):
        checkpoint.save(tmp_path, {"round": 2}, {"a/b": np.arange(4)})
    kept = checkpoint.load(tmp_path)
    assert kept is not None
    assert kept[0] == {"round": 1}
    assert kept[1]["a/b"].tolist() == [0, 1, 2]
    assert [one.name for one in tmp_path.iterdir()] == [CHECKPOINT]


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_a_damaged_checkpoint_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CHECKPOINT).write_bytes(content)
    assert checkpoint.load(tmp_path) is None


def test_a_run_goes_on_only_from_its_own(tmp_path: Path) -> None:
    mine = request(tmp_path)
    memory = RunMemory(tmp_path, mine.identity)
    with pytest.raises(InputError, match="nothing to go on from"):
        memory.take_up(mine)
    memory.save(5.0)
    RunMemory(tmp_path, mine.identity).take_up(mine)
    other = request(tmp_path, seed=1)
    with pytest.raises(InputError, match="another data set, model, seed"):
        RunMemory(tmp_path, other.identity).take_up(other)
    checkpoint.save(tmp_path, {"identity": mine.identity}, {})
    with pytest.raises(InputError, match="cannot be read"):
        RunMemory(tmp_path, mine.identity).take_up(mine)
