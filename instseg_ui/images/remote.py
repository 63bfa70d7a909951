"""An image from an address that somebody named, without lending them this machine's network.

Only http(s), only hosts whose every address is public (or that the settings name), and the
connection goes to the very address that was checked, so a name that resolves differently a
moment later gains nothing. A redirect is a new address and is checked as one. Time and size
are bounded over all of it. No proxy of the environment is used: it would resolve names itself.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from typing import Any

import httpcore
import httpx
import psutil

from instseg_ui.errors import Cancelled, ImageError, RemoteError
from instseg_ui.settings import Settings

MAX_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_PORTS = {"http": 80, "https": 443}
_UNICAST = ipaddress.ip_network("2000::/3")
# Azure's platform services answer on this public address, to their own machines only.
_PLATFORM = ipaddress.ip_address("168.63.129.16")

Addresses = Callable[[str, int], list[str]]


def is_address(text: str) -> bool:
    """Whether `text` is meant as the address of an image rather than as the image itself."""
    return text[:8].lower().startswith(("http://", "https://"))


def fetch_image_bytes(
    url: str,
    settings: Settings,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    addresses: Addresses | None = None,
) -> bytes:
    """The body that an http(s) address answers with.

    Args:
        url: the address.
        settings: `url_input`, `url_hosts`, `url_timeout` and `max_upload` bound what is fetched.
        cancelled: asked at each piece that arrives.
        addresses: resolves a host and port to IP addresses; the system's resolver by default.

    Raises:
        ImageError: such an address is not fetched here, or its body is too large.
        RemoteError: it did not answer in time, or not with 200.
        Cancelled: `cancelled` said so.
    """
    if not settings.url_input:
        raise ImageError("Images are not fetched from addresses here. Send the file itself.")
    deadline = _Deadline(settings.url_timeout)
    backend = _CheckedBackend(settings.url_hosts, deadline, addresses or _system_addresses)
    with httpcore.ConnectionPool(network_backend=backend) as pool:
        target = _parsed(url)
        for _ in range(MAX_REDIRECTS + 1):
            answer = _ask(pool, target, settings, cancelled)
            if isinstance(answer, bytes):
                return answer
            target = answer
    raise RemoteError(f"The address redirects more than {MAX_REDIRECTS} times. Use the last one.")


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, and of another machine.

    Of IPv6 that is global unicast without the ranges that carry an IPv4 address inside
    (6to4, Teredo; NAT64 lies outside), which would lead back into private networks.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            return is_public(str(ip.ipv4_mapped))
        plain = ip in _UNICAST and ip.sixtofour is None and ip.teredo is None
    else:
        plain = not ip.is_multicast and ip != _PLATFORM
    return plain and ip.is_global and str(ip) not in _own_addresses()


def _own_addresses() -> set[str]:
    """What the interfaces of this machine answer to; a service here may trust such a caller."""
    return {
        item.address.partition("%")[0] for own in psutil.net_if_addrs().values() for item in own
    }


def _system_addresses(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url.strip())
        host = parsed.raw_host.decode("ascii")
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise ImageError("The image's address cannot be read. Expected http(s)://….") from error
    if parsed.scheme not in _PORTS or not host:
        raise ImageError("Expected an address that starts with http:// or https://.")
    if parsed.userinfo:
        raise ImageError("The image's address may not carry a user name or password.")
    return parsed


def _ask(
    pool: httpcore.ConnectionPool,
    url: httpx.URL,
    settings: Settings,
    cancelled: Callable[[], bool],
) -> bytes | httpx.URL:
    """The body, or where the answer redirects to."""
    port = url.port or _PORTS[url.scheme]
    target = httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=port, target=url.raw_path or b"/"
    )
    headers = [(b"Host", url.netloc), (b"Accept", b"image/*"), (b"Accept-Encoding", b"identity")]
    try:
        with pool.stream("GET", target, headers=headers) as response:
            location = {name.lower(): value for name, value in response.headers}.get(b"location")
            if response.status in _REDIRECTS and location:
                return _redirected(url, location)
            if response.status != 200:
                raise RemoteError(f"“{url.host}” answered {response.status}; expected an image.")
            return _body(response, settings.max_upload, cancelled)
    except httpcore.TimeoutException as error:
        raise _too_slow(url.host, settings.url_timeout) from error
    except httpcore.NetworkError as error:
        raise RemoteError(f"“{url.host}” could not be reached. Check the address.") from error
    except httpcore.ProtocolError as error:
        raise RemoteError(f"“{url.host}” broke off, or does not speak HTTP.") from error


def _redirected(url: httpx.URL, location: bytes) -> httpx.URL:
    try:
        return _parsed(str(url.join(location.decode("ascii"))))
    except (UnicodeError, httpx.InvalidURL) as error:
        raise RemoteError(f"“{url.host}” redirects to an address that cannot be read.") from error


def _body(response: httpcore.Response, limit: int, cancelled: Callable[[], bool]) -> bytes:
    body = bytearray()
    for piece in response.iter_stream():
        body += piece
        if len(body) > limit:
            raise ImageError(f"The file is too large; at most {limit / 1e6:.3g} MB are accepted.")
        if cancelled():
            raise Cancelled("Stopped while the image was fetched.")
    return bytes(body)


def _too_slow(host: str, seconds: float) -> RemoteError:
    return RemoteError(f"“{host}” did not send the image within {seconds:g} s.")


class _Deadline:
    """The moment when everything must be done; a peer that drips bytes gains nothing by it."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds left; raises httpcore's timeout when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return left


class _CheckedBackend(httpcore.NetworkBackend):
    """Connects to addresses that may be asked, within the deadline."""

    def __init__(self, hosts: tuple[str, ...], deadline: _Deadline, addresses: Addresses) -> None:
        self._hosts = hosts
        self._deadline = deadline
        self._addresses = addresses
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception = httpcore.ConnectError("no address")
        for address in self._checked(host, port):
            try:
                stream = self._inner.connect_tcp(address, port, self._deadline.left())
            except httpcore.ConnectError as error:
                failure = error
            else:
                return _TimedStream(stream, self._deadline)
        raise failure

    def _checked(self, host: str, port: int) -> list[str]:
        """All addresses of a host, or a refusal if it may not be asked."""
        if self._hosts and host.lower() not in self._hosts:
            raise ImageError(f"Images are not fetched from “{host}” here. Send the file itself.")
        try:
            found = self._addresses(host, port)
        except (OSError, UnicodeError) as error:
            raise RemoteError(f"There is no host named “{host}”. Check the address.") from error
        if not self._hosts and not all(is_public(address) for address in found):
            raise ImageError(
                f"“{host}” is not on the public internet, so it is not asked. Send the file itself."
            )
        return found


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every step ends at the deadline."""

    def __init__(self, inner: httpcore.NetworkStream, deadline: _Deadline) -> None:
        self._inner = inner
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._deadline.left())
        return _TimedStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
