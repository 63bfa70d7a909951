#!/usr/bin/env bash
# Gradio 6.31.0: a generator that ends without a value empties its outputs.
#
# An event of a page is a generator that finds nothing to do and ends before its first yield, as it
# may where the same work is under way already. Expected: as with a generator that yields and then
# ends, the outputs keep what was last set. Seen: the event's only message, `process_completed` with
# success, carries null for every output, and the browser empties them, over what other events have
# shown. `return` before the first yield, or an empty loop, is enough.
#
# Workaround: yield updates without values first, or return them from `Blocks.postprocess_data` where
# all predictions stand for the end of a generator.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet gradio==6.31.0 httpx
cat >"$folder/page.py" <<'PY'
import json

import gradio as gr
import httpx


def nothing():
    yield from ()


with gr.Blocks() as page:
    button, text, number = gr.Button(), gr.Textbox("as it was"), gr.Number(1)
    button.click(nothing, None, [text, number])
page.queue()
_, address, _ = page.launch(prevent_thread_lock=True, quiet=True)
client = httpx.Client(base_url=f"{address}gradio_api", timeout=30)
call = {"data": [], "fn_index": 0, "session_hash": "visitor", "trigger_id": 1}
client.post("/queue/join", json=call).raise_for_status()
told = []
with client.stream("GET", "/queue/data", params={"session_hash": "visitor"}) as stream:
    for line in stream.iter_lines():
        if line.startswith("data:"):
            message = json.loads(line.removeprefix("data:"))
            if message["msg"] in ("process_generating", "process_completed"):
                told.append((message["msg"], message["success"], message["output"]["data"]))
page.close()
print(gr.__version__, told)
assert told == [("process_completed", True, [None, None])], told
PY
GRADIO_ANALYTICS_ENABLED=False "$folder/venv/bin/python" "$folder/page.py"
echo "seen as described"
