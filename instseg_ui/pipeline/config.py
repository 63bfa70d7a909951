"""PaddleX's pipeline configuration: a name, a YAML file or a dictionary."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from instseg_ui.errors import InputError

NAME = "instance_segmentation"

Given = str | os.PathLike[str]


class _SubModule(BaseModel):
    # A file written for another PaddleX may say more; what is not known here changes nothing.
    model_config = ConfigDict(extra="ignore", protected_namespaces=())

    model_name: str | None = None
    model_dir: Path | None = None
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    batch_size: Annotated[int, Field(ge=1)] = 1


class _SubModules(BaseModel):
    InstanceSegmentation: _SubModule


class _PipelineFile(BaseModel):
    pipeline_name: str = NAME
    SubModules: _SubModules
    use_hpip: bool | None = None
    hpi_config: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """What a configuration asks for; None where it leaves the choice to us."""

    model_name: str | None = None
    model_dir: Path | None = None
    threshold: float | None = None
    use_hpip: bool | None = None
    hpi_config: dict[str, Any] | None = None


def read_config(pipeline: Given | None, config: Given | Mapping[str, Any] | None) -> PipelineConfig:
    """The configuration that `create_pipeline` was given.

    Args:
        pipeline: `instance_segmentation`, or the path of a pipeline file.
        config: a dictionary as in such a file, or the path of one; it goes before `pipeline`.

    Raises:
        InputError: another pipeline, or a configuration that cannot be used.
    """
    if config is not None:
        return _checked(config if isinstance(config, Mapping) else _load(config))
    if pipeline is None or str(pipeline) == NAME:
        return PipelineConfig()
    if not str(pipeline).endswith((".yml", ".yaml")):
        raise InputError(
            f"Expected the pipeline {NAME} or a pipeline file (.yaml), got “{str(pipeline)[:80]}”."
        )
    return _checked(_load(pipeline))


def _load(path: Given) -> object:
    if not isinstance(path, str | os.PathLike):
        raise InputError(
            f"Expected a dictionary or the path of a pipeline file, got {type(path).__name__}."
        )
    name = Path(path).name
    try:
        return yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise InputError(f"The pipeline file “{name}” cannot be read ({reason}).") from error
    except (yaml.YAMLError, ValueError) as error:
        raise InputError(f"The pipeline file “{name}” is not readable as YAML.") from error


def _checked(raw: object) -> PipelineConfig:
    try:
        file = _PipelineFile.model_validate(raw)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in fault["loc"]) or "the whole"
        raise InputError(
            f"The pipeline configuration cannot be used: {where}: {fault['msg']}."
        ) from error
    if file.pipeline_name != NAME:
        raise InputError(
            f"Expected a configuration of the pipeline {NAME}, got “{file.pipeline_name[:80]}”."
        )
    module = file.SubModules.InstanceSegmentation
    return PipelineConfig(
        model_name=module.model_name,
        model_dir=module.model_dir,
        threshold=module.threshold,
        use_hpip=file.use_hpip,
        hpi_config=file.hpi_config,
    )
