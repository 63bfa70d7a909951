"""An evaluation as one self-contained HTML file: no script, nothing from the network."""

from __future__ import annotations

from pathlib import Path

import htpy as h
from markupsafe import Markup

from instseg_ui.evaluate.results import Evaluation, ModelResult
from instseg_ui.numbers import plural, three
from instseg_ui.settings import Settings
from instseg_ui.show import evaluation as show
from instseg_ui.show import evaluation_charts as charts
from instseg_ui.show.charts import Plot
from instseg_ui.show.comparison import STYLE
from instseg_ui.show.evaluation_pictures import gallery
from instseg_ui.show.html import markup, notes, page, scrolled, section
from instseg_ui.show.svg import svg
from instseg_ui.show.verdict import TITLE, sheet, verdict_html
from instseg_ui.show.verdict_chart import pareto_with_doubt
from instseg_ui.verdict import Limits, candidates_of, decide

_STYLES = (STYLE, *(Path(__file__).parent / name for name in ("report.css", "evaluation.css")))


def to_html(evaluation: Evaluation, settings: Settings, limits: Limits | None = None) -> bytes:
    """The report; `settings` say how large a picture may be, `limits` what may be shipped."""
    title = f"{plural(len(evaluation.results), 'model')} on {evaluation.dataset.name}"
    found = evaluation.findings
    parts: list[h.Node] = [
        h.h1[title],
        show.context(evaluation),
        section("Data set", show.dataset(evaluation.dataset, found, unfolded=True)),
    ]
    if evaluation.results:
        parts.append(section(TITLE, _verdict(evaluation, limits)))
        parts.append(section("Figures", _figures(evaluation)))
    if evaluation.results and "mask" in evaluation.kinds:
        parts += [
            section("Curves", _curves(evaluation)),
            section("Errors", scrolled(svg(charts.errors(evaluation))), show.errors(evaluation)),
            section("Are scores the share that is right?", _calibration(evaluation)),
            *(_one_model(one, settings) for one in evaluation.results),
        ]
    if evaluation.failures:
        parts.append(section("Without a result", show.missing(evaluation)))
    return page(title, _STYLES, parts)


def _verdict(evaluation: Evaluation, limits: Limits | None) -> Markup:
    verdict = decide(candidates_of(evaluation), limits)
    chart = scrolled(svg(pareto_with_doubt(verdict)))
    return markup(verdict_html(verdict), sheet(verdict), chart)


def _figures(evaluation: Evaluation) -> Markup:
    kinds = ((h.h3[show.KINDS[kind]], show.accuracy(evaluation, kind)) for kind in evaluation.kinds)
    return markup(kinds, show.usage(evaluation), notes(show.in_short(evaluation), show.COCO))


def _curves(evaluation: Evaluation) -> Markup:
    curves = [charts.precision_recall(evaluation, iou) for iou in charts.IOUS.values()]
    return _side_by_side(*curves, charts.f1_over_threshold(evaluation))


def _calibration(evaluation: Evaluation) -> Markup:
    return markup(_side_by_side(charts.calibration(evaluation)), show.calibration(evaluation))


def _side_by_side(*plots: Plot) -> Markup:
    figures = (h.figure[svg(one, small=True), h.figcaption[one.title]] for one in plots)
    return markup(h.div(".charts")[figures])


def _one_model(result: ModelResult, settings: Settings) -> Markup:
    return section(
        result.model,
        h.h3["Classes"],
        show.classes(result),
        h.h3["Confusion"],
        scrolled(svg(charts.confused(result))),
        show.confusion(result),
        h.h3["Which class stands for which category"],
        show.mapping(result.mapping),
        h.h3[f"Pictures at scores from {three(result.threshold)}"],
        gallery(result, settings),
        notes("Filled: the prediction. White outline: the truth."),
    )
