"""Markup is written by htpy, which escapes every text: no string in the code holds a tag."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "instseg_ui"
PARTS = ("show", "ui", "api")
# Plotly's hover texts have tags of their own, which it reads itself.
BY_HAND = re.compile(r"show/(plotly_charts|tradeoff)")
# Python writes `<lambda>` and `<locals>` into the names of functions.
TAG = re.compile(r"</?(?!lambda>|locals>)[a-z][a-z0-9]*(\s[^<]*)?/?>|<[a-z][a-z0-9]* [a-z-]+=")

FILES = [
    path
    for part in PARTS
    for path in sorted((PACKAGE / part).rglob("*.py"))
    if not BY_HAND.match(path.relative_to(PACKAGE).as_posix())
]


def strings(tree: ast.Module) -> Iterator[str]:
    """Every string in the code but docstrings, and strings that stand for themselves."""
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.relative_to(PACKAGE).as_posix())
def test_no_tag_is_written_by_hand(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert "from html import escape" not in text
    assert [one for one in strings(ast.parse(text)) if TAG.search(one)] == []
