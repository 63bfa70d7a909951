"""Test models and the real engines around them; conversions are kept for the whole session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from tools.test_models import build_test_model

Open = Callable[..., Segmenter]


@pytest.fixture(scope="session")
def detr_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small test model whose graph is Mask-RT-DETR's near its outputs."""
    folder = tmp_path_factory.mktemp("models") / "small-detr"
    return build_test_model(folder, size=96, candidates=20)


@pytest.fixture(scope="session")
def converted_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the session's conversions are kept, so that each is made once."""
    return tmp_path_factory.mktemp("converted")


@pytest.fixture
def open_segmenter(tmp_path: Path) -> Iterator[Open]:
    """Opens segmenters over model folders with the real engines; closes them all."""
    opened = []

    def open_one(*folders: Path, converted_dir: Path | None = None, **changes: object) -> Segmenter:
        values: dict[str, object] = {
            "models_dir": tmp_path / "models",
            "model_folders": folders,
            "converted_dir": converted_dir or tmp_path / "converted",
            "threads": 2,
        }
        opened.append(Segmenter(Settings(**(values | changes))))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for segmenter in opened:
        segmenter.close()
