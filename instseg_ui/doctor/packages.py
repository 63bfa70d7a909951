"""The packages: versions against what the project was tested with, and what runs models."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from instseg_ui.doctor.finding import Finding, note, wrong
from instseg_ui.settings import PROJECT_DIR

_MEND = "Install what the project was tested with: make setup."
_AFRESH = "Start afresh: make clean, then make setup."
_IMPORT_S = 120
# Packages of which two write over each other's files.
ONLY_ONE: Mapping[str, tuple[str, ...]] = {
    "OpenCV": (
        "opencv-python",
        "opencv-python-headless",
        "opencv-contrib-python",
        "opencv-contrib-python-headless",
    ),
    "Paddle": ("paddlepaddle", "paddlepaddle-gpu"),
}
# What may run models beside Paddle: an engine's name and the package that it is.
_OTHERS = {"ONNX Runtime": "onnxruntime", "OpenVINO": "openvino", "TensorRT": "tensorrt"}
_TRY = "import paddle, paddlex; print(paddle.__version__, paddle.device.cuda.device_count())"


def packages() -> Iterator[Finding]:
    """What is installed."""
    installed: dict[str, str] = {
        canonicalize_name(entry.metadata["Name"]): entry.version
        for entry in importlib.metadata.distributions()
        if entry.metadata["Name"]
    }
    yield versions(installed, _requirements(installed))
    for library, rivals in ONLY_ONE.items():
        yield only_one(library, rivals, installed)
    yield _paddle_runs()
    for engine, package in _OTHERS.items():
        yield _other_engine(engine, package, installed)


def versions(installed: Mapping[str, str], wanted: Collection[Requirement]) -> Finding:
    """The installed versions against the wanted ones."""
    faults = []
    for requirement in wanted:
        version = installed.get(canonicalize_name(requirement.name))
        if version is None:
            faults.append(f"{requirement.name} is missing")
        elif not requirement.specifier.contains(version, prereleases=True):
            faults.append(f"{requirement.name} is {version}, expected {requirement.specifier}")
    if faults:
        return wrong("versions", "; ".join(faults), _MEND)
    return Finding("versions", f"{len(wanted)} packages as tested")


def only_one(library: str, rivals: Collection[str], installed: Mapping[str, str]) -> Finding:
    """Whether exactly one of the packages that are this library is there."""
    found = [f"{name} {installed[name]}" for name in rivals if name in installed]
    if len(found) == 1:
        return Finding(library, found[0])
    return wrong(library, f"exactly one expected, found {' and '.join(found) or 'none'}", _AFRESH)


def _requirements(installed: Mapping[str, str]) -> list[Requirement]:
    """Those of the project's folder; with Paddle for GPUs where that is installed."""
    name = "requirements-gpu.txt" if "paddlepaddle-gpu" in installed else "requirements.txt"
    return read_requirements(PROJECT_DIR / name)


def read_requirements(file: Path) -> list[Requirement]:
    """The requirements of a file, options and comments left out; none where there is no file."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        text = line.split("#")[0].strip()
        try:
            found += [Requirement(text)] if text and not text.startswith("-") else []
        except InvalidRequirement:
            continue
    return found


def _paddle_runs() -> Finding:
    """Import Paddle as a worker does: in another process, which may crash or hang."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _TRY],
            capture_output=True,
            text=True,
            timeout=_IMPORT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return wrong("engine Paddle", f"not imported within {_IMPORT_S} s", _AFRESH)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return wrong("engine Paddle", f"cannot be imported: {last[:200]}", _AFRESH)
    version, cards = done.stdout.split()[-2:]
    return Finding("engine Paddle", f"{version}, usable on the CPU and {cards} GPUs")


def _other_engine(engine: str, package: str, installed: Mapping[str, str]) -> Finding:
    if importlib.util.find_spec(package) is None:
        return Finding(f"engine {engine}", "not installed; not needed")
    version = installed.get(package, "installed")
    return note(f"engine {engine}", f"{version}, but no model runs on it yet")
