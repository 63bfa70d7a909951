"""What ships as an example is what the product finds: computed again, times apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pycocotools import mask as coco

from instseg_ui.evaluate import Evaluation, Options, summarize
from instseg_ui.evaluate.run import FLOOR, MAX_INSTANCES
from instseg_ui.examples import benchmark, comparison, evaluation
from instseg_ui.examples.photos import OPENING, example_photos, photo_folder
from instseg_ui.images import read
from instseg_ui.masks import packed
from instseg_ui.results import Instances
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import PROJECT_DIR, Settings

ASSETS = PROJECT_DIR / "assets"
# Other processors round otherwise: a score may move a little, and what is near the floor may go.
SCORE, SURE, FIGURE = 0.01, 0.3, 0.01


@pytest.fixture(scope="module")
def segmenter(tmp_path_factory: pytest.TempPathFactory):
    with Segmenter(Settings(models_dir=tmp_path_factory.mktemp("models"))) as segmenter:
        yield segmenter


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory):
    found, _ = evaluation.ExampleEvaluation(ASSETS).open(tmp_path_factory.mktemp("shipped"))
    yield found
    found.close()


def assert_same(shipped: Instances, found: Instances) -> None:
    """The same objects, in the same order but for near ties."""
    sure = shipped.at(SURE)
    assert abs(len(found.at(SURE)) - len(sure)) <= 1
    for one in sure.at(SURE + SCORE):
        same = [
            other
            for other in found
            if other.label == one.label and abs(other.score - one.score) <= SCORE
        ]
        masks = [packed(other.mask) for other in same]
        assert masks, one
        assert coco.iou([packed(one.mask)], masks, [0] * len(masks)).max() > 0.97, one


@pytest.mark.paddle
@pytest.mark.slow
def test_compare_shows_what_the_models_find(segmenter: Segmenter) -> None:
    shipped = comparison.read_comparison(ASSETS).predictions
    assert tuple(one.model for one in shipped) == comparison.MODELS
    for before, now in zip(shipped, comparison.compare_example(segmenter), strict=True):
        assert_same(before.instances, now.instances)
        assert (before.labels, before.width, before.height) == (now.labels, now.width, now.height)


@pytest.mark.paddle
@pytest.mark.slow
def test_evaluate_shows_what_the_models_find(
    segmenter: Segmenter, shipped: Evaluation, tmp_path: Path
) -> None:
    evaluation.predict_example(segmenter, tmp_path)
    again = evaluation.open_copies(tmp_path, tmp_path / "copies")
    for before, now in zip(shipped.results, again, strict=True):
        assert before.predictions.key == now.key
        for entry in shipped.dataset.images:
            old, new = before.predictions, now
            assert old.checksum(entry.id) == new.checksum(entry.id)
            assert_same(old.instances(entry.id), new.instances(entry.id))
    counted = summarize(shipped.dataset, again, Options())
    for before, now in zip(shipped.results, counted.results, strict=True):
        assert before.summary().ap == pytest.approx(now.summary().ap, abs=FIGURE)
        assert before.summary().ap50 == pytest.approx(now.summary().ap50, abs=FIGURE)
    counted.close()


@pytest.mark.paddle
@pytest.mark.slow
def test_the_benchmark_is_of_these_models_on_this_photo(segmenter: Segmenter) -> None:
    run = benchmark.read_benchmark(ASSETS)
    photo = read(photo_folder(ASSETS) / OPENING, segmenter.settings)
    assert (run.state, [one.digest for one in run.images]) == ("done", [photo.digest])
    assert tuple(one.model for one in run.measured) == benchmark.MODELS
    for one in run.measured:
        counts = {sample.instances for sample in one.samples}
        assert len(counts) == 1
        now = len(segmenter.segment(photo, one.model).instances)
        assert abs(counts.pop() - now) <= 2


def test_it_was_computed_with_the_models_that_ship(shipped: Evaluation, settings: Settings) -> None:
    with Segmenter(settings) as segmenter:
        for one in shipped.results:
            key = one.predictions.key
            facts = segmenter.store.folder(segmenter.catalog.get(one.model))
            assert (key.fingerprint, key.labels) == (facts.content, facts.labels)
            assert (key.floor, key.max_instances) == (FLOOR, MAX_INSTANCES)
            assert key.dataset == shipped.dataset.digest


def test_the_models_are_right_on_the_photos(shipped: Evaluation) -> None:
    """Of what everyday-M finds at 0.5 little is wrong, and nothing on the opening photo."""
    result = shipped.result("everyday-M")
    assert result.summary().ap50 > 0.75
    found = result.detections()
    wrong = (found.score >= 0.5) & ~found.correct & found.counts
    opening = next(i for i, one in enumerate(shipped.dataset.images) if one.name == OPENING)
    assert np.count_nonzero(wrong) <= 8
    assert not wrong[found.image == opening].any()


def test_each_example_is_small_and_licensed() -> None:
    said = (photo_folder(ASSETS) / "LICENSES.md").read_text(encoding="utf-8")
    photos = sorted(photo_folder(ASSETS).glob("*.jpg"))
    assert [one.name for one in photos if f"`{one.name}`" not in said] == []
    assert max(one.stat().st_size for one in photos) < 250_000
    assert sum(one.stat().st_size for one in photo_folder(ASSETS).iterdir()) < 2_000_000
    assert example_photos(ASSETS)[0].name == OPENING


def test_the_data_set_has_nothing_to_find_fault_with(shipped: Evaluation) -> None:
    assert {one.kind for one in shipped.findings} <= {"crowd region"}
    names = {one.name for one in shipped.dataset.images}
    assert names == {one.name for one in photo_folder(ASSETS).glob("*.jpg")}
    assert all(one > 0 for one in shipped.results[0].scores.objects[:, 0])


def test_visitors_have_the_figures_together_and_the_files_apart(tmp_path: Path) -> None:
    example = evaluation.ExampleEvaluation(ASSETS)
    one, _ = example.open(tmp_path / "one")
    two, _ = example.open(tmp_path / "two")
    assert one.results[0].scores is two.results[0].scores
    one.close()
    assert len(two.results[0].predictions.instances(1)) > 0
    two.close()


def test_where_nothing_ships_nothing_is_shown(tmp_path: Path) -> None:
    assert not evaluation.ExampleEvaluation(tmp_path).is_there
    assert example_photos(tmp_path) == []
