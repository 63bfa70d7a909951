"""What a visitor brings: photos and zips of photos, each checked and put into the tray."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gradio.utils import get_upload_folder

from instseg_ui.errors import ImageError, InputError
from instseg_ui.evaluate.dataset_files import Zip, read_bytes
from instseg_ui.images.endings import is_picture
from instseg_ui.images.thumbnail import thumbnail
from instseg_ui.numbers import plural
from instseg_ui.settings import Settings
from instseg_ui.ui import uploads
from instseg_ui.ui.workbench.tray import MOST_PHOTOS, Tray, TrayPhoto, full

_MOST_NAMED = 3
_LONGEST_NAME = 120
_MOST_UNPACKED = 4_000_000_000  # bytes of one zip's photos


@dataclass(frozen=True, slots=True)
class Brought:
    """One file that came in: where it lies here, and what the visitor calls it."""

    path: Path
    name: str


@dataclass(frozen=True, slots=True)
class Intake:
    """How far it is: `done` of `total` files, the photo to look at, and what was left out, why.

    `refused` is the one file that came and is no photo: whoever shows photos says what is wrong.
    """

    done: int
    total: int
    photo: str | None = None
    refused: str | None = None
    sentence: str = ""


def brought(sent: object) -> list[Brought]:
    """The files that the page says it has uploaded.

    Raises:
        InputError: one is no upload of this server, or there are too many.
    """
    files = sent.get("files") if isinstance(sent, Mapping) else None
    names = sent.get("names") if isinstance(sent, Mapping) else None
    if not isinstance(files, list) or not files:
        raise InputError(uploads.REFUSED)
    if len(files) > MOST_PHOTOS:
        raise InputError(f"Add at most {MOST_PHOTOS} files at once; {len(files)} came.")
    # Apart from the files: of these nothing is let in but their paths.
    told = names if isinstance(names, list) and len(names) == len(files) else [None] * len(files)
    return [_one(file, name) for file, name in zip(files, told, strict=True)]


def take_in(tray: Tray, files: Sequence[Brought], settings: Settings) -> Iterator[Intake]:
    """Put the photos into the tray, those in zips too, and yield how far it is.

    The first of them is looked at. What is no photo is left out and named at the end.
    """
    photo: str | None = None
    left: list[str] = []
    total = len(files)
    for done, file in enumerate(files, 1):
        for one in _unpacked(file, settings, left):
            if isinstance(one, str):
                left.append(one)
                continue
            try:
                added = _add(tray, one, settings)
            except (ImageError, InputError) as error:
                left.append(f"“{one.name}”: {error}")
                continue
            if photo is None:
                photo = tray.choose(added.key).path
            if len(tray.photos) % 10 == 0:
                yield Intake(done, total, photo)
        yield Intake(done, total, photo)
    alone = str(files[0].path) if photo is None and total == 1 and not _is_zip(files[0]) else None
    yield Intake(total, total, photo, alone, "" if alone else _told(left))


def bundled_photos(paths: Sequence[Path], settings: Settings) -> list[TrayPhoto]:
    """The page's own photos as every visitor's tray first holds them."""
    photos = []
    for number, path in enumerate(paths):
        folder = uploads.private_name(f"thumbnail {path}")
        small = uploads.bundled_bytes(f"{path.stem}.jpg", thumbnail(path, settings), folder)
        photos.append(
            TrayPhoto(f"example-{number}", uploads.bundled(path), path.stem, _address(small))
        )
    return photos


def _add(tray: Tray, file: Brought, settings: Settings) -> TrayPhoto:
    folder = Path(get_upload_folder()) / uploads.private_name(f"thumbnail {file.path}")
    small = folder / "thumbnail.jpg"
    if not uploads.renewed(small):
        uploads.write(small, thumbnail(file.path, settings))
    if len(tray.photos) >= MOST_PHOTOS and tray.own:
        raise full()
    photo, small = uploads.held(file.path), uploads.held(small)
    return tray.add(str(photo), file.name, _address(small))


def _unpacked(file: Brought, settings: Settings, left: list[str]) -> Iterator[Brought | str]:
    """The file itself, or the photos of a zip as uploads of their own."""
    if not _is_zip(file):
        yield file
        return
    try:
        archive = Zip(file.path)
    except InputError as error:
        yield str(error)
        return
    try:
        names = sorted(name for name in archive.names() if is_picture(name))
        if not names:
            yield f"“{file.name}” holds no photos"
        room = _MOST_UNPACKED
        for name in names[:MOST_PHOTOS]:
            room -= archive.size(name)
            if room < 0:
                yield f"“{file.name}” holds more than {_MOST_UNPACKED / 1e9:g} GB of photos"
                return
            yield _member(archive, name, settings)
        if len(names) > MOST_PHOTOS:
            yield f"“{file.name}” holds {len(names)} photos; the first {MOST_PHOTOS} were looked at"
    finally:
        archive.close()


def _member(archive: Zip, name: str, settings: Settings) -> Brought | str:
    shown = PurePosixPath(name).name[-_LONGEST_NAME:]
    try:
        data = read_bytes(archive, name, int(settings.max_upload))
    except ImageError as error:
        return str(error)
    return Brought(uploads.kept(data, uploads.file_name(shown)), shown)


def _one(file: object, name: object) -> Brought:
    if not isinstance(file, Mapping):
        raise InputError(uploads.REFUSED)
    path = uploads.received(file.get("path"))
    shown = name if isinstance(name, str) and name else path.name
    return Brought(path, shown[-_LONGEST_NAME:])


def _is_zip(file: Brought) -> bool:
    return file.path.suffix.lower() == ".zip"


def _told(left: Sequence[str]) -> str:
    """What was left out, in one sentence with the first few reasons."""
    if not left:
        return ""
    named = "; ".join(reason.rstrip(".") for reason in left[:_MOST_NAMED])
    more = len(left) - _MOST_NAMED
    return f"Left out: {named}" + (f"; and {plural(more, 'more file')}." if more > 0 else ".")


def _address(path: Path | str) -> str:
    return f"/gradio_api/file={Path(path).as_posix()}"
