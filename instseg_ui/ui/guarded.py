"""The page as Gradio's blocks that let no file in or out which is not an upload of ours.

Gradio checks the files of a call at several places, not at all of them, and for a page that is
mounted not at all until it is told that it was launched. Here every call of every event passes one
place, whatever the event does with what it is given: what comes in, what an event's data holds, and
what goes out. Routes that the page does not need are closed.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import anyio
import gradio as gr
from gradio.blocks import Block, BlockFunction
from gradio.components import _Keywords
from gradio.data_classes import FileData, ImageData, ListFiles
from gradio_client import Client
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from instseg_ui.errors import InputError, InstSegError
from instseg_ui.images import remote
from instseg_ui.settings import Settings
from instseg_ui.ui import uploads
from instseg_ui.ui.uploads import ServedFiles, admitted, admitted_photo, received

# Addresses are slow, and whoever names them keeps no other event's threads.
_FETCHES = 8
_FILES = (FileData, ImageData, ListFiles)
_PREFIX = "/gradio_api/"
_FILE = "file="

OPEN = frozenset(
    {"api", "app_id", "call", "cancel", "config", "heartbeat", "info", "login_check", "mcp"}
    | {"openapi.json", "queue", "reset", "run", "startup-events", "theme.css", "upload"}
    | {"upload_progress", "user"}
)
"""What is served below `/gradio_api/`, beside files: by the first part of the path."""
CLOSED = frozenset({"monitoring"})
"""What of Gradio's is not served at the root."""


class GuardedBlocks(gr.Blocks):
    """Blocks whose events are given uploads of this server and nothing else of its disk."""

    def __init__(self, settings: Settings, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._settings = settings
        self._fetches = anyio.CapacityLimiter(_FETCHES)
        self._signature = inspect.signature(super().process_api)

    def get_block_name(self) -> str:
        """The page draws it as any other blocks."""
        return "blocks"

    def seal(self) -> None:
        """All components are there: switch Gradio's own check on, and watch over its files.

        Gradio deletes old files by sets that its threads change while others read them, which ends
        the deleting for good; these sets bear that.
        """
        self.has_launched = True
        self.upload_file_set = ServedFiles()
        self.temp_file_sets = [self.upload_file_set, uploads.CREATED]
        for block in self.blocks.values():
            block.temp_files = ServedFiles(block.temp_files)
            self.temp_file_sets.append(block.temp_files)
            uploads.BUNDLED.update(block.keep_in_cache)

    async def process_api(
        self, block_fn: BlockFunction | int, inputs: list[Any], *args: Any, **kwargs: Any
    ) -> dict[str, Any]:
        """Every call of an event comes by here, from whichever route."""
        call = self._signature.bind(block_fn, inputs, *args, **kwargs)
        function = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
        given, event = call.arguments, call.arguments.get("event_data")
        try:
            if given.get("iterator") is not None:
                # It goes on with what it was given when it began.
                given |= {"inputs": [], "event_data": None}
            elif not given.get("explicit_call"):
                given["inputs"] = await self._admit(function, inputs)
                if event is not None:
                    event._data = admitted(event._data)
        except InstSegError as error:
            raise gr.Error(str(error), print_exception=False) from None
        return await super().process_api(*call.args, **call.kwargs)

    async def postprocess_data(
        self, block_fn: BlockFunction, predictions: Any, *args: Any, **kwargs: Any
    ) -> list[Any]:
        """What an event returns may name files of ours alone; they are deleted when old.

        A run that shows nothing takes nothing away: of a generator that ends without a value Gradio
        empties all outputs.
        """
        for block, value in _pairs(block_fn, predictions):
            _check_outgoing(block, value)
        data = await super().postprocess_data(block_fn, predictions, *args, **kwargs)
        for block, value in zip(block_fn.outputs, data, strict=False):
            if _takes(block):
                uploads.CREATED.update(uploads.file_paths(value))
        if _is_end(predictions) and block_fn.api_visibility == "private":
            return [gr.skip() for _ in data]
        return data

    def handle_streaming_diffs(
        self,
        block_fn: BlockFunction,
        data: list[Any],
        session_hash: str | None,
        run: str | None,
        final: bool,
        simple_format: bool = False,
    ) -> list[Any]:
        """A run's end shows nothing anew.

        Gradio sends what the run yielded last once more with its end, over what other events have
        shown meanwhile: an ended run would put its old photo back on the page.
        """
        data = super().handle_streaming_diffs(
            block_fn, data, session_hash, run, final, simple_format
        )
        streamed = session_hash is not None and run is not None
        if final and streamed and block_fn.api_visibility == "private":
            return [gr.skip() for _ in data]
        return data

    async def _admit(self, function: BlockFunction, inputs: list[Any]) -> list[Any]:
        # A caller may send too few or too many; Gradio says so then.
        blocks = [*function.inputs, *[None] * (len(inputs) - len(function.inputs))]
        public = function.api_visibility == "public"
        found = []
        for block, value in zip(blocks, inputs, strict=False):
            if isinstance(block, gr.Image) and uploads.is_elsewhere(value):
                value = await anyio.to_thread.run_sync(
                    admitted_photo, value, self._settings, public, limiter=self._fetches
                )
            elif isinstance(block, gr.Image):
                value = admitted_photo(value, self._settings, public)
            else:
                value = admitted(value)
                _check_files(block, value)
            found.append(value)
        return found

    def guard_tools(self) -> None:
        """Hold the MCP tools' files against the same rule, before they are passed on.

        Gradio's server calls itself through its own client, which would upload any file of this
        machine that a tool is given, and would call whichever host the first request named.
        """
        server = self.mcp_server_obj
        if server is None:
            return
        server.convert_strings_to_filedata = self._tool_arguments

        def client() -> Client:
            if server._client_instance is None:
                server._client_instance = _client_of(server.mcp_server.request_context.request)
            return server._client_instance

        server._get_or_create_client = client

    def _tool_arguments(self, value: Any, positions: list[list[str | int]]) -> Any:
        """A tool's arguments, the files among them as Gradio's client sends them."""
        names = {position[0] for position in positions if position}
        return {
            key: self._tool_file(one) if key in names else admitted(one)
            for key, one in dict(value).items()
        }

    def _tool_file(self, value: Any) -> Any:
        named = uploads.named_in(value)
        if isinstance(named, str) and remote.is_address(named):
            # Fetched where the event is called, by our own fetcher.
            return {"path": named, "url": named, "meta": {"_type": "gradio.FileData"}}
        return admitted_photo(value, self._settings, addresses=False)


def _client_of(request: Any) -> Client:
    """A client of this very server, by the socket that the request came in at."""
    host, port = request.scope["server"]
    host = f"[{host}]" if ":" in host else host
    return Client(
        f"http://{host}:{port}/",
        download_files=False,
        verbose=False,
        analytics_enabled=False,
        _skip_components=False,
        headers={"x-gradio-user": "mcp"},
        httpx_kwargs={"trust_env": False},
    )


def _takes(block: Block | None) -> bool:
    """Whether the component's value is a file, or several."""
    model = getattr(block, "data_model", None)
    return isinstance(model, type) and issubclass(model, _FILES)


def _check_files(block: Block | None, value: Any) -> None:
    """Where files are expected stands nothing but references, which are admitted by now."""
    if block is None or not _takes(block) or value is None:
        return
    for one in value if isinstance(value, list) else [value]:
        if not isinstance(one, dict) or "path" not in one:
            raise InputError(uploads.REFUSED)


def _pairs(function: BlockFunction, predictions: Any) -> Iterable[tuple[Block, Any]]:
    """Each output with its value, in whichever way the event returned them."""
    outputs = list(function.outputs)
    if isinstance(predictions, dict) and all(isinstance(key, Block) for key in predictions):
        return predictions.items()
    if len(outputs) == 1:
        return [(outputs[0], predictions)]
    values = predictions if isinstance(predictions, list | tuple) else []
    return zip(outputs, values, strict=False)


def _check_outgoing(block: Block, value: Any) -> None:
    """A server's file that Gradio would copy into its cache and hand out is one of ours."""
    if isinstance(value, dict) and value.get("__type__") == "update":
        value = value.get("value")
    if not _takes(block):
        return
    leaves = value if isinstance(value, list | tuple) else [value]
    named = [str(one) for one in leaves if isinstance(one, str | Path)]
    for path in (*named, *uploads.file_paths(value)):
        try:
            received(path)
        except InputError as error:
            raise gr.Error(str(error), print_exception=False) from None


def mount(app: Starlette, page: GuardedBlocks, **options: Any) -> Starlette:
    """Serve the page at the root of `app`, with `options` of `gr.mount_gradio_app`."""
    mounted: Starlette = gr.mount_gradio_app(
        app, page, path="/", enable_monitoring=False, **options
    )
    page.guard_tools()
    mounted.add_middleware(ClosedRoutes)
    return mounted


class ClosedRoutes:
    """Serves of Gradio's routes what the page needs, and of files those that came in here.

    Gradio's file route fetches from any address and serves a folder of the working directory; its
    other routes take recordings, call components, and write a visitor's page to the disk.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_open(_path(scope)):
            await PlainTextResponse("Not Found", status_code=404)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _path(scope: Scope) -> str:
    """The path below the one that a proxy serves us at."""
    path, root = str(scope["path"]), str(scope.get("root_path", "")).rstrip("/")
    return path.removeprefix(root) if path.startswith(f"{root}/") else path


def _is_open(path: str) -> bool:
    if not path.startswith(_PREFIX):
        return path.strip("/").partition("/")[0] not in CLOSED
    rest = path.removeprefix(_PREFIX)
    if not rest.startswith(_FILE):
        return rest.partition("/")[0] in OPEN
    try:
        received(rest.removeprefix(_FILE))
    except InputError:
        return False
    return True


def _is_end(predictions: object) -> bool:
    """Whether they stand for the end of a generator."""
    each = predictions if isinstance(predictions, list | tuple) else [predictions]
    return bool(each) and all(one is _Keywords.FINISHED_ITERATING for one in each)
