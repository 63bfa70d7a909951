"""The network is taught, in this process: seeded, resumed to the last bit, and written as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from instseg_ui.errors import LoadError, ModelFolderError
from instseg_ui.evaluate import Dataset
from instseg_ui.train.checks import lesson_of
from instseg_ui.train.request import TrainingRequest
from tests.unit.train.factories import (
    EXAMPLES,
    NEW,
    PHOTOS,
    START,
    START_FOLDER,
    dataset,
    request,
    settings,
)

pytestmark = [pytest.mark.paddle, pytest.mark.slow]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dataset]:
    opened = dataset(tmp_path_factory.mktemp("data"))
    yield opened
    opened.close()


def begun(found: Dataset, wanted: TrainingRequest, folder: Path):
    """A training on two photos, checked on the third."""
    from instseg_ui.train.held_out import Judge
    from instseg_ui.train.network.weights import read_folder
    from instseg_ui.train.tutor import Tutor

    start = read_folder(wanted.folder, wanted.start)
    lesson = lesson_of(found, start.spec.classes, keep_classes=wanted.keep_classes)
    judge = Judge(found, settings(), folder)
    return Tutor(wanted, settings(), found, lesson, start, judge).begin((0, 1), (2,), 600.0)


def never() -> bool:
    return False


def run(fit, stopped=never) -> None:
    fit.run(stopped, lambda now: None, lambda: None)


def test_a_run_repeats_itself_and_goes_on_to_the_same_end(found: Dataset, tmp_path: Path) -> None:
    wanted = request(tmp_path, epochs=2)
    whole = begun(found, wanted, tmp_path)
    losses = []
    whole.run(never, lambda now: losses.append(now.loss), lambda: None)
    assert len(losses) == 2
    assert all(np.isfinite(losses))
    assert whole.best_ap is not None

    half = begun(found, wanted, tmp_path)
    run(half, lambda: half.clock.epoch == 1)
    notes, arrays = half.state()
    rest = begun(found, wanted, tmp_path)
    rest.restore(notes, arrays)
    assert rest.clock.epoch == 1
    run(rest)
    names = [name for name in whole.best if not name.startswith("backbone.")]
    assert all(np.array_equal(whole.best[name], rest.best[name]) for name in names)

    start = begun(found, wanted, tmp_path).best
    frozen = [name for name in start if name.startswith("backbone.")]
    assert all(np.array_equal(start[name], whole.best[name]) for name in frozen)
    # Rows of classes that are replayed stay; that of the new one, the last, moves.
    before, after = start["score.weight"], whole.best["score.weight"]
    np.testing.assert_allclose(after[:-1], before[:-1], rtol=1e-4, atol=1e-7)
    assert np.abs(after[-1] - before[-1]).max() > 1e-4


def test_other_models_cannot_be_taught(tmp_path: Path) -> None:
    from instseg_ui.train.network.weights import read_folder

    for folder in (tmp_path, EXAMPLES):
        with pytest.raises(ModelFolderError, match="cannot be taught: only the embedded models"):
            read_folder(folder, "SOLOv2")


def test_a_new_class_changes_nothing_for_the_others() -> None:
    from instseg_ui.train.found import find, look
    from instseg_ui.train.network.weights import read_folder, with_classes

    start = read_folder(START_FOLDER, START)
    more = with_classes(start, (*start.spec.classes, NEW), 0)
    pixels = cv2.imread(str(EXAMPLES / PHOTOS[0]))
    before, after = (find(one, look(one, pixels), one.spec.classes, 0.1) for one in (start, more))
    assert len(before) == len(after) > 0
    assert np.array_equal(before.boxes, after.boxes)
    assert before.labels == after.labels


def test_a_folder_that_differs_from_its_network_is_found_out(tmp_path: Path) -> None:
    from instseg_ui.train.network.weights import arrays_of, build, fill, read_folder
    from instseg_ui.train.proof import insist, prove

    start = read_folder(START_FOLDER, START)
    pixels = [cv2.imread(str(EXAMPLES / name)) for name in PHOTOS[:2]]
    proof = prove(start, START_FOLDER, pixels, 1)
    insist(proof)
    assert proof.objects > 0
    other = build(start.spec)
    fill(other, {name: value * np.float32(1.02) for name, value in arrays_of(start).items()})
    with pytest.raises(LoadError, match="does not compute what was trained"):
        insist(prove(other, START_FOLDER, pixels[:1], 1))


def test_masks_of_large_photos_are_drawn_smaller_and_enlarged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from instseg_ui.train import found as found_module
    from instseg_ui.train.network.weights import read_folder

    start = read_folder(START_FOLDER, START)
    pixels = cv2.imread(str(EXAMPLES / PHOTOS[0]))
    labels = start.spec.classes
    exact = found_module.find(start, found_module.look(start, pixels), labels, 0.3)
    monkeypatch.setattr(found_module, "MOST_PIXELS", 300 * 300)
    seen = found_module.look(start, pixels)
    assert seen.drawn == (300, 300)
    close = found_module.find(start, seen, labels, 0.3)
    assert len(exact) == len(close) > 0
    assert np.abs(exact.boxes - close.boxes).max() < 1
    assert close.masks[0]["size"] == [512, 512]
    assert abs(exact.areas[0] / close.areas[0] - 1) < 0.05


def test_rounds_of_many_photos_are_parts_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    from instseg_ui.train import bank

    monkeypatch.setattr(bank, "LONGEST_ROUND", 4)
    many = bank.FeatureBank(None, range(10), None, 0)  # type: ignore[arg-type]
    rounds = [many.order(epoch) for epoch in range(6)]
    assert all(len(one) <= 4 for one in rounds)
    for turn in (rounds[:3], rounds[3:]):
        assert sorted(one for part in turn for one in part) == list(range(10))
    assert rounds[:3] != rounds[3:]
