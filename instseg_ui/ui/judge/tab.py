"""Judge: answers about single objects, and what they say of the models."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from instseg_ui.errors import Cancelled, InputError, InstSegError
from instseg_ui.judge.export import to_coco
from instseg_ui.numbers import plural
from instseg_ui.show.html import alert, markup, notes, nothing, progress, scrolled, summary
from instseg_ui.show.judgement import brief_table, decided, gone_words, progress_words
from instseg_ui.show.tables import table_html
from instseg_ui.ui import link
from instseg_ui.ui.judge import desk as judge_desk
from instseg_ui.ui.judge.desk import JudgeDesk, JudgeDesks
from instseg_ui.ui.judge.judge_view import JudgeView, judge_value
from instseg_ui.ui.shared import high_performance, history
from instseg_ui.ui.shared.events import OWN, on_return, said, save_script, session_of, told
from instseg_ui.ui.shared.jobs import Done, Report, follow
from instseg_ui.ui.shared.services import Services
from instseg_ui.ui.workbench.panel import Workbench
from instseg_ui.ui.workbench.tray import TrayPhoto

HINT = summary(
    "Which model is best on your photos, without annotations: answer a few dozen questions with "
    "one key each."
)
_NOTES = (
    "Best: the chance of the highest F1 on photos like these. Below a figure its 95 % interval.",
    "Click on the photo where an object lies that no outline marks.",
)
_QUEUE: dict[str, Any] = {"concurrency_id": "judge", "concurrency_limit": 4}


@dataclass(frozen=True)
class JudgeParts:
    """The tab's components; `teach` is None where models are not taught."""

    go: gr.Button
    stop: gr.Button
    progress: gr.HTML
    view: JudgeView
    known: gr.HTML
    teach: gr.Button | None
    save: gr.Button
    file: gr.DownloadButton

    @property
    def taking(self) -> list[gr.Button]:
        """What takes the answers further; shown as soon as there are any."""
        return [one for one in (self.teach, self.save) if one is not None]


@dataclass(frozen=True)
class JudgedAnswers:
    """What a visitor's answers are taken on by; `teach` asks to teach a model from them."""

    desks: JudgeDesks
    teach: gr.Button | None


def judge_tab(services: Services, bench: Workbench) -> JudgedAnswers:
    """Lay the tab out and connect it."""
    parts = _layout(services)
    desks = JudgeDesks(services.settings.models_dir, services.visits)
    services.visits.on_end(desks.leave)
    services.accuracies.tell("answers", lambda session: desks.of(session).accuracies())
    _connect_beginning(services, bench, desks, parts)
    _connect_answers(services, desks, parts)
    _connect_files(desks, parts)
    return JudgedAnswers(desks, parts.teach)


def _layout(services: Services) -> JudgeParts:
    with gr.Row(elem_classes="actions", equal_height=True):
        go = gr.Button("Begin judging", variant="primary", elem_id="judge-go")
        stop = gr.Button("Stop", visible=False, elem_id="judge-stop")
        progress = gr.HTML(HINT, elem_id="judge-progress")
        teach = (
            gr.Button(
                "Teach a model from these answers",
                size="sm",
                visible=False,
                elem_id="judge-teach",
            )
            if services.settings.may_train
            else None
        )
        save = gr.Button("Save answers (COCO)", size="sm", visible=False, elem_id="judge-save")
    with gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=320):
            view = JudgeView(elem_id="judge-view")
        with gr.Column(scale=2, min_width=320):
            known = gr.HTML(nothing(judge_desk.NOTHING), elem_id="judge-known")
    file = gr.DownloadButton(visible="hidden", elem_id="judge-file")
    return JudgeParts(go, stop, progress, view, known, teach, save, file)


def _connect_beginning(
    services: Services, bench: Workbench, desks: JudgeDesks, parts: JudgeParts
) -> None:
    jobs = services.jobs["judge"]

    def begin(ticked: list[str], wanted: bool, request: gr.Request) -> Iterator[dict[Any, Any]]:
        session = session_of(request)
        engine = high_performance.engine(services.settings, wanted)
        photos = bench.trays.of(session).photos
        looking = _look_at_photos(services, desks, parts, session, photos, ticked, engine)
        yield from jobs.share(session, looking)

    def look_on(request: gr.Request) -> Iterator[dict[Any, Any]]:
        session = session_of(request)
        desk = desks.of(session)
        with desk.work:
            shown = None if desk.judgement is None else _shown(services, desk, parts)
        if shown is not None:
            yield shown
        yield from jobs.look_on(session)

    def stop(request: gr.Request) -> None:
        jobs.stop(session_of(request))

    outputs = [parts.progress, parts.stop, parts.view, parts.known, *parts.taking]

    def anything(session: str) -> bool:
        return desks.of(session).judgement is not None or jobs.shared(session)

    on_return(anything, look_on, None, outputs)
    parts.go.click(
        begin,
        [bench.ticked, bench.high_performance],
        outputs,
        trigger_mode="multiple",
        concurrency_id="judge-runs",
        concurrency_limit=2,
        **OWN,
    )
    parts.stop.click(stop, None, None, queue=False, **OWN)


def _look_at_photos(
    services: Services,
    desks: JudgeDesks,
    parts: JudgeParts,
    session: str,
    photos: Sequence[TrayPhoto],
    models: Sequence[str],
    engine: str | None,
) -> Iterator[dict[Any, Any]]:
    """Run the models over the photos; what to show meanwhile, then the first question."""
    jobs, desk = services.jobs["judge"], desks.of(session)
    segmenter = services.segmenter.sibling(engine=engine)
    job, done, total = jobs.begin(session), [0], max(1, len(photos) * len(models))

    def work(report: Report) -> None:
        folder = desks.new_folder()
        judge_desk.start(desk, folder, photos, models, segmenter, job.stopped, done)

    try:
        for step in follow(work, job):
            if isinstance(step, Done):
                desks.keep(session)
                with desk.work:
                    shown = _shown(services, desk, parts)
                yield shown | {parts.stop: gr.update(visible=False)}
            else:
                words = f"Looking at the photos: {done[0]} of {total} runs"
                yield {
                    parts.progress: progress(words, min(1.0, done[0] / total)),
                    parts.stop: gr.update(visible=True),
                }
    except InstSegError as error:
        if not (isinstance(error, Cancelled) and job.replaced):
            yield {parts.progress: alert(told(error)), parts.stop: gr.update(visible=False)}
    finally:
        job.stopped.set()
        jobs.end(session, job)


def _connect_answers(services: Services, desks: JudgeDesks, parts: JudgeParts) -> None:
    outputs = [parts.progress, parts.view, parts.known, *parts.taking]

    def answer(event: gr.EventData, request: gr.Request) -> dict[Any, Any]:
        desk, sent = desks.of(session_of(request)), event._data
        with said(), desk.work:
            if not isinstance(sent, Mapping):
                raise InputError("The page did not say what was answered. Reload it.")
            desk.at_work().answer(sent)
            _remember(services, desk, session_of(request))
            return _shown(services, desk, parts)

    def undo(request: gr.Request) -> dict[Any, Any]:
        desk = desks.of(session_of(request))
        with said(), desk.work:
            if desk.at_work().undo() is None:
                raise InputError("There is no answer to take back.")
            return _shown(services, desk, parts)

    parts.view.submit(answer, None, outputs, trigger_mode="multiple", **_QUEUE, **OWN)
    parts.view.undo(undo, None, outputs, trigger_mode="multiple", **_QUEUE, **OWN)


def _remember(services: Services, desk: JudgeDesk, session: str) -> None:
    """Put the judgement on the visitor's list."""
    judged = desk.at_work()
    models, photos = judged.candidates.outcomes.models, plural(len(desk.photos), "photo")
    text = f"{plural(len(judged.answers), 'answer')} about {', '.join(models)} on {photos}"
    history.note(services.visits, session, "judge", text, link.query((), tab="judge"))


def _connect_files(desks: JudgeDesks, parts: JudgeParts) -> None:
    def save(request: gr.Request) -> str:
        desk = desks.of(session_of(request))
        with said(), desk.work:
            data = to_coco(desk.at_work())
        path = Path(parts.file.GRADIO_CACHE) / secrets.token_hex(20) / "judged_coco.json"
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        return str(path)

    parts.save.click(save, None, parts.file, **_QUEUE, **OWN).success(
        None, None, None, js=save_script("judge-file"), **OWN
    )


def _shown(services: Services, desk: JudgeDesk, parts: JudgeParts) -> dict[Any, Any]:
    """The next questions, and what is known."""
    # First: photos that turn out to be gone take their objects away.
    value = judge_value(desk, services.settings, Path(parts.view.GRADIO_CACHE))
    assessment = desk.at_work().assessment()
    sentence = progress_words(assessment)
    if desk.gone:
        sentence += f" · {gone_words(desk.gone)}"
    return {
        parts.progress: summary(sentence),
        parts.view: value,
        parts.known: markup(
            decided(assessment), scrolled(table_html(brief_table(assessment))), notes(*_NOTES)
        ),
        **dict.fromkeys(parts.taking, gr.update(visible=bool(desk.at_work().answers))),
    }
