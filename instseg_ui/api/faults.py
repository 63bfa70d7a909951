"""From an exception to an answer: one shape, one table."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field

from fastapi import Request, Response
from starlette.exceptions import HTTPException

from instseg_ui.api.ticket import Ticket
from instseg_ui.errors import BusyError, InputError, InstSegError

log = logging.getLogger(__name__)

RETRY_AFTER_S = 2
_HTTP_SENTENCES = {
    404: "There is no such address here. See /docs for those there are.",
    405: "This address does not take {method} requests. See /docs.",
}


class TooLargeError(InputError):
    """The request's body is larger than an image may be."""

    status = 413


class SlowUploadError(InputError):
    """The request's body came too slowly."""

    status = 408


@dataclass(frozen=True, slots=True)
class Fault:
    """What an exception becomes: a status, a sentence for the caller, more headers."""

    status: int
    sentence: str
    headers: dict[str, str] = field(default_factory=dict)


def fault_of(error: Exception, method: str = "") -> Fault:
    """The one table. What is not in it is our own mistake and tells the caller nothing."""
    match error:
        case BusyError():
            return Fault(error.status, str(error), {"Retry-After": str(RETRY_AFTER_S)})
        case TooLargeError() | SlowUploadError():
            # The rest of the body is not read, so the connection cannot be used again.
            return Fault(error.status, str(error), {"Connection": "close"})
        case InstSegError():
            return Fault(error.status, str(error))
        case HTTPException():
            sentence = _HTTP_SENTENCES.get(error.status_code, str(error.detail))
            headers = dict(error.headers or {})
            return Fault(error.status_code, sentence.format(method=method), headers)
        case MemoryError():
            return Fault(507, "There is not enough memory for this image. Scale it down.")
    return Fault(500, "Internal server error")


def respond(error: Exception, ticket: Ticket, method: str = "") -> Response:
    """The answer to a request that failed, in the envelope; what failed is logged with its id."""
    fault = fault_of(error, method)
    unforeseen = fault.status == 500 and not isinstance(error, InstSegError | HTTPException)
    log.log(
        logging.ERROR if fault.status == 500 else logging.INFO,
        "%s %d %s",
        ticket.log_id,
        fault.status,
        error.with_remedy if isinstance(error, InstSegError) else fault.sentence,
        exc_info=error if unforeseen else None,
    )
    return envelope(fault.status, fault.sentence, ticket.log_id, fault.headers)


def envelope(
    status: int, sentence: str, log_id: str, headers: dict[str, str] | None = None
) -> Response:
    """An answer without a result; `errorCode` is the status, 0 for 200."""
    code = 0 if status == 200 else status
    content = {"logId": log_id, "errorCode": code, "errorMsg": sentence}
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    # A lone half of a surrogate pair can come in with the caller's words and has no UTF-8.
    return Response(body.encode("utf-8", "replace"), status, headers, media_type="application/json")


async def handle(request: Request, error: Exception) -> Response:
    """The handler of FastAPI for whatever an endpoint or the router raises."""
    return respond(error, Ticket(), request.method)
