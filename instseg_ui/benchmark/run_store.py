"""Runs kept on disk, one file a run, with the machine and the settings in the file's name."""

from __future__ import annotations

import contextlib
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from instseg_ui.benchmark.export import to_json
from instseg_ui.benchmark.records import BenchmarkRun, from_dict
from instseg_ui.errors import DiskFullError, InputError, system_said
from instseg_ui.settings import Settings

_SUFFIX = ".json"
_LARGEST = 100_000_000  # bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """A run on disk; `name` is its file's name."""

    name: str
    run: BenchmarkRun


@dataclass(frozen=True, slots=True)
class Listing:
    """The runs that can be read, the newest first, and what is wrong with the others."""

    kept: tuple[Kept, ...]
    findings: tuple[str, ...]


class Shelf:
    """The folder of runs. Safe to use from several processes at once: a file appears whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, settings: Settings) -> Shelf:
        """The shelf of this machine, among the models that were fetched."""
        return cls(settings.models_dir / ".benchmarks")

    def save(self, run: BenchmarkRun, replaces: Kept | None = None) -> Kept:
        """Keep the run; `replaces` is its earlier, shorter state.

        Raises:
            InputError, DiskFullError: the folder cannot be written to.
        """
        data = to_json(run)
        with _explained():
            self.folder.mkdir(parents=True, exist_ok=True)
            draft = self.folder / f".{secrets.token_hex(8)}.part"
            try:
                draft.write_bytes(data)
                name = self._take_name(draft, run_name(run), replaces)
            finally:
                draft.unlink(missing_ok=True)
            if replaces is not None and replaces.name != name:
                (self.folder / replaces.name).unlink(missing_ok=True)
        return Kept(name, run)

    def listing(self, most: int = 100) -> Listing:
        """The newest `most` runs; a file that is no whole run is left out and said."""
        kept: list[Kept] = []
        findings: list[str] = []
        for path in self._newest(most):
            try:
                kept.append(Kept(path.name, _read(path)))
            except InputError as error:
                findings.append(f"{path.name} is left out: {error}")
        return Listing(tuple(kept), tuple(findings))

    def read(self, name: str) -> BenchmarkRun:
        """The kept run of that file name.

        Raises:
            InputError: no such run, or a damaged one.
        """
        known = [path for path in self._newest(None) if name in (path.name, path.stem)]
        if not known:
            raise InputError(f"There is no kept benchmark run “{str(name)[:120]}”.")
        return _read(known[0])

    def latest(self) -> Kept:
        """The newest run; raises `InputError` without any."""
        listing = self.listing(most=10)
        if not listing.kept:
            raise InputError("No benchmark run is kept here yet. Run one first.")
        return listing.kept[0]

    def _newest(self, most: int | None) -> list[Path]:
        with contextlib.suppress(OSError):
            return sorted(self.folder.glob(f"*{_SUFFIX}"), reverse=True)[:most]
        return []

    def _take_name(self, draft: Path, stem: str, replaces: Kept | None) -> str:
        """Move the draft to the first free name, or over what it replaces."""
        for name in _names(stem):
            target = self.folder / name
            if replaces is not None and name == replaces.name:
                draft.replace(target)
                return name
            with contextlib.suppress(FileExistsError):
                target.open("x").close()  # no two runs take one name
                draft.replace(target)
                return name
        raise AssertionError("names do not end")


def read_file(path: Path) -> BenchmarkRun:
    """The run in a file anywhere. Raises `InputError` where there is none."""
    return _read(path)


def run_name(run: BenchmarkRun) -> str:
    """`<date>_<hardware>_<engine>_<threads>t_<image size>_n<runs a model>`, plain characters."""
    engines = dict.fromkeys(one.engine for one in run.measured)
    counts = sorted({len(one.samples) for one in run.measured})
    runs = "-".join(str(n) for n in dict.fromkeys([*counts[:1], *counts[-1:]])) or "0"
    hardware = _hardware(run)
    return "_".join(
        (
            f"{run.made:%Y%m%dT%H%M%SZ}",
            hardware,
            _plain("+".join(engines) or "none"),
            f"{run.machine.threads}t",
            run.image_size,
            f"n{runs}",
        )
    )


def _hardware(run: BenchmarkRun) -> str:
    """The CPU without its marketing signs, and the device where that is another."""
    cpu = re.sub(r"\((R|TM|C)\)|\bCPU\b|@.*", " ", run.machine.cpu, flags=re.IGNORECASE)
    device = "" if run.machine.device == "cpu" else f"-{run.machine.device}"
    return _plain(f"{cpu[:60]}{device}")


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.+]+", "-", text).strip("-.")[:60].strip("-.") or "unknown"


def _names(stem: str) -> Iterator[str]:
    yield f"{stem}{_SUFFIX}"
    number = 2
    while True:
        yield f"{stem}_{number}{_SUFFIX}"
        number += 1


def _read(path: Path) -> BenchmarkRun:
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"It is larger than {_LARGEST / 1e6:.0f} MB.")
        values = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError("It cannot be read as JSON.") from error
    return from_dict(values)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        kind = DiskFullError if error.errno == 28 else InputError
        sentence = "The benchmark run could not be kept on disk."
        raise kind(sentence, remedy=system_said(error)) from error
