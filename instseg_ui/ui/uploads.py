"""Where a file that a browser or caller names becomes a file of ours, and where ours are made.

A caller names files by their path on this server, as Gradio has it, so a path is believed only
where Gradio itself puts uploads: in the upload folder, under a folder whose name cannot be guessed.
Everything else gets one sentence, whether there is such a file or not. Visitors share that folder;
what keeps their pictures apart is those names: a keyed hash of the content for Gradio's own, random
or keyed ones for ours.
"""

from __future__ import annotations

import binascii
import hmac
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from gradio.processing_utils import save_file_to_cache
from gradio.utils import get_upload_folder

from instseg_ui.errors import ImageError, InputError, system_said
from instseg_ui.images import remote
from instseg_ui.settings import Settings

REFUSED = "The file did not arrive. Upload the file itself, then try again."
TOO_DEEP = "The request is nested too deeply."

_HELD = "trays"
_LONGEST = 4096
_DEEPEST = 64
_SECRET_FOLDER = re.compile(r"[0-9a-f]{40,}")
_DATA_URL = re.compile(r"data:[\w.+/-]*(?:;[\w=.+-]+)*;base64,", re.IGNORECASE)
_META = {"_type": "gradio.FileData"}
_KEY = secrets.token_bytes(32)

Resolve = Callable[[str], Path]


class ServedFiles(set[str]):
    """Paths that Gradio deletes when they are old; other threads may add to it meanwhile."""

    def __iter__(self) -> Iterator[str]:
        """Those that are still there and nobody holds; what is gone is forgotten."""
        for path in tuple(super().__iter__()):
            if path in HELD:
                continue
            if os.path.lexists(path):
                yield path
            else:
                self.discard(path)


CREATED = ServedFiles()
"""The files that were written for visitors, of every page of this process."""
HELD: set[str] = set()
"""What visitors have on the page: never too old, and still there after a restart."""
BUNDLED: set[str] = set()
"""The copies of the page's own pictures in the upload folder: nobody's to remove."""


def received(named: object) -> Path:
    """The file that a browser or caller names, if it is one that came here as an upload.

    Raises:
        InputError: it is not; the sentence does not tell whether there is such a file.
    """
    folder = _absolute(get_upload_folder())
    if not isinstance(named, str) or "\0" in named or not 0 < len(named) <= _LONGEST:
        raise InputError(REFUSED)
    # A path elsewhere is refused before the disk is asked, which would take longer if it is there.
    named_path = _absolute(named)
    if not any(named_path.is_relative_to(root) for root in (folder, folder.resolve())):
        raise InputError(REFUSED)
    with suppress(OSError, ValueError, RuntimeError):
        inside = named_path.resolve(strict=True).relative_to(folder.resolve())
        path = folder / inside
        if _SECRET_FOLDER.fullmatch(path.parent.name) and path.is_file():
            return path
    raise InputError(REFUSED)


def decoded(address: str, limit: int) -> bytes:
    """The bytes of a base64 `data:` address.

    Raises:
        ImageError: it is another one, or larger than `limit`.
    """
    head = _DATA_URL.match(address[:200])
    if len(address) * 3 // 4 > limit + 200:
        raise ImageError(f"The file is too large; at most {limit / 1e6:.3g} MB are accepted.")
    try:
        if head is not None:
            return binascii.a2b_base64("".join(address[head.end() :].split()), strict_mode=True)
    except ValueError:
        pass
    raise ImageError("The image's data: address cannot be read. Upload the file itself.")


def kept(data: bytes, name: str = "image") -> Path:
    """Bytes that a caller sent in another form, as an upload of theirs."""
    path = Path(get_upload_folder()) / secrets.token_hex(20) / name
    write(path, data)
    return path


def file_name(name: str) -> str:
    """A name that a caller gave as one for a file of ours: short, without folders or signs."""
    return re.sub(r"[^\w.-]", "_", name)[-80:].lstrip(".") or "image"


def private_name(content: str) -> str:
    """A folder's name for that content: always the same in this process, and nobody can guess it.

    Who knows the content, but has not shown it here, does not know the name.
    """
    return hmac.digest(_KEY, content.encode(), "sha256").hex()[:40]


def write(path: Path, data: bytes) -> None:
    """Write a visitor's file as a whole or not at all; it is deleted with the other old ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{secrets.token_hex(8)}")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    CREATED.add(str(path))


def renewed(path: Path) -> bool:
    """Whether the file is there; if so, its age counts from now."""
    with suppress(OSError):
        os.utime(path)
        CREATED.add(str(path))
        return True
    return False


def held(path: Path) -> Path:
    """A file for a visitor to keep: the same bytes under a name of its own, until it is released.

    Raises:
        InputError: it is gone, or there is no room.
    """
    copy = Path(get_upload_folder()) / _HELD / secrets.token_hex(20) / path.name
    try:
        copy.parent.mkdir(parents=True)
        try:
            os.link(path, copy)
        except OSError:
            shutil.copyfile(path, copy)
    except OSError as error:
        sentence = "The file could not be kept. Add it again."
        raise InputError(sentence, remedy=system_said(error)) from error
    HELD.add(str(copy))
    return copy


def hold_again(*paths: Path) -> bool:
    """Hold what an earlier server held, if all of it is still there."""
    root = Path(get_upload_folder()) / _HELD
    for path in paths:
        inside = path.parent.parent == root and _SECRET_FOLDER.fullmatch(path.parent.name)
        if not inside or not path.is_file():
            return False
    HELD.update(map(str, paths))
    return True


def release(path: Path) -> None:
    """Nobody keeps it any more: it is deleted with the other old files, but not under a reader."""
    if str(path) in HELD:
        HELD.discard(str(path))
        renewed(path)


def bundled(path: Path) -> str:
    """One of the page's own pictures, as the copy in the upload folder that everybody is shown."""
    copy = save_file_to_cache(str(path), cache_dir=get_upload_folder())
    BUNDLED.add(copy)
    return copy


def bundled_bytes(name: str, data: bytes, folder: str) -> Path:
    """The same for a picture that the page has made itself; `folder` is a `private_name`."""
    path = Path(get_upload_folder()) / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    BUNDLED.add(str(path))
    return path


def is_bundled(path: Path) -> bool:
    """Whether a file of the upload folder is such a copy, which every visitor can name."""
    return str(path) in BUNDLED


def admitted(value: Any, resolve: Resolve = received, depth: int = 0) -> Any:
    """What a caller sent, in which every file is one of ours, however deep it lies.

    Raises:
        InputError: a file is none of ours, or the value is nested without end.
    """
    if depth > _DEEPEST:
        raise InputError(TOO_DEEP)
    if isinstance(value, dict):
        if _names_file(value):
            return _reference(value, resolve)
        return {key: admitted(one, resolve, depth + 1) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [admitted(one, resolve, depth + 1) for one in value]
    return value


def admitted_photo(value: Any, settings: Settings, addresses: bool) -> Any:
    """What a caller sent where one photo is expected: nothing, or a reference to a file of ours.

    Args:
        value: a reference, or its path or address alone.
        settings: how large a photo may be, and what of addresses is allowed.
        addresses: whether an http(s) address may stand there.

    Raises:
        InputError: it is none of these, too large, or an address that is not fetched here.
    """

    def resolve(named: str) -> Path:
        if _is_inline(named):
            return kept(decoded(named, settings.max_upload))
        if addresses and remote.is_address(named):
            return kept(remote.fetch_image_bytes(named, settings), _name_in(named))
        return received(named)

    if value is None:
        return None
    if isinstance(value, str):
        value = {"path": value}
    if not isinstance(value, dict):
        raise InputError(REFUSED)
    return _reference(value, resolve) | {"meta": dict(_META)}


def named_in(value: Any) -> Any:
    """What names the file in what a caller sent: a path, an address, or whatever else stands there.

    The address that a browser sends beside a path is where the upload can be seen.
    """
    if not isinstance(value, dict):
        return value
    path, url = value.get("path"), value.get("url")
    return url if _is_inline(url) or path in (None, "") else path


def is_elsewhere(value: Any) -> bool:
    """Whether the photo that a caller names has yet to be fetched or decoded."""
    named = named_in(value)
    return _is_inline(named) or (isinstance(named, str) and remote.is_address(named))


def file_paths(value: Any) -> Iterable[str]:
    """The paths of all files in what is sent to a browser."""
    if isinstance(value, dict):
        if isinstance(value.get("path"), str):
            yield value["path"]
        else:
            for one in value.values():
                yield from file_paths(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from file_paths(one)


def _names_file(value: dict[Any, Any]) -> bool:
    meta = value.get("meta")
    marked = isinstance(meta, dict) and meta.get("_type") == _META["_type"]
    return marked or isinstance(value.get("path"), str)


def _reference(value: dict[Any, Any], resolve: Resolve) -> dict[str, Any]:
    """The same reference with nothing in it that a caller made up; Gradio sets the address."""
    named = named_in(value)
    if not isinstance(named, str):
        raise InputError(REFUSED)
    found = resolve(named)
    reference: dict[str, Any] = {"path": str(found), "orig_name": found.name}
    if "meta" in value:
        reference["meta"] = dict(_META)
    return reference


def _absolute(path: str) -> Path:
    """Without `..`, and without asking the disk what is a link."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` asks the disk


def _is_inline(named: object) -> bool:
    return isinstance(named, str) and named[:5].lower() == "data:"


def _name_in(address: str) -> str:
    """A file's name for what an address leads to."""
    return file_name(re.split(r"[?#]", address)[0].rsplit("/", 1)[-1])
