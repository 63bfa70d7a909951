"""The viewer's Python side: its value and the route of its modules."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from instseg_ui.ui.viewer import STATIC_ROUTE, Viewer, mount_static, viewer_value


@pytest.fixture
def client():
    app = FastAPI()
    mount_static(app)
    return TestClient(app)


def modules() -> str:
    return str(Viewer().props["modules"])


def test_class_ids_become_the_keys_that_json_has():
    assert viewer_value(colors={3: "#112233"})["colors"] == {"3": "#112233"}


def test_none_clears_the_viewer():
    assert Viewer().postprocess(None) == viewer_value()


def test_a_value_of_another_kind_is_refused():
    with pytest.raises(TypeError, match="expected a value of Viewer"):
        Viewer().postprocess("<p>hello</p>")


@pytest.mark.parametrize("payload", ["text", 3, ["list"], None])
def test_what_a_browser_sends_instead_of_a_value_is_none(payload):
    assert Viewer().preprocess(payload) is None


def test_the_schema_is_an_object():
    assert Viewer().api_info()["type"] == "object"


def test_modules_are_served_as_javascript_and_kept(client):
    answer = client.get(f"{modules()}/viewer.js")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]


def test_a_page_of_an_older_version_still_gets_modules(client):
    for path in ("v-0123456789ab/viewer.js", "viewer.js"):
        answer = client.get(f"{STATIC_ROUTE}/{path}")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["v-1/missing.js", "v-1/..%2fviewer.py", "..%2fviewer.py", "v-1/"])
def test_nothing_else_is_served(client, path):
    assert client.get(f"{STATIC_ROUTE}/{path}").status_code == 404
