"""Whoever reaches the page gets no file of the server's disk, by whichever event or route.

The page runs as it is; every event of its configuration is called, listed or not, with a text file
and a picture that lie outside the upload folder in every place of the call that can hold a file.
Nothing of them may come back, and no answer may differ from that to a path where nothing is.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import httpx
import numpy as np
import pytest

from instseg_ui import images
from instseg_ui.settings import Settings
from instseg_ui.ui import uploads
from tests.browser.server import COLORS, fake_assets, fake_model, serve
from tools.test_models import make_scene

META = {"_type": "gradio.FileData"}
MARK = "nobody but the server's owner reads this 5150"
SIZE = (37, 53)
REFUSALS = (
    uploads.REFUSED,
    "The photo did not arrive. Drop it again.",
    "is not on the public internet, so it is not asked.",
    "is not of type 'string'",
)
INSIDE = "a5" * 32
FILE_TYPES = ("image", "file", "uploadbutton", "downloadbutton")
AT_ONCE = 50
SHORT = (0, 1, 2, 6, 13, 16, 19)
"""Places among `forms`: one of each sort, for events that take files as an earlier one does."""


@dataclass
class Door:
    """The running page, its events, and what lies on its disk."""

    address: str
    folder: object
    config: dict
    targets: dict[str, str]
    links: dict[str, str]
    http: httpx.Client = field(repr=False, default=None)

    @property
    def uploads(self):
        return self.folder / "uploads"

    def kinds(self, event):
        """The kind of component at each place of the event's call."""
        types = {one["id"]: one["type"] for one in self.config["components"]}
        return [types[one] for one in event["inputs"]]


@pytest.fixture(scope="module")
def door(tmp_path_factory):
    folder = tmp_path_factory.mktemp("door")
    private = folder / "private"
    private.mkdir()
    (private / "notes.txt").write_text(MARK)
    cv2.imwrite(str(private / "picture.png"), np.full((*SIZE, 3), 90, np.uint8))
    targets = {
        "text": str(private / "notes.txt"),
        "picture": str(private / "picture.png"),
        "nothing": str(private / "nothing.png"),
    }
    fake_model(folder / "models" / "Mask-RT-DETR-S")
    settings = {
        "fake_engine": 1,
        "assets": fake_assets(folder / "assets"),
        "models_dir": folder / "models",
        "models_source": folder / "archives",
        "threads": 1,
        "queue_size": 10_000,
    }
    with serve(folder, **settings) as app, httpx.Client(trust_env=False, timeout=60) as http:
        config = http.get(f"{app.address}/config").json()
        links = {name: link(folder, path) for name, path in targets.items()}
        yield Door(app.address, folder, config, targets, links, http)


def link(folder, path):
    """A link among the uploads that leads to the file."""
    place = folder / "uploads" / secrets.token_hex(32)
    place.mkdir(parents=True)
    (place / "link.png").symlink_to(path)
    return str(place / "link.png")


def forms(door, target):
    """Every way to name a file of the server that a call could take for an upload."""
    path, linked = door.targets[target], door.links[target]
    inside, name = door.uploads / INSIDE, Path(path).name
    file = {"path": path, "meta": META}
    route = f"/gradio_api/file={path}"
    return [
        file,
        path,
        {"path": path},
        {**file, "url": f"{door.address}{route}", "orig_name": "photo.png", "size": 5},
        {**file, "url": f"{door.address}/gradio_api/file={door.uploads}", "mime_type": "image/png"},
        {**file, "is_stream": True},
        [file],
        [[path], [file]],
        {"value": file, "__type__": "update"},
        {"photo": {"deep": [{"path": path}]}},
        {"path": f"file://{path}", "meta": META},
        {"path": route, "meta": META},
        {"path": f"{door.address}{route}", "meta": META},
        {"path": None, "url": route, "meta": META},
        {"path": "", "url": f"file://{path}", "meta": META},
        {"url": path},
        {"path": f"{inside}/../../private/{name}", "meta": META},
        {"path": f"{door.uploads}/../private/{name}", "meta": META},
        {"path": f"private/{name}", "meta": META},
        {"path": linked, "meta": META},
        {"path": linked},
        linked,
        {"path": f"{path}\0.png", "meta": META},
        {"path": [path], "meta": META},
    ]


@dataclass
class Call:
    """One call of an event."""

    event: dict
    data: list
    event_data: object = None
    note: object = None


def calls(door, target):
    """Calls of every event with the file at every place; of events alike the first has them all."""
    seen = set()
    every = forms(door, target)
    for event in door.config["dependencies"]:
        kinds = door.kinds(event)
        alike = (event["api_name"].rstrip("_0123456789"), *kinds)
        empty = [None] * len(kinds)
        takes_files = event["api_name"] == "add" or set(kinds) & set(FILE_TYPES)
        if not event["backend_fn"] or (target == "picture" and not takes_files):
            continue
        if alike in seen:
            yield Call(event, [every[0]] * len(kinds), every[0], "again")
            continue
        seen.add(alike)
        for place, kind in enumerate(kinds):
            some = SHORT if kind in FILE_TYPES else SHORT[:1]
            public = event["api_visibility"] == "public"
            if kind in FILE_TYPES and target != "picture" and (public or kind not in seen):
                some = range(len(every))
            seen.add(kind)
            for number in some:
                data = [*empty[:place], every[number], *empty[place + 1 :]]
                yield Call(event, data, None, (place, number))
        yield Call(event, empty, {"index": 0, "value": every[0]}, "in the event")
        if event["api_name"] == "add":
            for number, one in enumerate(every):
                sent = {"files": [one], "names": ["photo.png"]}
                yield Call(event, empty, sent, ("event", number))


def ask_queue(door, made, session=None):
    """What the queue answers to each call, in order; to one visitor, a new one if none is named."""
    session, answers, waiting = session or secrets.token_hex(8), {}, {}
    for number, call in enumerate(made):
        body = {
            "data": call.data,
            "event_data": call.event_data,
            "fn_index": call.event["id"],
            "session_hash": session,
            "trigger_id": (call.event["targets"] or [[None]])[0][0],
        }
        joined = door.http.post(f"{door.address}/gradio_api/queue/join", json=body)
        if joined.status_code == 200:
            waiting[joined.json()["event_id"]] = number
        else:
            answers[number] = joined.text
    url = f"{door.address}/gradio_api/queue/data"
    if waiting:
        with door.http.stream("GET", url, params={"session_hash": session}) as stream:
            heard = defaultdict(list)
            for line in stream.iter_lines():
                message = json.loads(line.removeprefix("data: ")) if line else {}
                number = waiting.get(message.get("event_id"))
                if number is not None and message["msg"].startswith("process_"):
                    heard[number].append(essence(message))
                if message.get("msg") == "close_stream":
                    break
        answers |= {number: json.dumps(heard[number]) for number in waiting.values()}
    return [answers[number] for number in range(len(made))]


def essence(message):
    """A message of the queue without times."""
    output = message.get("output") or {}
    kept = {name: output[name] for name in ("data", "error", "title") if name in output}
    return [message["msg"], message.get("success"), kept]


def ask_run(door, call):
    """The answer of the direct route, which is for events that are not queued."""
    body = {"data": call.data, "event_data": call.event_data, "session_hash": "run"}
    url = f"{door.address}/gradio_api/run/{call.event['api_name']}"
    answer = door.http.post(url, json=body).json()
    return json.dumps({key: answer[key] for key in ("data", "error", "detail") if key in answer})


def ask_call(door, call):
    """The answer of the route for scripts."""
    url = f"{door.address}/gradio_api/call/{call.event['api_name']}"
    begun = door.http.post(url, json={"data": call.data})
    if begun.status_code != 200:
        return begun.text
    return door.http.get(f"{url}/{begun.json()['event_id']}").text


def alike(door, answer, target):
    """The answer without the names that the caller sent."""
    for name in (door.targets[target], door.links[target]):
        answer = answer.replace(name, "<file>").replace(Path(name).name, "<name>")
    return answer


def tells_nothing(door, answer):
    """Neither the answer nor a file that it leads to holds anything of the server's files."""
    assert MARK not in answer
    assert "Traceback" not in answer
    for text in re.findall(r"data:image/[\w+]+;base64,([\w+/=]+)", answer):
        not_the_picture(base64.b64decode(text))
    for address in set(re.findall(r"/gradio_api/file=[^\"\\\s<>]+", answer)):
        got = door.http.get(f"{door.address}{address}")
        if got.status_code == 200:
            assert MARK.encode() not in got.content
            not_the_picture(got.content)


def not_the_picture(data):
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    assert pixels is None or pixels.shape[:2] != SIZE


def compare_all(door, ask):
    """`ask` answers a list of calls; whatever the file is, the answer is the same."""
    nothing = answers_of(door, ask, "nothing")
    for target in ("text", "picture"):
        for where, answer in answers_of(door, ask, target).items():
            assert answer == nothing[where], where
    for where, answer in nothing.items():
        assert any(one in answer for one in REFUSALS), (where, answer)
    return len(nothing)


def answers_of(door, ask, target):
    """What each call is answered, without the names that the caller sent."""
    made = list(calls(door, target))
    answers = ask(made)
    for answer in answers:
        tells_nothing(door, answer)
    return {
        (call.event["id"], call.event["api_name"], str(call.note)): alike(door, answer, target)
        for call, answer in zip(made, answers, strict=True)
    }


@pytest.mark.slow
def test_no_event_gives_a_file_of_the_server_away(door):
    def ask(made):
        answers = []
        for start in range(0, len(made), AT_ONCE):
            answers += ask_queue(door, made[start : start + AT_ONCE])
        return answers

    assert compare_all(door, ask) > len(door.config["dependencies"])


def test_nor_do_the_direct_routes(door):
    def ask(made):
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(answer_of, made))

    def answer_of(call):
        if call.event["queue"]:
            return uploads.REFUSED
        return ask_run(door, call)

    compare_all(door, ask)


def test_nor_does_the_route_for_scripts(door):
    def ask(made):
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(answer_of, made))

    def answer_of(call):
        # By name only what is listed is reached, and without an event's data.
        listed = call.event["api_visibility"] == "public" and isinstance(call.note, tuple)
        if not listed or call.note[1] not in SHORT:
            return uploads.REFUSED
        return ask_call(door, call)

    compare_all(door, ask)


def test_the_same_events_take_an_upload(door, scene):
    for event in door.config["dependencies"]:
        photo = upload(door, scene)  # anew: a data set that cannot be used is removed
        kinds = door.kinds(event)
        places = [place for place, kind in enumerate(kinds) if kind in FILE_TYPES]
        if not places and event["api_name"] != "add":
            continue
        data = [DEFAULTS.get(event["api_name"], {}).get(place) for place in range(len(kinds))]
        for place in places:
            several = kinds[place] == "file" and event["api_name"] != "add_model"
            data[place] = [photo] if several else photo
        (answer,) = ask_queue(door, [Call(event, data, brought(photo))])
        assert not any(one in answer for one in REFUSALS), (event["api_name"], answer)
        assert "process_completed" in answer
        # A picture is no data set, and no model.
        if event["api_name"] not in ("open_upload", "add_model"):
            assert '["process_completed", true' in answer, (event["api_name"], answer)


def event_of(door, name):
    """The event of that name in the page's API."""
    return next(one for one in door.config["dependencies"] if one["api_name"] == name)


def called(door, name, data=None):
    """A call of that event with nothing but its data, as the page makes it."""
    event = event_of(door, name)
    return Call(event, [None] * len(event["inputs"]), data)


def running(door):
    """The event that runs the model on the photo that is looked at."""
    return next(
        one
        for one in door.config["dependencies"]
        if one["api_name"].startswith("run")
        and door.kinds(one) == ["state", "state", "checkbox", "state", "state", "state", "state"]
    )


def brought(photo):
    """What the tray tells of an upload."""
    return {"files": [{"path": photo["path"]}], "names": ["a scene.png"]}


def seen(door, session):
    """What a visitor is shown of the photo that is looked at."""
    event = running(door)
    (answer,) = ask_queue(door, [Call(event, [None] * len(event["inputs"]))], session)
    return answer


def test_the_examples_are_served_and_one_is_shown_that_is_chosen(door):
    tray = next(
        one["props"]["value"]
        for one in door.config["components"]
        if one["props"].get("elem_id") == "tray"
    )
    assert str(door.folder) not in json.dumps([{**one, "url": ""} for one in tray["photos"]])
    for one in tray["photos"]:
        assert door.http.get(f"{door.address}{one['url']}").status_code == 200
    second = {"key": tray["photos"][1]["key"]}
    ask_queue(door, [called(door, "choose", second)], "a visitor")
    answer = seen(door, "a visitor")
    assert "instances" in answer
    for address in set(re.findall(r"/gradio_api/file=[^\"\\\s<>]+", answer)):
        assert door.http.get(f"{door.address}{address}").status_code == 200


def test_a_visitor_cannot_look_at_anothers_photo(door, scene):
    photo = upload(door, scene)
    (answer,) = ask_queue(door, [called(door, "add", brought(photo))], "owner")
    (key,) = set(re.findall(r'"key": "([0-9a-f]{16})"', answer))
    for name in ("choose", "take_out"):
        (answer,) = ask_queue(door, [called(door, name, {"key": key})], "stranger")
        assert "not in the tray" in answer
    (answer,) = ask_queue(door, [called(door, "choose", {"key": key})], "owner")
    assert '["process_completed", true' in answer


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    path = tmp_path_factory.mktemp("scene") / "scene.png"
    cv2.imwrite(str(path), make_scene(320, 240, count=5, labels=COLORS, seed=3).image)
    return path


def upload(door, path):
    """A photo, sent as a browser sends it."""
    files = {"files": (path.name, path.read_bytes(), "image/png")}
    (stored,) = door.http.post(f"{door.address}/gradio_api/upload", files=files).json()
    url = f"{door.address}/gradio_api/file={stored}"
    return {"path": stored, "url": url, "orig_name": path.name, "meta": META}


DEFAULTS = {
    "segment": {1: "demo-cats", 2: 0.5},
    "compare": {1: "demo-cats,Mask-RT-DETR-S", 2: 0.5},
    "export": {1: "demo-cats", 2: 0.5, 3: "coco"},
}


def test_an_upload_is_a_file_and_nothing_beside_it(door, scene):
    stored = upload(door, scene)["path"]
    place = door.uploads / "data-sets"
    place.mkdir(exist_ok=True)
    (door.uploads / "loose.png").write_bytes(scene.read_bytes())
    (place / "loose.png").write_bytes(scene.read_bytes())
    segment = next(one for one in door.config["dependencies"] if one["api_name"] == "segment")
    for path in (
        str(Path(stored).parent),
        f"{stored}/",
        f"{stored}/../../loose.png",
        str(door.uploads / "loose.png"),
        str(place / "loose.png"),
        str(door.uploads),
    ):
        photo = {"path": path, "meta": META}
        answer = ask_call(door, Call(segment, [photo, "demo-cats", 0.5, None]))
        assert ("instances" in answer) == (path == f"{stored}/"), path
        if path != f"{stored}/":
            assert door.http.get(f"{door.address}/gradio_api/file={path}").status_code == 404


def test_the_file_route_serves_uploads_alone(door, scene):
    stored = upload(door, scene)["path"]
    url = f"{door.address}/gradio_api/file="
    assert door.http.get(f"{url}{stored}").content == scene.read_bytes()
    assert door.http.head(f"{url}{stored}").status_code == 200
    elsewhere = (f"{door.address}/robots.txt", "http://example.com/", "file:///etc/hostname")
    paths = (*door.targets.values(), *door.links.values(), *elsewhere, "/proc/self/environ", "")
    answers = [door.http.get(f"{url}{path}") for path in paths]
    answers += [door.http.get(f"{door.address}/gradio_api/file/{path}") for path in paths]
    answers += [door.http.get(f"{door.address}/gradio_api/proxy={path}") for path in paths]
    assert {(one.status_code, one.text) for one in answers} == {(404, "Not Found")}


@pytest.mark.parametrize(
    "path",
    [
        "monitoring",
        "monitoring/",
        "monitoring/summary",
        "monitoring/x",
        "gradio_api/monitoring",
        "gradio_api/monitoring/summary",
        "gradio_api/deep_link?session_hash=x",
        "gradio_api/dev/reload",
        "gradio_api/vibe-code",
        "gradio_api/runs",
        "gradio_api/stream/a/b/1/playlist.m3u8",
        "gradio_api/stream/a/b/1/playlist-file",
        "gradio_api/custom_component/x/client/component/index.js",
        "gradio_api/profiling/summary",
        "gradio_api/token",
        "gradio_api/",
    ],
)
def test_what_the_page_does_not_need_is_closed(door, path):
    assert door.http.get(f"{door.address}/{path}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "component_server",
        "process_recording",
        "vibe-edit",
        "undo-vibe-edit",
        "stream/x",
        "vibe-code",
    ],
)
def test_nor_can_anything_be_sent_there(door, path):
    url = f"{door.address}/gradio_api/{path}"
    assert door.http.post(url, json={"data": door.targets["text"]}).status_code == 404


def test_an_address_goes_through_our_own_fetcher(door):
    segment = next(one for one in door.config["dependencies"] if one["api_name"] == "segment")
    address = f"{door.address}/favicon.ico"
    for photo in (address, {"path": address, "url": address, "meta": META}, {"url": address}):
        said = ask_call(door, Call(segment, [photo, "demo-cats", 0.5, None]))
        assert "is not on the public internet" in said
        (said,) = ask_queue(door, [called(door, "add", {"files": [photo]})])
        assert uploads.REFUSED in said


def test_a_photo_may_come_inside_its_address(door, scene):
    segment = next(one for one in door.config["dependencies"] if one["api_name"] == "segment")
    inline = f"data:image/png;base64,{base64.b64encode(scene.read_bytes()).decode()}"
    for photo in (inline, {"url": inline, "meta": META}, {"path": None, "url": inline}):
        assert "instances" in ask_call(door, Call(segment, [photo, "demo-cats", 0.5, None]))
    for broken in ("data:image/png;base64,$$$", "data:,plain", "data:"):
        said = ask_call(door, Call(segment, [broken, "demo-cats", 0.5, None]))
        assert "cannot be read" in said


def tool(door, name, arguments, **headers):
    """What an MCP tool answers."""
    request = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": name, "arguments": arguments},
    }
    accept = {"Accept": "application/json, text/event-stream"}
    url = f"{door.address}/gradio_api/mcp/"
    return door.http.post(url, json=request, headers=accept | headers).text


TOOLS = {
    "segment": {"model": "demo-cats", "threshold": 0.5},
    "compare": {"models": "demo-cats,Mask-RT-DETR-S", "threshold": 0.5},
    "export": {"model": "demo-cats", "threshold": 0.5, "format": "coco"},
}


@pytest.mark.parametrize("name", TOOLS)
def test_nor_does_a_tool(door, name):
    told = {}
    for target in door.targets:
        answers = [tool(door, name, TOOLS[name] | {"image": form}) for form in forms(door, target)]
        answers.append(tool(door, name, {"image": None, "model": {"path": door.targets[target]}}))
        for answer in answers:
            tells_nothing(door, answer)
        told[target] = [alike(door, answer, target) for answer in answers]
    assert told["text"] == told["picture"] == told["nothing"]
    assert all(any(one in answer for one in REFUSALS) for answer in told["nothing"])


def test_a_tool_takes_an_upload(door, scene):
    photo = upload(door, scene)["path"]
    inline = f"data:image/png;base64,{base64.b64encode(scene.read_bytes()).decode()}"
    for image in (photo, inline):
        assert "instances" in tool(door, "segment", TOOLS["segment"] | {"image": image})
    assert "file=" in tool(door, "export", TOOLS["export"] | {"image": photo})


def test_a_tool_asks_this_server_whatever_host_the_caller_names(door, scene):
    answer = tool(
        door,
        "segment",
        TOOLS["segment"] | {"image": upload(door, scene)["path"]},
        Host="127.0.0.1:1",
    )
    assert "instances" in answer


@pytest.mark.parametrize("form", range(24))
def test_nor_does_the_http_interface(door, form):
    url = f"{door.address}/instance-segmentation"
    told = [
        (answer.status_code, alike(door, answer.json()["errorMsg"], target))
        for target in door.targets
        for answer in [door.http.post(url, json={"image": forms(door, target)[form]})]
    ]
    assert len(set(told)) == 1
    assert told[0][0] == 422


@pytest.mark.parametrize("prefix", ["", "file://", "data:image/png;base64,", "/gradio_api/file="])
def test_nor_when_it_is_given_a_name(door, prefix):
    url = f"{door.address}/instance-segmentation"
    for path in door.targets.values():
        answer = door.http.post(url, json={"image": f"{prefix}{path}"})
        assert answer.status_code == 422
        tells_nothing(door, answer.text)


def test_a_shown_picture_has_a_name_that_nobody_guesses(door, scene):
    ask_queue(door, [called(door, "add", brought(upload(door, scene)))], "shown")
    answer = seen(door, "shown")
    assert '"width": 320' in answer
    names = set(re.findall(r"([0-9a-f]{40})/photo\.jpg", answer))
    assert len(names) == 1
    digest = images.read(scene, Settings()).digest
    assert names.isdisjoint({digest[:40], hashlib.sha256(digest.encode()).hexdigest()[:40]})
