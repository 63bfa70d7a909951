"""Turns a whole model folder into one that must be refused, for tests of the refusals."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

_YML, _GRAPH, _PARAMS = "inference.yml", "inference.json", "inference.pdiparams"


def break_model(folder: Path, how: str, *, donor: Path | None = None) -> Path:
    """Damage a model folder in place.

    Args:
        folder: a folder of `build_test_model`; give a copy, it is changed.
        how: one of `BREAKAGES`.
        donor: for "foreign_params", a model of another family whose parameters it gets.

    Returns:
        `folder`.

    Raises:
        ValueError: an unknown way, or a donor missing.
    """
    folder = Path(folder)
    if how == "foreign_params" and donor is not None:
        shutil.copyfile(Path(donor) / _PARAMS, folder / _PARAMS)
    elif how in _WAYS:
        _WAYS[how](folder)
    else:
        raise ValueError(f"{how!r} is none of {', '.join(BREAKAGES)}, or lacks its donor")
    return folder


def _missing(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _change_config(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / _YML
        config = yaml.safe_load(path.read_text("utf-8"))
        change(config)
        path.write_text(yaml.safe_dump(config, sort_keys=False), "utf-8")

    return apply


def _unreadable_yml(folder: Path) -> None:
    (folder / _YML).write_bytes(b"Global: {model_name: [\xff\xfe\n\t: :")


def _truncated(name: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / name
        data = path.read_bytes()
        path.write_bytes(data[: len(data) // 2])

    return apply


_WAYS: dict[str, Callable[[Path], None]] = {
    "missing_params": _missing(_PARAMS),
    "missing_graph": _missing(_GRAPH),
    "missing_yml": _missing(_YML),
    "empty_labels": _change_config(lambda c: c.update(label_list=[])),
    "no_labels": _change_config(lambda c: c.pop("label_list")),
    "no_model_name": _change_config(lambda c: c.pop("Global")),
    "no_preprocess": _change_config(lambda c: c.pop("Preprocess")),
    "unknown_name": _change_config(lambda c: c["Global"].update(model_name="My-Own-Model")),
    "foreign_name": _change_config(lambda c: c["Global"].update(model_name="RT-DETR-L")),
    "unreadable_yml": _unreadable_yml,
    "yml_not_a_mapping": lambda folder: _write(folder / _YML, "just a sentence\n"),
    "truncated_params": _truncated(_PARAMS),
    "truncated_graph": _truncated(_GRAPH),
    "empty_params": lambda folder: _write(folder / _PARAMS, ""),
}

BREAKAGES: tuple[str, ...] = (*_WAYS, "foreign_params")
"""The ways `break_model` knows. "foreign_name" is a PaddleX name of another task, "unknown_name"
nobody's."""


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
