"""The server process: it finishes what runs before it ends."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from types import FrameType

import uvicorn
from fastapi import FastAPI

from instseg_ui.api.gate import Gate
from instseg_ui.settings import Settings

# The page's event streams never end by themselves; open tabs are not waited for longer.
_LAST_WORDS_S = 1
_CLOSING_S = 4
_START_FAILED = 3


class _Server(uvicorn.Server):
    """Turns new requests away from the first signal on, and ends when the last has its answer."""

    def __init__(self, config: uvicorn.Config, gate: Gate, timeout: float) -> None:
        super().__init__(config)
        self._gate = gate
        self._timeout = timeout

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self._gate.drain()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Still listening: who comes now gets a 503 and knows when to come again.
        await self._gate.empty(self._timeout, give_up=lambda: self.force_exit)
        hang_up = asyncio.get_running_loop().call_later(_LAST_WORDS_S, self._hang_up)
        await super().shutdown(sockets)
        hang_up.cancel()

    def _hang_up(self) -> None:
        """Close what is still open; to the application it looks as if the browser had gone."""
        for connection in list(self.server_state.connections):
            if connection.transport:
                connection.transport.close()


def serve(app: FastAPI, settings: Settings) -> None:
    """Serve an application that the HTTP interface is part of, until SIGINT or SIGTERM.

    Called from the main thread. Requests that run then get `settings.shutdown_timeout` seconds;
    a second SIGINT ends at once.
    """
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        timeout_graceful_shutdown=_LAST_WORDS_S + _CLOSING_S,
    )
    server = _Server(config, app.state.service.gate, settings.shutdown_timeout)
    # uvicorn raises the signal again when it has ended; SIGTERM would then end the process
    # before the models' processes are.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(_START_FAILED)
