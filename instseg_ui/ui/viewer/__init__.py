"""The viewer: a picture with its instances, in the browser; alone, or a grid of them."""

from instseg_ui.ui.viewer.grid import (
    CompareGrid,
    Settled,
    grid_value,
    pane_value,
    referenced,
    settled,
)
from instseg_ui.ui.viewer.objects import ObjectTable, object_table_value
from instseg_ui.ui.viewer.static_files import STATIC_DIR, STATIC_ROUTE, mount_static
from instseg_ui.ui.viewer.viewer import Viewer, viewer_value

__all__ = [
    "STATIC_DIR",
    "STATIC_ROUTE",
    "CompareGrid",
    "ObjectTable",
    "Settled",
    "Viewer",
    "grid_value",
    "mount_static",
    "object_table_value",
    "pane_value",
    "referenced",
    "settled",
    "viewer_value",
]
