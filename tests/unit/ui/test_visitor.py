"""A browser is given a name once; whoever has none is known by the window."""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import SimpleCookie
from typing import Any

import gradio as gr
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from instseg_ui.ui.visitor import COOKIE, VisitorCookie, digest, session_of, window_of

VALUE = "x" * 32


def page(_request: Request) -> Response:
    return HTMLResponse("<html></html>")


def other(_request: Request) -> Response:
    return PlainTextResponse("text")


@pytest.fixture
def client() -> TestClient:
    app = Starlette(routes=[Route("/", page), Route("/health", other)])
    app.add_middleware(VisitorCookie)
    return TestClient(app)


def call(cookie: str | None, window: str | None = "window") -> gr.Request:
    headers = [] if cookie is None else [(b"cookie", cookie.encode())]
    scope: Mapping[str, Any] = {"type": "http", "headers": headers, "method": "GET", "path": "/"}
    return gr.Request(Request(dict(scope)), session_hash=window)


def test_the_page_gives_a_name_once(client: TestClient) -> None:
    given = SimpleCookie(client.get("/").headers["set-cookie"])[COOKIE]
    assert len(given.value) == 32
    assert given["httponly"]
    assert given["samesite"] == "Lax"
    assert "set-cookie" not in client.get("/").headers, "the browser has it by now"
    assert client.cookies[COOKIE] == given.value


def test_every_browser_has_another_one(client: TestClient) -> None:
    names = set()
    for _ in range(5):
        client.cookies.clear()
        names.add(client.get("/").cookies[COOKIE])
    assert len(names) == 5


@pytest.mark.parametrize("value", ["", "short", "x" * 33, "../" * 10 + "aa", 'x"' * 16])
def test_a_name_that_is_none_of_ours_is_replaced(client: TestClient, value: str) -> None:
    answer = client.get("/", headers={"cookie": f"{COOKIE}={value}"})
    assert len(SimpleCookie(answer.headers["set-cookie"])[COOKIE].value) == 32


def test_nothing_but_the_page_gives_one(client: TestClient) -> None:
    assert "set-cookie" not in client.get("/health").headers


def test_behind_https_it_works_in_a_frame_of_another_site(client: TestClient) -> None:
    said = client.get("/", headers={"x-forwarded-proto": "https"}).headers["set-cookie"]
    assert said.endswith("HttpOnly; SameSite=None; Secure; Partitioned")


def test_a_visitor_is_the_same_in_all_windows() -> None:
    one, two = call(f"{COOKIE}={VALUE}", "1"), call(f"a=b; {COOKIE}={VALUE}", "2")
    assert session_of(one) == session_of(two) == digest(VALUE)
    assert (window_of(one), window_of(two)) == ("1", "2")
    assert VALUE not in session_of(one)


@pytest.mark.parametrize(
    "cookie", [None, "", "a=b", f"{COOKIE}=", f"{COOKIE}=nope", f"x{COOKIE}={VALUE}"]
)
def test_without_the_cookie_the_window_is_the_visitor(cookie: str | None) -> None:
    assert session_of(call(cookie)) == "window"
    assert session_of(call(cookie, None)) == "nobody"
