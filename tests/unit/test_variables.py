"""Settings are read in one place, and every door says the same about a value that does not fit."""

from __future__ import annotations

import ast
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from instseg_ui import create_pipeline
from instseg_ui.errors import InputError
from instseg_ui.settings import PROJECT_DIR, Settings
from instseg_ui.variables import expectation, read_settings, variable

PORT = "expected a whole number from 1 to 65535, got “abc”. Change it or unset it."
SAMPLES = {
    "catalog": (None, "a path"),
    "assets": ("/nowhere/assets", "a folder that exists"),
    "models_dir": (__file__, "a folder, or a path where one can be made"),
    "converted_dir": (__file__, "a folder, or a path where one can be made"),
    "models_source": (None, "a text"),
    "model_folders": (None, f"paths of folders, separated by “{os.pathsep}”"),
    "default_model": (None, "a text"),
    "allow_fetch": ("perhaps", "true or false"),
    "allow_add": ("perhaps", "true or false"),
    "allow_train": ("maybe", "true or false"),
    "fetch_timeout": ("0", "a number above 0"),
    "floor": ("1", "a number from 0 to below 1"),
    "max_instances": ("0", "a whole number of at least 1"),
    "max_pixels": ("1e7", "a whole number of at least 1"),
    "max_side": ("-1", "a whole number of at least 1"),
    "max_upload": ("much", "a size such as 50MB or 4GiB"),
    "max_dataset": ("0", "a size such as 50MB or 4GiB"),
    "url_input": ("2", "true or false"),
    "url_hosts": (
        "https://images.example",
        "names of hosts such as images.example, separated by commas",
    ),
    "url_timeout": ("inf", "a number above 0"),
    "device": ("gpu:x", "cpu, gpu:0, or several GPUs as gpu:0,1"),
    "workers": ("two", "a whole number of at least 1"),
    "threads": ("1.5", "a whole number of at least 1"),
    "engine": (
        "steam",
        "one of normal, high_performance, paddle, paddle-onednn, onnxruntime, openvino, tensorrt",
    ),
    "convert_timeout": ("nan", "a number above 0"),
    "convert_memory": ("-5", "a size such as 50MB or 4GiB"),
    "memory_budget": (f"{'9' * 400}GB", "a size such as 50MB or 4GiB"),
    "load_timeout": ("1,5", "a number above 0"),
    "run_timeout": ("-1", "a number above 0"),
    "queue_timeout": ("long", "a number above 0"),
    "cache_predictions": ("-1", "a whole number of at least 0"),
    "fake_engine": ("maybe", "true or false"),
    "host": (None, "a text"),
    "root_path": (None, "a text"),
    "port": ("0", "a whole number from 1 to 65535"),
    "queue_size": ("0", "a whole number of at least 1"),
    "http_threads": ("0", "a whole number of at least 1"),
    "http_visualize": ("?", "true or false"),
    "upload_timeout": ("0", "a number above 0"),
    "keep_visits": ("-1", "a number from 0 to 8760"),
    "shutdown_timeout": ("-0.1", "a number of at least 0"),
}
"""Of each field a value that does not fit, None where any text does, and what is expected."""


def refusal() -> str:
    with pytest.raises(InputError) as caught:
        read_settings()
    return str(caught.value)


def test_every_field_says_what_it_takes() -> None:
    said = {name: expectation(field) for name, field in Settings.model_fields.items()}
    assert said == {name: expected for name, (_, expected) in SAMPLES.items()}


@pytest.mark.parametrize("field", [name for name, (value, _) in SAMPLES.items() if value])
def test_a_value_that_does_not_fit_is_one_sentence(
    field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    value, expected = SAMPLES[field]
    assert value
    monkeypatch.setenv(variable(field), value)
    start = f"{variable(field)}: expected {expected}, got “{value[:50]}"
    assert refusal().startswith(start)
    assert refusal().endswith("”. Change it or unset it.")
    assert "\n" not in refusal()


def test_several_are_a_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTSEG_PORT", "abc")
    monkeypatch.setenv("INSTSEG_FLOOR", "high")
    lines = refusal().splitlines()
    assert sorted(line.split(":")[0] for line in lines) == ["INSTSEG_FLOOR", "INSTSEG_PORT"]


@pytest.mark.parametrize("name", ["INSTSEG_PORT", "instseg_port", "GRADIO_SERVER_PORT"])
def test_the_variable_that_was_set_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "abc")
    assert refusal() == f"{name}: {PORT}"


def test_gradios_name_goes_before_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTSEG_PORT", "abc")
    monkeypatch.setenv("GRADIO_SERVER_PORT", "7001")
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    assert (read_settings().host, read_settings().port) == ("0.0.0.0", 7001)
    assert read_settings({"port": 7002}).port == 7002


def test_an_empty_variable_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("INSTSEG_PORT", "INSTSEG_MODELS_DIR", "GRADIO_SERVER_PORT"):
        monkeypatch.setenv(name, "")
    assert read_settings() == Settings()
    monkeypatch.setenv("INSTSEG_PORT", "7001")
    assert read_settings().port == 7001


def test_a_change_is_called_as_its_caller_calls_it() -> None:
    with pytest.raises(InputError, match=r"^--threads: expected .*, got “0”\. Change it\.$"):
        read_settings({"threads": 0}, names={"threads": "--threads"})
    with pytest.raises(InputError, match=r"^threads: expected a whole number of at least 1"):
        read_settings({"threads": "many"})


def test_a_value_is_shown_on_one_short_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTSEG_ENGINE", "a\n\x1b[31mb" + "c" * 500)
    said = refusal()
    assert said.isprintable()
    assert len(said) < 250


def test_nothing_of_pydantics_is_in_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTSEG_PORT", "abc")
    with pytest.raises(InputError) as caught:
        read_settings()
    assert caught.value.__cause__ is caught.value.__context__ is None


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("INSTSEG_PROT", " Did you mean INSTSEG_PORT?"),
        ("instseg_thread", " Did you mean INSTSEG_THREADS?"),
        ("INSTSEG_XYZZY", ""),
    ],
)
def test_an_unknown_variable_is_told(
    name: str, hint: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(name, "1")
    with caplog.at_level(logging.WARNING):
        assert read_settings() == Settings()
    assert caplog.messages == [f"{name} is not a setting; it is ignored.{hint}"]


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=PROJECT_DIR,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


DOORS = [
    ("app.py",),
    ("-m", "instseg_ui.api"),
    ("-m", "instseg_ui", "serve"),
    ("-m", "instseg_ui", "serve", "--no-ui"),
    ("-m", "instseg_ui", "predict", "a.png"),
    ("-m", "instseg_ui", "models", "list"),
    ("-m", "instseg_ui", "bench"),
    ("-m", "instseg_ui", "eval", "--output", "x", "--model", "demo-cats"),
    ("-m", "instseg_ui", "doctor"),
    ("-m", "performance"),
]


@pytest.mark.parametrize("door", DOORS, ids=" ".join)
def test_every_door_says_the_same(door: tuple[str, ...]) -> None:
    done = run(*door, INSTSEG_PORT="abc", INSTSEG_PROT="1")
    assert (done.returncode, done.stdout) == (2, "")
    warning, sentence = done.stderr.splitlines()
    assert warning.endswith(
        "INSTSEG_PROT is not a setting; it is ignored. Did you mean INSTSEG_PORT?"
    )
    assert sentence == f"INSTSEG_PORT: {PORT}"


def test_a_script_gets_the_same_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTSEG_PORT", "abc")
    with pytest.raises(InputError) as caught:
        create_pipeline()
    assert str(caught.value) == f"INSTSEG_PORT: {PORT}"


@pytest.mark.parametrize("door", DOORS[:4], ids=" ".join)
def test_a_default_model_that_is_not_there_is_no_start(door: tuple[str, ...]) -> None:
    done = run(*door, INSTSEG_DEFAULT_MODEL="SOLOv3", INSTSEG_FAKE_ENGINE="1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "There is no model named “SOLOv3”. Did you mean “SOLOv2”? "
        "It is named as the default model: change INSTSEG_DEFAULT_MODEL or unset it.\n"
    )


def calls(file: Path) -> set[str]:
    """What a file calls or assigns to, as it is written there."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    called = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    stored = {
        ast.unparse(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
    }
    return called | stored


def test_no_other_module_reads_settings() -> None:
    readers = {
        file.relative_to(PROJECT_DIR / "instseg_ui").as_posix()
        for file in (PROJECT_DIR / "instseg_ui").rglob("*.py")
        if "Settings" in calls(file)
    }
    assert readers == {"variables.py"}


def test_no_argument_travels_through_the_environment() -> None:
    for name in ("app.py", "__main__.py", "api/__main__.py", "cli/serve.py", "cli/options.py"):
        assert "environ" not in (PROJECT_DIR / "instseg_ui" / name).read_text(encoding="utf-8")
