"""`instseg models`: the catalog on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from instseg_ui.admission import add
from instseg_ui.catalog import Catalog, ModelSpec
from instseg_ui.cli.console import SOME_FAILED, BytesShown, Console, guarded
from instseg_ui.cli.options import settings_of
from instseg_ui.cli.tables import lines
from instseg_ui.cli.verification import verify_model
from instseg_ui.errors import InstSegError
from instseg_ui.hpi.calibration import Picture
from instseg_ui.images.sources import find_places, read_place
from instseg_ui.numbers import plural
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.weights import WeightsStore

Names = Annotated[list[str], typer.Argument(help="Names as `instseg models list` shows them.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


def models() -> typer.Typer:
    """The commands of `instseg models`."""
    group = typer.Typer(
        help="The models: list, add, fetch, remove, check.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    for name, command in (
        ("list", list_models),
        ("info", info),
        ("add", add_model),
        ("pull", pull),
        ("rm", remove),
        ("remove", remove),
        ("verify", verify),
    ):
        group.command(name)(command)
    return group


def list_models(json: AsJson = False) -> None:
    """List the models, whether each is here, and its published figures."""
    with guarded():
        shelf = _Shelf()
        if json:
            Console().json([shelf.facts(spec) for spec in shelf.catalog])
            return
        rows: list[tuple[str, ...]] = [("model", "family", "here", "MB", "mask AP", "CPU ms")]
        rows += [shelf.row(spec) for spec in shelf.catalog]
        for line in lines(rows, right=(3, 4, 5)):
            Console().out(line)
        Console().say(f"Mask AP and CPU ms are published by {shelf.catalog.basis.publisher}.")


def info(
    name: Annotated[str, typer.Argument(help="A model's name.")], json: AsJson = False
) -> None:
    """Tell everything about one model."""
    with guarded():
        shelf = _Shelf()
        facts = shelf.facts(shelf.catalog.get(name))
        if json:
            Console().json(facts)
            return
        for line in lines(_flat(facts)):
            Console().out(line)


def add_model(
    path: Annotated[
        Path,
        typer.Argument(
            help="A folder that PaddleX exports (best_model/inference), or a zip of it."
        ),
    ],
    name: Annotated[str, typer.Option(help="What to call it.")] = "",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but failures.")] = False,
) -> None:
    """Add a model of your own, for every door and for good."""
    console = Console(quiet)
    with guarded(), Segmenter(settings_of()) as segmenter:
        segmenter.prepare()
        with BytesShown(console, path.name) as shown:
            added = add(segmenter, path, name, on_stage=console.say, progress=shown)
        found = plural(added.objects, "object")
        photo = f" It found {found} in {added.photo}." if added.photo else ""
        console.say(added.sentence + photo)
        console.out(added.spec.id)


def pull(
    names: Names,
    source: Annotated[
        str | None,
        typer.Option(help="A mirror's base address, or a local folder of archives."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but failures.")] = False,
) -> None:
    """Fetch official models to this machine."""
    console = Console(quiet)
    with guarded():
        shelf = _Shelf(models_source=source or None)

        def fetch(spec: ModelSpec) -> None:
            plan = shelf.store.plan(spec)
            with BytesShown(console, spec.id) as shown:
                shelf.store.fetch(spec, shown)
            console.say(plan.reason if plan.action == "have" else f"{spec.id} is ready.")

        failed = _each(shelf, names, fetch, console)
    _end(failed)


def remove(names: Names) -> None:
    """Delete models from this machine: official ones, and our copies of your own."""
    console = Console()
    with guarded():
        shelf = _Shelf()

        def delete(spec: ModelSpec) -> None:
            gone = shelf.remove(spec)
            console.say(f"{spec.id} {'was removed' if gone else 'was not on this machine'}.")

        failed = _each(shelf, names, delete, console)
    _end(failed)


def verify(
    names: Names,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", "-i", help="Your own pictures to compare on, beside the built-in."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Check that models are whole and run, and hold every engine against Paddle."""
    console = Console()
    with guarded():
        shelf = _Shelf()
        found: list[dict[str, Any]] = []
        own = _pictures(inputs or [], shelf.settings)

        def check(spec: ModelSpec) -> None:
            found.append(
                verify_model(
                    spec,
                    shelf.store,
                    shelf.settings,
                    pictures=own,
                    on_stage=lambda stage: console.say(f"{spec.id}: {stage}"),
                )
            )

        failed = _each(shelf, names, check, console)
        if json:
            console.json(found)
        else:
            for facts in found:
                for line in lines(_flat(facts)):
                    console.out(line)
    _end(failed)


class _Shelf:
    """The catalog and the store of this machine."""

    def __init__(self, **options: str | None) -> None:
        self.settings = settings_of(**options)
        self.catalog = Catalog.load(self.settings)
        self.store = WeightsStore(self.settings)

    def remove(self, spec: ModelSpec) -> bool:
        """Delete a model and what was converted from it; False when it was not here."""
        with Segmenter(self.settings) as segmenter:
            return segmenter.remove(spec.id)

    def facts(self, spec: ModelSpec) -> dict[str, Any]:
        """A model as JSON values; `published` has what was published and nothing else."""
        status = self.store.status(spec)
        return {
            "model": spec.id,
            "family": spec.family,
            "source": spec.source,
            "state": str(status.state),
            "reason": f"{status.reason} {status.remedy}".strip(),
            "size_mb": None if status.size_bytes is None else round(status.size_bytes / 1e6, 3),
            "classes": spec.labels_hint,
            "description": spec.description.strip(),
            "default": spec.id == self.settings.default_model,
            "published": {k: v for k, v in asdict(spec.published).items() if v is not None},
        }

    def row(self, spec: ModelSpec) -> tuple[str, ...]:
        status = self.store.status(spec)
        size = status.size_bytes / 1e6 if status.size_bytes else spec.published.storage_mb
        name = f"{spec.id} (default)" if spec.id == self.settings.default_model else spec.id
        return (
            name,
            spec.family,
            str(status.state),
            _figure(size, 1),
            _figure(spec.published.mask_ap, 1),
            _figure(spec.published.cpu_normal_ms, 0),
        )


def _pictures(inputs: Sequence[str], settings: Settings) -> list[Picture]:
    """The named pictures; raises InputError for one that cannot be read."""
    return [
        Picture(source.name, source.get().pixels)
        for place in find_places(list(inputs))
        for source in read_place(place, settings)
    ]


def _each(shelf: _Shelf, names: Sequence[str], act: Any, console: Console) -> int:
    """Do something to every named model; how many it failed for. An unknown name stops it all."""
    failed = 0
    for spec in [shelf.catalog.get(name) for name in dict.fromkeys(names)]:
        try:
            act(spec)
        except InstSegError as error:
            console.fail(error.with_remedy)
            failed += 1
    return failed


def _end(failed: int) -> None:
    if failed:
        raise typer.Exit(SOME_FAILED)


def _figure(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _flat(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """Name and value of what is known, groups by their own names."""
    rows = []
    for name, value in facts.items():
        if isinstance(value, dict):
            rows += _flat({f"{name} {key}": entry for key, entry in value.items()})
        elif value not in (None, "", [], ()):
            shown = ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            rows.append((name.replace("_", " "), shown))
    return rows
