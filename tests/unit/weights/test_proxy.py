"""Proxies of the environment: which one a download takes, and why one cannot be taken."""

from __future__ import annotations

import httpx
import pytest

from instseg_ui.errors import FetchError
from instseg_ui.weights.proxy import proxy_for
from tests.unit.weights.kit import Place

URL = httpx.URL("https://models.example.org/paddle/a.tar")
_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize("kind", ["socks", "socks4", "socks5", "socks5h"])
def test_a_socks_proxy_is_said(monkeypatch: pytest.MonkeyPatch, place: Place, kind: str) -> None:
    monkeypatch.setenv("ALL_PROXY", f"{kind}://me:secret@10.1.2.3:1080")
    monkeypatch.setenv("NO_PROXY", "::1")
    with pytest.raises(FetchError, match="ALL_PROXY names a SOCKS proxy, and only http") as raised:
        proxy_for(URL)
    assert "secret" not in str(raised.value)


def test_no_connection_to_the_proxy_is_not_said_of_the_server(
    monkeypatch: pytest.MonkeyPatch, place: Place
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with pytest.raises(FetchError, match="no connection to the proxy that HTTP_PROXY names"):
        place.store.fetch(place.spec)


def test_the_kind_before_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://10.0.0.1:1")
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example.org:3128")
    assert proxy_for(URL) == "http://proxy.example.org:3128"


@pytest.mark.parametrize("text", ["http://", "ftp://10.0.0.1", "http://[::1", "http://a:b:c"])
def test_what_is_no_proxy_is_said(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", text)
    with pytest.raises(FetchError, match="HTTPS_PROXY names no address of a proxy"):
        proxy_for(URL)


@pytest.mark.parametrize(
    ("names", "host", "around"),
    [
        ("fd00::/8", "[fd12::1]", True),
        ("fd00::/8", "[2001:db8::1]", False),
        ("[::1]", "[::1]", True),
        ("::1,10.0.0.0/8", "10.9.8.7", True),
        ("192.168.0.0/16", "10.9.8.7", False),
        ("fe80::/10, example.org", "models.example.org", True),
        (".example.org", "models.example.org", True),
        ("*.example.org", "models.example.org", True),
        ("ample.org", "models.example.org", False),
        ("models.example.org:443", "models.example.org", False),
        ("*", "models.example.org", True),
        ("http://[bad,,///", "models.example.org", False),
    ],
)
def test_no_proxy_names_hosts_domains_and_ranges(
    monkeypatch: pytest.MonkeyPatch, names: str, host: str, around: bool
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://10.0.0.1:3128")
    monkeypatch.setenv("NO_PROXY", names)
    assert (proxy_for(httpx.URL(f"https://{host}/a.tar")) == "") is around
