"""The benchmark runs both sides and reports what it measured; how fast is not tested."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import pytest

from performance import host_part
from performance.__main__ import main
from performance.figures import Figure, digits
from performance.report import STAGES, THEIR_STAGES
from performance.table import table
from tools.test_models import build_test_model, make_scene

FIGURE = {"median", "p10", "p90", "n"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.012345, "0.0123"),
        (1, "1.00"),
        (1.2345, "1.23"),
        (9.996, "10.0"),
        (99.94, "99.9"),
        (99.96, "100"),
        (12345.6, "12346"),
    ],
)
def test_figures_have_three_digits(value: float, text: str) -> None:
    assert digits(value) == text


def test_a_figure_is_median_and_spread() -> None:
    figure = Figure.of([float(value) for value in range(11)])
    assert figure == Figure(5.0, 1.0, 9.0, 11)
    assert figure.spread == "1.00-9.00"


def test_columns_are_aligned() -> None:
    lines = table(["model", "ms"], [["a", "1.00"], ["longer", "12.0"]]).split("\n")
    assert lines == ["model     ms", "------  ----", "a       1.00", "longer  12.0"]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A folder with a test model and an image, and the arguments that measure them quickly."""
    folder = tmp_path_factory.mktemp("benchmark")
    model = build_test_model(folder / "model", candidates=6, size=64)
    image = folder / "scene.jpg"
    cv2.imwrite(str(image), make_scene(160, 120, count=3).image)
    arguments = ["--models", str(model), "--images", str(image), "--repeats", "1"]
    return folder, [*arguments, "--threads", "1", "--masks", "2", "--json", str(folder)]


@pytest.mark.paddle
@pytest.mark.slow
def test_one_run_measures_both_sides(
    measured: tuple[Path, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, arguments = measured
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    for title in (
        "PaddleX/ours",
        "An image file to masks in memory",
        "Ours by stage, ms",
        "PaddleX by stage, ms",
        "Memory",
        "Parts",
    ):
        assert title in shown
    (file,) = folder.glob("benchmark-paddlex-*.json")
    report = json.loads(file.read_text(encoding="utf-8"))
    assert report["hardware"]["cpu"]
    assert {"paddlepaddle", "paddlex", "numpy"} <= set(report["stack"])
    assert report["conditions"]["threads"] == 1
    _expect_pairs(report["pairs"])
    _expect_memory(report["memory"])
    for part in report["parts"]:
        assert set(part["ours"]) == FIGURE


def _expect_pairs(pairs: list[dict[str, Any]]) -> None:
    normal, fast = pairs
    _expect_pair(normal)
    _expect_pair(fast)
    assert (normal["mode"], normal["engine"], normal["parity"]) == ("normal", "paddle", "")
    assert fast["mode"] == "high_performance"
    assert fast["parity"].startswith("equal to Paddle: ") or fast["engine"] == "paddle"


def _expect_pair(pair: dict[str, Any]) -> None:
    assert pair["error"] == ""
    assert pair["run_mode"] == "paddle, 1 threads"
    assert pair["instances"] == pair["paddlex_instances"] == 3
    assert set(pair["ours"]) == {"total", "masks", *STAGES}
    assert set(pair["paddlex"]) == {"total", *THEIR_STAGES}
    for name in ("ratio", "mask_ratio", "overhead"):
        assert set(pair[name]) == FIGURE
    assert pair["ratio"]["n"] == 1


def _expect_memory(moments: list[dict[str, Any]]) -> None:
    assert [moment["loaded"] for moment in moments] == [[], ["model"], ["model"], []]
    ready, loaded, _, evicted = (moment["rss_mb"] for moment in moments)
    assert loaded > ready
    assert loaded > evicted


def test_the_host_part_is_timed_in_turns_and_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        host_part.main(["--turns", "1", "--sizes", "160x120", "--families", "detr", "paste"]) == 0
    )
    head, _, *rows = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["host", "part"]
    assert [row.split()[-1] for row in rows[:2]] == ["yes", "yes"]


@pytest.mark.paddle
def test_the_host_part_of_a_converted_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = build_test_model(tmp_path / "model", candidates=6, size=64)
    code = """if True:
        import sys
        from pathlib import Path
        from instseg_ui.engines.conversion.__main__ import main
        model, converted = (Path(name) for name in sys.argv[1:])
        converted.mkdir()
        main(model, converted, ["detr"], sys.stderr)
    """
    converted = tmp_path / "converted"
    subprocess.run(
        [sys.executable, "-c", code, str(model), str(converted)], check=True, timeout=240
    )
    pair = f"{model}={converted}"
    arguments = ["--turns", "1", "--sizes", "160x120", "--families", "--models", pair]
    assert host_part.main(arguments) == 0
    assert "160 x 120" in capsys.readouterr().out
