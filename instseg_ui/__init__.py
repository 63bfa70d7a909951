"""Try, compare and take away PaddleX's instance segmentation models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from instseg_ui.pipeline import create_pipeline

__version__ = "0.1.0"

__all__ = ["__version__", "create_pipeline"]


def __getattr__(name: str) -> Any:
    """Load what `__all__` names on first use: importing the package alone stays light."""
    if name == "create_pipeline":
        from instseg_ui.pipeline import create_pipeline

        return create_pipeline
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
