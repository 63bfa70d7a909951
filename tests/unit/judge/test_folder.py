"""A judgement on disk: begun with models, gone on with, and damaged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from instseg_ui.errors import InputError
from instseg_ui.images import Image, from_array
from instseg_ui.judge.folder import begin, candidates_in, resume
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from tests.unit.factories import GREEN, RED, model_folder, patches

LEFT, RIGHT = (2, 3, 22, 20), (40, 10, 60, 30)


@pytest.fixture
def segmenter(tmp_path: Path) -> Iterator[Segmenter]:
    """Two models; the second sees red only."""
    folders = (
        model_folder(tmp_path / "one"),
        model_folder(tmp_path / "two", labels=("red",)),
    )
    settings = Settings(
        models_dir=tmp_path / "models", model_folders=folders, fake_engine=True, threads=1
    )
    with Segmenter(settings) as segmenter:
        yield segmenter


def pictures() -> Iterator[tuple[str, Image]]:
    for i in range(3):
        yield f"{i}.png", from_array(patches((LEFT, RED), (RIGHT, GREEN)), Settings())


def test_begin_and_go_on(segmenter: Segmenter, tmp_path: Path) -> None:
    folder, seen = tmp_path / "judged", []
    begin(
        folder,
        pictures(),
        ["one", "two"],
        segmenter,
        on_photo=lambda model, done: seen.append((model, done)),
    )
    assert seen[-1] == ("two", 3)
    found = candidates_in(folder)
    assert found.outcomes.models == ("one", "two")
    assert [photo.name for photo in found.photos] == ["0.png", "1.png", "2.png"]
    with resume(folder) as judgement:
        (question,) = judgement.questions()
        judgement.answer({"question": question.name, "answer": "right", "outline": 1})
    with resume(folder) as judgement:
        assert judgement.assessment().answered == 1
    with pytest.raises(InputError, match="already"):
        begin(folder, pictures(), ["one", "two"], segmenter)
    _damage(folder)


def _damage(folder: Path) -> None:
    """Whatever is written there, it is said in a sentence."""
    head = folder / "photos.json"
    whole = json.loads(head.read_text())
    for broken in (
        "",
        "[]",
        "{}",
        json.dumps(whole | {"models": 5}),
        json.dumps(whole | {"min_iou": "x"}),
        json.dumps(whole | {"photos": [{"name": "9.png", "width": 80, "height": 60}]}),
        json.dumps(whole | {"photos": [{"name": "0.png", "width": 10**9, "height": 60}]}),
        json.dumps(whole | {"photos": [None]}),
        json.dumps(whole | {"models": ["one", "two", "three"]}),
        json.dumps(whole | {"models": ["one"]}),
    ):
        head.write_text(broken)
        with pytest.raises(InputError):
            resume(folder)
    head.write_text(json.dumps(whole))
    predictions = folder / "predictions" / "1.jsonl"
    lines = predictions.read_text()
    for broken in (
        "",
        "[]\n",
        lines.split("\n", 1)[0] + "\n",
        lines.replace('"mask": ["', '"mask": ["Z'),
    ):
        predictions.write_text(broken)
        with pytest.raises(InputError, match="damaged"):
            resume(folder)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no judgement in that folder"):
        resume(tmp_path)


def test_nothing_to_look_at(segmenter: Segmenter, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No photo"):
        begin(tmp_path / "judged", iter(()), ["one", "two"], segmenter)
