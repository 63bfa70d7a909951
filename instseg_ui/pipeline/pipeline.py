"""`create_pipeline` and what it returns."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Self

from instseg_ui.catalog import ModelSpec
from instseg_ui.exports.names import Names
from instseg_ui.images.sources import Source, read_sources
from instseg_ui.pipeline.choice import (
    PADDLEX_DEFAULT,
    choose_engine,
    choose_model,
    read_device,
)
from instseg_ui.pipeline.config import NAME, Given, read_config
from instseg_ui.pipeline.result import Result, file_stem
from instseg_ui.results import check_threshold
from instseg_ui.segmenter import Segmenter
from instseg_ui.settings import Settings
from instseg_ui.variables import read_settings
from instseg_ui.weights import FetchProgress, ModelState, WeightsStore
from instseg_ui.workers.worker import Loaded, OnStage

log = logging.getLogger(__name__)

OnNote = Callable[[str], None]


def create_pipeline(
    pipeline: Given | None = NAME,
    *,
    config: Mapping[str, Any] | Given | None = None,
    device: str | None = None,
    engine: str | None = None,
    use_hpip: bool | None = None,
    hpi_config: Mapping[str, Any] | None = None,
    model: str | os.PathLike[str] | None = None,
    settings: Settings | None = None,
    on_note: OnNote = log.warning,
    progress: FetchProgress | None = None,
) -> Pipeline:
    """A loaded model that segments pictures, called as PaddleX's function of this name is.

    An official model that is not on this machine is fetched first.

    Args:
        pipeline: `instance_segmentation`, or the path of a PaddleX pipeline file.
        config: a pipeline's configuration, or the path of one; goes before `pipeline`.
        device: `cpu`, `gpu`, `gpu:0` or several as `gpu:0,1`; None is the setting's.
        engine: one of `instseg_ui.engines.MODES`; None leaves it to `use_hpip`.
        use_hpip: high-performance mode, the same as `engine="high_performance"`. A model's first
            use converts it, holds it against Paddle and times the engines; `on_note` is told.
        hpi_config: `{"backend": "onnxruntime"}` asks for that engine; nothing else is read.
        model: a name of the catalog or a model folder; goes before the configuration's.
        settings: None reads the environment.
        on_note: told what the user should know, in sentences; by default a warning in the log.
        progress: told the bytes of a fetch.

    Raises:
        InputError: an argument that cannot be used, an unknown model.
        ModelError: the model cannot be fetched or loaded.
    """
    wanted = read_config(pipeline, config)
    settings = settings or read_settings()
    settings = _with_engine(settings, choose_engine(engine, use_hpip, hpi_config, wanted))
    if device is not None:
        settings = settings.model_copy(update={"device": read_device(device)})
    spec, settings = choose_model(model, wanted, settings)
    if not (model or wanted.model_dir or wanted.model_name) and spec.id != PADDLEX_DEFAULT:
        on_note(f"{spec.id} runs, the default model here. PaddleX's own is {PADDLEX_DEFAULT}.")
    _make_ready(spec, settings, on_note, progress)
    return Pipeline(spec, settings, wanted.threshold, on_note)


class Pipeline:
    """One loaded model. Its process ends with `close`, with a `with` block, or with Python.

    Attributes:
        model: its name in the catalog.
        threshold: lowest score reported when `predict` names none.
        loaded: what loading took and which engine runs.
    """

    def __init__(
        self,
        spec: ModelSpec,
        settings: Settings,
        threshold: float | None = None,
        on_note: OnNote = log.warning,
    ) -> None:
        """Load the model; `threshold` None is the one of its folder.

        `on_note` hears what is done for high-performance mode, where it takes long.

        Raises:
            ModelError: it cannot be loaded.
        """
        self.model = spec.id
        # Whoever runs a picture twice wants it run twice: nothing is remembered.
        self._settings = settings.model_copy(update={"cache_predictions": 0})
        facts = WeightsStore(settings).folder(spec)
        self.threshold = facts.draw_threshold if threshold is None else threshold
        self._on_note = on_note
        self._segmenter, self.loaded = self._open(min(settings.floor, self.threshold))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def predict(self, input: object, threshold: float | None = None) -> Iterator[Result]:
        """Segment every picture of `input`, each when its result is asked for.

        Args:
            input: see `instseg_ui.images.sources.read_sources`.
            threshold: lowest score reported, 0..1; None is the pipeline's.

        Raises:
            InputError: at once for a threshold; in its turn for a picture that cannot be used.
            WorkerError: in its turn, the model failed on a picture.
        """
        limit = self._limit(threshold)
        return self._results(input, limit)

    __call__ = predict

    def segment(
        self, source: Source, threshold: float | None = None, stem: str | None = None
    ) -> Result:
        """The result of one picture; `stem` names its files. Raises as `predict`."""
        limit = self._limit(threshold)
        if limit < self._segmenter.settings.floor:
            self.close()
            self._segmenter, self.loaded = self._open(limit)
        prediction = self._segmenter.segment(source.get(), self.model)
        return Result(source, prediction.at(limit), stem)

    def close(self) -> None:
        """End the model's process and give its memory back."""
        self._finalizer()

    def _results(self, given: object, limit: float) -> Iterator[Result]:
        names = Names()
        for source in read_sources(given, self._settings):
            yield self.segment(source, limit, names.unique(file_stem(source)))

    def _limit(self, threshold: float | None) -> float:
        return self.threshold if threshold is None else check_threshold(threshold)

    def _open(self, floor: float) -> tuple[Segmenter, Loaded]:
        segmenter = Segmenter(self._settings.model_copy(update={"floor": floor}))
        # Runs at the latest when Python ends, and holds no reference to this object.
        self._finalizer = weakref.finalize(self, segmenter.close)
        try:
            return segmenter, segmenter.load(self.model, on_stage=_long_stages(self._on_note))
        except BaseException:
            self._finalizer()
            raise


def _make_ready(
    spec: ModelSpec, settings: Settings, on_note: OnNote, progress: FetchProgress | None
) -> None:
    """Fetch what is missing. What is broken stays as it is: loading it says what to do."""
    store = WeightsStore(settings)
    if store.state(spec) is ModelState.NOT_FETCHED:
        plan = store.plan(spec)
        if plan.action == "fetch":
            on_note(plan.reason)
        store.fetch(spec, progress)


def _with_engine(settings: Settings, engine: str | None) -> Settings:
    return settings if engine is None else settings.model_copy(update={"engine": engine})


def _long_stages(on_note: OnNote) -> OnStage:
    """Tell of the stages that a first use in high-performance mode takes, each once."""
    told: set[str] = set()

    def tell(stage: str) -> None:
        what = stage.partition(" (")[0]
        if stage not in ("loading", "warming up", "running") and what not in told:
            told.add(what)
            on_note(f"Preparing high-performance mode, once: {what}.")

    return tell
