"""What the doctor makes of a machine, without asking this one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

from instseg_ui.doctor import Diagnosis, State, engines, examine, machine, packages, report
from instseg_ui.settings import Settings
from scripts import check_env
from tests.unit.factories import model_folder


def by_topic(findings: Any) -> dict[str, Diagnosis]:
    return {finding.topic: finding for finding in findings}


def test_it_knows_the_same_rivals_as_the_setup() -> None:
    assert dict(packages.ONLY_ONE) == check_env.ONLY_ONE


@pytest.mark.parametrize(
    ("installed", "state"),
    [
        ({"opencv-python": "4"}, State.OK),
        ({"opencv-python": "4", "opencv-contrib-python": "5"}, State.WRONG),
        ({}, State.WRONG),
    ],
)
def test_exactly_one_opencv(installed: dict[str, str], state: State) -> None:
    finding = packages.only_one("OpenCV", packages.ONLY_ONE["OpenCV"], installed)
    assert finding.state is state
    assert all(name in finding.found for name in installed)


def test_versions_against_pins() -> None:
    wanted = [Requirement("numpy~=2.3.5"), Requirement("paddlex[cv]==3.7.2")]
    fine = packages.versions({"numpy": "2.3.9", "paddlex": "3.7.2"}, wanted)
    assert (fine.state, fine.found) == (State.OK, "2 packages as tested")
    wrong = packages.versions({"numpy": "2.4.0"}, wanted)
    assert wrong.found == "numpy is 2.4.0, expected ~=2.3.5; paddlex is missing"
    assert "make setup" in wrong.remedy


def test_reading_requirements(tmp_path: Path) -> None:
    file = tmp_path / "r.txt"
    file.write_text("--pre\n# a\nnumpy~=2.3  # why\n\n???\n")
    assert [str(entry) for entry in packages.read_requirements(file)] == ["numpy~=2.3"]
    assert packages.read_requirements(tmp_path / "none.txt") == []


def test_an_optional_engine_is_compared_where_it_is_installed() -> None:
    def names(installed: dict[str, str]) -> set[str]:
        return {entry.name for entry in packages._requirements(installed)}

    assert names({"openvino": "1"}) - names({}) == {"openvino"}
    assert names({"paddlepaddle-gpu": "3"}) - names({}) == {"paddlepaddle-gpu", "onnxruntime-gpu"}


class TestEngines:
    """What runs on a device, without asking this machine: no library is imported here."""

    @pytest.fixture(autouse=True)
    def _machine(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.paddle, self.cards, self.trial = ("3.2.2 {} 1", ""), 0, ("runtime 1.2", "")
        self.lacks: dict[str, str] = {}

        def run(*arguments: str) -> tuple[str, str]:
            if arguments[0] == "-c":
                return self.paddle[0].format(self.cards), self.paddle[1]
            return self.trial

        monkeypatch.setattr(engines, "_run", run)
        real = engines.unusable
        monkeypatch.setattr(
            engines, "unusable", lambda name, device: self.lacks.get(name, real(name, device))
        )
        for name in engines.CONVERTED:
            self.lacks[name] = ""

    def found(self, settings: Settings, **changed: object) -> dict[str, Diagnosis]:
        findings = by_topic(engines.engines(settings.model_copy(update=changed)))
        return {topic.removeprefix("engine "): finding for topic, finding in findings.items()}

    def test_all_run(self, settings: Settings) -> None:
        findings = self.found(settings)
        names = ["paddle", "paddle-onednn", "onnxruntime", "openvino", "tensorrt"]
        assert list(findings) == names
        assert {finding.state for finding in findings.values()} == {State.OK}
        assert findings["paddle"].found == "3.2.2, runs on cpu"
        assert findings["openvino"].found == "runtime 1.2, runs on cpu"

    def test_what_does_not_run_is_wrong_only_if_it_is_asked_for(self, settings: Settings) -> None:
        self.lacks["openvino"] = "Install it."
        for engine, state in (("high_performance", State.NOTE), ("openvino", State.WRONG)):
            finding = self.found(settings, engine=engine)["openvino"]
            assert finding == Diagnosis(
                "engine openvino", "does not run on cpu", state, "Install it."
            )

    def test_one_that_is_there_and_fails(self, settings: Settings) -> None:
        self.trial = ("", "libraries of the card are missing")
        finding = self.found(settings)["onnxruntime"]
        assert finding.state is State.WRONG
        assert "libraries of the card are missing" in finding.found

    def test_a_paddle_that_does_not_import(self, settings: Settings) -> None:
        self.paddle = ("", "ImportError: libgomp.so.1: cannot open")
        findings = self.found(settings)
        assert findings["paddle"].state is State.WRONG
        assert "libgomp.so.1" in findings["paddle"].found
        assert findings["paddle-onednn"].state is State.NOTE

    def test_a_paddle_without_onednn(self, settings: Settings) -> None:
        self.paddle = ("3.2.2 0 0", "")
        findings = self.found(settings, engine="paddle-onednn")
        assert findings["paddle"].state is State.OK
        assert findings["paddle-onednn"].state is State.WRONG

    @pytest.mark.parametrize(("cards", "state"), [(1, State.WRONG), (2, State.OK)])
    def test_cards_that_paddle_sees(self, settings: Settings, cards: int, state: State) -> None:
        self.cards = cards
        findings = self.found(settings, device="gpu:1")
        assert findings["paddle"].state is state
        assert findings["paddle-onednn"].state is State.NOTE

    def test_processes_that_crash_hang_or_complain(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.undo()
        assert engines._run("-c", "print(1)") == ("1\n", "")
        assert engines._run("-c", "import os; os.abort()") == ("", "exit code -6")
        assert engines._run("-c", "raise SystemExit('No.')") == ("", "No.")
        monkeypatch.setattr(engines, "_SECONDS", 0.1)
        assert engines._run("-c", "import time; time.sleep(60)")[1] == "no answer within 0.1 s"

    def test_a_trial_tells_versions_or_the_reason(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.undo()
        said, fault = engines._run(*engines._TRIAL, "onnxruntime", "cpu")
        assert said.startswith("onnxruntime 1.")
        assert not fault
        assert "NVIDIA card" in engines._run(*engines._TRIAL, "tensorrt", "cpu")[1]


class TestMachine:
    """Cores, memory, cards."""

    def test_too_many_threads(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(machine, "available_cpus", lambda: 2)
        many = settings.model_copy(update={"threads": 8})
        cores = by_topic(machine.machine(many))["cores"]
        assert (cores.state, "INSTSEG_THREADS=2" in cores.remedy) == (State.NOTE, True)

    def test_a_budget_over_the_limit(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(machine, "available_memory", lambda: 10**9)
        memory = by_topic(machine.machine(settings.model_copy(update={"memory_budget": 2 * 10**9})))
        assert memory["memory"].state is State.WRONG
        assert "1000 MB for this process" in memory["memory"].found

    @pytest.mark.parametrize(
        ("device", "cards", "state"),
        [
            ("cpu", [], State.OK),
            ("cpu", ["NVIDIA H200, 143771 MiB"], State.NOTE),
            ("gpu:0", [], State.WRONG),
            ("gpu:0", ["NVIDIA H200, 143771 MiB"], State.OK),
        ],
    )
    def test_cards(
        self,
        settings: Settings,
        monkeypatch: pytest.MonkeyPatch,
        device: str,
        cards: list[str],
        state: State,
    ) -> None:
        monkeypatch.setattr(machine, "_cards", lambda: cards)
        settings = settings.model_copy(update={"device": device})
        assert by_topic(machine.machine(settings))["GPU"].state is state

    def test_a_driver_that_fails(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*args: Any, **options: Any) -> None:
            raise subprocess.CalledProcessError(9, "nvidia-smi")

        monkeypatch.setattr(machine.shutil, "which", lambda name: name)
        monkeypatch.setattr(machine.subprocess, "run", fail)
        assert machine._cards() == []

    def test_another_python(self, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "version_info", (3, 14, 0))
        assert by_topic(machine.machine(settings))["Python"].state is State.WRONG


class TestModels:
    """Folders, disk, catalog, default model."""

    @pytest.fixture(autouse=True)
    def _only_these(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(report, "machine", lambda settings: iter(()))
        monkeypatch.setattr(report, "packages", lambda: iter(()))
        monkeypatch.setattr(report, "engines", lambda settings: iter(()))

    def test_all_well(self, settings: Settings) -> None:
        findings = by_topic(examine(settings))
        assert "not made yet" in findings["models' folder"].found
        assert findings["catalog"].found == "3 bundled, 15 not fetched"
        assert findings["default model"].found == "everyday-M, bundled"

    def test_a_broken_model_and_a_default_that_is_not_here(self, settings: Settings) -> None:
        (model_folder(settings.models_dir / "SOLOv2") / "inference.json").unlink()
        changed = settings.model_copy(update={"default_model": "Mask-RT-DETR-S"})
        findings = by_topic(examine(changed))
        assert findings["model SOLOv2"].state is State.NOTE
        assert findings["default model"].state is State.WRONG
        assert "about 52 MB" in findings["default model"].remedy

    def test_a_default_that_is_unknown(self, settings: Settings) -> None:
        changed = settings.model_copy(update={"default_model": "SOLOv3"})
        assert "Did you mean “SOLOv2”" in by_topic(examine(changed))["catalog"].found

    def test_a_folder_that_is_a_file(self, settings: Settings, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        changed = settings.model_copy(update={"models_dir": tmp_path / "file"})
        finding = by_topic(examine(changed))["models' folder"]
        assert finding.state is State.WRONG
        assert "INSTSEG_MODELS_DIR" in finding.remedy
