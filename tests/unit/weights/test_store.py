"""What state a model is in, what is to be done about it, and its removal."""

from __future__ import annotations

import errno
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import pytest

from instseg_ui.catalog import Catalog
from instseg_ui.errors import (
    BusyError,
    DiskFullError,
    FetchError,
    InputError,
    InstSegError,
    ModelFolderError,
    NotFetchedError,
)
from instseg_ui.weights import ModelState, ModelStatus
from instseg_ui.weights.plan import ArchiveOffer, decide, find_offer
from instseg_ui.weights.staging import Staging
from tests.unit.weights.kit import (
    CONFIG,
    FILES,
    NAME,
    Place,
    Server,
    fail_with,
    make_folder,
    make_place,
)


def test_an_official_model_is_not_fetched_then_broken_then_ready(place: Place) -> None:
    assert place.store.state(place.spec) is ModelState.NOT_FETCHED
    make_folder(place.target, pdiparams=None)
    broken = place.store.status(place.spec)
    assert broken.state is ModelState.BROKEN
    assert "has no inference.pdiparams" in broken.reason
    assert "Fetch it again" in broken.reason
    make_folder(place.target)
    size = sum(map(len, FILES.values()))
    assert place.store.status(place.spec) == ModelStatus(ModelState.READY, size_bytes=size)


def test_folder_says_what_fetching_would_take(place: Place) -> None:
    with pytest.raises(NotFetchedError, match="takes about 52 MB"):
        place.store.folder(place.spec)


def test_folder_does_not_advise_to_fetch_where_that_is_off(tmp_path: Path) -> None:
    place = make_place(tmp_path, "http://host", allow_fetch=False)
    with pytest.raises(NotFetchedError, match="fetching is off here") as caught:
        place.store.folder(place.spec)
    assert "put its PaddleX folder" in caught.value.remedy
    assert "Fetch" not in caught.value.with_remedy


def test_an_official_folder_must_hold_the_model_it_is_named_after(place: Place) -> None:
    make_folder(place.target, yml=CONFIG.replace(NAME, "SOLOv2").encode())
    with pytest.raises(ModelFolderError, match=f"holds SOLOv2; expected {NAME}"):
        place.store.folder(place.spec)


def test_bundled_model_lies_in_the_assets(tmp_path: Path) -> None:
    place = make_place(tmp_path, "http://host", assets=tmp_path)
    demo = Catalog.load(place.settings).get("demo-cats")
    assert place.store.state(demo) is ModelState.BROKEN
    make_folder(tmp_path / "models" / "demo-cats")
    assert place.store.state(demo) is ModelState.BUNDLED


def test_own_folder_may_carry_any_bound_name(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "mine")
    place = make_place(tmp_path, "http://host", model_folders=(folder,))
    spec = Catalog.load(place.settings).get("mine")
    assert place.store.state(spec) is ModelState.READY
    assert place.store.folder(spec).path == folder


def test_state_reads_no_weights(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    make_folder(place.target)
    opened: list[str] = []
    usual = Path.open

    def watched(self: Path, *args: Any, **more: Any) -> IO[Any]:
        opened.append(self.name)
        return usual(self, *args, **more)

    monkeypatch.setattr(Path, "open", watched)
    assert place.store.state(place.spec) is ModelState.READY
    assert opened == ["inference.yml"]


# What is to be done: a decision without disk or network

OFFER = ArchiveOffer(bytes=100, url="http://user:secret@host/x.tar")
ABSENT = ModelStatus(ModelState.NOT_FETCHED, "not here")


@pytest.mark.parametrize(
    ("status", "offer", "free", "allowed", "action", "refusal"),
    [
        (ABSENT, OFFER, 200, True, "fetch", None),
        (ABSENT, OFFER, 199, True, "refuse", DiskFullError),
        (ABSENT, ArchiveOffer(100, archive=Path("x.tar")), 100, True, "fetch", None),
        (ABSENT, ArchiveOffer(100, archive=Path("x.tar")), 99, True, "refuse", DiskFullError),
        (ABSENT, OFFER, 200, False, "refuse", NotFetchedError),
        (ABSENT, ArchiveOffer(fault="no such file"), 200, True, "refuse", FetchError),
        (ModelStatus(ModelState.BROKEN, "bad"), OFFER, 200, True, "fetch", None),
        (ModelStatus(ModelState.READY), OFFER, 0, False, "have", None),
    ],
)
def test_decision(
    place: Place,
    status: ModelStatus,
    offer: ArchiveOffer,
    free: int,
    allowed: bool,
    action: str,
    refusal: type[InstSegError] | None,
) -> None:
    plan = decide(place.spec, status, offer, free_bytes=free, allowed=allowed)
    assert plan.action == action
    assert refusal in (None, type(plan.refusal))
    assert plan.refusal is None or str(plan.refusal) == plan.reason
    assert plan.reason.startswith((NAME, "Fetching", "There is no room"))


def test_what_is_not_official_is_not_fetched(place: Place) -> None:
    spec = replace(place.spec, source="folder", location="gone")
    with pytest.raises(InputError, match="not an official model"):
        place.store.fetch(spec)


def test_offer_of_an_address_shows_its_host_only(place: Place) -> None:
    offer = find_offer(place.spec, "HTTPS://user:secret@Mirror.example:8080/models/?")
    assert offer.url == f"HTTPS://user:secret@Mirror.example:8080/models/?/{NAME}_infer.tar"
    assert (offer.place, offer.bytes) == ("mirror.example", 51_800_000)


@pytest.mark.parametrize(
    ("base", "fault"),
    [
        ("ftp://host/models", "neither an http"),
        ("s3://bucket", "neither an http"),
        ("http://", "names no host"),
        ("http://[bad", "names no host"),
        ("/nowhere", f"no readable file {NAME}_infer.tar"),
    ],
)
def test_a_source_that_cannot_serve_is_refused(tmp_path: Path, base: str, fault: str) -> None:
    place = make_place(tmp_path, base)
    assert place.store.plan(place.spec).action == "refuse"
    with pytest.raises(FetchError, match=fault):
        place.store.fetch(place.spec)
    assert not place.settings.models_dir.exists()


def test_plan_asks_no_network(place: Place, server: Server) -> None:
    plan = place.store.plan(place.spec)
    assert (plan.action, plan.expected_bytes) == ("fetch", 51_800_000)
    assert plan.free_bytes > 0
    assert server.requested == []


# Removing


def test_remove_deletes_an_official_model(place: Place) -> None:
    make_folder(place.target)
    assert place.store.remove(place.spec) is True
    assert place.store.state(place.spec) is ModelState.NOT_FETCHED
    assert place.leftovers() == []
    assert place.store.remove(place.spec) is False


def test_removing_a_link_keeps_what_it_points_to(place: Place, tmp_path: Path) -> None:
    place.settings.models_dir.mkdir()
    place.target.symlink_to(make_folder(tmp_path / "mine"))
    assert place.store.remove(place.spec) is True
    assert (tmp_path / "mine" / "inference.yml").exists()
    assert not place.target.is_symlink()


@pytest.mark.parametrize("source", ["bundled", "folder"])
def test_only_official_models_are_removed(tmp_path: Path, source: str) -> None:
    folder = make_folder(tmp_path / "models" / "demo-cats")
    place = make_place(tmp_path, "http://host", assets=tmp_path, model_folders=(folder,))
    name = "demo-cats" if source == "bundled" else "demo-cats-2"
    with pytest.raises(InputError, match="not an official model"):
        place.store.remove(Catalog.load(place.settings).get(name))
    assert folder.exists()


def test_remove_does_not_wait_for_a_fetch(place: Place) -> None:
    make_folder(place.target)
    with (
        Staging(place.settings.models_dir).alone(NAME, lambda: None),
        ThreadPoolExecutor() as pool,
        pytest.raises(BusyError),
    ):
        pool.submit(place.store.remove, place.spec).result(timeout=10)
    assert place.target.exists()


def test_a_model_that_cannot_be_removed_says_so(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_folder(place.target)
    monkeypatch.setattr(Path, "replace", fail_with(errno.EACCES))
    with pytest.raises(InputError, match=r"could not be removed\.") as caught:
        place.store.remove(place.spec)
    assert caught.value.remedy == "The system says: Permission denied."
