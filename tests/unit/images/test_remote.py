"""Images from addresses: public hosts only, within time and size, whatever the other side does."""

from __future__ import annotations

import contextlib
import http.server
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from instseg_ui.errors import Cancelled, ImageError, RemoteError
from instseg_ui.images.remote import MAX_REDIRECTS, fetch_image_bytes, is_address, is_public
from instseg_ui.settings import Settings

BODY = b"\x89PNG the picture"


@dataclass
class Host:
    """A server on this machine and what it was asked for."""

    port: int
    asked: list[str]

    def url(self, path: str, host: str = "localhost") -> str:
        return f"http://{host}:{self.port}{path}"


class Pages(http.server.BaseHTTPRequestHandler):
    """Answers by the first part of a path, most of them badly."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(f"{self.headers['Host']} {self.path}")
        with contextlib.suppress(OSError):
            getattr(self, self.path.strip("/").split("/")[0])()

    def start(self, *headers: tuple[str, str], status: int = 200) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def picture(self) -> None:
        self.start(("Content-Length", str(len(BODY))))
        self.wfile.write(BODY)

    def missing(self) -> None:
        self.start(status=404)

    def huge(self) -> None:
        self.start(("Content-Length", "100000000000"))
        self.endless_zeros()

    def endless(self) -> None:
        self.start()
        self.endless_zeros()

    def endless_zeros(self) -> None:
        while True:
            self.wfile.write(b"0" * 10_000)

    def drip(self) -> None:
        self.start(("Content-Length", "1000"))
        self.drip_head()

    def drip_head(self) -> None:
        for _ in range(100):
            self.wfile.write(b"H")
            time.sleep(0.05)

    def silence(self) -> None:
        time.sleep(2)

    def garbage(self) -> None:
        self.wfile.write(b"this is not HTTP\r\n\r\n")

    def cut(self) -> None:
        self.start(("Content-Length", "1000"))
        self.wfile.write(b"0")

    def hop(self) -> None:
        self.start(("Location", self.path.removeprefix("/hop")), status=302)

    def around(self) -> None:
        self.start(("Location", "/around"), status=302)

    def inwards(self) -> None:
        port = self.connection.getsockname()[1]
        self.start(("location", f"http://127.0.0.1:{port}/picture"), status=307)

    def elsewhere(self) -> None:
        self.start(("Location", "file:///etc/passwd"), status=301)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@pytest.fixture
def host() -> Iterator[Host]:
    asked: list[str] = []
    pages = type("OwnPages", (Pages,), {"asked": asked})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), pages)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield Host(server.server_port, asked)
    server.shutdown()
    server.server_close()
    thread.join()


def trusting(**settings: object) -> Settings:
    """Settings that let `localhost` be asked, and nobody else."""
    own = {"url_hosts": ("localhost",), "url_timeout": 5.0, "max_upload": 20_000}
    return Settings(**(own | settings))  # type: ignore[arg-type]


def loopback(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


def test_a_named_host_is_asked(host: Host) -> None:
    assert fetch_image_bytes(host.url("/picture"), trusting()) == BODY
    assert host.asked == [f"localhost:{host.port} /picture"]


def test_the_name_goes_along_while_the_checked_address_is_connected_to(host: Host) -> None:
    settings = trusting(url_hosts=("pictures.example",))
    url = host.url("/picture", "Pictures.Example")
    assert fetch_image_bytes(url, settings, addresses=loopback) == BODY
    assert host.asked == [f"pictures.example:{host.port} /picture"]


@pytest.mark.parametrize(
    "name",
    [
        *("127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0.0.0.0"),
        *("[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::]"),
    ],
)
def test_this_machine_is_not_asked_however_it_is_written(host: Host, name: str) -> None:
    with pytest.raises(ImageError, match=r"not on the public|There is no host|cannot be read"):
        fetch_image_bytes(host.url("/picture", name), Settings())
    assert host.asked == []


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.1.2.3"),
        *("224.0.0.1", "240.0.0.1", "255.255.255.255", "198.18.0.1", "168.63.129.16"),
        *("fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "::", "fec0::1", "2001:db8::1"),
        *("64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:1:2:3:4:5:6", "::ffff:10.0.0.1"),
    ],
)
def test_an_address_that_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07::1", "::ffff:8.8.8.8"])
def test_an_address_that_is_public(address: str) -> None:
    assert is_public(address)


def test_an_own_address_of_this_machine_is_not_public(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("instseg_ui.images.remote._own_addresses", lambda: {"93.184.215.14"})
    assert not is_public("93.184.215.14")


def test_a_host_with_one_private_address_is_not_asked(host: Host) -> None:
    with pytest.raises(ImageError, match="not on the public internet"):
        fetch_image_bytes(
            host.url("/picture", "two.example"),
            Settings(),
            addresses=lambda *_: ["93.184.215.14", "127.0.0.1"],
        )


def test_a_name_is_resolved_once_so_that_it_cannot_change_its_mind(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])
    tried: list[tuple[str, int]] = []

    def connect(address: tuple[str, int], *_: object, **__: object) -> None:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(RemoteError, match="could not be reached"):
        fetch_image_bytes(
            "http://rebind.example/a.png", Settings(), addresses=lambda *_: next(answers)
        )
    assert tried == [("93.184.215.14", 80)]
    assert next(answers) == ["127.0.0.1"]


def test_a_proxy_of_the_environment_is_not_used(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert fetch_image_bytes(host.url("/picture"), trusting()) == BODY


def test_a_redirect_is_followed(host: Host) -> None:
    assert fetch_image_bytes(host.url("/hop" * MAX_REDIRECTS + "/picture"), trusting()) == BODY


def test_redirects_come_to_an_end(host: Host) -> None:
    with pytest.raises(RemoteError, match="redirects more than"):
        fetch_image_bytes(host.url("/around"), trusting())
    assert len(host.asked) == MAX_REDIRECTS + 1


def test_a_redirect_to_a_host_that_is_not_named_is_not_followed(host: Host) -> None:
    with pytest.raises(ImageError, match=r"not fetched from “127\.0\.0\.1”"):
        fetch_image_bytes(host.url("/inwards"), trusting())
    assert len(host.asked) == 1


def test_a_redirect_to_this_machine_is_not_followed(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that passes for public redirects to loopback."""
    monkeypatch.setattr(
        "instseg_ui.images.remote.is_public", lambda address: address == "127.0.0.2"
    )

    def addresses(name: str, port: int) -> list[str]:
        return ["127.0.0.2"] if name == "public.example" else [name]

    with socket.create_server(("127.0.0.2", 0)) as listener:
        threading.Thread(
            target=redirect_once, args=[listener, host.url("/picture", "127.0.0.1")]
        ).start()
        url = f"http://public.example:{listener.getsockname()[1]}/"
        with pytest.raises(ImageError, match="not on the public internet"):
            fetch_image_bytes(url, Settings(), addresses=addresses)
    assert host.asked == []


def redirect_once(listener: socket.socket, target: str) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(10_000)
        head = f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(head.encode())


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "ftp://localhost/a.png", "gopher://localhost", "localhost/a.png"),
        *("http://", "http:///a.png", "http://[::1", "http://local host/", "http://\ud800/", ""),
        *("http://user:secret@localhost/a.png", "http://localhost:99999/", "http://a\r\nb/"),
    ],
)
def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ImageError) as refusal:
        fetch_image_bytes(url, trusting())
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("path", ["/huge", "/endless"])
def test_a_body_is_bounded_whatever_it_announces(host: Host, path: str) -> None:
    with pytest.raises(ImageError, match=r"at most 0\.02 MB"):
        fetch_image_bytes(host.url(path), trusting())


@pytest.mark.parametrize("path", ["/silence", "/drip", "/drip_head"])
def test_time_is_bounded_over_all_of_it(host: Host, path: str) -> None:
    start = time.monotonic()
    with pytest.raises(RemoteError, match=r"within 0\.3 s"):
        fetch_image_bytes(host.url(path), trusting(url_timeout=0.3))
    assert time.monotonic() - start < 1.5


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/missing", "answered 404; expected an image"),
        ("/garbage", "does not speak HTTP"),
        ("/cut", "broke off"),
        ("/elsewhere", "starts with http"),
    ],
)
def test_an_answer_that_is_no_image_is_said_in_a_sentence(
    host: Host, path: str, sentence: str
) -> None:
    with pytest.raises(ImageError, match=sentence):
        fetch_image_bytes(host.url(path), trusting())


def test_a_host_that_does_not_exist(host: Host) -> None:
    def unknown(name: str, port: int) -> list[str]:
        raise socket.gaierror("no such name")

    with pytest.raises(RemoteError, match="There is no host named"):
        fetch_image_bytes("http://nowhere.example/", Settings(), addresses=unknown)


def test_it_can_be_switched_off(host: Host) -> None:
    with pytest.raises(ImageError, match="Send the file itself"):
        fetch_image_bytes(host.url("/picture"), trusting(url_input=False))
    assert host.asked == []


def test_it_can_be_stopped(host: Host) -> None:
    with pytest.raises(Cancelled):
        fetch_image_bytes(host.url("/picture"), trusting(), cancelled=lambda: True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("http://a", True), ("HTTPS://a", True), ("aHR0cDovLw==", False), ("ftp://a", False)],
)
def test_what_is_meant_as_an_address(text: str, expected: bool) -> None:
    assert is_address(text) is expected


def test_hosts_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSTSEG_URL_HOSTS", "Images.Example, cdn.example,")
    monkeypatch.setenv("INSTSEG_URL_INPUT", "off")
    settings = Settings()
    assert settings.url_hosts == ("images.example", "cdn.example")
    assert settings.url_input is False
