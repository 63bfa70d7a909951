#!/usr/bin/env bash
# Gradio 6.31.0: every import parses the sources of all components and rewrites their type stubs.
#
# `import gradio` calls `create_or_modify_pyi` for each component class: it parses the class's source
# and the stub beside it with `ast`, renders a template, and compares. It does so whether or not the
# stub is there and equal, on every start of every process, and for the classes of the program, too,
# whose folder it writes `.pyi` files into. Seen: the function is called more than 60 times and takes
# more than a quarter of the import's time (1.1 of 3.9 s on two cores, without a profiler), with all stubs in place;
# a component in a package of ours gets a stub beside it.
#
# Workaround: replace `gradio.component_meta.create_or_modify_pyi`; for Gradio's own classes,
# `inspect.getfile` must raise OSError for them while gradio is imported, as for a class without a file.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet gradio==6.31.0
export GRADIO_ANALYTICS_ENABLED=False
"$folder/venv/bin/python" -c "import gradio"
mkdir "$folder/ours"
cat >"$folder/ours/meter.py" <<'PY'
import gradio as gr


class Meter(gr.HTML):
    """A component of ours."""
PY
cat >"$folder/measure.py" <<'PY'
import cProfile
import pstats
import sys
from pathlib import Path

profile = cProfile.Profile()
profile.enable()
import gradio

profile.disable()
rows = pstats.Stats(profile).stats
whole = sum(row[2] for row in rows.values())
calls, inside = next(
    (row[0], row[3]) for place, row in rows.items() if place[2] == "create_or_modify_pyi"
)
print(gradio.__version__, f"{calls} calls, {inside / whole:.0%} of the import's time")
assert calls > 60, calls
assert inside > whole / 4, inside / whole
sys.path.insert(0, sys.argv[1])
import meter

stub = Path(meter.__file__).with_suffix(".pyi")
print("written:", stub.name, stub.exists())
assert stub.exists()
PY
"$folder/venv/bin/python" "$folder/measure.py" "$folder/ours"
echo "seen as described"
