"""The knobs of the test models."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.test_models import ModelOptions, break_model, build_test_model


def test_options_survive_the_way_to_the_exporter() -> None:
    options = ModelOptions(labels=("a", "b"), class_scores=(0.5, 0.4), grid=(2, 5), work=3)
    assert ModelOptions.from_json(options.to_json()) == options


def test_options_that_a_family_cannot_have_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no boxes"):
        build_test_model(tmp_path, "SOLOv2", outside_box=True)
    with pytest.raises(ValueError, match="at least one label"):
        build_test_model(tmp_path, labels=())


def test_an_unknown_breakage_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="missing_params"):
        break_model(tmp_path, "hammer")
