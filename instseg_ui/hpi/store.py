"""Where converted models lie: a folder a model and a way of converting it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from instseg_ui.catalog.model_folder import FolderFacts
from instseg_ui.engines import conversion
from instseg_ui.errors import LoadError, system_said
from instseg_ui.hpi.record import Record
from instseg_ui.settings import Settings
from instseg_ui.weights.staging import REMEDY, Staging, move_into_place

MODEL = "model"
"""The part of an entry that an engine loads; the record lies beside it."""


class ConvertedStore:
    """The converted models of this machine. Safe for many threads and processes at once.

    An entry is named by what it was made from: the weights' hash first, then one of all contents,
    the converters' versions and the recipes. Nothing else is ever read for a model, so that a
    replaced weight file or a new converter makes a new entry, whatever sizes and times say.
    """

    def __init__(self, settings: Settings) -> None:
        self._root = settings.converted_root
        self._staging = Staging(self._root, ".converting")

    def folder(self, facts: FolderFacts) -> Path:
        """Where the model's entry lies, or would. Reads the weights once to hash them."""
        return self._root / _key(facts)

    def record(self, facts: FolderFacts) -> Record | None:
        """What is known of the model; None if it was never converted here."""
        return Record.read(self.folder(facts))

    def model(self, facts: FolderFacts) -> Path:
        """The folder that an engine of the converted model loads."""
        return self.folder(facts) / MODEL

    @contextmanager
    def alone(self, facts: FolderFacts, while_waiting: Callable[[], None]) -> Iterator[Path]:
        """An empty work folder, one at a time a model; see `Staging.alone`.

        Raises:
            LoadError: the folder of converted models cannot be written.
        """
        with ExitStack() as stack:
            try:
                work = stack.enter_context(self._staging.alone(_key(facts), while_waiting))
            except OSError as error:
                raise LoadError(
                    "High-performance mode keeps converted models, and their folder cannot be "
                    "written.",
                    remedy=f"{system_said(error)} {REMEDY}",
                ) from error
            yield work

    def publish(self, work: Path, facts: FolderFacts, entry: Path) -> None:
        """Move a finished `entry`, a folder inside `work`, to its place in one step."""
        move_into_place(entry, self.folder(facts), work)

    def remove(self, facts: FolderFacts) -> int:
        """Delete all that was made from the model's weights; how many entries there were."""
        prefix = _weights_part(facts)
        found = [path for path in self._entries() if path.name.startswith(prefix)]
        for path in found:
            shutil.rmtree(path, ignore_errors=True)
        return len(found)

    def _entries(self) -> list[Path]:
        try:
            return [path for path in self._root.iterdir() if not path.name.startswith(".")]
        except OSError:
            return []


def _key(facts: FolderFacts) -> str:
    return f"{_weights_part(facts)}-{_way_part(facts)}"


def _weights_part(facts: FolderFacts) -> str:
    return facts.weights_sha256


def _way_part(facts: FolderFacts) -> str:
    digest = hashlib.sha256()
    digest.update(facts.content.encode())
    digest.update(
        repr((sorted(conversion.versions().items()), conversion.recipes_digest())).encode()
    )
    return digest.hexdigest()[:40]
