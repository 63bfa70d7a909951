"""The models that can be chosen: the user's own, then the rows of `configs/models.yaml`, then the
folders that a setting names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from instseg_ui.catalog.model_folder import FolderConfig, read_config
from instseg_ui.catalog.model_name import plain_name
from instseg_ui.catalog.own_shelf import OwnShelf
from instseg_ui.errors import CatalogError, ModelFolderError, UnknownModelError, system_said
from instseg_ui.settings import Settings

Source = Literal["own", "bundled", "official", "folder"]

OFFICIAL_LABELS = "80 COCO classes"
FOLDER_FAMILY = "Own folder"
DEFAULT_REMEDY = "It is named as the default model: change INSTSEG_DEFAULT_MODEL or unset it."

# libyaml's safe loader where it was built: the same result, ten times as fast.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
# An id becomes the name of a folder and of an archive, so it must be a plain file name.
_Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][\w.-]*$", max_length=80)]
_Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class Published:
    """Figures as published; None where none was.

    `mask_ap` is in percent (0-100), times are milliseconds an image, `storage_mb` is 10^6 bytes.
    What they were measured on is `Catalog.basis`.
    """

    mask_ap: Annotated[float, Field(gt=0, le=100)] | None = None
    gpu_normal_ms: _Positive | None = None
    gpu_hp_ms: _Positive | None = None
    cpu_normal_ms: _Positive | None = None
    cpu_hp_ms: _Positive | None = None
    storage_mb: _Positive | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """Accuracy as this project measured it, on other photos than the published figures.

    `mask_ap` is in percent (0-100), the mean over the model's classes on `data`. It never stands in
    a column with `Published.mask_ap`: the two cannot be compared.
    """

    mask_ap: Annotated[float, Field(gt=0, le=100)]
    data: _Text


@dataclass(frozen=True, slots=True)
class Basis:
    """Where the published figures come from, and what the two modes mean."""

    publisher: _Text
    page: _Text
    hardware: _Text
    normal: _Text
    high_performance: _Text


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One row of the catalog.

    `location` is relative to the assets for a bundled model, the archive's file name for an
    official one, and a path of this machine for a folder and an own one: never show it.
    """

    id: str
    family: str
    source: Source
    location: str = field(repr=False)
    description: str
    labels_hint: str
    published: Published = Published()
    measured: Measured | None = None


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: _Id
    family: _Text
    description: _Text
    source: Literal["bundled", "official"] = "official"
    location: _Text | None = None
    labels: _Text = OFFICIAL_LABELS
    published: Published = Published()
    measured: Measured | None = None


class _CatalogFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    basis: Basis
    also_bound: tuple[_Id, ...] = ()
    models: tuple[_Row, ...] = Field(min_length=1)


class Catalog:
    """The models in the order they are shown, found by name.

    Models that are added or removed while it is in use come and go by themselves.
    """

    def __init__(
        self,
        specs: Sequence[ModelSpec],
        *,
        basis: Basis,
        also_bound: Collection[str] = (),
        own: Callable[[], tuple[Path, ...]] = tuple,
    ) -> None:
        """`own`: the folders of the models that the user has added, as they are now; the same
        object while nothing has changed.
        """
        self.basis = basis
        self._listed = {spec.id: spec for spec in specs}
        self._also_bound = frozenset(also_bound)
        self._own_folders = own
        # The rows, and the folders that they were made of.
        self._known: tuple[tuple[Path, ...], dict[str, ModelSpec]] = ((), self._listed)

    @classmethod
    def load(cls, settings: Settings) -> Catalog:
        """Read `settings.catalog` and add a row for each of `settings.model_folders`.

        The user's own models (`settings.own_root`) stand before them.

        A folder that is missing or broken is listed all the same; `WeightsStore.status` says what
        is wrong with it. Raises `CatalogError` when the file itself cannot be used.
        """
        file = _read(settings.catalog)
        official = [_spec(row) for row in file.models]
        own = _folder_specs(settings.model_folders, taken=[spec.id for spec in official])
        return cls(
            [*official, *own],
            basis=file.basis,
            also_bound=file.also_bound,
            own=OwnShelf(settings.own_root).folders,
        )

    def __iter__(self) -> Iterator[ModelSpec]:
        return iter(self._specs.values())

    def __len__(self) -> int:
        return len(self._specs)

    def __repr__(self) -> str:
        return f"Catalog({len(self)} models)"

    @property
    def _specs(self) -> Mapping[str, ModelSpec]:
        folders = self._own_folders()
        made_of, specs = self._known
        # The same object as long as nothing has changed; a new folder may have an old one's name.
        if folders is not made_of:
            own = _folder_specs(folders, taken=self._listed, source="own")
            specs = {spec.id: spec for spec in own} | self._listed
            self._known = folders, specs
        return specs

    @property
    def names(self) -> tuple[str, ...]:
        """The ids of all models, in the order they are shown."""
        return tuple(self._specs)

    @property
    def bound_names(self) -> frozenset[str]:
        """The model names that PaddleX binds to instance segmentation."""
        official = {spec.id for spec in self if spec.source == "official"}
        return self._also_bound | official

    def get(self, name: str) -> ModelSpec:
        """The model of that id; `UnknownModelError` names the close matches."""
        try:
            return self._specs[name]
        except (KeyError, TypeError):
            raise UnknownModelError(name, self.names) from None

    def default(self, settings: Settings) -> ModelSpec:
        """The model that runs when none is named; where there is no such, the setting is named."""
        name = settings.default_model
        if name not in self._specs:
            raise UnknownModelError(name, self.names, DEFAULT_REMEDY)
        return self._specs[name]


def _read(path: Path) -> _CatalogFile:
    try:
        raw: Any = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
        file = _CatalogFile.model_validate(raw)
    except OSError as error:
        raise _unusable(path, "cannot be read", system_said(error)) from error
    except ValidationError as error:
        raise _unusable(path, _first_fault(error)) from error
    except (yaml.YAMLError, ValueError) as error:
        raise _unusable(path, _yaml_fault(error)) from error
    repeated = [name for name, n in Counter(row.id for row in file.models).items() if n > 1]
    if repeated:
        raise _unusable(path, f"lists “{repeated[0]}” twice; every id must be its own")
    return file


def _unusable(path: Path, reason: str, remedy: str = "") -> CatalogError:
    return CatalogError(
        f"The catalog “{path.name}” {reason}. Correct it.",
        remedy=f"{remedy} Or correct INSTSEG_CATALOG.".strip(),
    )


def _yaml_fault(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return f"is not readable as YAML{where}"


def _first_fault(error: ValidationError) -> str:
    """The first of the faults as `models.3.published.mask_ap: Input should be ...`."""
    fault = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in fault["loc"]) or "the file"
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"is not valid: {where}: {fault['msg']}{more}"


def _spec(row: _Row) -> ModelSpec:
    default = f"{row.id}_infer.tar" if row.source == "official" else f"models/{row.id}"
    return ModelSpec(
        id=row.id,
        family=row.family,
        source=row.source,
        location=row.location or default,
        description=row.description,
        labels_hint=row.labels,
        published=row.published,
        measured=row.measured,
    )


def _folder_specs(
    folders: Sequence[Path], taken: Collection[str], source: Literal["own", "folder"] = "folder"
) -> list[ModelSpec]:
    names = set(taken)
    specs = []
    for folder in folders:
        path = folder.expanduser().absolute()
        name = _unique(plain_name(path.name), names)
        names.add(name)
        specs.append(_folder_spec(name, path, source))
    return specs


def _unique(name: str, taken: Collection[str]) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name}-{number}" in taken:
        number += 1
    return f"{name}-{number}"


def _folder_spec(name: str, path: Path, source: Literal["own", "folder"]) -> ModelSpec:
    config = FolderConfig(model_name="", labels=(), draw_threshold=0.5)
    with suppress(ModelFolderError, OSError):
        config = read_config(path)
    return ModelSpec(
        id=name,
        family=config.model_name[:80] or FOLDER_FAMILY,
        source=source,
        location=str(path),
        description=_description(config.model_name[:80], source),
        labels_hint=_labels_hint(config.labels),
    )


def _description(model_name: str, source: Literal["own", "folder"]) -> str:
    if source == "folder":
        return "A model folder that was added to this catalog."
    return f"Your own model, made from {model_name}." if model_name else "Your own model."


def _labels_hint(labels: Sequence[str]) -> str:
    if not labels:
        return "classes unknown"
    noun = "class" if len(labels) == 1 else "classes"
    shown = ", ".join(label[:40] for label in labels[:3]) + (", …" if len(labels) > 3 else "")
    return f"{len(labels)} {noun}: {shown}"
