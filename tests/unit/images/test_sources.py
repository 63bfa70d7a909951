"""Everything that may be called an input becomes pictures, or an error that ends nothing else."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from instseg_ui.errors import ImageError, InputError, RemoteError
from instseg_ui.images import pages, remote
from instseg_ui.images.sources import Source, find_places, read_sources
from instseg_ui.settings import Settings
from tests.unit.factories import RED, patches, png

PICTURE = patches(((2, 3, 12, 20), RED))


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(PICTURE))
    return path


def tiff(frames: int = 3) -> bytes:
    shades = [Pil.new("RGB", (20 + i, 10), (40 * i, 0, 0)) for i in range(frames)]
    buffer = io.BytesIO()
    shades[0].save(buffer, "TIFF", save_all=True, append_images=shades[1:])
    return buffer.getvalue()


def pdf(count: int = 2) -> bytes:
    leaves = [Pil.new("RGB", (72, 36 * (i + 1)), (0, 0, 255)) for i in range(count)]
    buffer = io.BytesIO()
    leaves[0].save(buffer, "PDF", save_all=True, append_images=leaves[1:], resolution=72)
    return buffer.getvalue()


def read(given: object, settings: Settings) -> list[Source]:
    return list(read_sources(given, settings))


def paths(sources: list[Source]) -> list[str | None]:
    return [source.input_path for source in sources]


@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_by_its_path(tmp_path: Path, settings: Settings, kind: Any) -> None:
    file = picture(tmp_path / "a.png")
    (source,) = read(kind(file), settings)
    assert (source.name, source.input_path, source.page_index) == ("a.png", str(file), None)
    assert np.array_equal(source.get().pixels, PICTURE)


def test_a_file_without_an_ending_and_a_gif(tmp_path: Path, settings: Settings) -> None:
    Pil.new("RGB", (9, 8)).save(tmp_path / "moving.gif")
    sources = read([picture(tmp_path / "plain"), tmp_path / "moving.gif"], settings)
    assert [source.get().width for source in sources] == [80, 9]


def test_a_folder_is_sorted_and_goes_deep(tmp_path: Path, settings: Settings) -> None:
    for name in ("b.png", "A.JPG", "deep/er/c.png"):
        picture(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    found = [Path(str(path)).relative_to(tmp_path) for path in paths(read(tmp_path, settings))]
    assert [str(path) for path in found] == ["A.JPG", "b.png", "deep/er/c.png"]


def test_a_pattern(tmp_path: Path, settings: Settings) -> None:
    for name in ("b.png", "a.png", "c.jpg", "deep/d.png"):
        picture(tmp_path / name)
    flat = paths(read(str(tmp_path / "*.png"), settings))
    deep = paths(read(str(tmp_path / "**" / "*.png"), settings))
    assert flat == [str(tmp_path / "a.png"), str(tmp_path / "b.png")]
    assert deep == [*flat, str(tmp_path / "deep" / "d.png")]


def test_a_file_whose_name_looks_like_a_pattern(tmp_path: Path, settings: Settings) -> None:
    (source,) = read(str(picture(tmp_path / "a[1].png")), settings)
    assert source.image


def test_arrays_and_pictures_and_nested_lists(tmp_path: Path, settings: Settings) -> None:
    rgb = Pil.fromarray(PICTURE[:, :, ::-1])
    given = [PICTURE, [str(picture(tmp_path / "a.png")), (rgb,)], PICTURE[:, :, 0]]
    sources = read(given, settings)
    assert paths(sources) == [None, str(tmp_path / "a.png"), None, None]
    for source in sources[:3]:
        assert np.array_equal(source.get().pixels, PICTURE)


def test_every_frame_of_a_tiff(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "a.tif").write_bytes(tiff())
    sources = read(tmp_path / "a.tif", settings)
    assert [source.page_index for source in sources] == [0, 1, 2]
    assert [source.get().width for source in sources] == [20, 21, 22]
    assert [int(source.get().pixels[0, 0, 2]) for source in sources] == [0, 40, 80]
    assert sources[1].name == "a.tif, page 2"
    assert not any(source.get().notes for source in sources)


def test_a_damaged_frame_does_not_end_the_rest(tmp_path: Path, settings: Settings) -> None:
    frames = [Pil.new("RGB", (size, 10)) for size in (20, 30, 20)]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:])
    small = settings.model_copy(update={"max_side": 25})
    sources = read(tmp_path / "a.tif", small)
    assert [source.error is None for source in sources] == [True, False, True]


def test_every_page_of_a_pdf(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf())
    sources = read(tmp_path / "a.pdf", settings)
    # Twice the points, as PaddleX renders; blue in BGR.
    assert [source.get().pixels.shape for source in sources] == [(72, 144, 3), (144, 144, 3)]
    assert [source.page_index for source in sources] == [0, 1]
    blue, _, red = sources[0].get().pixels[30, 70]
    assert blue > 200 > 60 > red


def test_a_page_is_rendered_within_the_limits(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf(1))
    for limit in ({"max_side": 100}, {"max_pixels": 2000}):
        (source,) = read(tmp_path / "a.pdf", settings.model_copy(update=limit))
        height, width, _ = source.get().pixels.shape
        assert width < 144
        assert width == pytest.approx(2 * height, abs=2)


@pytest.mark.parametrize("name", ["a.pdf", "a.tif", "a.png"])
def test_a_damaged_file_is_an_error_in_its_place(
    tmp_path: Path, settings: Settings, name: str
) -> None:
    (tmp_path / name).write_bytes(b"%PDF-1.4 nothing follows")
    bad, good = read([tmp_path / name, picture(tmp_path / "b.png")], settings)
    assert isinstance(bad.error, ImageError)
    assert good.image
    with pytest.raises(ImageError):
        bad.get()


def test_without_pypdfium_a_pdf_says_what_to_install(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf(1))
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    (source,) = read(tmp_path / "a.pdf", settings)
    assert "pip install pypdfium2" in str(source.error)


class TestStandardInput:
    """`-` is what comes in on standard input, of whatever format."""

    @pytest.fixture
    def feed(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        def give(data: bytes) -> None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

        return give

    @pytest.mark.parametrize(("data", "count"), [(png(PICTURE), 1), (tiff(), 3), (pdf(), 2)])
    def test_its_bytes(self, settings: Settings, feed: Any, data: bytes, count: int) -> None:
        feed(data)
        sources = read("-", settings)
        assert [source.input_path for source in sources] == ["stdin"] * count
        assert all(source.image for source in sources)

    @pytest.mark.parametrize("data", [b"", b"x" * 2000])
    def test_nothing_or_too_much(self, settings: Settings, feed: Any, data: bytes) -> None:
        feed(data)
        (source,) = read("-", settings.model_copy(update={"max_upload": 1000}))
        assert isinstance(source.error, ImageError)


class TestAddresses:
    """They go through the one fetcher that keeps this machine's network to itself."""

    def test_a_picture_and_a_document(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bodies = {
            "https://a.example/x/cat%20one.png?w=1": png(PICTURE),
            "HTTP://b.example": tiff(2),
        }
        monkeypatch.setattr(remote, "fetch_image_bytes", lambda url, settings: bodies[url])
        sources = read(list(bodies), settings)
        assert [source.name for source in sources] == [
            "cat one.png",
            "b.example, page 1",
            "b.example, page 2",
        ]
        assert paths(sources)[:1] == ["https://a.example/x/cat%20one.png?w=1"]

    def test_one_that_does_not_answer(
        self, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(url: str, settings: Settings) -> bytes:
            raise RemoteError("It did not answer.")

        monkeypatch.setattr(remote, "fetch_image_bytes", fail)
        (source,) = read("https://a.example/cat.png", settings)
        assert str(source.error) == "It did not answer."

    @pytest.mark.parametrize("url", ["ftp://a.example/a.png", "file:///etc/passwd"])
    def test_other_schemes(self, settings: Settings, url: str) -> None:
        (source,) = read(url, settings)
        assert "http or https" in str(source.error)


@pytest.mark.parametrize("name", ["no.png", "no/*.png", "a\0b.png", "x" * 5000, ""])
def test_what_is_not_there(tmp_path: Path, settings: Settings, name: str) -> None:
    (source,) = read(f"{tmp_path}/empty/{name}", settings)
    assert isinstance(source.error, InputError)


def test_a_folder_without_pictures(tmp_path: Path, settings: Settings) -> None:
    (source,) = read(str(tmp_path), settings)
    assert "holds no pictures" in str(source.error)


@pytest.mark.parametrize("wrong", [None, 42, b"bytes", {"a": 1}, [["a.png", 1.5]]])
def test_what_is_no_input_says_what_was_expected(wrong: object) -> None:
    with pytest.raises(InputError, match="Expected a path, an address, a folder"):
        find_places(wrong)


def test_a_list_in_itself() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(InputError, match="nested"):
        find_places(endless)


def test_one_picture_is_in_memory_at_a_time(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_frames: list[int] = []
    original = pages.from_pil

    def counted(*args: Any) -> Any:
        read_frames.append(1)
        return original(*args)

    monkeypatch.setattr(pages, "from_pil", counted)
    (tmp_path / "a.tif").write_bytes(tiff(9))
    sources = read_sources([tmp_path / "a.tif"], settings)
    next(sources)
    next(sources)
    assert len(read_frames) == 2
