"""What Gradio reads from the environment when it is imported, so that it starts everywhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from instseg_ui.own_folder import temporary

_FOLDER = "GRADIO_TEMP_DIR"
_NO_PROXY = "no_proxy"


@contextmanager
def without_proxies() -> Iterator[None]:
    """Hide the environment's proxies: a SOCKS one, or a range in `NO_PROXY`, ends the import.

    The page needs none for its own address. Downloads read them again.
    """
    before = os.environ.get(_NO_PROXY)
    os.environ[_NO_PROXY] = "*"
    try:
        yield
    finally:
        del os.environ[_NO_PROXY]
        if before is not None:
            os.environ[_NO_PROXY] = before


def own_temporary_folder() -> None:
    """Name a folder for Gradio's files that belongs to this user, unless one is named already.

    Its own default, `gradio` in the machine's temporary folder, belongs to the first user who
    started a page there.
    """
    if not os.environ.get(_FOLDER):
        os.environ[_FOLDER] = str(temporary("gradio"))
