"""Figures of data sets whose right answer is known by construction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from instseg_ui.evaluate import ModelResult, Query, find_cases, found_in, images_of, truth_in
from instseg_ui.evaluate.cases import CaseKind
from instseg_ui.evaluate.confusion import NOTHING, ConfusionCell
from instseg_ui.evaluate.scores import KINDS
from instseg_ui.results import Instance
from tests.unit.evaluate.factories import Box, World, evaluate, instance

CAT, DOG = 1, 2
PLACE: Box = (10, 10, 40, 40)
ERRORS = ("classification", "localisation", "both", "duplicate", "background", "missed")


def cat(score: float, box: Box = PLACE) -> Instance:
    return instance(0, "cat", score, box)


def dog(score: float, box: Box = PLACE) -> Instance:
    return instance(1, "dog", score, box)


def four(folder: Path, last: list[Instance]) -> ModelResult:
    """Four images of one cat each: three are found at 0.9, 0.8, 0.7, and `last` in the fourth."""
    world = World(folder)
    for i in range(1, 5):
        world.image(i, (CAT, PLACE))
    found = {1: [cat(0.9)], 2: [cat(0.8)], 3: [cat(0.7)], 4: last}
    dataset, predictions, mapping, scores = evaluate(world, found, kinds=KINDS)
    return ModelResult("m", dataset, predictions, mapping, scores)


def kinds(result: ModelResult) -> dict[str, int]:
    return {name: cost.count for name, cost in result.errors.kinds.items() if cost.count}


def test_perfect(tmp_path: Path) -> None:
    result = four(tmp_path, [cat(0.6)])
    for kind in KINDS:
        summary = result.summary(kind)
        for share in (summary.ap, summary.ap50, summary.ar1, summary.ap_small):
            assert share == pytest.approx(1)
        assert summary.ap_medium is None
        assert result.mean_iou(kind) == 1
    assert kinds(result) == {}
    assert result.best is not None
    assert (result.best.f1, result.best.threshold) == (1, pytest.approx(0.6))
    assert result.confusion().cells == (ConfusionCell(0, 0, 4),)
    assert result.calibration.n == 4
    assert result.calibration.error == pytest.approx(0.25)
    assert result.calibration.bias == pytest.approx(-0.25)
    assert find_cases(result, Query("correct")).total == 4


# Precision is 1 up to a recall of 3/4: 76 of the 101 recalls.
THREE = 76 / 101


@pytest.mark.parametrize(
    ("last", "kind", "cost"),
    [
        ([cat(0.6, (21, 10, 51, 40))], "localisation", 1 - THREE),  # IoU 19/41
        ([dog(0.6)], "classification", 1 - THREE),
        ([], "missed", 1 - THREE),
        ([dog(0.6, (25, 10, 55, 40))], "both", 0),
        ([cat(0.6, (60, 45, 75, 55))], "background", 0),
    ],
)
def test_one_error(tmp_path: Path, last: list[Instance], kind: str, cost: float) -> None:
    result = four(tmp_path, last)
    assert result.errors.ap50 == pytest.approx(THREE)
    expected = {kind: 1}
    if kind in ("both", "background"):
        expected["missed"] = 1
    assert kinds(result) == expected
    # The last prediction has the lowest score: without it nothing changes.
    assert result.errors.kinds[kind].ap == pytest.approx(cost)
    assert result.errors.false_negatives.count == 1
    page = find_cases(result, Query(kind))  # type: ignore[arg-type]
    assert [case.image_id for case in page.cases] == [4]
    assert images_of(result, Query("not found")).tolist() == [0, 0, 0, 1]


def test_a_duplicate_costs_precision(tmp_path: Path) -> None:
    result = four(tmp_path, [cat(0.95), cat(0.85, (11, 10, 41, 40))])
    assert kinds(result) == {"duplicate": 1}
    # Found 1, 2 at 1; then a wrong one: 3/4 and 4/5 behind it.
    before = (51 * 1 + 50 * 0.8) / 101
    assert result.errors.ap50 == pytest.approx(before)
    assert result.errors.kinds["duplicate"].ap == pytest.approx(1 - before)
    (case,) = find_cases(result, Query("duplicate")).cases
    assert (case.prediction, case.truth_id, case.expected) == (1, 4, "cat")
    assert case.iou == pytest.approx(29 / 31)


def test_of_two_errors_about_one_object_the_better_one_is_mended(tmp_path: Path) -> None:
    result = four(tmp_path, [dog(0.6), cat(0.5, (21, 10, 51, 40))])
    assert kinds(result) == {"classification": 1, "localisation": 1}
    assert result.errors.kinds["classification"].ap == pytest.approx(1 - THREE)
    assert result.errors.kinds["localisation"].ap == pytest.approx(0)


def test_the_best_f1_leaves_out_what_is_wrong(tmp_path: Path) -> None:
    result = four(tmp_path, [cat(0.6), cat(0.5, (60, 45, 75, 55)), cat(0.4, (60, 5, 75, 15))])
    assert result.best is not None
    assert result.best.threshold == pytest.approx(0.6)
    low = result.at(0.4)
    assert (low.predictions, low.objects, low.recall) == (6, 4, 1)
    assert low.precision == pytest.approx(4 / 6)
    points = result.operating_points()
    assert [point.predictions for point in points] == [1, 2, 3, 4, 5, 6]
    (row, _) = result.by_class()
    assert row.best == result.best
    assert find_cases(result, Query("false positive", min_score=0.45)).total == 1


def test_loose_masks(tmp_path: Path) -> None:
    result = four(tmp_path, [cat(0.6, (16, 10, 46, 40))])  # IoU 24/36
    page = find_cases(result, Query("loose"))
    assert page.total == 1
    assert page.cases[0].iou == pytest.approx(2 / 3)
    summary = result.summary()
    assert summary.ap50 == 1
    assert summary.ap75 == pytest.approx(THREE)
    boundary = result.summary("boundary")
    assert boundary.ap is not None
    assert summary.ap is not None
    assert boundary.ap < summary.ap


def test_confusion_at_two_thresholds(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.image(1, (CAT, PLACE), (DOG, (50, 10, 70, 40)))
    found = {1: [dog(0.9), cat(0.5), cat(0.3, (50, 10, 70, 40)), dog(0.2, (2, 45, 20, 55))]}
    dataset, predictions, mapping, scores = evaluate(world, found)
    result = ModelResult("m", dataset, predictions, mapping, scores)
    assert set(result.confusion(0.6).cells) == {
        ConfusionCell(0, 1, 1),
        ConfusionCell(1, NOTHING, 1),
    }
    low = result.confusion(0.1)
    assert set(low.cells) == {
        ConfusionCell(0, 1, 1),
        ConfusionCell(1, 0, 1),
        ConfusionCell(NOTHING, 0, 1),
        ConfusionCell(NOTHING, 1, 1),
    }
    assert low.matrix(2).tolist() == [[0, 1, 0], [1, 0, 0], [1, 1, 0]]
    assert low.confused() == (ConfusionCell(0, 1, 1), ConfusionCell(1, 0, 1))
    (case,) = find_cases(result, Query("confusion", 0.1, truth=0, category=1)).cases
    assert (case.predicted, case.expected, case.prediction) == ("dog", "cat", 0)
    (case,) = find_cases(result, Query("confusion", 0.6, truth=1, category=NOTHING)).cases
    assert (case.expected, case.prediction) == ("dog", None)
    (case,) = find_cases(result, Query("confusion", 0.1, truth=NOTHING, category=0)).cases
    assert (case.predicted, case.truth) == ("cat", None)
    with pytest.raises(ValueError, match="1000"):
        low.matrix(1001)


def test_every_cell_leads_to_as_many_cases(tmp_path: Path) -> None:
    result = four(tmp_path, [dog(0.6), cat(0.55, (60, 45, 75, 55))])
    for threshold in (0.1, 0.58, 0.85):
        for cell in result.confusion(threshold).cells:
            query = Query("confusion", threshold, truth=cell.truth, category=cell.predicted)
            assert find_cases(result, query).total == cell.count, cell


def test_a_crowd_is_neither_found_nor_missed(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.image(1, (CAT, PLACE), (CAT, (45, 5, 79, 55)), crowd=(1,))
    found = {1: [cat(0.9), cat(0.8, (50, 10, 60, 20)), cat(0.7, (60, 20, 70, 30))]}
    dataset, predictions, mapping, scores = evaluate(world, found)
    result = ModelResult("m", dataset, predictions, mapping, scores)
    assert result.summary().ap == pytest.approx(1)
    assert kinds(result) == {}
    assert result.objects() == 1
    assert result.calibration.n == 1
    assert result.confusion().cells == (ConfusionCell(0, 0, 1),)
    assert any(one.kind == "crowd region" for one in dataset.findings)
    assert len(truth_in(dataset, 0).instances) == 1


def test_an_image_without_objects(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.image(1, (CAT, PLACE))
    world.image(2)
    dataset, predictions, mapping, scores = evaluate(world, {1: [cat(0.9)], 2: [cat(0.95)]})
    result = ModelResult("m", dataset, predictions, mapping, scores)
    assert result.summary().ap == pytest.approx(0.5)
    assert kinds(result) == {"background": 1}


@pytest.mark.parametrize("found", [{}, {1: [cat(0.9)]}])
def test_no_objects_at_all(tmp_path: Path, found: dict[int, list[Instance]]) -> None:
    world = World(tmp_path)
    world.image(1)
    dataset, predictions, mapping, scores = evaluate(world, found, kinds=KINDS)
    result = ModelResult("m", dataset, predictions, mapping, scores)
    assert result.summary().ap is None
    assert result.best is None
    assert result.errors.ap50 is None
    assert result.threshold == 0.5
    assert np.isnan(result.curve()).all()


def test_nothing_found(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.image(1, (CAT, PLACE))
    dataset, predictions, mapping, scores = evaluate(world, {}, kinds=KINDS)
    result = ModelResult("m", dataset, predictions, mapping, scores)
    assert result.summary().ap == 0
    assert result.calibration.error is None
    assert kinds(result) == {"missed": 1}
    assert result.mean_iou() is None
    assert len(found_in(result, 0).instances) == 0


def test_a_category_without_a_class_counts_as_missed(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.image(1, (CAT, PLACE), (DOG, (50, 10, 70, 40)))
    dataset, predictions, mapping, scores = evaluate(world, {1: [cat(0.9)]}, ["cat"])
    result = ModelResult("m", dataset, predictions, mapping, scores)
    assert result.summary().ap == pytest.approx(0.5)
    assert result.summary_of_known().ap == pytest.approx(1)


def test_classes_that_stand_for_nothing_are_left_out(tmp_path: Path) -> None:
    world = World(tmp_path, [(CAT, "cat")])
    world.image(1, (CAT, PLACE))
    _, _, _, scores = evaluate(world, {1: [dog(0.95), cat(0.9)]})
    detections = scores.by["mask"].detections
    assert detections.index.tolist() == [1]
    assert scores.by["mask"].averages.summary().ap == pytest.approx(1)


def test_thousands_of_categories(tmp_path: Path) -> None:
    count = 3000
    names = [f"thing {i}" for i in range(count)]
    world = World(tmp_path, list(enumerate(names, 1)))
    found = {}
    for image in range(1, 31):
        objects = [(100 * image - 99 + i, (i, 5, i + 12, 30)) for i in range(0, 60, 20)]
        world.image(image, *objects)
        found[image] = [
            instance(category - 1, names[category - 1], 0.9, box) for category, box in objects
        ]
    dataset, predictions, mapping, scores = evaluate(world, found, names)
    result = ModelResult("m", dataset, predictions, mapping, scores)
    assert result.summary().ap == pytest.approx(1)
    assert sum(row.objects for row in result.by_class()) == 90
    assert len(result.confusion().cells) == 90
    assert kinds(result) == {}


@pytest.mark.parametrize("kind", ["correct", "loose", "false positive", *ERRORS, "not found"])
def test_pages_of_cases(tmp_path: Path, kind: CaseKind) -> None:
    wrong = [cat(0.5 - i / 100, (60, 5 * i, 70, 5 * i + 4)) for i in range(8)]
    result = four(tmp_path, [*wrong, dog(0.3)])
    whole = find_cases(result, Query(kind), limit=100)
    assert len(whole.cases) == whole.total
    pages = [find_cases(result, Query(kind), offset, 3).cases for offset in range(0, 12, 3)]
    assert sum(pages, ()) == whole.cases
    assert images_of(result, Query(kind)).sum() == whole.total
    for case in whole.cases:
        if case.prediction is not None:
            shown = list(found_in(result, case.image).instances)[case.prediction]
            assert (shown.label, shown.score) == (case.predicted, pytest.approx(case.score))
