"""The converter's process: what it says, and that it ends, however it goes."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psutil
import pytest

from instseg_ui.errors import Cancelled
from instseg_ui.hpi.converter import Conversion, Converter
from instseg_ui.settings import Settings

# Acts as told by the recipes' names.
SCRIPT = """
import json, os, sys, time
def say(**line):
    print(json.dumps(line), flush=True)
source, out, *recipes = sys.argv[1:]
for name in recipes:
    say(trying=name)
    if name.startswith("abort"):
        os.abort()
    if name.startswith("hang"):
        time.sleep(60)
    if name.startswith("grow"):
        held = b"x" * 300_000_000
        time.sleep(60)
    if name.startswith("good"):
        open(os.path.join(out, name), "w").close()
        say(done=name)
        sys.exit(0)
    if name.startswith("other"):
        say(skipped=name, why="")
    else:
        say(skipped=name, why=name + " does not fit.")
sys.exit(1)
"""


class Stand:
    def __init__(self, tmp_path: Path, **limits: object) -> None:
        script = tmp_path / "script.py"
        script.write_text(SCRIPT)
        self.out = tmp_path / "work" / "model"
        self.heard: list[str] = []
        self.stop = False
        self.converter = Converter(Settings(**limits), command=[sys.executable, str(script)])  # type: ignore[arg-type]

    def convert(self, *recipes: str) -> Conversion:
        return self.converter.convert(
            self.out.parent, self.out, recipes, on_trying=self.heard.append, cancelled=self.asked
        )

    def asked(self) -> bool:
        return self.stop


def test_the_first_that_fits_is_taken_and_reasons_are_kept(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    done = stand.convert("other", "bad", "good", "good2")
    assert done == Conversion("good", ("bad does not fit.",))
    assert stand.heard == ["other", "bad", "good"]
    assert [path.name for path in stand.out.iterdir()] == ["good"]


def test_none_fits(tmp_path: Path) -> None:
    assert Stand(tmp_path).convert("bad") == Conversion("", ("bad does not fit.",))


def test_a_crash_costs_one_recipe(tmp_path: Path) -> None:
    done = Stand(tmp_path).convert("abort", "abort2", "good")
    assert done.recipe == "good"
    assert done.reasons == (
        "abort failed: the converter's process ended (SIGABRT).",
        "abort2 failed: the converter's process ended (SIGABRT).",
    )


@pytest.mark.parametrize(
    ("recipe", "limits", "said"),
    [
        ("hang", {"convert_timeout": 1.0}, "hang was ended after 1 s"),
        ("grow", {"convert_memory": 200_000_000}, "grow was ended at 200 MB of memory"),
    ],
)
def test_a_limit_ends_the_recipe_and_the_next_is_tried(
    tmp_path: Path, recipe: str, limits: dict[str, object], said: str
) -> None:
    done = Stand(tmp_path, **limits).convert(recipe, "good")
    assert done.recipe == "good"
    assert said in done.reasons[0]
    assert not left_behind()


def test_stopping_ends_the_process(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.stop = True
    with pytest.raises(Cancelled):
        stand.convert("hang")
    assert not left_behind()


def left_behind() -> list[psutil.Process]:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        found = [
            child
            for child in psutil.Process().children(recursive=True)
            if "script.py" in " ".join(child.cmdline())
        ]
        if not found:
            return []
        time.sleep(0.05)
    return found
