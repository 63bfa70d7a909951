"""What has one name stands in one place: classes, COCO's names, stages, limits of the page."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from instseg_ui.benchmark.records import STAGES as BENCHMARK_STAGES
from instseg_ui.benchmark.records import Sample
from instseg_ui.coco_classes import COCO_IDS, COCO_NAMES
from instseg_ui.comparison.objects import MOST_MODELS
from instseg_ui.results import STAGES, Timings
from instseg_ui.ui.viewer.limits import limits

PACKAGE = Path(__file__).resolve().parents[2] / "instseg_ui"
STATIC = PACKAGE / "ui" / "viewer" / "static"


def sources(*left_out: str) -> Iterator[tuple[Path, str]]:
    for file in PACKAGE.rglob("*.py"):
        if file.relative_to(PACKAGE).parts[0] not in left_out:
            yield file, file.read_text(encoding="utf-8")


def test_a_class_of_the_core_has_a_name_of_its_own() -> None:
    everywhere = Counter(name for _, text in sources() for name in classes(text))
    core = {name for _, text in sources("ui", "show") for name in classes(text)}
    assert sorted(name for name in core if everywhere[name] > 1) == []


def classes(text: str) -> Iterator[str]:
    return (node.name for node in ast.parse(text).body if isinstance(node, ast.ClassDef))


def test_cocos_names_are_written_once() -> None:
    assert len(set(COCO_NAMES)) == len(set(COCO_IDS)) == 80
    holders = [file.name for file, text in sources() if "sports ball" in text]
    assert holders == ["coco_classes.py"]


def test_the_stages_are_those_of_timings_and_are_written_once() -> None:
    assert {"queue", *STAGES} == {item.name for item in fields(Timings)}
    assert (*STAGES, "encode") == BENCHMARK_STAGES
    assert set(BENCHMARK_STAGES) <= {item.name for item in fields(Sample)}
    listed = re.compile(r"[\"']preprocess[\"'], *[\"']inference")
    assert [file.name for file, text in sources() if listed.search(text)] == []


def test_the_page_shows_as_many_models_as_are_compared() -> None:
    assert limits()["panes"] == MOST_MODELS


def test_run_lengths_have_one_reader() -> None:
    reading = [file.name for file, text in sources() if re.search(r"0x1F|& 31\b", text)]
    assert reading == ["run_lengths.py"]
    scripts = [file.name for file in STATIC.glob("*.js") if "0x1f" in file.read_text("utf-8")]
    assert scripts == ["rle.js"]


def test_a_score_meets_its_threshold_in_one_comparison() -> None:
    by_hand = re.compile(r"scores? >=? *\w*(threshold|floor|min_score)")
    assert [file.name for file, text in sources("engines") if by_hand.search(text)] == []
