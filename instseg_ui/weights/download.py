"""One file over HTTP(S) to one place, by httpx: whole, or an error and the caller cleans up.

httpx rather than pooch's downloader: it hands out bytes as they arrive, so that a cancel is heard
on a slow line, and reports them exactly; it checks the announced length itself.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx

from instseg_ui.errors import FetchError
from instseg_ui.weights.meter import Meter
from instseg_ui.weights.proxy import ProxyTransport

MAX_REDIRECTS = 10

_NOT_HTTP = "the address, or one it redirects to, is not http or https"
_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (httpx.RemoteProtocolError, "the connection ended before the whole file had come"),
    (httpx.TooManyRedirects, f"the server redirected more than {MAX_REDIRECTS} times"),
    (httpx.UnsupportedProtocol, _NOT_HTTP),
    (httpx.InvalidURL, _NOT_HTTP),
)


def download(
    url: str,
    target: Path,
    *,
    timeout: float,
    max_bytes: int,
    make_room: Callable[[int], None],
    meter: Meter,
) -> None:
    """Write the body of `url` to `target`, at most `max_bytes`.

    `timeout`: seconds of silence after which it is given up. `make_room` is called with the
    announced number of bytes before the first is written, and raises if the disk lacks them.
    Redirects are followed to http and https only.

    Raises `FetchError` with the bare reason (no address), `Cancelled`, `OSError`.
    """
    try:
        with (
            _client(timeout) as client,
            client.stream("GET", url) as response,
            target.open("wb") as file,
        ):
            response.raise_for_status()
            length = _announced(response, max_bytes)
            make_room(length or 0)
            meter.begin(length)
            for chunk in response.iter_raw():
                meter.add(len(chunk))
                file.write(chunk)
                _check_size(response.num_bytes_downloaded, max_bytes)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise FetchError(_reason(error, timeout)) from error


def _client(timeout: float) -> httpx.Client:
    return httpx.Client(
        transport=ProxyTransport(),
        timeout=timeout,
        follow_redirects=True,
        max_redirects=MAX_REDIRECTS,
        # The length announced must be the length of the file, not of its compressed form.
        headers={"Accept-Encoding": "identity"},
    )


def _announced(response: httpx.Response, max_bytes: int) -> int | None:
    length = response.headers.get("content-length", "")
    if not length.isdecimal():
        return None
    _check_size(int(length), max_bytes)
    return int(length)


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise FetchError(f"the file is larger than the {max_bytes / 1e6:.0f} MB it may have")


def _reason(error: Exception, timeout: float) -> str:
    """What went wrong, without an address: it may hold a password."""
    match error:
        case httpx.HTTPStatusError(response=response):
            return f"the server answered {response.status_code} {response.reason_phrase}".strip()
        case httpx.TimeoutException():
            return f"the server was silent for {timeout:g} seconds"
        case httpx.ConnectError():
            return f"there is no connection to the server ({error})"
        case httpx.ProxyError():
            return f"the proxy that the environment names refused ({error})"
    return next(
        (reason for kind, reason in _REASONS if isinstance(error, kind)),
        f"the transfer failed ({type(error).__name__})",
    )
