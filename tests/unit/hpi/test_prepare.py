"""Convert, check, time, keep: on a real model, through the real converter and engines."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from instseg_ui import engines
from instseg_ui.errors import Cancelled, InputError, LoadError
from instseg_ui.hpi import Record
from instseg_ui.hpi.converter import Conversion
from instseg_ui.hpi.environment import current
from instseg_ui.hpi.parity import pair
from instseg_ui.images import from_array
from instseg_ui.results import Instances
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from tests.unit.hpi.conftest import Open
from tools.test_models import build_test_model, make_scene

pytestmark = pytest.mark.paddle

SCENE = make_scene()


def segmented(segmenter: Segmenter, **how: object) -> tuple[Instances, str]:
    image = from_array(SCENE.image, segmenter.settings)
    found = segmenter.segment(image, "small-detr", **how)  # type: ignore[arg-type]
    return found.instances.at(0.5), found.runtime.engine


def test_auto_converts_proves_and_then_runs_the_fastest(
    open_segmenter: Open, detr_folder: Path, converted_dir: Path
) -> None:
    segmenter = open_segmenter(detr_folder, converted_dir=converted_dir)
    heard: list[str] = []
    fast, engine = segmented(segmenter, engine="high_performance", on_stage=heard.append)
    record = segmenter.record("small-detr")
    assert record is not None
    assert record.recipe == "detr"
    assert record.checks["onnxruntime"].passed
    assert record.checks["onnxruntime"].objects >= 3
    assert engine == record.order(current(segmenter.settings))[0]
    assert set(record.timings[current(segmenter.settings)]) >= {"paddle", "onnxruntime"}
    if heard != ["loading", "warming up", "running"]:  # another test prepared it
        assert heard[0] == "running Paddle (1 of 4)"
        assert "converting (detr)" in heard

    normal, by = segmented(segmenter)
    assert by == "paddle"
    assert len(normal) == len(SCENE.instances)
    both = pair(normal, fast)
    assert both.agree.sum() == len(normal) == len(fast)

    again: list[str] = []
    other = open_segmenter(detr_folder, converted_dir=converted_dir)
    segmented(other, engine="high_performance", on_stage=again.append)
    assert again == ["loading", "warming up", "running"]


def test_the_answer_says_who_ran_and_what_is_known(
    open_segmenter: Open, detr_folder: Path, converted_dir: Path
) -> None:
    segmenter = open_segmenter(detr_folder, converted_dir=converted_dir, engine="onnxruntime")
    image = from_array(SCENE.image, segmenter.settings)
    runtime = segmenter.segment(image, "small-detr").runtime
    assert runtime.engine == "onnxruntime"
    assert runtime.speedup is not None
    assert runtime.speedup > 0
    assert runtime.parity.startswith("equal to Paddle: ")
    assert "paddlepaddle" not in runtime.versions
    normal = segmenter.segment(image, "small-detr", engine="normal").runtime
    assert (normal.speedup, normal.parity) == (None, "")


def test_a_worker_of_a_converted_model_never_imports_paddle(
    open_segmenter: Open, detr_folder: Path, converted_dir: Path
) -> None:
    segmenter = open_segmenter(detr_folder, converted_dir=converted_dir)
    segmented(segmenter, engine="onnxruntime")
    (resident,) = segmenter.registry.residents()
    maps = Path(f"/proc/{resident.worker.pid}/maps")
    if not maps.exists():
        pytest.skip("no /proc here")
    loaded = maps.read_text()
    assert "onnxruntime" in loaded
    assert "libpaddle" not in loaded


def test_an_engine_by_name(open_segmenter: Open, detr_folder: Path, converted_dir: Path) -> None:
    segmenter = open_segmenter(detr_folder, converted_dir=converted_dir)
    assert segmented(segmenter, engine="paddle")[1] == "paddle"
    with pytest.raises(InputError, match="Expected one of the engines normal, high_performance"):
        segmented(segmenter, engine="warp")
    with pytest.raises(LoadError, match="NVIDIA"):
        segmented(segmenter, engine="tensorrt")


def test_both_modes_of_a_model_stay_loaded_and_are_unloaded_together(
    open_segmenter: Open, detr_folder: Path, converted_dir: Path
) -> None:
    segmenter = open_segmenter(detr_folder, converted_dir=converted_dir)
    segmented(segmenter, engine="onnxruntime")
    segmented(segmenter)
    assert len(segmenter.registry.residents()) == 2
    assert list(segmenter.loaded()) == ["small-detr"]
    assert segmenter.unload("small-detr")
    assert segmenter.registry.residents() == []


def test_stopping_leaves_nothing(open_segmenter: Open, detr_folder: Path, tmp_path: Path) -> None:
    segmenter = open_segmenter(detr_folder)
    heard: list[str] = []

    def stop() -> bool:
        return "converting (detr)" in heard

    with pytest.raises(Cancelled):
        segmented(segmenter, engine="high_performance", on_stage=heard.append, cancelled=stop)
    assert segmenter.record("small-detr") is None
    left = [path.name for path in (tmp_path / "converted" / ".converting").iterdir()]
    assert all(name.endswith(".lock") for name in left)
    assert segmented(segmenter)[1] == "paddle"


class Wrong:
    """A converter whose outcome is another model's."""

    def __init__(self, model: Path) -> None:
        self.model = model
        self.asked: list[list[str]] = []

    def convert(self, source: Path, out: Path, recipes: list[str], **_: object) -> Conversion:
        self.asked.append(list(recipes))
        if "whole" not in recipes:
            return Conversion("", ())
        shutil.copytree(self.model, out, dirs_exist_ok=True)
        return Conversion("whole" if len(self.asked) > 1 else "detr", ())


def test_what_is_not_equal_is_not_offered(
    open_segmenter: Open,
    detr_folder: Path,
    converted_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = open_segmenter(detr_folder, converted_dir=converted_dir)
    segmented(first, engine="high_performance")
    model = first.converted.model(first.store.folder(first.catalog.get("small-detr")))
    scores = (0.9, 0.7, 0.5)
    other = build_test_model(tmp_path / "small-detr", size=96, candidates=20, class_scores=scores)
    segmenter = open_segmenter(other)
    wrong = Wrong(model)
    monkeypatch.setattr(segmenter._preparer, "_converter", wrong)
    _, engine = segmented(segmenter, engine="high_performance")
    record = segmenter.record("small-detr")
    assert record is not None
    assert engine.startswith("paddle")
    assert record.recipe == ""
    assert len(wrong.asked) == 2, "the recipes after the one that failed are tried"
    assert any("detr is not equal to Paddle" in reason for reason in record.reasons)
    with pytest.raises(LoadError, match="onnxruntime is not offered for this model: not equal"):
        segmented(segmenter, engine="onnxruntime")


def test_another_environment_times_again_and_keeps_the_proof(
    open_segmenter: Open, detr_folder: Path, converted_dir: Path
) -> None:
    first = open_segmenter(detr_folder, converted_dir=converted_dir)
    segmented(first, engine="high_performance")
    second = open_segmenter(detr_folder, converted_dir=converted_dir, threads=1)
    heard: list[str] = []
    segmented(second, engine="high_performance", on_stage=heard.append)
    assert not any("converting" in stage for stage in heard)
    assert "timing onnxruntime" in heard or heard[0] == "loading"
    record = second.record("small-detr")
    assert record is not None
    assert {current(first.settings), current(second.settings)} <= set(record.timings)


TWO = """
import sys
from pathlib import Path
import cv2
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.hpi.parity import pair
from instseg_ui.images import from_array
from instseg_ui.results import Instances
from tools.test_models import make_scene
heard = []
settings = Settings(models_dir=Path(sys.argv[1]), converted_dir=Path(sys.argv[1]) / "c",
                    model_folders=(Path(sys.argv[2]),), threads=1)
with Segmenter(settings) as segmenter:
    image = from_array(make_scene().image, settings)
    found = segmenter.segment(image, "small-detr", engine="high_performance", on_stage=heard.append)
    print(len(found.instances.at(0.5)), any("converting" in stage for stage in heard))
"""


def test_two_processes_at_once_prepare_once(detr_folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", TWO, str(tmp_path), str(detr_folder)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(process.communicate(timeout=300)[0].strip() for process in both)
    count = len(SCENE.instances)
    assert said == [f"{count} False", f"{count} True"]


class TestStore:
    def test_the_key_follows_the_files_and_removal_takes_all_of_a_model(
        self, detr_folder: Path, tmp_path: Path, open_segmenter: Open
    ) -> None:
        segmenter = open_segmenter(detr_folder)
        facts = segmenter.store.folder(segmenter.catalog.get("small-detr"))
        store = segmenter.converted
        entry = store.folder(facts)
        assert entry.name.startswith(facts.weights_sha256[:20])
        copy = tmp_path / "small-detr"
        shutil.copytree(detr_folder, copy)
        text = (copy / "inference.yml").read_text("utf-8")
        (copy / "inference.yml").write_text(text + "\n# changed\n", "utf-8")
        second = open_segmenter(copy)
        other = second.store.folder(second.catalog.get("small-detr"))
        assert store.folder(other) != entry
        assert store.folder(other).name[:20] == entry.name[:20]
        for folder in (entry, store.folder(other), entry.parent / "unrelated"):
            folder.mkdir(parents=True)
        assert store.remove(facts) == 2
        assert [path.name for path in entry.parent.iterdir()] == ["unrelated"]

    def test_a_removed_model_takes_its_conversions_along(
        self, detr_folder: Path, tmp_path: Path, open_segmenter: Open
    ) -> None:
        shutil.copytree(detr_folder, tmp_path / "models" / "Mask-RT-DETR-S")
        segmenter = open_segmenter()
        facts = segmenter.store.folder(segmenter.catalog.get("Mask-RT-DETR-S"))
        entry = segmenter.converted.folder(facts)
        entry.mkdir(parents=True)
        assert segmenter.remove("Mask-RT-DETR-S")
        assert not entry.exists()
        assert not segmenter.remove("Mask-RT-DETR-S")

    @pytest.mark.parametrize("text", ["", "{", '{"format": 99}', "[]", '{"format": 1}'])
    def test_a_damaged_record_is_no_record(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "record.json").write_text(text)
        assert Record.read(tmp_path) is None

    def test_nothing_is_written_into_the_models_own_folder(
        self, open_segmenter: Open, detr_folder: Path, converted_dir: Path
    ) -> None:
        segmented(
            open_segmenter(detr_folder, converted_dir=converted_dir), engine="high_performance"
        )
        assert len(list(detr_folder.iterdir())) == 3


def test_several_workers_give_the_right_answers_under_load(
    open_segmenter: Open, detr_folder: Path, converted_dir: Path
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    segmenter = open_segmenter(
        detr_folder, converted_dir=converted_dir, workers=2, cache_predictions=0
    )
    scenes = [make_scene(seed=seed) for seed in range(4)]

    def ask(number: int) -> list[tuple[str, int]]:
        image = from_array(scenes[number % 4].image, segmenter.settings)
        found = segmenter.segment(image, "small-detr", engine="onnxruntime")
        return sorted((row.label, row.area) for row in found.instances.at(0.5))

    expected = [ask(number) for number in range(4)]
    assert len({str(item) for item in expected}) == 4
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(32)))
    assert answers == [expected[number % 4] for number in range(32)]
    residents = segmenter.registry.residents()
    assert sorted(str(item.key) for item in residents) == [
        "small-detr (onnxruntime)",
        "small-detr (onnxruntime), worker 2",
    ]
    assert {item.worker.request.threads for item in residents} == {1}
    assert segmenter.unload("small-detr")


@pytest.mark.parametrize(
    ("device", "devices"),
    [("cpu", ("cpu",)), ("gpu:0", ("gpu:0",)), ("gpu:0,2", ("gpu:0", "gpu:2"))],
)
def test_devices(device: str, devices: tuple[str, ...]) -> None:
    assert Settings(device=device).devices == devices


def test_every_mode_is_an_engine_or_a_way_to_choose() -> None:
    assert set(engines.MODES) - {engines.NORMAL, engines.HIGH_PERFORMANCE} == set(
        engines.ENGINES
    ) - {"fake"}
