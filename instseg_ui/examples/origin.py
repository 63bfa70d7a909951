"""Where the example results come from: when they were computed, and on which machine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from instseg_ui.errors import InputError
from instseg_ui.numbers import plural

_FOLDER = "example_results"
_FILE = "origin.json"


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """When and on what results were computed; `machine` is that of `workers.hardware`."""

    made: datetime
    machine: Mapping[str, object]

    @property
    def words(self) -> str:
        """`Some CPU, 2 cores, 2026-11-27`."""
        return f"{self.place}, {self.made:%Y-%m-%d}"

    @property
    def place(self) -> str:
        """`Some CPU, 2 cores`."""
        cores = int(str(self.machine["cores"]))
        return f"{self.machine['cpu']}, {plural(cores, 'core')}"


def result_folder(assets: Path) -> Path:
    """Where the example results lie."""
    return assets / _FOLDER


def read_json(path: Path) -> Any:
    """The value of a JSON file. Raises `InputError` where there is none that can be read."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"The example file “{path.name}” cannot be read.") from error


def read_origin(assets: Path) -> Origin:
    """Raises `InputError` where it is missing or damaged."""
    values = read_json(result_folder(assets) / _FILE)
    try:
        machine = {
            name: values["machine"][name] for name in ("cpu", "cores", "memory_mb", "system")
        }
        int(str(machine["cores"]))
        return Origin(datetime.fromisoformat(values["made"]), machine)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"The example file “{_FILE}” is damaged.") from error


def write_origin(assets: Path, origin: Origin) -> None:
    """The file that `read_origin` reads."""
    values = {"made": origin.made.isoformat(timespec="seconds"), "machine": dict(origin.machine)}
    path = result_folder(assets) / _FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
