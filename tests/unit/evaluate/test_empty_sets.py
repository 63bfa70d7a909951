"""Data sets in which there is nothing to find: a check for false alarms, not an error."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from instseg_ui.evaluate import Evaluation, Query, find_cases
from instseg_ui.evaluate.cases import CASE_KINDS, images_of
from instseg_ui.evaluate.detections import at_places
from instseg_ui.evaluate.evaluation import summarize
from instseg_ui.evaluate.export import to_json
from instseg_ui.results import Instance
from instseg_ui.settings import Settings
from instseg_ui.show.evaluation_files import write_all
from tests.unit.evaluate.factories import World, instance, predict

FINDS = {1: [instance(0, "cat", 0.9, (1, 1, 20, 20)), instance(1, "dog", 0.8, (30, 1, 50, 20))]}


def evaluation_of(folder: Path, found: Mapping[int, list[Instance]]) -> Evaluation:
    world = World(folder)
    world.image(1)
    world.image(2)
    dataset = world.open()
    return summarize(dataset, [predict(dataset, folder / "predictions.jsonl", found)])


def test_every_find_is_background_and_there_is_no_ap(tmp_path: Path) -> None:
    evaluation = evaluation_of(tmp_path, FINDS)
    result = evaluation.results[0]
    report = json.loads(to_json(evaluation))["models"][0]
    assert report["mask"]["ap"] is report["box"]["ap"] is report["boundary"]["ap"] is None
    assert result.errors.kinds["background"].count == 2
    assert result.confusion().matrix(2).tolist() == [[0, 0, 0], [0, 0, 0], [1, 1, 0]]
    assert find_cases(result, Query("false positive")).total == 2


@pytest.mark.parametrize("found", [FINDS, {}])
def test_everything_that_is_shown_of_such_a_set(
    tmp_path: Path, found: Mapping[int, list[Instance]]
) -> None:
    evaluation = evaluation_of(tmp_path, found)
    result = evaluation.results[0]
    for kind in CASE_KINDS:
        for category in (None, 0, -1):
            for truth in (None, 0, -1):
                query = Query(kind, category=category, truth=truth)
                total = find_cases(result, query).total
                assert images_of(result, query).sum() == total
    written = write_all(evaluation, tmp_path / "out", Settings())
    assert {path.name for path in written} >= {"report.html", "report.json"}
    assert "—" in (tmp_path / "out" / "report.html").read_text()


def test_a_place_of_minus_one_is_none_and_not_the_last() -> None:
    values = np.array([5, 7], np.int32)
    places = np.array([1, -1, 0], np.int32)
    assert at_places(values, places, -9).tolist() == [7, -9, 5]
    assert at_places(values[:0], np.array([-1, -1], np.int32), -9).tolist() == [-9, -9]
