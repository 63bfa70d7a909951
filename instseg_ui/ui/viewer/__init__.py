"""The viewer: a picture with its instances, in the browser."""

from instseg_ui.ui.viewer.viewer import (
    STATIC_DIR,
    STATIC_ROUTE,
    Viewer,
    mount_static,
    uploaded_photo,
    viewer_value,
)

__all__ = [
    "STATIC_DIR",
    "STATIC_ROUTE",
    "Viewer",
    "mount_static",
    "uploaded_photo",
    "viewer_value",
]
