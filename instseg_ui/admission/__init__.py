"""Models that the user brings: found in a folder or a zip, checked, tried out, copied, named."""

from __future__ import annotations

from instseg_ui.admission.addition import Added, add

__all__ = ["Added", "add"]
