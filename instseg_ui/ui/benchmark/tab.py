"""Benchmark: how long models take on this machine, and what changed since an earlier run."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import htpy as h
from markupsafe import Markup

from instseg_ui.benchmark import BenchmarkRun, Kept, Shelf, to_csv, to_json
from instseg_ui.benchmark.figures import check_price
from instseg_ui.errors import InputError, InstSegError
from instseg_ui.show import benchmark_charts
from instseg_ui.show.benchmark_report import to_html
from instseg_ui.show.html import alert, markup, nothing
from instseg_ui.show.plotly_charts import figure
from instseg_ui.ui import link as page_link
from instseg_ui.ui.benchmark import figures as benchmark_figures
from instseg_ui.ui.benchmark import run as benchmark_run
from instseg_ui.ui.benchmark.example import connect_example
from instseg_ui.ui.benchmark.layout import (
    BenchmarkResults,
    BenchmarkSetup,
    results_layout,
    setup_layout,
)
from instseg_ui.ui.benchmark.run import BenchmarkForm, BenchmarkView, ShownRun
from instseg_ui.ui.shared import history
from instseg_ui.ui.shared.actions import RunActions, actions_layout
from instseg_ui.ui.shared.events import OWN, on_return, save_script, session_of, told
from instseg_ui.ui.shared.example import notice_layout
from instseg_ui.ui.shared.jobs import Jobs
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.workbench.panel import Workbench
from instseg_ui.ui.workbench.tray import Tray

_LATEST: dict[str, Any] = {"trigger_mode": "always_last", "concurrency_id": "benchmark-figures"}
_STYLE = Markup((Path(__file__).parent / "benchmark.css").read_text(encoding="utf-8"))
_MOST_LISTED = 30
_PART = "benchmark"
_PARETO_PX = 360


def benchmark_tab(services: Services, bench: Workbench, tab: gr.Tab) -> None:
    """Lay the tab out and connect it; kept runs are listed anew whenever it is opened."""
    jobs, shelf = services.jobs["benchmark"], Shelf.of(services.settings)
    gr.HTML(markup(h.style[_STYLE]), elem_id="bench-style")
    actions = actions_layout("Run benchmark", benchmark_run.HINT, "bench", "Settings")
    setup = setup_layout(services)
    notice = notice_layout("bench")
    results = results_layout(setup.price)
    _connect_running(services, bench, jobs, shelf, setup, actions, results)
    _connect_shelf(shelf, results, tab)
    _connect_looking(shelf, results)
    _connect_files(shelf, results)
    connect_example(services, results.run, notice)


def _connect_running(
    services: Services,
    bench: Workbench,
    jobs: Jobs,
    shelf: Shelf,
    setup: BenchmarkSetup,
    actions: RunActions,
    results: BenchmarkResults,
) -> None:
    def run(
        models: list[str],
        photo: str | None,
        repeats: float | None,
        warmup: float | None,
        callers: float | None,
        cold: float | None,
        threads: float | None,
        answer: str,
        engine: str,
        request: gr.Request,
    ) -> Iterator[dict[Any, Any]]:
        images = _images(bench.trays.of(session_of(request)), photo)
        form = BenchmarkForm(
            models, images, repeats, warmup, callers, cold, threads, answer, engine
        )
        session = session_of(request)
        views = benchmark_run.run(services, jobs, form, session)
        noted = _noted(services, views, session)
        for view in jobs.share(session, noted, benchmark_run.merged):
            yield shown(view, session)

    def look_on(request: gr.Request) -> Iterator[dict[Any, Any]]:
        session = session_of(request)
        if (kept := _first(services, shelf, request)) is not None:
            yield {results.run: kept}
        for view in jobs.look_on(session):
            yield shown(view, session)

    def shown(view: BenchmarkView, session: str) -> dict[Any, Any]:
        update: dict[Any, Any] = {
            actions.progress: view.progress or _failed(view.failure),
            actions.stop: gr.update(visible=view.busy),
        }
        if view.shown is not None:
            update[results.run] = view.shown
        return update

    def stop(request: gr.Request) -> None:
        jobs.stop(session_of(request))

    outputs = [actions.progress, actions.stop, results.run]
    on_return(
        _anything(services, jobs),
        look_on,
        None,
        outputs,
        lambda request: bool(page_link.run_of(request.query_params)),
    )
    actions.go.click(
        lambda: benchmark_run.WAITING, None, actions.progress, queue=False, **OWN
    ).then(
        run,
        [bench.ticked, bench.photo, *setup.fields],
        outputs,
        trigger_mode="multiple",
        # One at a time: two benchmarks on one machine would measure each other.
        concurrency_id="benchmark",
        concurrency_limit=1,
        **OWN,
    )
    actions.stop.click(stop, None, None, queue=False, **OWN)


def _anything(services: Services, jobs: Jobs) -> Callable[[str], bool]:
    """Tells whether a visitor has a run to be shown."""

    def anything(session: str) -> bool:
        return bool(services.visits.kept(session, _PART)) or jobs.shared(session)

    return anything


def _noted(
    services: Services, views: Iterator[BenchmarkView], session: str
) -> Iterator[BenchmarkView]:
    """The views; what they show is kept, whether or not a window looks on."""
    for view in views:
        if view.shown is not None:
            _remember(services, view.shown, session)
        yield view


def _remember(services: Services, shown: ShownRun, session: str) -> None:
    """Keep a run that is on disk for the visitor, and put it on their list."""
    if not shown.name:
        return
    services.visits.keep(session, _PART, {"run": shown.name})
    models = ", ".join(one.model for one in shown.run.measured)
    query = page_link.run_query(shown.name)
    history.note(services.visits, session, "benchmark", models, query)


def _first(services: Services, shelf: Shelf, request: gr.Request) -> ShownRun | None:
    """The run that the address asks for, else the visitor's last one, if it is still there."""
    asked = page_link.run_of(request.query_params)
    found = _kept(shelf, asked or services.visits.kept(session_of(request), _PART).get("run"))
    if found is None and asked:
        gr.Info("The benchmark run of this link is not kept here any more.", duration=8)
    return found


def _kept(shelf: Shelf, name: object) -> ShownRun | None:
    """The run of that name, if it is still there."""
    try:
        return ShownRun(shelf.read(name), name) if isinstance(name, str) else None
    except InstSegError:
        return None


def _images(tray: Tray, photo: str | None) -> list[str]:
    """What is measured: the visitor's own photos, at first those of the tray; or the example."""
    if tray.own:
        return [one.path for one in tray.photos[: benchmark_run.MOST_IMAGES]]
    return [] if photo is None else [photo]


def _connect_shelf(shelf: Shelf, results: BenchmarkResults, tab: gr.Tab) -> None:
    def refresh(shown: ShownRun | None) -> list[Any]:
        listing = shelf.listing(_MOST_LISTED)
        choices = [(benchmark_figures.label(one), one.name) for one in listing.kept]
        name = shown.name if shown is not None else None
        others = [choice for choice in choices if choice[1] != name]
        value = name if name in [choice[1] for choice in choices] else None
        return [
            gr.update(choices=choices, value=value, visible=bool(choices) and name != ""),
            gr.update(choices=others, value=None, visible=bool(others)),
        ]

    def open_run(name: str | None) -> ShownRun | None:
        try:
            return None if not name else ShownRun(shelf.read(name), name)
        except InstSegError as error:
            raise gr.Error(told(error), print_exception=False) from None

    gr.on(
        [tab.select, results.run.change],
        refresh,
        results.run,
        [results.shown, results.earlier],
        **_LATEST,
        **OWN,
    )
    results.shown.input(
        open_run,
        results.shown,
        results.run,
        concurrency_limit=None,
        trigger_mode="always_last",
        **OWN,
    )


def _connect_looking(shelf: Shelf, results: BenchmarkResults) -> None:
    def figures(shown: ShownRun | None, price: str) -> str:
        try:
            return benchmark_figures.figures_html(_run(shown), check_price(price))
        except InputError as error:
            return nothing(told(error))

    def details(shown: ShownRun | None) -> list[Any]:
        run = _run(shown)
        html = [
            benchmark_figures.stages_html(run),
            benchmark_figures.context_html(run),
            benchmark_figures.basis_html(run),
        ]
        if run is None or not run.measured:
            return [*html, None, None]
        return [
            *html,
            figure(benchmark_charts.distribution(run)),
            figure(benchmark_charts.stages(run)),
        ]

    def weigh(shown: ShownRun | None, against: str) -> Any:
        run = _run(shown)
        if run is None or not run.measured:
            return None
        chart = benchmark_charts.pareto(run, "size" if against == "size" else "ap")
        return figure(chart, _PARETO_PX)

    def changes(shown: ShownRun | None, name: str | None) -> str:
        try:
            earlier = None if not name else Kept(name, shelf.read(name))
        except InputError as error:
            return nothing(told(error))
        return benchmark_figures.changes_html(_run(shown), earlier, len(shelf.listing(2).kept) - 1)

    run = results.run
    gr.on(
        [run.change, results.price.change],
        figures,
        [run, results.price],
        results.figures,
        **_LATEST,
        **OWN,
    )
    run.change(
        details,
        run,
        [
            results.stages,
            results.context,
            results.basis,
            results.distribution,
            results.breakdown,
        ],
        **_LATEST,
        **OWN,
    )
    gr.on(
        [run.change, results.against.change],
        weigh,
        [run, results.against],
        results.pareto,
        **_LATEST,
        **OWN,
    )
    gr.on(
        [run.change, results.earlier.change],
        changes,
        [run, results.earlier],
        results.changes,
        **_LATEST,
        **OWN,
    )


def _connect_files(shelf: Shelf, results: BenchmarkResults) -> None:
    for button, kind in ((results.html, "html"), (results.csv, "csv"), (results.json, "json")):

        def save(shown: ShownRun | None, price: str, name: str | None, kind: str = kind) -> str:
            try:
                earlier = None if not name else Kept(name, shelf.read(name))
                data = export(shown, kind, check_price(price), earlier)
            except InstSegError as error:
                raise gr.Error(told(error), print_exception=False) from None
            folder = Path(results.file.GRADIO_CACHE) / secrets.token_hex(20)
            folder.mkdir(parents=True)
            stem = Path(shown.name).stem if shown and shown.name else "benchmark"
            path = folder / f"{stem}.{kind}"
            path.write_bytes(data)
            return str(path)

        button.click(
            save,
            [results.run, results.price, results.earlier],
            results.file,
            concurrency_id="benchmark-figures",
            **OWN,
        ).success(None, None, None, js=save_script("bench-file"), **OWN)


def export(shown: ShownRun | None, kind: str, price: float | None, earlier: Kept | None) -> bytes:
    """The run that is shown as a file of that kind: `html`, `csv` or `json`.

    Raises:
        InputError: nothing was measured.
    """
    if shown is None or not shown.run.measured:
        raise InputError("There is nothing to save yet. Run the benchmark first.")
    if kind == "csv":
        return to_csv(shown.run, price)
    if kind == "json":
        return to_json(shown.run)
    pair = None if earlier is None else (earlier.name, earlier.run)
    return to_html(shown.run, price_per_hour=price, earlier=pair)


def _run(shown: ShownRun | None) -> BenchmarkRun | None:
    return None if shown is None else shown.run


def _failed(failure: str | None) -> str:
    return alert(failure) if failure else benchmark_run.HINT
