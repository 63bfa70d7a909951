"""Health checks by HEAD, and a proxy that serves this under a path of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.testclient import TestClient

from instseg_ui.api import mount
from instseg_ui.api.app import PATHS
from instseg_ui.api.sub_path import SubPath, forwarded
from tests.api.conftest import INFER, Api, MakeApi, MakeSegmenter


@pytest.mark.parametrize("path", [path for path in PATHS if path != INFER])
def test_head_is_get_without_a_body(api: Api, path: str) -> None:
    head, get = api.client.head(path), api.client.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"") == (200, b"")
    assert head.headers["content-type"] == get.headers["content-type"]


def test_head_where_there_is_no_get_is_refused_as_get_is(api: Api) -> None:
    assert api.client.head(INFER).status_code == api.client.get(INFER).status_code == 405
    assert api.client.head("/health/none").status_code == 404


def named(api: Api, path: str, **headers: str) -> int:
    return api.client.get(path, headers=headers).status_code


@pytest.mark.parametrize("path", ["/health", "/masks/health"], ids=["taken off", "passed on"])
def test_the_sub_path_comes_from_the_proxy(api: Api, path: str) -> None:
    assert named(api, path, **{"X-Forwarded-Prefix": "/masks"}) == 200
    assert named(api, path, **{"X-Forwarded-Prefix": "/masks/"}) == 200


@pytest.mark.parametrize("path", ["/models", "/a/masks/models"])
def test_the_sub_path_comes_from_the_setting(make_api: MakeApi, path: str) -> None:
    assert named(make_api(root_path="/a/masks"), path) == 200


def test_what_is_no_path_is_no_sub_path() -> None:
    for text in ("//evil.org", "https://evil.org", "/a/../b", "/a b", "masks", "/" * 300, "/ä", ""):
        assert forwarded([(b"x-forwarded-prefix", text.encode("latin-1"))]) == ""
    assert forwarded([(b"x-forwarded-prefix", b"/a/b/, /c")]) == "/a/b"


def test_the_page_beside_it_sees_the_outer_address() -> None:
    app = FastAPI()

    @app.get("/page")
    def page(request: Request) -> str:
        return str(request.url)

    app.add_middleware(SubPath)
    headers = {"X-Forwarded-Prefix": "/masks", "X-Forwarded-Host": "example.org"}
    answer = TestClient(app).get("/page", headers=headers)
    assert answer.json() == "http://example.org/masks/page"


def test_both_doors_are_open_under_a_sub_path(make_segmenter: MakeSegmenter) -> None:
    app = FastAPI()
    app.add_api_route("/page", lambda: "page")
    mount(app, make_segmenter(root_path="/masks"))
    with TestClient(app) as client:
        get: Callable[[str], int] = lambda path: client.get(path).status_code  # noqa: E731
        assert [get("/masks/health"), get("/masks/page"), get("/health"), get("/page")] == [200] * 4
        assert client.head("/masks/health").status_code == 200
