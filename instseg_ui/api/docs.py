"""The page at /docs: the OpenAPI document as one page without scripts.

FastAPI's own page loads its scripts from another server, so it is blank offline.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import htpy as h

from instseg_ui.show.html import page

Schema = dict[str, Any]

_STYLE = Path(__file__).parent / "docs.css"


def docs_page(document: Schema) -> bytes:
    """The page of an OpenAPI document."""
    info = document["info"]
    operations = (
        _operation(document, method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    return page(
        info["title"],
        [_STYLE],
        h.h1[info["title"]],
        h.p[_marked(info["description"])],
        h.p["The same for programs: ", h.a(href="openapi.json")["openapi.json"], "."],
        operations,
    )


def _operation(document: Schema, method: str, path: str, operation: Schema) -> h.Element:
    answers = sorted(operation["responses"].items())
    failures = [
        (h.code[status], _marked(answer["description"]))
        for status, answer in answers
        if status != "200"
    ]
    return h.section[
        h.h2[h.code[f"{method.upper()} {path}"], f" {operation['summary']}"],
        h.p[_marked(operation["description"])] if "description" in operation else None,
        _fields_part(document, "Request", operation.get("requestBody")),
        [_fields_part(document, "Answer", one) for status, one in answers if status == "200"],
        [h.h3["Errors"], _table(["status", "when"], failures)] if failures else None,
    ]


def _fields_part(document: Schema, title: str, part: Schema | None) -> h.Node:
    if part is None:
        return None
    return [h.h3[title], _fields_table(document, _json_schema(part))]


def _json_schema(part: Schema) -> Schema:
    schema: Schema = part.get("content", {}).get("application/json", {}).get("schema", {})
    return schema


def _fields_table(document: Schema, schema: Schema) -> h.Element:
    rows = [
        (
            h.code[name],
            _type(document, field),
            _marked(field.get("description", "")),
            h.code[_example(field)],
        )
        for name, field in _fields(document, schema)
    ]
    if not rows:
        return h.p["Text."]
    return _table(["field", "type", "meaning", "example"], rows)


def _fields(document: Schema, schema: Schema, prefix: str = "") -> Iterator[tuple[str, Schema]]:
    """Every field below a schema by its full name, in the order of the document."""
    seen: set[str] = set()
    for variant in _variants(document, schema):
        for name, field in variant.get("properties", {}).items():
            full = f"{prefix}{name}"
            if full in seen:
                continue
            seen.add(full)
            yield full, field
            inner = field.get("items", {}) if field.get("type") == "array" else field
            dots = "[]." if field.get("type") == "array" else "."
            yield from _fields(document, inner, full + dots)


def _variants(document: Schema, schema: Schema) -> list[Schema]:
    """A schema itself, or what it refers to or chooses from."""
    if "$ref" in schema:
        found: Schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        return [found]
    if "anyOf" in schema:
        return [each for option in schema["anyOf"] for each in _variants(document, option)]
    return [schema]


def _type(document: Schema, field: Schema) -> str:
    variants = _variants(document, field)
    names = (json.dumps(v["const"]) if "const" in v else v.get("type", "") for v in variants)
    return " or ".join(dict.fromkeys(filter(None, names)))


def _example(field: Schema) -> str:
    examples = field.get("examples")
    return json.dumps(examples[0], ensure_ascii=False) if examples else ""


def _table(head: Sequence[str], rows: Sequence[Sequence[h.Node]]) -> h.Element:
    return h.div(".table")[
        h.table[
            h.tr[(h.th[name] for name in head)],
            (h.tr[(h.td[cell] for cell in row)] for row in rows),
        ]
    ]


def _marked(text: str) -> list[h.Node]:
    """Text with its `code` marked."""
    return [h.code[piece] if i % 2 else piece for i, piece in enumerate(text.split("`"))]
