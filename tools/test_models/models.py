"""Test models: tiny PaddleX inference folders whose right answer is known from the image.

`build_test_model` writes a folder that the unmodified PaddleX loads under any official instance
segmentation name, with the inputs, outputs and preprocessing of that name's family. On a scene of
`tools.test_models.scenes` it finds exactly the scene's objects, so every catalog row can be
exercised without weights.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from tools.test_models.config import inference_config
from tools.test_models.export import export_apart, export_graph
from tools.test_models.options import Family, ModelOptions, family_of

CONFIG_FILE = "inference.yml"
GRAPH_FILES = ("inference.json", "inference.pdiparams")


def build_test_model(
    folder: Path,
    model_name: str = "Mask-RT-DETR-S",
    *,
    options: ModelOptions | None = None,
    in_process: bool = False,
    **knobs: Any,
) -> Path:
    """Write a test model under an official name, in two to three seconds.

    Args:
        folder: where its three files go; made if missing.
        model_name: an official PaddleX name; its family decides the graph.
        options: what the model is to be, see `ModelOptions`.
        in_process: export here. The default exports in another process, so that this one never
            imports Paddle.
        knobs: single fields of `ModelOptions`, over `options`.

    Returns:
        `folder`.

    Raises:
        ValueError: an unknown name, or options that the family cannot have.
        RuntimeError: Paddle could not export the graph.
    """
    build_variants(
        [(Path(folder), model_name, replace(options or ModelOptions(), **knobs))],
        in_process=in_process,
    )
    return Path(folder)


def build_test_models(
    root: Path, model_names: Iterable[str], *, options: ModelOptions | None = None, **knobs: Any
) -> dict[str, Path]:
    """Write one test model a name into `root/<name>`; arguments as for `build_test_model`.

    Returns:
        Folder by name.
    """
    chosen = replace(options or ModelOptions(), **knobs)
    folders = {name: Path(root) / name for name in model_names}
    build_variants([(folder, name, chosen) for name, folder in folders.items()])
    return folders


def build_variants(
    wanted: Iterable[tuple[Path, str, ModelOptions]], *, in_process: bool = False
) -> None:
    """Write any mix of test models: folder, official name and options of each.

    Each distinct graph is exported once, all in one other process, about half a second each after
    two seconds for Paddle's import. Raises as `build_test_model`.
    """
    wanted = [(folder, name, replace(o, labels=tuple(o.labels))) for folder, name, o in wanted]
    graphs: dict[tuple[Family, ModelOptions], Path] = {}
    for folder, name, options in wanted:
        family = family_of(name)
        graphs.setdefault((family, options.checked(family)), folder)
        folder.mkdir(parents=True, exist_ok=True)
    jobs = [(folder, family, options) for (family, options), folder in graphs.items()]
    if in_process:
        for job in jobs:
            export_graph(*job)
    else:
        export_apart(jobs)
    for folder, name, options in wanted:
        family = family_of(name)
        _copy_graph(graphs[family, options], folder)
        _write_config(folder, inference_config(name, family, options))


def copy_test_model(source: Path, folder: Path, model_name: str) -> Path:
    """Copy a test model under another name of the same family; takes milliseconds.

    Raises:
        ValueError: the names are of different families.
    """
    config = yaml.safe_load((source / CONFIG_FILE).read_text("utf-8"))
    old = config["Global"]["model_name"]
    if family_of(old) != family_of(model_name):
        raise ValueError(f"{model_name!r} has other outputs than {old!r}; build it anew")
    folder.mkdir(parents=True, exist_ok=True)
    _copy_graph(source, folder)
    config["Global"]["model_name"] = model_name
    _write_config(folder, config)
    return folder


def _copy_graph(source: Path, folder: Path) -> None:
    for name in GRAPH_FILES:
        if source != folder:
            shutil.copyfile(source / name, folder / name)


def _write_config(folder: Path, config: dict[str, Any]) -> None:
    text = yaml.safe_dump(config, sort_keys=False, allow_unicode=True)
    (folder / CONFIG_FILE).write_text(text, "utf-8")
