"""Imports point one way: from the doors (page, HTTP, CLI) down to the records."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "instseg_ui"

# A module imports from its own line and the lines above it. `app` is the composition root: it knows
# all doors, and the commands (`__main__`) know it, so that no door knows another.
LAYERS = """
cgroups own_folder
errors settings numbers coco_classes
variables
run_lengths images masks results prediction_json palette
catalog
weights
engines
workers
hpi
segmenter
latency
comparison
exports
benchmark evaluate judge
examples
admission
verdict
train
show
pipeline doctor
api cli ui
app
__main__ api.__main__
""".strip().splitlines()
RANKS = {name: rank for rank, line in enumerate(LAYERS) for name in line.split()}

# Of one line, these know nothing of their neighbours.
STRANGERS = {"errors", "settings", "numbers", "images", "palette", "api", "cli", "ui"}

# A library, and the only parts that import it.
ONLY_IN = {
    "paddle": ("engines", "train"),
    "paddle2onnx": ("engines",),
    "paddlex": ("engines",),
    "onnx": ("engines",),
    "onnxruntime": ("engines",),
    "openvino": ("engines",),
    "fastapi": ("api", "app"),
    "prometheus_client": ("api",),
    "starlette": ("api", "ui"),
    "gradio": ("ui", "app"),
    "htpy": ("show", "ui", "api"),
}

FILES = sorted(PACKAGE.rglob("*.py"))


def imports(file: Path) -> Iterator[str]:
    """Every module a file imports, in full, `from x import y` as `x.y`."""
    package = ("instseg_ui", *file.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            start = ".".join([*base, *filter(None, [node.module])])
            yield from (f"{start}.{alias.name}" for alias in node.names)


def part(name: str) -> str:
    """The word of LAYERS a module belongs to: itself, or `weights` of `weights.archive`."""
    return name if name in RANKS else name.split(".")[0]


def part_of(file: Path) -> str:
    return part(file.relative_to(PACKAGE).as_posix().removesuffix(".py").replace("/", "."))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(PACKAGE).as_posix())
def test_imports_point_up_the_list(file: Path) -> None:
    if file == PACKAGE / "__init__.py":
        return
    here = part_of(file)
    assert here in RANKS, f"Give {here} its place in LAYERS."
    for name in imports(file):
        there = part(name.removeprefix("instseg_ui.")) if name.startswith("instseg_ui.") else here
        if there == here or name == "instseg_ui.__version__":
            continue
        assert RANKS.get(there, 99) <= RANKS[here], f"{here} may not import {name}."
        same_line = RANKS[there] == RANKS[here]
        assert not (same_line and here in STRANGERS), f"{here} may not import its neighbour {name}."


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(PACKAGE).as_posix())
def test_a_library_stays_in_its_part(file: Path) -> None:
    for name in imports(file):
        allowed = ONLY_IN.get(name.split(".")[0])
        assert allowed is None or part_of(file) in allowed, (
            f"{part_of(file)} may not import {name}."
        )
