"""Which model a pipeline runs, on which device: decided before anything is loaded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from instseg_ui.catalog import DEFAULT_REMEDY, Catalog, ModelSpec
from instseg_ui.engines import HIGH_PERFORMANCE, MODES, NORMAL
from instseg_ui.errors import InputError, UnknownModelError
from instseg_ui.pipeline.config import PipelineConfig
from instseg_ui.settings import Settings, device_name

PADDLEX_DEFAULT = "Mask-RT-DETR-S"
# PaddleX's own word for its default engine.
_PADDLEX_ENGINES = {"paddle_static": NORMAL}


def read_device(device: str) -> str:
    """PaddleX's word for devices as ours: `gpu` is `gpu:0`, `gpu:0,1` are both.

    Raises:
        InputError: neither the CPU nor GPUs.
    """
    try:
        return device_name(device)
    except ValueError:
        raise InputError(
            f"Expected the device cpu, gpu or gpu:0,1, got “{str(device)[:40]}”."
        ) from None


def choose_engine(
    engine: str | None,
    use_hpip: bool | None,
    hpi_config: Mapping[str, Any] | None,
    wanted: PipelineConfig,
) -> str | None:
    """The engine that PaddleX's arguments ask for; None leaves it to the settings.

    `engine` goes before `use_hpip`, the arguments before the configuration.

    Raises:
        InputError: there is no such engine, or `hpi_config` is no dictionary.
    """
    if hpi_config is not None and not isinstance(hpi_config, Mapping):
        raise InputError(f"Expected hpi_config as a dictionary, got {type(hpi_config).__name__}.")
    if engine is None:
        if not (wanted.use_hpip if use_hpip is None else use_hpip):
            return None if use_hpip is None else NORMAL
        engine = (hpi_config or wanted.hpi_config or {}).get("backend") or HIGH_PERFORMANCE
    name = _PADDLEX_ENGINES.get(str(engine), str(engine))
    if name not in MODES:
        raise InputError(f"Expected one of the engines {', '.join(MODES)}, got “{name[:40]}”.")
    return name


def choose_model(
    model: str | os.PathLike[str] | None, config: PipelineConfig, settings: Settings
) -> tuple[ModelSpec, Settings]:
    """The row of the catalog to run, and the settings that have it.

    `model`, a name or a folder, goes before the configuration's folder, then its name, then the
    default model.

    Raises:
        InputError: no such model, or the configured folder holds another one than it says.
    """
    named = model or config.model_dir or config.model_name
    wanted = named or settings.default_model
    catalog = Catalog.load(settings)
    if str(wanted) in catalog.names and wanted is not config.model_dir:
        return catalog.get(str(wanted)), settings
    if wanted is not config.model_dir and not _looks_like_a_folder(wanted):
        raise UnknownModelError(wanted, catalog.names, "" if named else DEFAULT_REMEDY)
    name = config.model_name if wanted is config.model_dir else None
    return _folder_model(Path(wanted), name, settings)


def _looks_like_a_folder(wanted: str | os.PathLike[str]) -> bool:
    return isinstance(wanted, os.PathLike) or os.sep in wanted or Path(wanted).is_dir()


def _folder_model(
    folder: Path, expected: str | None, settings: Settings
) -> tuple[ModelSpec, Settings]:
    """A model folder as one more row; a folder that is missing or broken is said when loaded."""
    folder = folder.expanduser().absolute()
    settings = settings.model_copy(update={"model_folders": (*settings.model_folders, folder)})
    specs = [spec for spec in Catalog.load(settings) if spec.location == str(folder)]
    spec = specs[-1]
    if expected and folder.is_dir() and spec.family != expected:
        raise InputError(
            f"The configuration says {expected}, and its folder “{folder.name}” holds "
            f"{spec.family}. Correct model_name or model_dir."
        )
    return spec, settings
