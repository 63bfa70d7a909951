"""What a PaddleX inference folder must hold, and what can be read from it without an engine.

A whole folder is `inference.yml` + `inference.json` (or `inference.pdmodel`) +
`inference.pdiparams`, none of them empty; its yml names a model that PaddleX binds to instance
segmentation and lists at least one label.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import yaml

from instseg_ui.catalog.content import Stamp, file_sha256, stamp
from instseg_ui.errors import ModelFolderError, system_said

CONFIG = "inference.yml"
WEIGHTS = "inference.pdiparams"
GRAPHS: dict[str, Literal["json", "pdmodel"]] = {
    "inference.json": "json",
    "inference.pdmodel": "pdmodel",
}
# A yml with the 1,203 classes of LVIS takes 30 KB; a file past this is something else.
MAX_CONFIG_BYTES = 2_000_000
DEFAULT_THRESHOLD = 0.5

# The base loader keeps every scalar as the text that was written: a label `no` stays "no".
_Loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@dataclass(frozen=True, slots=True)
class FolderConfig:
    """What `inference.yml` says; `model_name` is empty when it names none."""

    model_name: str
    labels: tuple[str, ...]
    draw_threshold: float


@dataclass(frozen=True)
class FolderFacts:
    """A whole inference folder.

    `size_bytes` counts the three files that make the model. `fingerprint` changes when one of
    them is written or replaced (it hashes what the file system says of them, not contents), so
    that equal ones are the same files; `content` is equal for equal models wherever they lie.
    """

    path: Path
    model_name: str
    labels: tuple[str, ...]
    size_bytes: int
    format: Literal["json", "pdmodel"]
    draw_threshold: float
    fingerprint: str

    @cached_property
    def weights_sha256(self) -> str:
        """SHA-256 of the weights file, in hex; read once (see `content.file_sha256`)."""
        return file_sha256(self.path / WEIGHTS)

    @cached_property
    def content(self) -> str:
        """SHA-256 over the contents of the three files, in hex."""
        graph = next(name for name, kind in GRAPHS.items() if kind == self.format)
        digest = hashlib.sha256()
        for name in (CONFIG, graph, WEIGHTS):
            digest.update(f"{name} {file_sha256(self.path / name)}\n".encode())
        return digest.hexdigest()


def inspect_folder(path: Path, bound_names: Collection[str]) -> FolderFacts:
    """The facts of a whole inference folder.

    `bound_names` are the model names that PaddleX binds to instance segmentation
    (`Catalog.bound_names`). Cheap: reads the yml, and only the sizes of the rest.

    Raises `ModelFolderError`, naming the folder's last component and the file at fault.
    """
    try:
        graph = _graph_file(path)
        files = _whole_files(path, graph)
        config = read_config(path)
    except OSError as error:
        raise _unfit(path, "cannot be read", system_said(error)) from error
    _check_config(path, config, bound_names)
    return FolderFacts(
        path=path,
        model_name=config.model_name,
        labels=config.labels,
        size_bytes=sum(file.size for _, file in files),
        format=GRAPHS[graph],
        draw_threshold=config.draw_threshold,
        fingerprint=hashlib.sha256(repr(files).encode()).hexdigest()[:32],
    )


def read_config(path: Path) -> FolderConfig:
    """What the folder's `inference.yml` says, whether or not the folder is whole.

    Raises `ModelFolderError` when the file is not a YAML mapping, `OSError` when it cannot be read.
    """
    file = path / CONFIG
    if file.stat().st_size > MAX_CONFIG_BYTES:
        raise _unfit(path, f"holds an {CONFIG} of more than {MAX_CONFIG_BYTES // 10**6} MB")
    return parse_config(file.read_bytes(), path)


def parse_config(data: bytes, path: Path) -> FolderConfig:
    """The same of a file's content; `path` is the folder that sentences name.

    Raises `ModelFolderError` when it is not a YAML mapping.
    """
    raw = _load_yaml(data, path)
    section = raw.get("Global")
    labels = raw.get("label_list")
    return FolderConfig(
        model_name=str(section.get("model_name") or "") if isinstance(section, dict) else "",
        labels=tuple(map(str, labels)) if isinstance(labels, list) else (),
        draw_threshold=_threshold(raw.get("draw_threshold")),
    )


def _load_yaml(data: bytes, path: Path) -> dict[Any, Any]:
    try:
        raw = yaml.load(data, Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _unfit(path, f"holds an {CONFIG} that is not readable as YAML") from error
    if not isinstance(raw, dict):
        raise _unfit(path, f"holds an {CONFIG} that is not a mapping of names to values")
    return raw


def _threshold(value: object) -> float:
    try:
        threshold = float(str(value))
    except ValueError:
        return DEFAULT_THRESHOLD
    return threshold if math.isfinite(threshold) and 0 <= threshold <= 1 else DEFAULT_THRESHOLD


def _graph_file(path: Path) -> str:
    if not path.is_dir():
        raise _unfit(path, "does not exist")
    for name in GRAPHS:
        if (path / name).is_file():
            return name
    raise _unfit(path, f"has neither {' nor '.join(GRAPHS)}")


def _whole_files(path: Path, graph: str) -> list[tuple[str, Stamp]]:
    """Name and stamp of each file that makes the model."""
    files = []
    for name in (CONFIG, graph, WEIGHTS):
        file = path / name
        if not file.is_file():
            raise _unfit(path, f"has no {name}")
        stat = file.stat()
        if stat.st_size == 0:
            raise _unfit(path, f"holds an empty {name}")
        files.append((name, stamp(stat)))
    return files


def _check_config(path: Path, config: FolderConfig, bound_names: Collection[str]) -> None:
    if not config.model_name:
        raise _unfit(path, f"names no model in its {CONFIG} (Global.model_name)")
    if config.model_name not in bound_names:
        raise _unfit(
            path,
            f"names “{config.model_name[:80]}” in its {CONFIG}, "
            "which is not an instance segmentation model of PaddleX",
        )
    if not config.labels:
        raise _unfit(path, f"lists no labels in its {CONFIG} (label_list)")


def _unfit(path: Path, reason: str, remedy: str = "") -> ModelFolderError:
    return ModelFolderError(
        f"The model folder “{path.name}” {reason}; expected a whole PaddleX inference folder.",
        remedy=remedy,
    )
