"""The models that can be chosen, and what a model's folder must hold."""

from __future__ import annotations

from instseg_ui.catalog.catalog import (
    DEFAULT_REMEDY,
    Basis,
    Catalog,
    Measured,
    ModelSpec,
    Published,
)
from instseg_ui.errors import CatalogError

__all__ = [
    "DEFAULT_REMEDY",
    "Basis",
    "Catalog",
    "CatalogError",
    "Measured",
    "ModelSpec",
    "Published",
]
