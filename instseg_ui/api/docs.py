"""The page at /docs: the OpenAPI document as one page without scripts.

FastAPI's own page loads its scripts from another server, so it is blank offline.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from string import Template
from typing import Any

Schema = dict[str, Any]

_HERE = Path(__file__).parent


def docs_page(document: Schema) -> str:
    """The page of an OpenAPI document."""
    template = Template((_HERE / "docs.html").read_text(encoding="utf-8"))
    operations = [
        _operation(document, method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return template.substitute(
        title=escape(document["info"]["title"]),
        description=_marked(document["info"]["description"]),
        style=(_HERE / "docs.css").read_text(encoding="utf-8"),
        operations="\n".join(operations),
    )


def _operation(document: Schema, method: str, path: str, operation: Schema) -> str:
    parts = [
        f"<h2><code>{method.upper()} {escape(path)}</code> {escape(operation['summary'])}</h2>"
    ]
    if "description" in operation:
        parts.append(f"<p>{_marked(operation['description'])}</p>")
    if "requestBody" in operation:
        parts += [
            "<h3>Request</h3>",
            _fields_table(document, _json_schema(operation["requestBody"])),
        ]
    for status, answer in sorted(operation["responses"].items()):
        if status == "200":
            parts += ["<h3>Answer</h3>", _fields_table(document, _json_schema(answer))]
    failures = [
        [f"<code>{status}</code>", _marked(answer["description"])]
        for status, answer in sorted(operation["responses"].items())
        if status != "200"
    ]
    if failures:
        parts += ["<h3>Errors</h3>", _table(["status", "when"], failures)]
    return f"<section>{''.join(parts)}</section>"


def _json_schema(part: Schema) -> Schema:
    schema: Schema = part.get("content", {}).get("application/json", {}).get("schema", {})
    return schema


def _fields_table(document: Schema, schema: Schema) -> str:
    rows = [
        [
            f"<code>{escape(name)}</code>",
            escape(_type(document, field)),
            _marked(field.get("description", "")),
            f"<code>{escape(_example(field))}</code>",
        ]
        for name, field in _fields(document, schema)
    ]
    if not rows:
        return "<p>Text.</p>"
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


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are HTML already."""
    first = "".join(f"<th>{cell}</th>" for cell in head)
    rest = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="table"><table><tr>{first}</tr>{rest}</table></div>'


def _marked(text: str) -> str:
    """Text with its `code` marked, all else escaped."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{p}</code>" if i % 2 else p for i, p in enumerate(pieces))
