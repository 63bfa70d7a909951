"""Nobody waits for imports that are not theirs: health, figures and other models' runs go on."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
    import json, sys, threading, time
    from pathlib import Path

    sys.path[:0] = [ROOT, WORK]
    import numpy as np
    from starlette.testclient import TestClient
    from instseg_ui import engines
    from instseg_ui.api import create_app
    from instseg_ui.images import from_array
    from instseg_ui.segmenter import Segmenter
    from instseg_ui.settings import Settings
    from instseg_ui.workers import server
    from tests.unit.factories import model_folder

    work = Path(WORK)
    (work / "slow_preload.py").write_text(
        "import time, pathlib\\nopen(%r, 'w').close()\\n"
        "while not pathlib.Path(%r).exists(): time.sleep(0.02)\\n"
        % (str(work / "importing"), str(work / "go on")))
    server.PRELOADED = ("slow_preload",)
    folders = tuple(model_folder(work / name) for name in ("ready", "waits", "fresh"))
    settings = Settings(models_dir=work / "models", model_folders=folders, fake_engine=True,
                        default_model="ready", threads=1)
    image = from_array(np.zeros((60, 80, 3), np.uint8), settings)
    longest = {}

    def timed(name, what):
        start = time.perf_counter()
        what()
        longest[name] = max(longest.get(name, 0), time.perf_counter() - start)

    with Segmenter(settings) as segmenter, TestClient(create_app(segmenter)) as client:
        engines.CONVERTED = ("fake",)  # a worker that needs no fork
        segmenter.load("ready")
        server.start()
        while not (work / "importing").exists():
            time.sleep(0.02)
        engines.CONVERTED = ()
        loading = threading.Thread(target=segmenter.load, args=["waits"])
        loading.start()
        time.sleep(0.3)
        engines.CONVERTED = ("fake",)
        for _ in range(5):
            timed("health", lambda: client.get("/health").raise_for_status())
            timed("metrics", lambda: client.get("/metrics").raise_for_status())
            timed("models", lambda: client.get("/models").raise_for_status())
            timed("loaded", segmenter.loaded)
            pixels = np.random.default_rng().integers(0, 9, (60, 80, 3)).astype(np.uint8)
            timed("run", lambda: segmenter.segment(from_array(pixels, settings), "ready"))
        segmenter.load("fresh")
        waited = loading.is_alive()
        (work / "go on").touch()
        loading.join(60)
        print(json.dumps({"waited": waited, "came": sorted(segmenter.loaded()), "s": longest}))
"""


def test_health_figures_and_other_models_answer_while_the_first_one_waits_for_imports(
    tmp_path: Path,
) -> None:
    text = textwrap.dedent(SCRIPT)
    file = tmp_path / "script.py"
    file.write_text(f"ROOT, WORK = {str(ROOT)!r}, {str(tmp_path)!r}\n{text}", "utf-8")
    done = subprocess.run(
        [sys.executable, str(file)], capture_output=True, text=True, timeout=240, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["waited"], "the model whose imports are missing waits for them, and it alone"
    assert said["came"] == ["fresh", "ready", "waits"]
    # The imports go on until all of these are answered, so that any bound shows that none waited.
    assert max(said["s"].values()) < 5, said["s"]
