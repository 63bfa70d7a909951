"""PaddleX's HTTP interface, `POST /instance-segmentation`, and what operating it needs."""

from instseg_ui.api.app import create_app, mount
from instseg_ui.api.server import serve

__all__ = ["create_app", "mount", "serve"]
