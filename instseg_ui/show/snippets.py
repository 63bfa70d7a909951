"""The code that runs a chosen model: on the command line, in Python, over HTTP."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

PHOTO = "photo.jpg"
OUTPUT = "./output"


@dataclass(frozen=True, slots=True)
class Snippets:
    """The same run three times: a shell command, a Python script, a request by curl."""

    shell: str
    python: str
    curl: str


def snippets(
    model: str, threshold: float, address: str = "http://127.0.0.1:7860", engine: str = ""
) -> Snippets:
    """The code that finds in `photo.jpg` what `model` finds at `threshold`.

    Args:
        model: a name of the catalog; quoted, whatever it holds.
        threshold: lowest score kept, 0..1.
        address: where the HTTP interface is served; it runs what the server is set to.
        engine: what runs the model, one of `engines.MODES`; empty leaves it to the setting.
    """
    score = f"{threshold:.4g}"
    return Snippets(
        _shell(model, score, engine),
        _python(model, score, engine),
        _curl(model, score, address),
    )


def _shell(model: str, score: str, engine: str) -> str:
    chosen = f" --engine {shlex.quote(engine)}" if engine else ""
    return (
        f"instseg predict --model {shlex.quote(model)} --input {PHOTO} "
        f"--threshold {score} --save_path {OUTPUT}{chosen}"
    )


def _python(model: str, score: str, engine: str) -> str:
    # A letter beyond 16 bits would be escaped in two halves, which Python does not join.
    given = f"model={json.dumps(model, ensure_ascii=False)}" + (
        f", engine={json.dumps(engine)}" if engine else ""
    )
    return f"""\
from instseg_ui import create_pipeline

with create_pipeline({given}) as pipeline:
    for result in pipeline.predict({json.dumps(PHOTO)}, threshold={score}):
        result.print()
        result.save_to_img({json.dumps(OUTPUT)})
        result.save_to_json({json.dumps(OUTPUT)})
"""


def _curl(model: str, score: str, address: str) -> str:
    fields = f'"model": {json.dumps(model)}, "threshold": {score}'
    url = shlex.quote(f"{address.rstrip('/')}/instance-segmentation")
    return f"""\
{{ printf {shlex.quote('{"image": "')}; base64 < {PHOTO} | tr -d '\\n'; \\
  printf '%s' {shlex.quote(f'", {fields}}}')}; }} |
curl --fail-with-body --silent --show-error {url} \\
  --header 'Content-Type: application/json' --data-binary @-
"""
