#!/usr/bin/env bash
# Gradio 6.31.0: a generator's end sends its last values once more, over newer ones.
#
# Two events of one page have the same output. The first is a generator: it yields "first" and ends
# two seconds later without yielding again. Meanwhile the second one sets the output to "second".
# Expected: the browser is told "first", then "second", and the end of the first event changes
# nothing. Seen: the message `process_completed` of the first event carries "first" again, and the
# browser draws it, so that the page stays at the older value. A value of a dictionary of outputs
# that leaves one out is not concerned: only what the last yield named is sent again.
#
# Workaround: return updates without values from `Blocks.handle_streaming_diffs` when `final` is true.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet gradio==6.31.0 httpx
cat >"$folder/page.py" <<'PY'
import json
import threading
import time

import gradio as gr
import httpx


def first():
    yield "first"
    time.sleep(2)


with gr.Blocks() as page:
    button, text = gr.Button(), gr.Textbox()
    button.click(first, None, text, concurrency_limit=None)
    button.click(lambda: "second", None, text, concurrency_limit=None)
page.queue()
_, address, _ = page.launch(prevent_thread_lock=True, quiet=True)
client = httpx.Client(base_url=f"{address}gradio_api", timeout=30)


def begin(event):
    call = {"data": [], "fn_index": event, "session_hash": "visitor", "trigger_id": 1}
    client.post("/queue/join", json=call).raise_for_status()


begin(0)
threading.Timer(1, begin, [1]).start()
told = []
with client.stream("GET", "/queue/data", params={"session_hash": "visitor"}) as stream:
    for line in stream.iter_lines():
        if line.startswith("data:"):
            message = json.loads(line.removeprefix("data:"))
            if message["msg"] in ("process_generating", "process_completed"):
                told.append((message["msg"], message["output"]["data"][0]))
page.close()
print(gr.__version__, told)
seen = [
    ("process_generating", "first"),
    ("process_completed", "second"),
    ("process_completed", "first"),
]
assert told == seen, told
PY
GRADIO_ANALYTICS_ENABLED=False "$folder/venv/bin/python" "$folder/page.py"
echo "seen as described"
