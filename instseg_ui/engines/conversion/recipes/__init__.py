"""The recipes: how graphs of known structure are taken apart.

Each finds its cut by operators and shapes, so that any export of the family fits; the tail of the
same name in `instseg_ui.engines.tails` puts the parts together again.
"""

from __future__ import annotations

from importlib import import_module
from typing import cast

from instseg_ui.engines.conversion.cut import Recipe


def recipe(name: str) -> Recipe:
    """The recipe of this name, one of `instseg_ui.engines.conversion.CUTS`."""
    module = import_module(f"{__name__}.{name}")
    return cast(Recipe, module.cut)
