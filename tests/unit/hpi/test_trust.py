"""An engine answers only while its proof holds: it fails, it comes later, it is upgraded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from instseg_ui.errors import LoadError
from instseg_ui.hpi import ConvertedStore
from instseg_ui.hpi.identity import WorkerKey
from instseg_ui.images import Image, from_array
from instseg_ui.results import Prediction
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from tests.unit.factories import RED, model_folder, patches
from tests.unit.hpi.kit import Lab

Open = Callable[..., Segmenter]


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Lab:
    made = Lab()
    made.install(monkeypatch)
    return made


@pytest.fixture
def open_segmenter(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    made: list[Segmenter] = []
    monkeypatch.setattr(Segmenter, "_worker", lambda self, request: lab.worker(request))

    def make(*folders: Path, **changes: object) -> Segmenter:
        folders = folders or (model_folder(tmp_path / "cats"),)
        values: dict[str, object] = {"models_dir": tmp_path / "models", "model_folders": folders}
        made.append(Segmenter(Settings(**(values | {"engine": "high_performance"} | changes))))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for segmenter in made:
        segmenter.close()


IMAGE = from_array(patches(((2, 3, 12, 20), RED)), Settings())
OTHER = from_array(patches(((2, 3, 12, 21), RED)), Settings())


def ask(segmenter: Segmenter, image: Image = IMAGE, **how: object) -> Prediction:
    return segmenter.segment(image, "cats", **how)  # type: ignore[arg-type]


class TestAnEngineThatFailsItsProof:
    def test_it_answers_no_more_and_nothing_of_it_is_kept(
        self, lab: Lab, open_segmenter: Open
    ) -> None:
        segmenter = open_segmenter()
        before = ask(segmenter)
        assert before.runtime.engine == "onnxruntime"
        assert before.runtime.parity.startswith("equal to Paddle: ")
        (resident,) = segmenter.registry.residents()

        lab.wrong.add("onnxruntime")
        record = segmenter.verify("cats")
        assert not record.checks["onnxruntime"].passed
        assert not resident.worker.alive
        assert segmenter.registry.residents() == []
        after = ask(segmenter)
        assert after.runtime.engine == "paddle"
        assert after.instances.scores[0] == pytest.approx(0.9)
        assert "equal" not in after.runtime.parity
        with pytest.raises(LoadError, match="not equal to Paddle"):
            ask(segmenter, engine="onnxruntime")

    def test_a_check_in_another_process_is_heard(self, lab: Lab, open_segmenter: Open) -> None:
        serving, checking = open_segmenter(), open_segmenter()
        assert ask(serving).runtime.engine == "onnxruntime"
        (resident,) = serving.registry.residents()
        lab.wrong.add("onnxruntime")
        checking.verify("cats")
        after = ask(serving)
        assert (after.runtime.engine, after.runtime.parity) == ("paddle", "")
        assert not resident.worker.alive

    def test_the_sentence_is_the_present_proofs(self, lab: Lab, open_segmenter: Open) -> None:
        segmenter = open_segmenter()
        segmenter.verify("cats")
        first = ask(segmenter)
        segmenter.verify("cats")
        second = ask(segmenter)
        assert second is not first
        assert second.runtime.parity == segmenter.record("cats").checks["onnxruntime"].sentence  # type: ignore[union-attr]

    def test_normal_mode_does_not_rest_on_a_proof(self, lab: Lab, open_segmenter: Open) -> None:
        segmenter = open_segmenter()
        ask(segmenter, engine="normal")
        (resident,) = segmenter.registry.residents()
        segmenter.verify("cats")
        assert resident.worker.alive


class TestAnEngineThatComesLater:
    def test_it_is_checked_before_it_is_used(self, lab: Lab, open_segmenter: Open) -> None:
        ask(open_segmenter())
        lab.versions["openvino"] = "2026.1"
        lab.ms["openvino"] = 1.0
        heard: list[str] = []
        found = ask(open_segmenter(), on_stage=heard.append)
        assert "checking openvino against Paddle" in heard
        assert not any("converting" in stage for stage in heard)
        assert "checking onnxruntime against Paddle" not in heard
        assert found.runtime.engine == "openvino"
        assert found.runtime.parity.startswith("equal to Paddle: ")

    def test_one_that_is_not_equal_is_not_used(self, lab: Lab, open_segmenter: Open) -> None:
        segmenter = open_segmenter()
        ask(segmenter)
        lab.versions["openvino"], lab.ms["openvino"] = "2026.1", 1.0
        lab.wrong.add("openvino")
        assert ask(segmenter, OTHER).runtime.engine == "onnxruntime"
        lab.ran.clear()
        ask(segmenter)
        assert "openvino" not in lab.ran, "what was checked is not checked again"

    def test_another_version_is_checked_again(self, lab: Lab, open_segmenter: Open) -> None:
        segmenter = open_segmenter()
        ask(segmenter)
        lab.versions["onnxruntime"] = "2.0"
        lab.wrong.add("onnxruntime")
        found = ask(segmenter)
        assert found.runtime.engine == "paddle"
        assert lab.converted > 1, "where no engine passes, the other recipes are tried"

    def test_paddle_itself_in_another_version_is_another_measure(
        self, lab: Lab, open_segmenter: Open
    ) -> None:
        ask(open_segmenter())
        lab.versions["paddlex"] = "4.0"
        heard: list[str] = []
        ask(open_segmenter(), on_stage=heard.append)
        assert "checking onnxruntime against Paddle" in heard

    def test_a_record_that_names_no_versions_is_no_proof(
        self, lab: Lab, open_segmenter: Open
    ) -> None:
        from dataclasses import replace

        segmenter = open_segmenter()
        ask(segmenter)
        record = segmenter.record("cats")
        assert record is not None
        facts = segmenter.store.folder(segmenter.catalog.get("cats"))
        replace(record, checked={}).write(segmenter.converted.folder(facts))
        heard: list[str] = []
        ask(open_segmenter(), on_stage=heard.append)
        assert "checking onnxruntime against Paddle" in heard


def twins(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders whose files differ in nothing but the weights' content."""
    one = model_folder(tmp_path / "one")
    weights = one / "inference.pdiparams"
    weights.write_bytes(b"a" * 4096)
    other = tmp_path / "other"
    shutil.copytree(one, other)
    (other / "inference.pdiparams").write_bytes(b"b" * 4096)
    for folder in (one, other):
        for file in folder.iterdir():
            os.utime(file, ns=(10**18, 10**18))
    return one, other


class TestWeights:
    def test_equal_sizes_and_times_are_not_the_same_model(
        self, open_segmenter: Open, tmp_path: Path
    ) -> None:
        segmenter = open_segmenter(*twins(tmp_path))
        facts = [segmenter.store.folder(segmenter.catalog.get(name)) for name in ("one", "other")]
        store = ConvertedStore(segmenter.settings)
        assert store.folder(facts[0]) != store.folder(facts[1])
        assert facts[0].content != facts[1].content
        assert facts[0].weights_sha256 in store.folder(facts[0]).name

    def test_weights_written_in_place_with_their_old_time_are_another_model(
        self, open_segmenter: Open, tmp_path: Path
    ) -> None:
        one, _ = twins(tmp_path)
        segmenter = open_segmenter(one)
        segmenter.segment(IMAGE, "one")
        first = segmenter.registry.residents()[0].key
        (one / "inference.pdiparams").write_bytes(b"c" * 4096)
        os.utime(one / "inference.pdiparams", ns=(10**18, 10**18))
        segmenter.segment(IMAGE, "one")
        (resident,) = segmenter.registry.residents()
        assert isinstance(resident.key, WorkerKey)
        assert resident.key != first
        assert str(resident.key) == str(first)

    def test_the_same_model_in_another_folder_is_converted_once(
        self, lab: Lab, open_segmenter: Open, tmp_path: Path
    ) -> None:
        one, _ = twins(tmp_path)
        shutil.copytree(one, tmp_path / "copy")
        segmenter = open_segmenter(one, tmp_path / "copy")
        segmenter.segment(IMAGE, "one")
        segmenter.segment(IMAGE, "copy")
        assert lab.converted == 1

    def test_a_file_just_written_is_hashed_again(self, tmp_path: Path) -> None:
        from instseg_ui.catalog.content import file_sha256

        file = tmp_path / "weights"
        seen = set()
        for number in range(50):
            file.write_bytes(bytes([number]) * 64)
            seen.add(file_sha256(file))
        assert len(seen) == 50


def test_a_removed_model_leaves_no_worker(open_segmenter: Open, tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "models" / "Mask-RT-DETR-S")
    config = folder / "inference.yml"
    config.write_text(config.read_text().replace("model_name: ", "model_name: Mask-RT-DETR-S #"))
    segmenter = open_segmenter()
    segmenter.segment(IMAGE, "Mask-RT-DETR-S")
    assert segmenter.remove("Mask-RT-DETR-S")
    assert segmenter.registry.residents() == []
    entries = segmenter.settings.converted_root.iterdir()
    assert [path for path in entries if not path.name.startswith(".")] == []
