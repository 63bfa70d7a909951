"""What a link to the page shows of itself elsewhere."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.testclient import TestClient

from instseg_ui.ui.link_preview import (
    DESCRIPTION,
    PICTURE_ROUTE,
    LinkPreview,
    mount_picture,
    rewritten,
)

_PAGE = """<!doctype html><html><head data-x="1"><title>InstSeg UI</title>
<meta property="og:title" content="Gradio" /><meta
  property="og:image"
  content="https://example.org/theirs.png" />
<meta name="twitter:creator" content="@Gradio" /><meta charset="utf-8" /></head>
<body>é</body></html>"""


def _client(tmp_path, **options):
    picture = tmp_path / "preview.jpg"
    picture.write_bytes(b"\xff\xd8\xff")

    async def page(_request: Request) -> HTMLResponse:
        return HTMLResponse(_PAGE)

    async def data(_request: Request) -> JSONResponse:
        return JSONResponse({"html": _PAGE})

    app = Starlette()
    app.add_middleware(LinkPreview)
    mount_picture(app, picture)
    app.add_route("/", page)
    app.add_route("/data", data)
    return TestClient(app, **options)


def test_the_page_names_this_product_and_shows_it(tmp_path):
    answer = _client(tmp_path).get("/")
    assert int(answer.headers["content-length"]) == len(answer.content)
    text = answer.text
    assert "Gradio" not in text
    assert "theirs.png" not in text
    assert text.count('property="og:title" content="InstSeg UI"') == 1
    assert DESCRIPTION.replace("'", "&#39;") in text
    assert f'property="og:image" content="http://testserver{PICTURE_ROUTE}"' in text
    assert '<meta charset="utf-8" />' in text
    assert "é" in text


def test_the_picture_is_there(tmp_path):
    answer = _client(tmp_path).get(PICTURE_ROUTE)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")


def test_a_host_that_is_markup_stays_text(tmp_path):
    answer = _client(tmp_path).get("/", headers={"host": 'a"><script>x</script>'})
    assert "<script>" not in answer.text


def test_other_answers_are_left_alone(tmp_path):
    assert _client(tmp_path).get("/data").json() == {"html": _PAGE}


def test_below_a_path_of_a_proxy_the_addresses_have_it(tmp_path):
    answer = _client(tmp_path, root_path="/masks").get("/masks/")
    assert f'content="http://testserver/masks{PICTURE_ROUTE}"' in answer.text


def test_a_page_without_a_head_keeps_its_text():
    assert rewritten(b"<p>x</p>", b"<meta>") == b"<p>x</p>"
