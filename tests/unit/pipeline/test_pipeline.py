"""PaddleX's Python interface: its calls, its structure, without its defects."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import pytest
import yaml

import instseg_ui
from instseg_ui.errors import ImageError, InputError, ModelFolderError, UnknownModelError
from instseg_ui.exports.overlay import bgr
from instseg_ui.images import from_array
from instseg_ui.images.sources import Source
from instseg_ui.masks import decode
from instseg_ui.palette import class_colors
from instseg_ui.pipeline import Pipeline, Result, create_pipeline, file_stem, read_config
from instseg_ui.pipeline.choice import choose_engine, read_device
from instseg_ui.pipeline.config import PipelineConfig
from instseg_ui.settings import Settings
from tests.unit.factories import BLUE, GREEN, RED, model_folder, patches, png
from tools.test_models import build_test_models, make_scene

ROOT = Path(__file__).resolve().parents[3]
# Scores of the built-in engine: a full box 0.99.
PICTURE = patches(((2, 3, 12, 20), RED), ((30, 10, 50, 30), GREEN), ((60, 40, 70, 55), BLUE))

Open = Callable[..., Pipeline]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return model_folder(tmp_path / "own-model")


@pytest.fixture
def open_pipeline(settings: Settings, folder: Path) -> Iterator[Open]:
    """`create_pipeline` with a small model of the built-in engine."""
    made: list[Pipeline] = []

    def create(**arguments: Any) -> Pipeline:
        defaults = {"settings": settings, "model": folder}
        made.append(create_pipeline(**(defaults | arguments)))
        return made[-1]

    yield create
    for pipeline in made:
        pipeline.close()


def configuration(folder: Path | None, name: str = "SOLOv2", **more: Any) -> dict[str, Any]:
    module = {"model_name": name, "model_dir": str(folder) if folder else None, "batch_size": 1}
    return {
        "pipeline_name": "instance_segmentation",
        "SubModules": {"InstanceSegmentation": module | more},
    }


def test_importing_the_package_stays_light() -> None:
    code = "import sys, instseg_ui; print('numpy' in sys.modules, instseg_ui.create_pipeline)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("False <function create_pipeline")


def test_the_public_names_are_there() -> None:
    assert instseg_ui.__all__ == ["__version__", "create_pipeline"]
    assert all(hasattr(instseg_ui, name) for name in instseg_ui.__all__)
    with pytest.raises(AttributeError):
        _ = instseg_ui.nothing


class TestSignatures:
    """Parameters and defaults are PaddleX's; ours come behind them, by keyword only."""

    @pytest.mark.parametrize(
        ("function", "expected"),
        [
            (Pipeline.predict, {"input": inspect.Parameter.empty, "threshold": None}),
            (Result.print, {"json_format": False, "indent": 4, "ensure_ascii": False}),
            (Result.save_to_json, {"save_path": None, "indent": 4, "ensure_ascii": False}),
            (Result.save_to_img, {"save_path": None}),
        ],
    )
    def test_of_methods(self, function: Any, expected: dict[str, Any]) -> None:
        parameters = list(inspect.signature(function).parameters.values())[1:]
        usual = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        assert {p.name: p.default for p in usual} == expected

    def test_of_create_pipeline(self) -> None:
        defaults = {
            p.name: p.default for p in inspect.signature(create_pipeline).parameters.values()
        }
        for name in ("config", "device", "use_hpip", "hpi_config"):
            assert defaults[name] is None


class TestResult:
    """One picture's result."""

    @pytest.fixture
    def result(self, open_pipeline: Open, tmp_path: Path) -> Result:
        file = tmp_path / "three.png"
        file.write_bytes(png(PICTURE))
        (result,) = open_pipeline().predict(str(file))
        return result

    def test_items(self, result: Result, tmp_path: Path) -> None:
        assert list(result) == ["input_path", "page_index", "input_img", "boxes", "masks"]
        assert result["input_path"] == str(tmp_path / "three.png")
        assert result["page_index"] is None
        assert np.array_equal(result["input_img"], PICTURE)
        assert result["boxes"][0] == {
            "cls_id": 0,
            "label": "red",
            "score": pytest.approx(0.99),
            "coordinate": [2.0, 3.0, 12.0, 20.0],
        }

    def test_masks_are_cut_to_their_boxes(self, result: Result) -> None:
        assert [mask.shape for mask in result["masks"]] == [(17, 10), (20, 20), (15, 10)]
        assert result["masks"][-1].all()
        assert len(result["masks"][:2]) == 2
        with pytest.raises(IndexError):
            result["masks"][3]

    def test_json_is_plain_and_dense(self, result: Result) -> None:
        again = json.loads(json.dumps(result.json))["res"]
        assert list(again) == ["input_path", "page_index", "boxes", "masks"]
        assert again["boxes"] == result["boxes"]
        assert np.array_equal(again["masks"][1], np.ones((20, 20)))

    def test_the_picture_keeps_its_colours(self, open_pipeline: Open) -> None:
        pixels = np.full((300, 400, 3), 127, np.uint8)
        pixels[100:200, 100:200] = RED
        (result,) = open_pipeline().predict(pixels)
        drawn = result.img["res"]
        assert (drawn.mode, drawn.size) == ("RGB", (400, 300))
        # Where nothing was found, and inside the mask: half the patch, half the class.
        assert drawn.getpixel((350, 250)) == (127, 127, 127)
        own = bgr(class_colors(result.prediction.classes)["red"])
        expected = [(a + b) / 2 for a, b in zip(RED, own, strict=True)][::-1]
        assert np.abs(np.subtract(drawn.getpixel((150, 180)), expected)).max() <= 2

    def test_print(self, result: Result, capsys: pytest.CaptureFixture[str]) -> None:
        result.print()
        line = capsys.readouterr().out
        assert line.startswith("{'res': {'input_path': '")
        assert line.endswith("'masks': '...'}}\n")
        result.print(json_format=True, indent=1)
        assert json.loads(capsys.readouterr().out)["res"]["masks"] == "..."
        result.print(format_json=True)
        assert capsys.readouterr().out.startswith('{\n    "res"')

    def test_files_in_a_folder(self, result: Result, tmp_path: Path) -> None:
        result.save_to_img(save_path=f"{tmp_path}/new/folder/")
        result.save_to_json(save_path=f"{tmp_path}/new/folder/")
        names = sorted(file.name for file in (tmp_path / "new" / "folder").iterdir())
        assert names == ["three_res.json", "three_res.png"]
        saved = json.loads((tmp_path / "new" / "folder" / "three_res.json").read_text())
        assert decode(saved["masks"][0]).sum() == 170
        drawn = cv2.imread(str(tmp_path / "new" / "folder" / "three_res.png"))
        assert np.array_equal(drawn[:, :, ::-1], np.asarray(result.img["res"]))

    def test_named_files(self, result: Result, tmp_path: Path) -> None:
        assert result.save_to_img(tmp_path / "x.jpg") == tmp_path / "x.jpg"
        result.save_to_json(tmp_path / "x.json", indent=2, dense=True)
        assert json.loads((tmp_path / "x.json").read_text())["masks"] == result.json["res"]["masks"]

    def test_both_at_once(self, result: Result, tmp_path: Path) -> None:
        result.save_all(tmp_path / "all")
        result.save_all(tmp_path / "only.json")
        result.save_all(tmp_path / "only.jpg")
        assert len(list((tmp_path / "all").iterdir())) == 2
        assert sorted(file.name for file in tmp_path.glob("only.*")) == ["only.jpg", "only.json"]

    def test_where_nothing_can_be_written(self, result: Result, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(InputError, match="could not be written"):
            result.save_to_json(tmp_path / "file" / "below")


class TestNames:
    """What files are called."""

    def source(self, path: str | None, page: int | None = None) -> Source:
        return Source("x", path, page, from_array(PICTURE, Settings()))

    def test_pages_addresses_and_pixels(self) -> None:
        assert file_stem(self.source("a/doc.pdf", 3)) == "doc_3"
        assert file_stem(self.source("https://a.example/b%20c.png?d=e.f")) == "b c"
        assert file_stem(self.source(None)).replace("_", "").isdigit()

    def test_equal_names_do_not_overwrite_each_other(
        self, open_pipeline: Open, tmp_path: Path
    ) -> None:
        for name in ("x/1.png", "y/1.png"):
            (tmp_path / name).parent.mkdir()
            (tmp_path / name).write_bytes(png(PICTURE))
        for result in open_pipeline().predict([tmp_path / "x", tmp_path / "y"]):
            result.save_to_json(tmp_path / "out")
        names = sorted(file.name for file in (tmp_path / "out").iterdir())
        assert names == ["1-2_res.json", "1_res.json"]


class TestPredict:
    """Pictures in, results out, one by one."""

    def test_it_is_lazy(self, open_pipeline: Open, tmp_path: Path) -> None:
        results = open_pipeline().predict([PICTURE, tmp_path / "missing.png", PICTURE])
        assert len(next(results)["boxes"]) == 3
        with pytest.raises(InputError, match="missing"):
            next(results)

    def test_thresholds(self, open_pipeline: Open) -> None:
        holed = PICTURE.copy()
        holed[12:28, 32:48] = 127  # green fills 0.36 of its box: 0.5484
        pipeline = open_pipeline()
        counts = {t: len(next(pipeline(holed, threshold=t))["boxes"]) for t in (0, 0.55, 1)}
        assert counts == {0: 3, 0.55: 2, 1: 0}
        assert len(next(pipeline.predict(holed))["boxes"]) == 3

    @pytest.mark.parametrize("threshold", [2, -0.1, "0.5", True, float("nan")])
    def test_a_bad_threshold_is_said_at_once(self, open_pipeline: Open, threshold: Any) -> None:
        with pytest.raises(InputError, match="threshold"):
            open_pipeline().predict(PICTURE, threshold=threshold)

    def test_below_the_floor(self, open_pipeline: Open, settings: Settings) -> None:
        high = settings.model_copy(update={"floor": 0.9})
        pipeline = open_pipeline(settings=high, config=configuration(None, threshold=0.95))
        before = len(psutil.Process().children(recursive=True))
        holed = PICTURE.copy()
        holed[12:28, 32:48] = 127
        assert len(next(pipeline.predict(holed))["boxes"]) == 2
        assert len(next(pipeline.predict(holed, threshold=0.1))["boxes"]) == 3
        # The worker, and where it is the first one, the process that workers are forked from.
        assert len(psutil.Process().children(recursive=True)) <= before + 3

    def test_a_picture_is_run_each_time(self, open_pipeline: Open) -> None:
        first, second = open_pipeline().predict([PICTURE, PICTURE])
        assert first.prediction.timings != second.prediction.timings

    def test_what_is_no_picture(self, open_pipeline: Open) -> None:
        with pytest.raises(ImageError):
            next(open_pipeline().predict(np.zeros((4, 4, 3), float)))
        with pytest.raises(InputError, match="Expected a path"):
            next(open_pipeline().predict(42))


class TestConfiguration:
    """A name, a file or a dictionary."""

    def test_a_folder_and_a_threshold(self, open_pipeline: Open, folder: Path) -> None:
        pipeline = open_pipeline(model=None, config=configuration(folder, threshold=0.7))
        assert (pipeline.model, pipeline.threshold) == ("own-model", 0.7)

    @pytest.mark.parametrize("argument", ["pipeline", "config"])
    def test_a_file(self, open_pipeline: Open, folder: Path, tmp_path: Path, argument: str) -> None:
        file = tmp_path / "mine.yaml"
        file.write_text(yaml.safe_dump(configuration(folder)))
        assert open_pipeline(model=None, **{argument: str(file)}).model == "own-model"

    @pytest.mark.paddle
    def test_the_file_of_paddlex(self) -> None:
        (file,) = Path(sys.prefix).glob(
            "lib/python*/site-packages/paddlex/configs/pipelines/instance_segmentation.yaml"
        )
        config = read_config(str(file), None)
        assert (config.model_name, config.model_dir, config.threshold) == (
            "Mask-RT-DETR-S",
            None,
            0.5,
        )

    def test_another_model_than_the_folder_holds(self, open_pipeline: Open, folder: Path) -> None:
        with pytest.raises(InputError, match=r"says Mask-RT-DETR-S, and its folder .* SOLOv2"):
            open_pipeline(model=None, config=configuration(folder, "Mask-RT-DETR-S"))

    @pytest.mark.parametrize(
        ("pipeline", "config", "message"),
        [
            ("object_detection", None, "Expected the pipeline instance_segmentation"),
            ("missing.yaml", None, "cannot be read"),
            ("x", {"pipeline_name": "OCR", "SubModules": {"InstanceSegmentation": {}}}, "OCR"),
            ("x", {}, "SubModules"),
            ("x", configuration(None, threshold=3), "threshold"),
            ("x", 42, "Expected a dictionary or the path"),
        ],
    )
    def test_what_cannot_be_used(self, pipeline: str, config: Any, message: str) -> None:
        with pytest.raises(InputError, match=message):
            create_pipeline(pipeline, config=config)

    def test_a_model_by_name(self, settings: Settings, open_pipeline: Open) -> None:
        notes: list[str] = []
        open_pipeline(model="demo-cats", on_note=notes.append)
        assert notes == []
        open_pipeline(model=None, on_note=notes.append)
        assert "everyday-M runs, the default model here" in notes[0]
        with pytest.raises(UnknownModelError, match="Mask-RT-DETR-S"):
            open_pipeline(model="Mask-RT-DETR-s2")
        with pytest.raises(ModelFolderError):
            open_pipeline(model=Path("nowhere"))

    def test_devices(self) -> None:
        assert read_device("CPU") == "cpu"
        assert read_device("gpu") == "gpu:0"
        assert read_device("gpu:1,2") == "gpu:1,2"
        for wrong in ("npu:0", "gpu:x", "cpu:0", ""):
            with pytest.raises(InputError, match="Expected the device"):
                read_device(wrong)

    @pytest.mark.parametrize(
        ("arguments", "engine"),
        [
            ({}, None),
            ({"use_hpip": True}, "high_performance"),
            ({"use_hpip": False}, "normal"),
            ({"use_hpip": True, "hpi_config": {"backend": "onnxruntime"}}, "onnxruntime"),
            ({"use_hpip": True, "hpi_config": {"auto_config": True}}, "high_performance"),
            ({"hpi_config": {"backend": "openvino"}}, None),
            ({"engine": "paddle_static"}, "normal"),
            ({"engine": "openvino", "use_hpip": True}, "openvino"),
        ],
    )
    def test_the_engine_that_paddlex_arguments_ask_for(
        self, arguments: dict[str, Any], engine: str | None
    ) -> None:
        given = {"engine": None, "use_hpip": None, "hpi_config": None} | arguments
        assert choose_engine(**given, wanted=PipelineConfig()) == engine

    def test_a_configuration_asks_for_high_performance_mode(self) -> None:
        wanted = PipelineConfig(use_hpip=True, hpi_config={"backend": "openvino"})
        assert choose_engine(None, None, None, wanted) == "openvino"
        assert choose_engine(None, False, None, wanted) == "normal"

    def test_an_engine_that_is_not_there(self, open_pipeline: Open) -> None:
        with pytest.raises(
            InputError, match="Expected one of the engines normal, high_performance"
        ):
            open_pipeline(use_hpip=True, hpi_config={"backend": "x"})
        with pytest.raises(InputError, match="hpi_config as a dictionary"):
            open_pipeline(hpi_config="backend")


SCRIPT = """
from {package} import create_pipeline

segmentation = create_pipeline(pipeline="instance_segmentation")
found = segmentation.predict(input={picture!r}, threshold=0.5)
for one in found:
    one.print()
    one.save_to_img(save_path="./output/")
    one.save_to_json(save_path="./output/")
"""


def test_a_script_without_a_guard_runs_and_leaves_nothing(
    tmp_path: Path, settings: Settings
) -> None:
    (tmp_path / "picture.png").write_bytes(png(PICTURE))
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(package="instseg_ui", picture="picture.png"))
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "INSTSEG_FAKE_ENGINE": "1",
        "INSTSEG_MODELS_DIR": str(settings.models_dir),
        "MARK": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("{'res': ") == 1
    assert "everyday-M" in done.stderr
    files = sorted(file.name for file in (tmp_path / "output").iterdir())
    assert files == ["picture_res.json", "picture_res.png"]
    assert not left_behind(tmp_path)


def left_behind(mark: Path) -> list[psutil.Process]:
    """Processes that carry this mark in their environment."""
    return [p for p in psutil.process_iter() if _mark(p) == str(mark)]


def _mark(process: psutil.Process) -> str | None:
    try:
        return process.environ().get("MARK")
    except psutil.Error:
        return None


BOTH = """
import json, sys
from {package} import create_pipeline

answers = []
for config in json.load(open("configs.json")):
    pipeline = create_pipeline(config=config, device="cpu")
    for res in pipeline.predict("scenes", threshold=0.051):
        res.print()
        res.save_to_json("{package}")
        answers.append(res.json)
json.dump(answers, open("{package}.json", "w"))
"""


@pytest.mark.paddle
@pytest.mark.slow
def test_one_script_gives_the_same_with_paddlex(tmp_path: Path) -> None:
    names = ["Mask-RT-DETR-S", "MaskRCNN-ResNet50", "PP-YOLOE_seg-S"]
    folders = build_test_models(tmp_path / "models", names, candidates=40)
    configs = [configuration(folder, name, threshold=0.5) for name, folder in folders.items()]
    (tmp_path / "configs.json").write_text(json.dumps(configs))
    (tmp_path / "scenes" / "deep").mkdir(parents=True)
    for i, place in enumerate(("b.png", "a.png", "deep/c.png")):
        scene = make_scene(320, 240, count=4, seed=i)
        cv2.imwrite(str(tmp_path / "scenes" / place), scene.image)
    theirs, ours = (run_both(package, tmp_path) for package in ("paddlex", "instseg_ui"))
    assert [res["input_path"] for res in ours] == [res["input_path"] for res in theirs]
    for mine, other in zip(ours, theirs, strict=True):
        assert list(mine) == list(other)
        assert mine["page_index"] is None is other["page_index"]
        same_objects(mine, other)
    saved = [{file.name for file in (tmp_path / p).iterdir()} for p in ("paddlex", "instseg_ui")]
    assert saved[0] == saved[1] == {"a_res.json", "b_res.json", "c_res.json"}


def run_both(package: str, folder: Path) -> list[dict[str, Any]]:
    script = folder / f"with_{package}.py"
    script.write_text(textwrap.dedent(BOTH).format(package=package))
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK": "True",
    }
    done = subprocess.run(
        [sys.executable, str(script)],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answers = json.loads((folder / f"{package}.json").read_text())
    return [answer["res"] for answer in answers]


def same_objects(mine: dict[str, Any], other: dict[str, Any]) -> None:
    """The same objects in any order: what they are, where they are, and every pixel."""

    def by_place(res: dict[str, Any]) -> list[tuple[dict[str, Any], Any]]:
        rows = zip(res["boxes"], res["masks"], strict=True)
        return sorted(rows, key=lambda row: np.round(row[0]["coordinate"], 2).tolist())

    assert len(mine["boxes"]) == len(other["boxes"]) > 0
    for (box, mask), (other_box, other_mask) in zip(by_place(mine), by_place(other), strict=True):
        assert list(box) == list(other_box)
        assert (box["cls_id"], box["label"]) == (other_box["cls_id"], other_box["label"])
        assert box["score"] == pytest.approx(other_box["score"], abs=1e-5)
        assert box["coordinate"] == pytest.approx(other_box["coordinate"], abs=1e-3)
        assert np.array_equal(np.asarray(mask) != 0, np.asarray(other_mask) != 0)
