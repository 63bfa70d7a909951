"""A request's body: within its size, within its time, and of the type that was agreed on."""

from __future__ import annotations

import asyncio

from fastapi import Request
from starlette.requests import ClientDisconnect

from instseg_ui.api.faults import SlowUploadError, TooLargeError
from instseg_ui.errors import Cancelled, InputError
from instseg_ui.settings import Settings

# Base64 makes four characters of three bytes; the rest of a request is small.
_BASE64 = 4 / 3
_BESIDE_IMAGE = 100_000
_SLOWEST_BYTES_PER_S = 50_000


async def read_body(request: Request, settings: Settings) -> list[bytes]:
    """The body in the pieces it came in; joining them is left to a thread.

    Raises:
        InputError: it is not announced as JSON. (A page of another origin can send any other
            type to a server on this machine unasked.)
        TooLargeError: more than the largest image takes.
        SlowUploadError: it did not come in time.
        Cancelled: the sender has gone.
    """
    _expect_json(request)
    limit = int(settings.max_upload * _BASE64) + _BESIDE_IMAGE
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise _too_large(settings)
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(settings.upload_timeout) as clock:
            async for piece in request.stream():
                pieces.append(piece)
                size += len(piece)
                if size > limit:
                    raise _too_large(settings)
                clock.reschedule((clock.when() or 0.0) + len(piece) / _SLOWEST_BYTES_PER_S)
    except TimeoutError:
        raise SlowUploadError("The request's body came too slowly. Send it again.") from None
    except ClientDisconnect:
        raise Cancelled("The sender of the request has gone.") from None
    return pieces


def _expect_json(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not (
        kind.startswith("application/") and kind.endswith("+json")
    ):
        got = f"“{kind[:40]}”" if kind else "none"
        raise InputError(f"Expected the header Content-Type: application/json, got {got}.")


def _too_large(settings: Settings) -> TooLargeError:
    return TooLargeError(
        f"The request is too large; an image of at most {settings.max_upload / 1e6:.3g} MB is "
        "accepted. Scale it down and try again."
    )
