"""Archives and disks that mean harm: nothing is written outside, nothing is left."""

from __future__ import annotations

import errno
import gzip
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from instseg_ui.errors import DiskFullError, FetchError
from instseg_ui.weights import WeightsStore
from instseg_ui.weights.archive import ArchiveLimits
from tests.unit.weights.kit import (
    FILES,
    NAME,
    Handler,
    Place,
    Server,
    fail_with,
    make_place,
    model_tar,
    odd_member,
    tar_of,
)


@pytest.mark.parametrize(
    "odd",
    [
        odd_member("../evil"),
        odd_member(f"{NAME}_infer/../../evil"),
        odd_member("..\\evil"),
        odd_member("/evil"),
        odd_member("C:\\evil"),
        odd_member(f"{NAME}_infer/link", tarfile.SYMTYPE, "/etc"),
        odd_member(f"{NAME}_infer/inside", tarfile.SYMTYPE, "inference.yml"),
        odd_member("hard", tarfile.LNKTYPE, "/etc/passwd"),
        odd_member("pipe", tarfile.FIFOTYPE),
        odd_member("device", tarfile.CHRTYPE),
    ],
    ids=lambda odd: odd.name,
)
def test_a_hostile_archive_is_not_unpacked(
    place: Place, server: Server, tmp_path: Path, odd: tarfile.TarInfo
) -> None:
    server.answer = lambda request: request.say(model_tar(odd))
    with pytest.raises(FetchError, match="a link, a device or a path outside"):
        place.store.fetch(place.spec)
    assert place.leftovers() == []
    assert list(tmp_path.rglob("*evil*")) == []


@pytest.mark.parametrize(
    ("limits", "archive", "said"),
    [
        (
            ArchiveLimits(bytes=10**6),
            gzip.compress(tar_of({"a": b"\0" * 2 * 10**6})),
            "unpacks to more",
        ),
        (ArchiveLimits(members=2), model_tar(), "holds more than 2 files"),
        (ArchiveLimits(bytes=10**5), model_tar(), "larger than the 0 MB"),
    ],
)
def test_a_bomb_is_stopped_at_the_limits(
    tmp_path: Path, server: Server, limits: ArchiveLimits, archive: bytes, said: str
) -> None:
    server.answer = lambda request: request.say(archive)
    place = make_place(tmp_path, server.url, limits)
    with pytest.raises(FetchError, match=said):
        place.store.fetch(place.spec)
    assert place.leftovers() == []


def test_an_endless_answer_is_stopped_at_the_limit(tmp_path: Path, server: Server) -> None:
    def answer(request: Handler) -> None:
        request.say(b"", Content_Length=None)
        while True:
            request.wfile.write(b"\0" * 65536)

    server.answer = answer
    place = make_place(tmp_path, server.url, ArchiveLimits(bytes=10**6))
    with pytest.raises(FetchError, match="larger than the 1 MB"):
        place.store.fetch(place.spec)


# The disk


def test_a_disk_too_small_for_the_published_size_is_refused_before(
    place: Place, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10**7))
    with pytest.raises(DiskFullError, match=r"needs about 104 MB .* 10 MB are free"):
        place.store.fetch(place.spec)
    assert server.requested == []


def test_a_disk_too_small_for_the_announced_size_is_refused_before_the_first_byte(
    place: Place, server: Server
) -> None:
    free = place.store.plan(place.spec).free_bytes
    spec = replace(place.spec, published=replace(place.spec.published, storage_mb=None))
    limits = ArchiveLimits(bytes=free * 10)
    server.answer = lambda request: request.say(b"", Content_Length=free)
    with pytest.raises(DiskFullError, match="There is no room"):
        WeightsStore(place.settings, limits=limits).fetch(spec)
    assert place.leftovers() == []


@pytest.mark.parametrize("step", [(Path, "open"), (tarfile.TarFile, "extract"), (Path, "replace")])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_at_any_step_is_said(
    place: Place, monkeypatch: pytest.MonkeyPatch, step: tuple[type, str], number: int
) -> None:
    monkeypatch.setattr(*step, fail_with(number))
    with pytest.raises(DiskFullError, match="needs about 104 MB"):
        place.store.fetch(place.spec)
    monkeypatch.undo()
    assert place.leftovers() == []


def test_other_trouble_with_files_is_said_without_a_path(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Path, "replace", fail_with(errno.EROFS))
    with pytest.raises(FetchError, match="Read-only file system") as caught:
        place.store.fetch(place.spec)
    assert str(tmp_path) not in str(caught.value)


def test_a_models_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    place = make_place(tmp_path, "http://127.0.0.1:9")
    (tmp_path / "models").write_text("a file stands here")
    with pytest.raises(FetchError, match="cannot be read or written"):
        place.store.fetch(place.spec)


def test_a_disk_that_is_really_full(tiny_disk: Path, server: Server) -> None:
    server.answer = lambda request: request.say(
        tar_of(FILES | {"more": b"x" * 2 * 10**6}), Content_Length=None
    )
    place = make_place(tiny_disk, server.url)
    spec = replace(place.spec, published=replace(place.spec.published, storage_mb=None))
    with pytest.raises(DiskFullError, match="There is no room"):
        place.store.fetch(spec)
    assert place.leftovers() == []
    server.answer = lambda request: request.say(
        tar_of(FILES | {"inference.pdiparams": b"x" * 100_000})
    )
    assert place.store.fetch(spec).size_bytes > 100_000
