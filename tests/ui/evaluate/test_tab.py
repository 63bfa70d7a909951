"""The Evaluate tab without a browser: what is opened, run, shown, looked at and taken away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from instseg_ui.errors import Cancelled, InputError
from instseg_ui.evaluate import Watch
from instseg_ui.examples.origin import Origin
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.show import evaluation_charts as charts
from instseg_ui.show.evaluation_tables import ERRORS, threshold_in_use
from instseg_ui.show.plotly_charts import figure
from instseg_ui.ui.evaluate import cases, decision, figures, pictures, thresholds
from instseg_ui.ui.evaluate import run as evaluate_run
from instseg_ui.ui.evaluate.cases import Asked
from instseg_ui.ui.evaluate.desk import MOST_KEPT, Desks
from instseg_ui.ui.evaluate.run import EvaluationForm, EvaluationView
from instseg_ui.ui.evaluate.sheet_view import sheet_value
from instseg_ui.ui.evaluate.tab import export
from instseg_ui.ui.shared.jobs import Jobs
from instseg_ui.ui.shared.services import Services
from instseg_ui.verdict import Limits, verdict_json, verdict_words
from tests.ui.evaluate.kit import data_set_zip, world
from tests.unit.factories import model_folder

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def services(tmp_path: Path, settings: Settings) -> Iterator[Services]:
    how: dict[str, dict[str, Any]] = {
        "good": {},
        "other": {},
        "bad": {"load_error": f"It failed {EVIL}"},
        "slow": {"good_runs": 4, "delay_s": 60},
        "cats": {"labels": ("cat",)},
    }
    folders = tuple(model_folder(tmp_path / name, **script) for name, script in how.items())
    with Segmenter(Settings(**(settings.model_dump() | {"model_folders": folders}))) as segmenter:
        yield Services(segmenter)


@pytest.fixture
def desks(services: Services, tmp_path: Path) -> Iterator[Desks]:
    desks = Desks(services.settings, tmp_path / "cache")
    yield desks
    for session in ("me", "you"):
        desks.leave(session)


@pytest.fixture
def shapes(tmp_path: Path) -> str:
    return str(data_set_zip(tmp_path))


FORM = EvaluationForm(("good",), None, boundary=True, restart=False)


def opened(desks: Desks, *uploads: str, session: str = "me") -> EvaluationView:
    return list(evaluate_run.open_upload(desks, Jobs(), uploads, session))[-1]


def run(
    services: Services, desks: Desks, form: EvaluationForm = FORM, session: str = "me"
) -> EvaluationView:
    return list(evaluate_run.run(services, desks, Jobs(), form, session))[-1]


def test_a_zip_is_opened_evaluated_and_cleared(
    services: Services, desks: Desks, shapes: str, tmp_path: Path
) -> None:
    assert opened(desks, shapes).failure is None
    desk = desks.of("me")
    assert desk.dataset is not None
    html = figures.dataset_html(desk.dataset)
    assert "4 images, 20 objects, 3 categories" in html
    assert "1 × unknown image" in html
    view = run(services, desks, replace(FORM, models=("good", "bad", "other")))
    assert "2 models on 4 of 4 images · 1 failed" in view.progress
    assert view.scored
    found = desk.evaluation
    assert found is not None
    assert [one.model for one in found.results] == ["good", "other"]
    # Of 20 objects 8 are found, by 16 predictions of mapped classes, all of one score.
    best = found.results[0].best
    assert best is not None
    assert (best.precision, best.recall) == (0.5, 0.4)
    files = desk.files
    desks.leave("me")
    assert files is not None
    assert not files.exists()
    assert not Path(shapes).exists()
    assert list((services.settings.models_dir / ".evaluations").rglob("good.jsonl"))


def test_images_with_their_json_need_no_zip(desks: Desks, tmp_path: Path) -> None:
    made = world(tmp_path / "loose", 2)
    files = [str(made.write()), *map(str, sorted((made.folder / "images").iterdir()))]
    assert opened(desks, *files).failure is None
    dataset = desks.of("me").dataset
    assert dataset is not None
    assert (len(dataset.images), list(dataset.findings)) == (2, [])


def test_what_cannot_be_opened_is_said(desks: Desks, shapes: str, tmp_path: Path) -> None:
    text = tmp_path / "text.zip"
    text.write_text("no zip")
    for uploads, sentence in (
        ((), "There is no data set yet"),
        ((str(tmp_path / "gone.zip"),), "not there any more"),
        ((str(text),), "is not a zip file that can be read"),
    ):
        view = opened(desks, *uploads)
        assert sentence in (view.failure or "")
        assert desks.of("me").dataset is None
    (tmp_path / "a").mkdir()
    twin = tmp_path / "a" / "shapes.zip"
    twin.write_bytes(Path(shapes).read_bytes())
    assert "Two files are named" in (opened(desks, shapes, str(twin)).failure or "")


def test_a_data_set_has_a_largest_size(services: Services, shapes: str, tmp_path: Path) -> None:
    small = services.settings.model_copy(update={"max_dataset": 1000})
    view = opened(Desks(small, tmp_path / "cache"), shapes)
    assert "at most 0 MB are accepted" in (view.failure or "")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"models": ()}, "No model is ticked"),
        ({"models": ("cats",)}, "cats has no class that is named as a category"),
        ({"models": ("nope",)}, "There is no model named “nope”"),
        ({"limit": -3}, "Images: expected a whole number"),
    ],
)
def test_what_cannot_be_evaluated_is_said(
    services: Services, desks: Desks, shapes: str, changes: dict[str, Any], sentence: str
) -> None:
    assert "There is no data set yet" in (run(services, desks).failure or "")
    opened(desks, shapes)
    view = run(services, desks, replace(FORM, **changes))
    assert sentence in (view.failure or "")
    assert not view.busy


def test_a_stop_shows_what_is_there_and_the_next_run_goes_on(
    services: Services, desks: Desks, shapes: str
) -> None:
    opened(desks, shapes)
    jobs, seen = Jobs(), []
    for view in evaluate_run.run(services, desks, jobs, replace(FORM, models=("slow",)), "me"):
        seen.append(view)
        if "3 of 4 images" in view.progress:
            jobs.stop("me")
    assert "1 model on 3 of 4 images · stopped" in seen[-1].progress
    found = desks.of("me").evaluation
    assert found is not None
    assert int(found.images.sum()) == 3
    folder = desks.of("me").predictions
    assert folder is not None
    lines = (folder / "slow.jsonl").read_text().splitlines()
    assert sum(line.startswith('{"image"') for line in lines) == 3
    # With as many images as are there nothing is left to run but the latency, not a minute each.
    (services.settings.model_folders[3] / "fake.json").write_text("{}")
    view = run(services, desks, replace(FORM, models=("slow",), limit=3))
    found = desks.of("me").evaluation
    assert found is not None
    assert found.failures == {}
    assert "1 model on 3 of 4" in view.progress


def test_a_newer_upload_ends_the_run_before_it(
    services: Services, desks: Desks, shapes: str, tmp_path: Path
) -> None:
    opened(desks, shapes)
    other = data_set_zip(tmp_path / "second", 1)
    jobs, seen = Jobs(), []
    for view in evaluate_run.run(services, desks, jobs, replace(FORM, models=("slow",)), "me"):
        seen.append(view)
        if "3 of 4 images" in view.progress:
            list(evaluate_run.open_upload(desks, jobs, [str(other)], "me"))
    assert seen[-1].failure is None
    assert desks.of("me").evaluation is None
    assert len(desks.of("me").dataset.images) == 1  # type: ignore[union-attr]


def test_two_visitors_with_one_data_set_are_kept_apart(
    services: Services, desks: Desks, shapes: str, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.zip"
    copy.write_bytes(Path(shapes).read_bytes())
    opened(desks, shapes)
    opened(desks, str(copy), session="you")
    mine, yours = desks.of("me").predictions, desks.of("you").predictions
    assert mine != yours
    assert run(services, desks).failure is None
    assert run(services, desks, session="you").failure is None
    desks.leave("you")
    desks.leave("me")
    again = data_set_zip(tmp_path / "again")
    opened(desks, str(again))
    assert desks.of("me").predictions == mine


def test_old_predictions_are_forgotten(services: Services, desks: Desks, shapes: str) -> None:
    root = services.settings.models_dir / ".evaluations"
    for number in range(MOST_KEPT + 3):
        (root / str(number)).mkdir(parents=True)
    opened(desks, shapes)
    assert len(list(root.iterdir())) == MOST_KEPT + 1


def test_a_changed_mapping_needs_no_new_run(services: Services, desks: Desks, shapes: str) -> None:
    opened(desks, shapes)
    desk, jobs = desks.of("me"), Jobs()
    run(services, desks)
    before = desk.evaluation
    assert before is not None
    assert "1 of 3 have no class" in figures.mapping_html(before.results[0].mapping)
    desk.change_mapping(services.segmenter, "good", "vehicle", ["blue"])
    views = list(evaluate_run.rescore(desks, jobs, "me"))
    assert views[-1].scored
    after = desk.evaluation
    assert after is not None
    assert after.results[0].by_class()[2].ap == pytest.approx(1)
    assert before.results[0].by_class()[2].ap == 0
    assert "by hand" in figures.mapping_html(after.results[0].mapping)
    with pytest.raises(InputError, match="no class “bleu”"):
        desk.change_mapping(services.segmenter, "good", "vehicle", ["bleu"])
    with pytest.raises(InputError, match="stand for both"):
        desk.change_mapping(services.segmenter, "good", "red", ["blue"])
    assert desk.changes == {"good": {"vehicle": ["blue"]}}


def test_a_model_without_a_common_name_is_mapped_by_hand(
    services: Services, desks: Desks, shapes: str
) -> None:
    opened(desks, shapes)
    desks.of("me").change_mapping(services.segmenter, "cats", "red", ["cat"])
    assert run(services, desks, replace(FORM, models=("cats",))).failure is None


@pytest.fixture
def evaluated(services: Services, desks: Desks, shapes: str) -> Desks:
    opened(desks, shapes)
    run(services, desks, replace(FORM, models=("good", "other", "bad")))
    return desks


def test_tables_say_what_they_stand_on(evaluated: Desks) -> None:
    found = evaluated.of("me").evaluation
    assert found is not None
    html = figures.figures_html(found, "mask")
    for words in (
        "AP75, %",
        "n = 4 of 4 images, 20 objects",
        "scores from 0.001; fake on CPU, 1 thread, opencv",
        "50.0",
    ):
        assert words in html
    assert "&lt;script&gt;" in html
    assert EVIL not in html
    assert "Boundary IoU" in figures.figures_html(found, "boundary")
    assert "scores from 0.001, at most 100" in figures.context_html(found)
    assert "ECCV 2020" in figures.errors_html(found)
    assert "ICML 2017" in figures.calibration_html(found)
    assert "Nothing was evaluated yet" in figures.figures_html(None, "mask")
    only_boxes = replace(found, kinds=("mask", "box"))
    assert "was left out" in figures.figures_html(only_boxes, "boundary")


def test_the_threshold_of_the_best_f1_can_be_put_in_use(
    services: Services, evaluated: Desks
) -> None:
    found = evaluated.of("me").evaluation
    assert found is not None
    least = thresholds.threshold_of(found, "good", services.settings)
    assert least == threshold_in_use(found.results[0]) == 0.99
    low = services.settings.model_copy(update={"floor": 0.995})
    assert thresholds.threshold_of(found, "good", low) == 0.995
    for model in ("bad", None, EVIL):
        with pytest.raises(InputError, match="was not evaluated"):
            thresholds.threshold_of(found, model, services.settings)
    with pytest.raises(InputError, match="was not evaluated"):
        thresholds.threshold_of(None, "good", services.settings)


def test_the_sheet_has_all_that_decides_and_leads_on(evaluated: Desks) -> None:
    found = evaluated.of("me").evaluation
    assert found is not None
    value = sheet_value(decision.verdict_within(found, None, None), {"good": 0.99, "other": 0.4})
    titles = [column["title"] for column in value["columns"]]
    assert titles == ["Model", "Accuracy, %", "Known by", "Latency, ms", "Size, MB", "Memory, MB",
                      "Best F1 at", "Verdict"]  # fmt: skip
    rows = {row["model"]: row for row in value["rows"]}
    assert set(rows) == {"good", "other", "bad"}
    good = {column["name"]: cell for column, cell in zip(value["columns"], rows["good"]["cells"],
                                                         strict=True)}  # fmt: skip
    assert good["ap"]["value"] == pytest.approx(found.results[0].summary().ap)
    assert good["ms"]["value"] == found.latencies["good"].median
    assert "n = 5" in good["ms"]["below"]
    assert (good["kind"]["text"], rows["good"]["use"]) == ("measured", 0.99)
    assert (rows["bad"]["kind"], rows["bad"]["use"]) == ("out", None), "nothing leads from it"
    assert EVIL in rows["bad"]["cells"][-1]["text"], "set as text by the page"
    json.dumps(value, allow_nan=False)


def test_limits_are_sliders_whose_right_end_is_none(evaluated: Desks) -> None:
    found = evaluated.of("me").evaluation
    assert found is not None
    assert decision.slider_end([12.34, 3]) == (12.4, 0.1)
    assert decision.slider_end([]) == (1.0, 0.01)
    end, step = decision.slider_end([one.size_mb for one in found.latencies.values()])
    free = decision.verdict_within(found, 1e6, end)
    assert free.limits == Limits()
    assert set(free.ruled_out) == {"bad"}
    tight = decision.verdict_within(found, None, step / 100)
    assert set(tight.ruled_out) == {"good", "other", "bad"}
    assert f"within {step / 100:g} MB" in verdict_words(tight).headline
    for wrong in (-1, "fast", True, float("nan")):
        assert "must be a number above 0" in decision.verdict_within(found, wrong, None).fault


def test_a_models_failures_are_of_the_kind_that_it_has_most(evaluated: Desks) -> None:
    found = evaluated.of("me").evaluation
    assert found is not None
    # Of 20 objects 8 are found, by 16 predictions: 8 are wrong, 12 objects are missed.
    assert pictures.failures_of(found.results[0]) == ("not found", found.results[0].threshold)
    assert pictures.failures_of(None) == ("false positive", 0.0)


def test_latencies_are_measured_again_and_all_else_stays(
    services: Services, evaluated: Desks
) -> None:
    desk = evaluated.of("me")
    before = desk.evaluation
    assert before is not None
    view = list(evaluate_run.measured_again(services, evaluated, Jobs(), "me"))[-1]
    after = desk.evaluation
    assert after is not None
    assert view.scored
    assert "easured again" in view.progress
    assert after.results == before.results
    (session,) = {one.session for one in after.latencies.values()}
    assert session not in {one.session for one in before.latencies.values()}
    nobody = list(evaluate_run.measured_again(services, evaluated, Jobs(), "you"))[-1]
    assert "nothing to measure yet" in (nobody.failure or "")


def test_what_was_measured_is_told_to_the_other_views(evaluated: Desks) -> None:
    desk = evaluated.of("me")
    assert desk.evaluation is not None
    known = desk.accuracies()
    assert set(known) == {"good", "other"}
    assert known["good"].value == pytest.approx(desk.evaluation.results[0].summary().ap)
    assert (known["good"].kind, known["good"].n) == ("measured", 4)
    desk.example = Origin(datetime(2026, 11, 27, tzinfo=UTC), {"cpu": "A machine", "cores": 2})
    assert desk.accuracies() == {}, "the example's pictures are not the visitor's"
    assert evaluated.of("you").accuracies() == {}


def test_every_count_leads_to_as_many_pictures(evaluated: Desks) -> None:
    found = evaluated.of("me").evaluation
    assert found is not None
    result = found.results[0]
    html = (
        figures.errors_html(found)
        + figures.classes_html(result, "mask")
        + figures.confusion_html(result)
    )
    buttons = html.split('<button class="figure-link" ')[1:]
    assert len(buttons) > 8
    for button in buttons:
        words = dict(part.split("=", 1) for part in button.split(">")[0].split('" ') if "=" in part)
        told = {name: value.strip('"') for name, value in words.items()}
        category = int(told["data-category"]) if "data-category" in told else None
        asked = Asked(told["data-kind"], float(told["data-score"]), category)
        count = int(button.split(">")[1].split("<")[0])
        assert cases.page_of(result, asked, 0).total == count, button


def test_a_case_is_shown_with_its_truth(
    services: Services, evaluated: Desks, tmp_path: Path
) -> None:
    desk = evaluated.of("me")
    assert desk.evaluation is not None
    assert desk.files is not None
    result = desk.evaluation.results[0]
    page = cases.page_of(result, Asked("classification", 0.0), 0)
    assert page.total == 4
    case = page.cases[1]
    html = cases.gallery_html(result, page, 1, services.settings)
    assert html.count("data:image/jpeg") == 4
    assert html.count('aria-pressed="true"') == 1
    assert "Case 2 of 4" in cases.caption_html(result, page, 1)
    counts = {}
    for _, show in cases.SHOWS:
        value = cases.viewer_of(result, case, show, services.settings, desk.files)
        assert value["prediction"] is not None
        rows = value["prediction"]["instances"]
        counts[show] = [sum("outline" not in row for row in rows),
                        sum("outline" in row for row in rows)]  # fmt: skip
    assert counts == {"case": [1, 1], "both": [5, 5], "found": [5, 0], "truth": [0, 5]}
    assert value["image"] is not None
    assert list(desk.files.rglob("photo.jpg"))


def test_a_case_that_is_not_there_is_said(services: Services, evaluated: Desks) -> None:
    found = evaluated.of("me").evaluation
    assert found is not None
    result = found.results[0]
    page = cases.page_of(result, Asked("duplicate", 0.0), 0)
    assert "no such case" in cases.gallery_html(result, page, 0, services.settings)
    for kind, category in (("nope", None), ("confusion:1", None), ("confusion:0:99", None),
                           ("correct", 99)):  # fmt: skip
        with pytest.raises(InputError):
            cases.page_of(result, Asked(kind, 0.0, category), 0)
    assert "Confused: red found as Green" in [words for words, _ in cases.kinds_of(result)]


def test_charts(evaluated: Desks) -> None:
    found = evaluated.of("me").evaluation
    assert found is not None
    for chart in (charts.precision_recall, charts.f1_over_threshold):
        names = {trace.name for trace in figure(chart(found)).data if trace.name}
        assert names == {"good", "other"}
    bars = figure(charts.errors(found))
    assert [trace.name for trace in bars.data] == [name for name, _ in ERRORS]
    assert bars.data[0].x[0] == pytest.approx(
        100 * found.results[0].errors.kinds["classification"].ap
    )
    assert len(figure(charts.calibration(found)).data) == 3
    grid = figure(charts.confused(found.results[0])).data[0]
    assert list(grid.x) == ["red", "Green", "vehicle", "(not found)"]
    assert grid.text[0][1] == "4"


def test_export(services: Services, evaluated: Desks) -> None:
    desk = evaluated.of("me")
    report = export(desk, "json", None, services.settings)
    assert report.name == "shapes-evaluation.json"
    assert json.loads(report.read_bytes())["dataset"]["images_evaluated"] == 4
    assert b"<svg" in export(desk, "html", None, services.settings).read_bytes()
    # What is saved is the verdict that is on the page: within the limits of the sliders.
    tight = (None, 1e-6)
    within = json.loads(export(desk, "json", None, services.settings, tight).read_bytes())
    on_page = verdict_json(decision.verdict_within(desk.evaluation, *tight))
    assert within["verdict"] == json.loads(json.dumps(on_page))
    assert within["verdict"] != json.loads(report.read_bytes())["verdict"]
    with pytest.raises(InputError, match="must be a number above 0"):
        export(desk, "html", None, services.settings, (-1, None))
    rows = json.loads(export(desk, "predictions", "other", services.settings).read_text())
    assert len(rows) == 16
    assert set(rows[0]) == {"image_id", "category_id", "bbox", "score", "segmentation"}
    desk.put_away()
    with pytest.raises(InputError, match="A run is under way"):
        export(desk, "predictions", None, services.settings)
    desk.evaluation = None
    with pytest.raises(InputError, match="nothing to save"):
        export(desk, "json", None, services.settings)


def test_opening_can_be_cancelled(desks: Desks, shapes: str) -> None:
    with pytest.raises(Cancelled):
        desks.take("me", [shapes], Watch(cancelled=lambda: True, _every=1))
    assert desks.of("me").files is None


def test_leaving_ends_the_run_and_removes_the_files(
    services: Services, desks: Desks, shapes: str
) -> None:
    opened(desks, shapes)
    files, jobs = desks.of("me").files, Jobs()
    running = evaluate_run.run(services, desks, jobs, replace(FORM, models=("slow",)), "me")
    while "3 of 4 images" not in next(running).progress:
        pass
    jobs.stop("me")
    running.close()
    desks.leave("me")
    assert files is not None
    assert not files.exists()


def test_another_server_on_the_same_folder_is_not_in_the_way(
    services: Services, evaluated: Desks, shapes: str, tmp_path: Path
) -> None:
    """The first one's evaluation holds its predictions as long as it is looked at."""
    desks_elsewhere = Desks(services.settings, tmp_path / "cache-elsewhere")
    first = evaluated.of("me").predictions
    desks_elsewhere.take("you", [shapes], Watch())
    second = desks_elsewhere.of("you").predictions
    assert first is not None
    assert second is not None
    assert second.name == f"{first.name}-2"
    desks_elsewhere.leave("you")
