"""`address.js` writes the address in the words that `link` reads."""

from __future__ import annotations

from pathlib import Path

from instseg_ui import engines
from instseg_ui.catalog import Catalog
from instseg_ui.settings import Settings
from instseg_ui.ui import link

SCRIPT = (Path(link.__file__).parent / "address.js").read_text(encoding="utf-8")


def test_the_script_and_the_server_agree_on_what_is_left_out_of_an_address() -> None:
    assert f'["{link.TABS[0]}", {link.THRESHOLD}, ' in SCRIPT
    assert f'? "{link.NONE}" :' in SCRIPT
    assert f'{{ true: "{engines.HIGH_PERFORMANCE}", false: "{engines.NORMAL}" }}' in SCRIPT


def test_an_address_names_the_photo_and_the_model_that_are_looked_at() -> None:
    catalog = Catalog.load(Settings())
    asked = link.read({"photo": "street é.jpg", "model": "SOLOv2"}, catalog)
    assert (asked.photo, asked.model, asked.models, asked.notes) == (
        "street é.jpg",
        "SOLOv2",
        (),
        (),
    )
    asked = link.read({"photo": "x" * 5000, "model": "none such"}, catalog)
    assert asked.photo == "x" * 300
    assert asked.model is None
    assert len(asked.notes) == 1
    assert link.read({"photo": ""}, catalog).photo is None


def test_an_address_says_that_no_model_is_ticked() -> None:
    catalog = Catalog.load(Settings())
    assert link.read({"models": "none"}, catalog).untick
    assert link.read({"models": "none"}, catalog).notes == ()
    assert not link.read({}, catalog).untick
