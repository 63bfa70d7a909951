"""What is known of the models' engines, found without making a visitor wait."""

from __future__ import annotations

from instseg_ui.errors import InstSegError
from instseg_ui.hpi import Record
from instseg_ui.segmenter import Segmenter


class Records:
    """The records of the models that were prepared here. Safe to use from many threads.

    Finding one takes its weights' hash, half a second for a large model and once a process; so
    `known` tells only what was found before, and `find_all` is for when somebody waits for it.
    """

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter = segmenter
        self._hashed: set[str] = set()

    def known(self) -> dict[str, Record]:
        """Records by model, without hashing a file."""
        models = [name for name, print_ in self._fingerprints().items() if print_ in self._hashed]
        found = {name: self._read(name) for name in models}
        return {name: record for name, record in found.items() if record is not None}

    def find(self, model: str) -> Record | None:
        """The record of one model; None if it was never prepared, or cannot be used."""
        fingerprint = self._fingerprints([model]).get(model)
        if fingerprint is None or not self._any():
            return None
        record = self._read(model)
        self._hashed.add(fingerprint)
        return record

    def find_all(self) -> bool:
        """Make all records known; False if none is new."""
        new = [name for name, print_ in self._fingerprints().items() if print_ not in self._hashed]
        found = [self.find(name) for name in new]
        return any(record is not None for record in found)

    def _fingerprints(self, models: list[str] | None = None) -> dict[str, str]:
        """Of the models that can be used, by name."""
        catalog, found = self._segmenter.catalog, {}
        for spec in map(catalog.get, models or catalog.names):
            try:
                found[spec.id] = self._segmenter.store.folder(spec).fingerprint
            except InstSegError:
                continue
        return found

    def _any(self) -> bool:
        """Whether any model was ever prepared here."""
        root = self._segmenter.settings.converted_root
        return root.is_dir() and any(not path.name.startswith(".") for path in root.iterdir())

    def _read(self, model: str) -> Record | None:
        try:
            return self._segmenter.record(model)
        except (InstSegError, OSError):
            return None
