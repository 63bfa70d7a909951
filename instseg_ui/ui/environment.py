"""What Gradio does to and reads from its surroundings when it is imported."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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


@contextmanager
def without_stubs() -> Iterator[None]:
    """Keep Gradio from writing a type stub beside the source of each component.

    It does so for every class that is made, its own and ours: it parses the source and the stub,
    which takes a third of the import, and writes into what may be another user's or read-only.
    Of a class without a source file it writes none, so while it is imported its own have none.
    """
    find = inspect.getfile

    def getfile(object: Any) -> str:
        if type(object).__name__ in ("ComponentMeta", "BlocksMeta"):
            raise OSError("No stub is wanted.")
        return find(object)

    inspect.getfile = getfile
    try:
        yield
    finally:
        inspect.getfile = find
    from gradio import component_meta

    component_meta.create_or_modify_pyi = _write_no_stub


def _write_no_stub(component_class: type, class_name: str, events: list[Any]) -> None:
    """In the place of Gradio's `create_or_modify_pyi`."""


def own_temporary_folder() -> None:
    """Name a folder for Gradio's files that belongs to this user, unless one is named already.

    Its own default, `gradio` in the machine's temporary folder, belongs to the first user who
    started a page there.
    """
    if not os.environ.get(_FOLDER):
        os.environ[_FOLDER] = str(temporary("gradio"))
