"""PaddleX's side, in a process of its own: `python -m performance.paddlex_process`.

Reads a JSON request a line, answers with a JSON line after `ANSWER`; whatever else PaddleX
prints is not an answer. Nothing of this product runs here.
"""

from __future__ import annotations

import json
import sys
from time import perf_counter
from typing import Any

import psutil

ANSWER = "ANSWER "


class Side:
    """One PaddleX model at a time."""

    def __init__(self) -> None:
        self._model: Any = None

    def load(self, folder: str, model_name: str, threads: int) -> dict[str, Any]:
        """Load a folder with PaddleX's own defaults but for the threads."""
        import paddlex

        self._model = None
        self._model = paddlex.create_model(
            model_name=model_name, model_dir=folder, engine_config={"cpu_threads": threads}
        )
        config = self._model.runner._config
        return {"run_mode": config["run_mode"], "threads": config["cpu_threads"]}

    def run(self, image: str, threshold: float, jpeg: str, text: str) -> dict[str, Any]:
        """Predict and save both files; an empty name saves none. Milliseconds by stage."""
        start = perf_counter()
        result = next(iter(self._model.predict(image, threshold=threshold)))
        found = perf_counter()
        if jpeg:
            result.save_to_img(jpeg)
        drawn = perf_counter()
        if text:
            result.save_to_json(text)
        end = perf_counter()
        stages = {"total": end - start, "predict": found - start}
        stages |= {"draw": drawn - found, "json": end - drawn}
        rss = psutil.Process().memory_info().rss / 1e6
        return {
            "stages": {name: seconds * 1e3 for name, seconds in stages.items()},
            "instances": len(result["boxes"]),
            "rss_mb": rss,
        }


def main() -> None:
    side = Side()
    for line in sys.stdin:
        request = json.loads(line)
        verb = side.load if request.pop("verb") == "load" else side.run
        try:
            answer = verb(**request)
        except Exception as error:  # noqa: BLE001 - what PaddleX raises is a result of the run
            answer = {"error": f"{type(error).__name__}: {error}"[:200]}
        print(ANSWER + json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
