"""Which proxy a download takes, as the environment says, and why one cannot be taken.

Read here and not by httpx: it raises where a proxy is a SOCKS one or `NO_PROXY` holds a range of
IPv6, and takes no range of addresses for one.
"""

from __future__ import annotations

import ipaddress
from urllib.request import getproxies

import httpx

from instseg_ui.errors import FetchError

_KINDS = ("http", "https")


class ProxyTransport(httpx.BaseTransport):
    """Sends each request straight to its host or to the proxy that the environment names."""

    def __init__(self) -> None:
        self._transports: dict[str, httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raises `FetchError` where the proxy cannot be used, and what httpx raises."""
        proxy = proxy_for(request.url)
        if proxy not in self._transports:
            self._transports[proxy] = httpx.HTTPTransport(proxy=proxy or None)
        try:
            return self._transports[proxy].handle_request(request)
        except httpx.ConnectError as error:
            if proxy:
                raise FetchError(
                    f"there is no connection to the proxy that {_variable(request.url)} names"
                ) from error
            raise

    def close(self) -> None:
        """Close the connections."""
        for transport in self._transports.values():
            transport.close()


def proxy_for(url: httpx.URL) -> str:
    """The address of the proxy for `url`; empty where there is none.

    Raises `FetchError` with the bare reason, without the address: it may hold a password.
    """
    proxies = getproxies()
    address = proxies.get(url.scheme) or proxies.get("all") or ""
    if not address or _bypassed(url, proxies.get("no", "")):
        return ""
    address = address if "://" in address else f"http://{address}"
    try:
        parsed = httpx.Proxy(address).url
        usable = bool(parsed.host)
    except (httpx.InvalidURL, ValueError):
        usable = False
    kind = address.partition("://")[0].lower()
    if usable and kind in _KINDS:
        return address
    what = "a SOCKS proxy" if kind.startswith("socks") else "no address of a proxy"
    raise FetchError(
        f"{_variable(url)} names {what}, and only http and https proxies can be used; set "
        f"{url.scheme.upper()}_PROXY to one, or name {url.host} in NO_PROXY"
    )


def _variable(url: httpx.URL) -> str:
    return f"{url.scheme.upper()}_PROXY" if getproxies().get(url.scheme) else "ALL_PROXY"


def _bypassed(url: httpx.URL, names: str) -> bool:
    """Whether `NO_PROXY` names the host: itself, a domain above it, or a range it lies in."""
    host = url.host.rstrip(".").lower()
    return any(_covers(name, host, url.port) for name in names.lower().replace(",", " ").split())


def _covers(name: str, host: str, port: int | None) -> bool:
    name = name.rpartition("://")[2]
    if name == "*":
        return True
    try:
        network = ipaddress.ip_network(name.strip("[]"), strict=False)
    except ValueError:
        pass
    else:
        return _within(host, network)
    bare, _, given = name.rpartition(":")
    if bare and given.isdecimal():
        return port == int(given) and _covers(bare, host, port)
    domain = name.removeprefix("*").strip(".")
    return bool(domain) and (host == domain or host.endswith(f".{domain}"))


def _within(host: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")) in network
    except ValueError:
        return False
