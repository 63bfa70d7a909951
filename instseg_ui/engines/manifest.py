"""What a converted model is: the ONNX parts it was cut into, and how they go together."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from instseg_ui.errors import LoadError

FILE = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class ManifestPart:
    """One ONNX file: the names under which its inputs are fed and its outputs are known."""

    file: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A converted model.

    Attributes:
        recipe: name of the recipe that cut it, and of the tail that puts it together again.
        parts: ONNX files by the name that the tail knows them under.
        params: what the tail must know of the graph, such as the number of candidates.
        versions: of the libraries that converted it.
    """

    recipe: str
    parts: dict[str, ManifestPart]
    params: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Write `manifest.json` into `folder`."""
        content = {"format": FORMAT, **asdict(self)}
        (folder / FILE).write_text(json.dumps(content, indent=1), encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest in `folder`.

        Raises:
            LoadError: there is none that can be read.
        """
        try:
            content = json.loads((folder / FILE).read_text(encoding="utf-8"))
            if content.pop("format") != FORMAT:
                raise ValueError("another format")
            parts = {name: _part(value) for name, value in content.pop("parts").items()}
            return cls(parts=parts, **content)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise LoadError("The converted model is damaged. Verify the model again.") from error


def _part(value: dict[str, Any]) -> ManifestPart:
    return ManifestPart(value["file"], tuple(value["inputs"]), tuple(value["outputs"]))
