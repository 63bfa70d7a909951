"""Writes the pages of `docs/` that are made from the code: `python -m tools.write_docs`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import AliasChoices, ByteSize
from pydantic.fields import FieldInfo

from instseg_ui.settings import PROJECT_DIR, Settings

DOCS = PROJECT_DIR / "docs"

# Defaults that depend on the machine, in words.
IN_WORDS = {
    "models_dir": "PaddleX's cache: `~/.paddlex/official_models`",
    "allow_add": "on where the host is this machine",
    "allow_train": "on where the host is this machine",
    "threads": "all cores",
    "memory_budget": "60 % of the memory",
    "convert_memory": "60 % of the memory",
}

SETTINGS_HEAD = """\
# Settings

Each is an environment variable; an empty one counts as not set. A value that cannot be used ends
the command with exit code 2 and a line that says what was expected. A variable that begins with
`INSTSEG_` and is none of these is named in a warning. Sizes in bytes may be written as `50MB` or
`4GiB`. Gradio's own `GRADIO_SERVER_NAME` and `GRADIO_SERVER_PORT` go before the address and port
here, and options of the command line before both.

This page is written from `instseg_ui/settings.py` by `make docs`; change it there.

| variable | default | meaning |
|---|---|---|
"""


def settings_page() -> str:
    """The text of `docs/settings.md`: one row a field of `Settings`."""
    fields = Settings.model_fields.items()
    rows = [
        f"| {' or '.join(f'`{name}`' for name in variables(name, field))} | {default(name, field)} "
        f"| {(field.description or '').replace('|', '&#124;')} |\n"
        for name, field in fields
    ]
    return SETTINGS_HEAD + "".join(rows)


def variables(name: str, field: FieldInfo) -> Iterator[str]:
    """The environment variables a field is read from, the first one wins."""
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        yield from map(str, alias.choices)
    else:
        yield str(alias) if alias else f"{Settings.model_config['env_prefix']}{name.upper()}"


def default(name: str, field: FieldInfo) -> str:
    """A field's default as the page shows it, the same on every machine."""
    if field.default_factory or name in IN_WORDS:
        return IN_WORDS[name]
    value = field.default
    if isinstance(value, Path):
        value = value.relative_to(PROJECT_DIR).as_posix()
    if isinstance(value, tuple):
        value = os.pathsep.join(map(str, value))
    if isinstance(value, ByteSize):
        value = value.human_readable(decimal=True).replace(".0", "")
    if isinstance(value, bool):
        value = str(value).lower()
    return f"`{value}`" if value not in ("", None) else "none"


def main() -> None:
    (DOCS / "settings.md").write_text(settings_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
