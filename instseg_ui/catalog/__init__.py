"""The models that can be chosen, and what a model's folder must hold."""

from __future__ import annotations

from instseg_ui.catalog.catalog import Basis, Catalog, ModelSpec, Published
from instseg_ui.errors import CatalogError

__all__ = ["Basis", "Catalog", "CatalogError", "ModelSpec", "Published"]
