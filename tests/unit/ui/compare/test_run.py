"""Running several models on one photo, and what is found from it: the parts below the page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from instseg_ui.examples.origin import Origin
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.show import plotly_charts, tradeoff
from instseg_ui.show.agreement import agreement as agreement_table
from instseg_ui.show.decision import ComparedModel, decision_figures
from instseg_ui.show.decision import decision as shown_decision
from instseg_ui.show.disagreement_map import disagreement_map
from instseg_ui.ui import link
from instseg_ui.ui.compare import agreement, decision, downloads, matches, words
from instseg_ui.ui.compare import run as compare_run
from instseg_ui.ui.compare.matches import Sight
from instseg_ui.ui.compare.run import CompareView, ComparisonRun
from instseg_ui.ui.shared import fetch
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.viewer import Settled
from tests.unit.factories import BLUE, GREEN, RED, model_folder, patches
from tests.unit.verdict.kit import measured

ORIGIN = Origin(datetime(2026, 11, 27, tzinfo=UTC), {"cpu": "A machine", "cores": 2})
PHOTO = patches(((5, 5, 25, 25), RED), ((40, 10, 60, 40), GREEN), ((5, 40, 30, 55), BLUE))


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """Models of the built-in engine: two of the same classes, one of others, and odd ones."""
    root = tmp_path_factory.mktemp("models")
    folders = [
        model_folder(root / "one"),
        model_folder(root / "two"),
        model_folder(root / "other", labels=["person", "car"]),
        model_folder(root / "fails", good_runs=1, run_error="It failed <b>here</b>."),
        model_folder(root / "slow", good_runs=1, delay_s=30),
        root / "absent",
    ]
    settings = Settings(
        models_dir=root / "official", model_folders=tuple(folders), fake_engine=True, threads=1
    )
    with Segmenter(settings) as segmenter:
        yield Services(segmenter)


@pytest.fixture
def photo(tmp_path: Path) -> str:
    path = tmp_path / "photo.png"
    cv2.imwrite(str(path), PHOTO)
    return str(path)


def views(
    services: Services, photo: str | None, *models: str, session: str = "me"
) -> list[CompareView]:
    cache = Path(photo).parent if photo else Path()
    return list(compare_run.run(services, photo, models, 0.5, session, cache))


def last(services: Services, photo: str, *models: str) -> ComparisonRun:
    run = views(services, photo, *models)[-1].run
    assert run is not None
    return run


def test_a_class_has_one_colour_in_all_panes_the_table_and_the_report(
    services: Services, photo: str
) -> None:
    run = last(services, photo, "one", "other", "two")
    shown: dict[str, set[str]] = {}
    for outcome in run.outcomes:
        assert outcome.prediction
        of_pane = outcome.pane["colors"]
        assert len(set(of_pane.values())) == len(of_pane)
        for one in outcome.prediction.instances:
            shown.setdefault(one.label, set()).add(of_pane[str(one.class_id)])
    found = matches.matched(matches.filtered(run, Sight()), class_aware=False)
    for row in matches.object_table(run, found)["objects"]:
        for member in filter(None, row["members"]):
            shown[member["label"]].add(member["color"])
    assert {label: {run.colors[label]} for label in shown} == shown
    assert downloads.study(services, run, Sight(), False, "", "").colors == run.colors


def test_each_result_appears_as_it_is_done(services: Services, photo: str) -> None:
    seen = views(services, photo, "one", "two")
    states = [tuple(one.state for one in view.run.outcomes) for view in seen if view.run]
    assert list(dict.fromkeys(states)) == [
        ("running", "waiting"),
        ("done", "running"),
        ("done", "done"),
    ]
    assert any("model 2 of 2" in view.progress for view in seen)
    assert "2 of 2 models done" in seen[-1].progress
    assert not seen[-1].busy
    assert seen[-1].grid is not None
    assert [len(pane["prediction"]["instances"]) for pane in seen[-1].grid["panes"]] == [3, 3]


def test_one_that_fails_says_so_and_the_others_go_on(services: Services, photo: str) -> None:
    run = last(services, photo, "fails", "one", "absent", "Mask-RT-DETR-L")
    assert [one.state for one in run.outcomes] == ["failed", "done", "failed", "not fetched"]
    assert run.outcomes[0].pane["message"] == "It failed <b>here</b>."
    assert "fetching it takes about 114 MB" in run.outcomes[3].pane["message"]


def test_stopping_keeps_what_is_done(services: Services, photo: str) -> None:
    seen = []
    for view in compare_run.run(
        services, photo, ["one", "slow", "two"], 0.5, "x", Path(photo).parent
    ):
        seen.append(view)
        if view.run and view.run.outcomes[1].state == "running":
            services.jobs["compare"].stop("x")
    run = seen[-1].run
    assert run is not None
    assert [one.state for one in run.outcomes] == ["done", "waiting", "waiting"]
    assert "Stopped" in run.outcomes[1].pane["message"]
    assert "2 stopped" in seen[-1].progress


def test_a_newer_run_ends_the_older_in_silence(services: Services, photo: str) -> None:
    older = compare_run.run(services, photo, ["slow"], 0.5, "y", Path(photo).parent)
    next(older)
    newer = compare_run.run(services, photo, ["one"], 0.5, "y", Path(photo).parent)
    assert next(newer).busy
    assert all("failure" not in view.progress for view in older)
    assert list(newer)[-1].run is not None


@pytest.mark.parametrize(
    ("models", "sentence"),
    [
        ((), "No model is ticked"),
        (("nope",), "There is no model named"),
        (tuple(f"m{i}" for i in range(17)), "at most 16"),
    ],
)
def test_wrong_picks_are_said(
    services: Services, photo: str, models: tuple[str, ...], sentence: str
) -> None:
    (only,) = views(services, photo, *models)
    assert sentence in only.progress
    assert "alert" in only.progress
    assert only.grid is None
    assert not only.cleared


def test_a_model_that_is_not_here_is_never_the_reference(services: Services) -> None:
    order = [one.id for one in compare_run.picked(services, ["Mask-RT-DETR-L", "two", "one"])]
    assert order == ["two", "one", "Mask-RT-DETR-L"]


def test_without_a_photo_it_says_what_to_do(services: Services) -> None:
    only = views(services, None, "one")[-1]
    assert "There is no photo yet. Choose one, then compare." in only.progress


def test_of_a_broken_photo_nothing_old_is_left(services: Services, tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"Not a photo.")
    (only,) = views(services, str(tmp_path / "photo.jpg"), "one")
    assert "not an image" in only.progress
    assert only.cleared
    assert only.grid is not None
    assert only.grid["panes"] == []


def test_thresholds_and_hidden_classes_filter_what_is_matched(
    services: Services, photo: str
) -> None:
    run = last(services, photo, "one", "two")
    everything = matches.matched(matches.filtered(run, Sight()), class_aware=False)
    assert everything is not None
    assert len(everything.objects) == 3
    hidden = matches.settled(Sight(), Settled((0.5, 0.5), frozenset({"red"})))
    some = matches.matched(matches.filtered(run, hidden), class_aware=False)
    assert some is not None
    assert {one.labels for one in some.objects} == {("green",), ("blue",)}
    whole = run.predictions[0].instances.labels
    for one in some.objects:
        member = one.members[0]
        assert member is not None
        assert whole[member.index] == member.instance.label


def test_one_pane_may_have_another_threshold(services: Services, photo: str) -> None:
    run = last(services, photo, "one", "two")
    uneven = Sight(thresholds=(0.5, 1.0))
    assert [len(one.instances) for one, _ in matches.filtered(run, uneven)] == [3, 0]
    assert matches.common_threshold(run, uneven, 0.3) == 0.5
    assert matches.threshold_of(run, uneven, "two") == 1.0
    assert matches.threshold_of(run, uneven, "gone", {"gone": 0.3}) == 0.3


def test_thresholds_of_another_number_of_panes_are_not_used(services: Services, photo: str) -> None:
    run = last(services, photo, "one", "two")
    stale = Sight(thresholds=(1.0,))
    assert [len(one.instances) for one, _ in matches.filtered(run, stale)] == [3, 3]
    assert matches.common_threshold(run, stale, 0.3) == 0.3


def test_latencies_are_measured_again_in_turn(services: Services, photo: str) -> None:
    run = last(services, photo, "one", "two")
    *steps, done = compare_run.measured_again(services, run, "me")
    assert done.run is not None
    assert set(done.run.latencies) == {"one", "two"}
    (session,) = {one.session for one in done.run.latencies.values()}
    assert session not in {one.session for one in run.latencies.values()}
    assert any("Measuring the latency of two: run" in view.progress for view in steps)
    assert done.run.predictions == run.predictions
    assert not done.busy
    example = replace(run, origin=ORIGIN)
    for wrong, sentence in ((None, "nothing to measure yet"), (example, "is not measured")):
        (only,) = compare_run.measured_again(services, wrong, "me")
        assert sentence in only.progress


def test_the_verdict_takes_the_visitors_own_accuracy_before_what_is_published(
    services: Services, photo: str
) -> None:
    run = last(services, photo, "one", "two", "fails")
    catalog = services.segmenter.catalog
    known = {"one": measured(0.5, 0.02, 1), "two": measured(0.4, 0.02, 2)}
    models = decision.compared(catalog, run, Sight(), known)
    verdict = decision.verdict(models, "", "", decision.not_run(run))
    assert verdict.best == "one"
    assert verdict.ruled_out == {"fails": "it was not run: It failed <b>here</b>."}
    assert "measured on 40 annotated pictures of photos" in shown_decision(verdict, models)
    html = decision_figures(verdict, models, linked=True)
    assert "On your pictures, %" in html
    assert "mask AP, measured, n = 40" in html
    assert "data-again" in html
    # One that found nothing is never shipped, whatever was measured elsewhere.
    blind = Sight(thresholds=(1.0, 0.5, 0.5))
    models = decision.compared(catalog, run, blind, known)
    verdict = decision.verdict(models, "", "")
    assert verdict.best != "one"
    assert verdict.ruled_out == {"one": "it found nothing"}
    # Of one alone something is measured: it is not shipped before others of which nothing is.
    alone = decision.compared(catalog, run, Sight(), {"one": known["one"]})
    assert decision.verdict(alone, "", "").best is None


def test_what_waits_or_runs_is_not_said_to_have_failed(services: Services, photo: str) -> None:
    for view in views(services, photo, "one", "absent"):
        if view.run is not None:
            assert {one.model for one in decision.not_run(view.run)} <= {"absent"}
    assert decision.not_run(None) == []


def test_the_reference_comes_first(services: Services, photo: str) -> None:
    run = last(services, photo, "one", "fails", "other")
    sight = matches.pinned(Sight(), run, 2)
    assert [one.model for one, _ in matches.filtered(run, sight)] == ["other", "one"]
    assert [one.model for one in matches.in_pane_order(run, sight)] == ["one", "other"]
    found = matches.matched(matches.filtered(run, sight), class_aware=False)
    assert matches.object_table(run, found)["models"] == ["one", "other"]
    assert matches.object_table(run, found)["reference"] == 1
    fewer = last(services, photo, "one", "other")
    assert [one.model for one, _ in matches.filtered(fewer, sight)] == ["one", "other"]


def test_models_of_other_classes_agree_where_they_are_and_not_what(
    services: Services, photo: str
) -> None:
    shown = matches.filtered(last(services, photo, "one", "other"), Sight())
    free = matches.matched(shown, class_aware=False)
    strict = matches.matched(shown, class_aware=True)
    assert free is not None
    assert strict is not None
    assert {one.state for one in free.objects} == {"class differs"}
    assert {one.state for one in strict.objects} == {"only one"}


def test_one_model_alone_has_nothing_to_agree_with(
    services: Services, photo: str, settings: Settings
) -> None:
    run = last(services, photo, "one")
    found = matches.matched(matches.filtered(run, Sight()), class_aware=False)
    assert found is None
    assert matches.object_table(run, found)["objects"] == []
    assert "Two models must be done" in agreement_table(found, "F1")
    assert agreement.disagreement(settings, run, Sight(), None).pixels is None


def test_the_map_counts_models(services: Services, photo: str, settings: Settings) -> None:
    run = last(services, photo, "one", "two")
    every = agreement.disagreement(settings, run, Sight(), "no such class")
    assert every.pixels is not None
    assert every.pixels.shape == PHOTO.shape
    assert every.label == agreement.ALL_CLASSES
    assert every.labels == [agreement.ALL_CLASSES, "blue", "green", "red"]
    assert "all 2 agree" in every.legend
    nobody = agreement.disagreement(settings, run, Sight(thresholds=(1.0, 1.0)), None)
    assert "No model covers anything" in nobody.legend
    uneven = agreement.disagreement(settings, run, Sight(thresholds=(0.5, 1.0)), "red")
    assert "on 0 % of that" in uneven.legend or "No model" in uneven.legend


def test_a_photo_that_is_gone_is_said(services: Services, photo: str, settings: Settings) -> None:
    run = last(services, photo, "one", "two")
    Path(photo).unlink()
    assert "could not be read" in agreement.disagreement(settings, run, Sight(), None).legend


def decided(services: Services, run: ComparisonRun | None, most_ms: str) -> tuple[str, str]:
    """The decision and its figures as the page shows them."""
    catalog = services.segmenter.catalog
    models = decision.compared(catalog, run, Sight())
    verdict = decision.verdict_or_reason(models, most_ms, "")
    return shown_decision(verdict, models), decision_figures(verdict, models)


def test_nothing_ran_yet(services: Services, settings: Settings) -> None:
    verdict, figures = decided(services, None, "")
    assert "Pick models" in verdict
    assert "compare them" in figures
    assert agreement.disagreement(settings, None, Sight(), None).pixels is None
    assert decision.measured(None) == {}


def test_a_wrong_limit_is_a_sentence_not_an_error(services: Services, photo: str) -> None:
    run = last(services, photo, "one")
    verdict, figures = decided(services, run, "<b>fast</b>")
    assert "must be a number above 0" in verdict
    assert "<b>fast" not in verdict
    assert "one" in figures


def test_what_is_shown_is_escaped(services: Services, photo: str) -> None:
    (one,) = last(services, photo, "one").predictions
    evil = replace(one, model="one", runtime=replace(one.runtime, engine="<i>x</i>"))
    catalog = services.segmenter.catalog
    models = [ComparedModel(evil, 0.5, catalog.get("one"))]
    html = decision_figures(decision.verdict(models, "", ""), models)
    assert "<i>x" not in html
    assert "&lt;i&gt;x" in html


def test_the_study_is_what_is_shown(services: Services, photo: str, tmp_path: Path) -> None:
    run = last(services, photo, "one", "other", "fails")
    sight = Sight(hidden=frozenset({"red", "person"}))
    study = downloads.study(services, run, sight, False, "", "")
    assert [len(one.instances) for one in study.predictions] == [2, 1]
    assert study.failures == {"fails": "It failed <b>here</b>."}
    for kind in ("html", "json"):
        path = downloads.write(study, kind, str(tmp_path))
        assert path.name == f"photo-comparison.{kind}"
        assert path.stat().st_size > 1000


@pytest.mark.parametrize(
    ("ticked", "button", "hint"),
    [
        (0, "Compare", "Tick two or more models"),
        (1, "Run 1 model", "Tick another one"),
        (3, "Compare 3 models", "one after another"),
        (17, "Compare 17 models", "17 models are ticked; at most 16 fit"),
    ],
)
def test_the_words_follow_the_ticks(ticked: int, button: str, hint: str) -> None:
    picks = [f"m{n}" for n in range(ticked)]
    assert words.button(picks) == button
    assert hint in words.hint(picks)


def test_several_models_are_offered_as_one_download(services: Services) -> None:
    offer = fetch.offer_all(services, ["one", "Mask-RT-DETR-L", "Mask-RT-DETR-S"])
    assert offer is not None
    assert offer.possible
    assert "2 of 3 ticked" in offer.html
    assert offer.button == "Fetch 165 MB and compare"
    assert fetch.offer_all(services, ["one"]) is None
    broken = fetch.offer_all(services, ["absent"])
    assert broken is not None
    assert not broken.possible


@pytest.mark.parametrize(
    ("query", "setup"),
    [
        ({}, link.PageLink()),
        (
            {"models": "one,two,one", "threshold": "0.4", "tab": "Compare"},
            link.PageLink(("one", "two"), 0.4, "compare"),
        ),
        ({"tab": "nonsense"}, link.PageLink()),
    ],
)
def test_an_address_is_read(
    services: Services, query: dict[str, str], setup: link.PageLink
) -> None:
    assert link.read(query, services.segmenter.catalog) == setup


def test_a_wrong_address_is_said_and_the_rest_used(services: Services) -> None:
    setup = link.read({"models": "onee,two", "threshold": "7"}, services.segmenter.catalog)
    assert setup.models == ("two",)
    assert setup.threshold == link.THRESHOLD
    assert len(setup.notes) == 2
    assert "Did you mean" in setup.notes[0]


def test_a_written_address_reads_back(services: Services) -> None:
    query = link.query(["one", "two"], 0.35)
    assert query == "?models=one,two&threshold=0.35&tab=compare"
    pairs = dict(part.split("=") for part in query[1:].split("&"))
    assert link.read(pairs, services.segmenter.catalog).models == ("one", "two")


def test_the_chart_keeps_published_and_measured_apart(services: Services) -> None:
    specs = list(services.segmenter.catalog)
    measured_here = {"Mask-RT-DETR-L": (90.0, 114.0), "one": (5.0, 1.0)}
    figure = plotly_charts.figure(tradeoff.tradeoff(specs, measured_here, "cpu_hp_ms"))
    _, published, _, measured = figure.data
    assert len(published.x) == 15
    assert published.marker.symbol == "circle-open"
    assert list(measured.x) == [90.0]
    assert measured.marker.symbol == "circle"
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"


def test_the_chart_of_nothing_is_a_chart() -> None:
    assert len(plotly_charts.figure(tradeoff.tradeoff([], {}, "gpu_hp_ms")).data) == 4


def test_the_map_of_a_large_photo_is_small() -> None:
    pixels = np.zeros((10, 4000, 3), np.uint8)
    from instseg_ui.results import Instances, Prediction, Timings
    from tests.unit.comparison.test_objects import RUNTIME

    nothing = Prediction("A", 4000, 10, Instances.from_rows([]), Timings(), RUNTIME, 0.05)
    drawn, _ = disagreement_map(pixels, [nothing, nothing], None)
    assert drawn.shape == (3, 1280, 3)
