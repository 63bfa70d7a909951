"""Markup by htpy, which escapes every text; and the pieces that pages and reports share.

Functions that show something return `Markup`: text that goes into other markup as it is, and to
Gradio as a string.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import htpy as h
from markupsafe import Markup

# Characters of notes that are shown without a click.
_LONGEST_OPEN = 160


def markup(*nodes: h.Node) -> Markup:
    """The nodes rendered one after another; plain text is escaped, None and False are nothing."""
    return Markup(str(h.fragment[nodes]))


def page(title: str, styles: Iterable[Path], *nodes: h.Node) -> bytes:
    """A self-contained HTML file: no script, nothing from the network.

    What UTF-8 cannot carry (half of a surrogate pair in a file's name) is written as an escape.
    """
    style = Markup("".join(path.read_text(encoding="utf-8") for path in styles))
    document = h.html(lang="en")[
        h.head[
            h.meta(charset="utf-8"),
            h.meta(name="viewport", content="width=device-width, initial-scale=1"),
            h.title[title],
            h.style[style],
        ],
        h.body[h.main[nodes]],
    ]
    return f"{document}\n".encode("utf-8", "backslashreplace")


def nothing(sentence: str) -> Markup:
    """An empty part: what to do next."""
    return markup(h.p(".empty")[sentence])


def notes(*sentences: str) -> Markup:
    """A small line for each sentence that says something."""
    return markup(h.p(".note")[one] for one in sentences if one)


def scrolled(*nodes: h.Node) -> Markup:
    """What may be wider than its place, scrolled sideways."""
    return markup(h.div(".scroll")[nodes])


def section(title: str, *nodes: h.Node) -> Markup:
    """A part of a report under its heading."""
    return markup(h.section[h.h2[title], nodes])


def facts(rows: Iterable[tuple[str, str]], hints: Mapping[str, str] | None = None) -> Markup:
    """Names and their values; `hints` by name are told where the pointer rests on a value."""
    told = hints or {}
    items = ((h.dt[name], h.dd(title=told.get(name))[text]) for name, text in rows)
    return markup(h.dl(".facts-list")[items])


def summary(sentence: str) -> Markup:
    """How far something is or how it ended; read out whenever it changes."""
    return markup(h.p(".summary", role="status")[sentence])


def failure(sentence: str) -> Markup:
    """What went wrong, and what to do."""
    return markup(h.p(".failure")[sentence])


def alert(sentence: str) -> Markup:
    """The same, read out at once."""
    return markup(h.p(".failure", role="alert")[sentence])


def progress(sentence: str, share: float | None = None) -> Markup:
    """A sentence over a bar; `share` from 0 to 1, or None where the end is not known."""
    value = None if share is None else f"{share:.4f}"
    return markup(
        h.div(".progress", role="status")[h.span[sentence], h.progress(max="1", value=value)]
    )


def bullets(sentences: Sequence[str]) -> Markup:
    """Sentences as a list; nothing without any."""
    return markup(h.ul(".facts-notes")[(h.li[one] for one in sentences)] if sentences else None)


def folded(sentences: Sequence[str], summary: str) -> Markup:
    """Sentences as a list; a long one is folded behind `summary` and its number."""
    if sum(map(len, sentences)) <= _LONGEST_OPEN:
        return bullets(sentences)
    head = h.summary[f"{summary} ({len(sentences)})"]
    return markup(h.details(".facts-folded")[head, bullets(sentences)])


def failures(rows: Iterable[tuple[str, str]]) -> Markup:
    """What failed and why, by name; nothing without any."""
    items = [h.li(".failure")[h.b[name], f": {why}"] for name, why in rows]
    return markup(h.ul(".failures")[items] if items else None)
