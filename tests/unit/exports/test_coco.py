"""COCO's files, read and scored by pycocotools."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from instseg_ui.coco_classes import COCO_IDS, COCO_NAMES
from instseg_ui.exports import ExportFile, export
from tests.unit.exports.kit import LABELS, ellipse, iou, item, masks_of, parsed, rich, ring_shape


def loaded(file: ExportFile, folder: Path) -> COCO:
    path = folder / "coco.json"
    path.write_bytes(file.data)
    return COCO(str(path))


def test_pycocotools_reads_the_dataset(tmp_path: Path) -> None:
    first, second = rich(), item([], name="empty.png")
    dataset = loaded(export([first, second], "coco"), tmp_path)
    assert dataset.loadImgs([1, 2])[1]["file_name"] == "empty.png"
    assert [row["name"] for row in dataset.loadCats(dataset.getCatIds())] == list(LABELS)
    assert dataset.getAnnIds(imgIds=[2]) == []
    rows = dataset.loadAnns(dataset.getAnnIds(imgIds=[1]))
    assert [row["category_id"] for row in rows] == [1, 2, 3]
    for row, mask in zip(rows, masks_of(first), strict=False):
        assert (dataset.annToMask(row) == mask).all()
        assert row["area"] == mask.sum()
        assert row["bbox"] == list(cv2.boundingRect(mask.astype(np.uint8)))


def test_pycocotools_reads_polygons(tmp_path: Path) -> None:
    dataset = loaded(export([rich()], "coco", segmentation="polygon"), tmp_path)
    for row, mask in zip(dataset.loadAnns(dataset.getAnnIds()), masks_of(rich()), strict=False):
        assert iou(dataset.annToMask(row), mask) >= 0.98


def test_results_score_fully_against_the_dataset_of_the_same_picture(tmp_path: Path) -> None:
    big = item([ring_shape(), ellipse(160, 120, 120, 30, 20, 20)])
    truth = loaded(export([big], "coco", image_ids=[139]), tmp_path)
    file = export([big], "coco-results", image_ids=[139], boxes=False)
    path = tmp_path / "results.json"
    path.write_bytes(file.data)
    found = truth.loadRes(str(path))
    assert found.anns[1]["area"] == ring_shape().sum()
    evaluation = COCOeval(truth, found, "segm")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1.0)


def test_results_are_a_plain_list() -> None:
    rows = parsed(export([rich()], "coco-results"))
    assert len(rows) == 4  # an empty mask counts, as a wrong answer
    assert set(rows[0]) == {"image_id", "category_id", "bbox", "score", "segmentation"}
    assert rows[0]["bbox"] == [15.0, 20.0, 91.0, 81.0]
    assert parsed(export([item([])], "coco-results")) == []


def test_coco_models_speak_cocos_own_category_ids() -> None:
    assert len(COCO_NAMES) == len(COCO_IDS) == 80
    assert COCO_NAMES[0] == "person"
    assert COCO_NAMES[-1] == "toothbrush"
    assert dict(zip(COCO_NAMES, COCO_IDS, strict=True))["dining table"] == 67
    whole = item([np.ones((120, 160), bool)], labels=COCO_NAMES)
    categories = parsed(export([whole], "coco"))["categories"]
    assert [row["id"] for row in categories] == list(COCO_IDS)
    fewer = item([], labels=COCO_NAMES[:79])
    assert parsed(export([fewer], "coco"))["categories"][-1]["id"] == 79


@pytest.mark.parametrize("ids", [{0: 7, 1: 8, 2: 0}, [7, 8, 0], {"0": 7, "1": 8, "2": 0}])
def test_category_ids_can_be_given(ids: Any) -> None:
    rows = parsed(export([rich()], "coco-results", category_ids=ids))
    assert [row["category_id"] for row in rows] == [7, 8, 0, 7]
