"""The packages: versions against what the project was tested with."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from instseg_ui.doctor.diagnosis import Diagnosis, wrong
from instseg_ui.settings import DATA_DIR

_MEND = "Install what the project was tested with: make setup."
_AFRESH = "Start afresh: make clean, then make setup."
# Packages of which two write over each other's files.
ONLY_ONE: Mapping[str, tuple[str, ...]] = {
    "OpenCV": (
        "opencv-python",
        "opencv-python-headless",
        "opencv-contrib-python",
        "opencv-contrib-python-headless",
    ),
    "Paddle": ("paddlepaddle", "paddlepaddle-gpu"),
    "ONNX Runtime": ("onnxruntime", "onnxruntime-gpu"),
}


def packages() -> Iterator[Diagnosis]:
    """What is installed."""
    installed: dict[str, str] = {
        canonicalize_name(entry.metadata["Name"]): entry.version
        for entry in importlib.metadata.distributions()
        if entry.metadata["Name"]
    }
    yield versions(installed, _requirements(installed))
    for library, rivals in ONLY_ONE.items():
        yield only_one(library, rivals, installed)


def versions(installed: Mapping[str, str], wanted: Collection[Requirement]) -> Diagnosis:
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
    return Diagnosis("versions", f"{len(wanted)} packages as tested")


def only_one(library: str, rivals: Collection[str], installed: Mapping[str, str]) -> Diagnosis:
    """Whether exactly one of the packages that are this library is there."""
    found = [f"{name} {installed[name]}" for name in rivals if name in installed]
    if len(found) == 1:
        return Diagnosis(library, found[0])
    return wrong(library, f"exactly one expected, found {' and '.join(found) or 'none'}", _AFRESH)


def _requirements(installed: Mapping[str, str]) -> list[Requirement]:
    """Those the project was tested with; with Paddle for GPUs where that is installed."""
    name = "requirements-gpu.txt" if "paddlepaddle-gpu" in installed else "requirements.txt"
    optional = read_requirements(DATA_DIR / "requirements-openvino.txt")
    return [
        *read_requirements(DATA_DIR / name),
        *(entry for entry in optional if canonicalize_name(entry.name) in installed),
    ]


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
