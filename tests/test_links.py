"""Where vendors' links lead: to public hosts by https, and, in a rehearsal, to this machine; nowhere else,
in whatever spelling, at whatever turn, for files that are fetched and for places to upload to."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from parts import hangs_up, ima, line, says
from studio import http
from studio.content import Content
from studio.contract import Request
from studio.errors import InternalError, NetworkError, NotSaved
from studio.http import Http
from studio.types import Gateway
from support import ROOT, run

REAL = "https://api.imastudio.com"
CAP = 1000
PLACEHOLDER = "ima_example_placeholder"
THIS_MACHINE = ("https://127.0.0.1:1/a", "https://[::1]:1/a", "https://localhost:1/a")
PRIVATE = (
    *("https://10.1.2.3/a", "https://[::ffff:127.0.0.1]/a", "https://printer/a", "https://a.localhost/a"),
    *("https://127.1/a", "https://2130706433/a", "https://0x7f000001/a", "https://0177.0.0.1/a"),
    *("https://169.254.169.254/latest", "https://[fd00:ec2::254]/latest", "https://metadata.internal/"),
    *("https://user:word@cdn.example.com/a", "https://127.0.0.1./a", "https://100.100.100.200/a"),
)
NO_NAMES = ("https://１２７.0.0.1/a", "https://127。0。0。1/a", "https://cdn..example.com/a", "https://[/a")


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "DOWNLOAD_PAUSES", ())


def nobody(host: str) -> tuple[str, ...]:
    raise AssertionError(f"{host} was looked up")


def out(url: str, resolve: Callable[[str], tuple[str, ...]] = nobody) -> Http:
    gateway: Gateway = replace(ima(url), connect_timeout=5.0, read_timeout=5.0)
    return Http(gateway, {gateway.id: gateway}, {gateway.id: PLACEHOLDER}, 500, resolve=resolve)


def fetch(door: Http, url: str) -> str:
    """What became of a link that was fetched, and of it as a place to put a file."""
    with pytest.raises(NotSaved) as fetched:
        door.download(url, io.BytesIO(), CAP)
    with pytest.raises(NetworkError) as put:
        door.ask(Request("the upload", "PUT", url, safe=True, body=Content([b"a picture"])))
    assert ("followed" in put.value.message) == (put.value.message in fetched.value.message)
    return put.value.message


@pytest.mark.parametrize("link", [*PRIVATE, *THIS_MACHINE, *NO_NAMES])
def test_a_link_to_no_public_host_is_not_followed(link: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with line(hangs_up) as proxy:  # through which everything else would go
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        message = fetch(out(REAL), link)

    assert "was not followed" in message or link in NO_NAMES
    assert proxy.got == []


@pytest.mark.parametrize(
    "addresses", [("10.0.0.1",), ("93.184.216.34", "127.0.0.1"), ("2606:2800:21f:cb07::1", "fe80::1%eth0")]
)
def test_a_name_that_leads_to_a_private_address_is_not_followed(addresses: tuple[str, ...]) -> None:
    message = fetch(out(REAL, lambda host: addresses), "https://cdn.example.com/a")
    assert message == (
        "A link to cdn.example.com leads to an address that is not public and was not followed."
    )


@pytest.mark.parametrize("link", PRIVATE)
def test_a_redirect_is_looked_at_like_the_link_itself(link: str) -> None:
    with line(says(302, Location="/on"), says(302, Location=link)) as server, pytest.raises(NotSaved) as no:
        out(server.url).download(server.url, io.BytesIO(), CAP)

    assert "was not followed" in no.value.message
    assert len(server.got) == 2


def test_every_turn_of_a_redirect_has_its_name_looked_up() -> None:
    asked: list[str] = []

    def public_at_first(host: str) -> tuple[str, ...]:
        asked.append(host)
        return ("192.168.0.1",) if "second" in host else ("93.184.216.34",)

    leading = says(302, Location="https://first.example.com/a")
    with line(leading) as server, pytest.raises(NotSaved):
        out(server.url, public_at_first).download(server.url, io.BytesIO(), CAP)
    with line(says(302, Location="https://second.example.com/a")) as server, pytest.raises(NotSaved) as no:
        out(server.url, public_at_first).download(server.url, io.BytesIO(), CAP)

    assert asked == ["first.example.com", "second.example.com"]
    assert "not public" in no.value.message


@pytest.mark.parametrize("addresses", [(), ("93.184.216.34",)], ids=["not known here", "public"])
def test_a_name_that_is_public_or_not_known_here_goes_to_the_proxy(
    addresses: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with line(hangs_up) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        fetch(out(REAL, lambda host: addresses), "https://cdn.example.com/a")

    assert {got.line.rpartition(" ")[0] for got in proxy.got} == {"CONNECT cdn.example.com:443"}


def test_the_gateway_itself_is_spoken_to_wherever_its_owner_put_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with line(hangs_up) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(NetworkError, match="No answer"):
            out("https://studio.internal").ask(Request("it", "GET", "https://studio.internal/a", safe=True))

    assert [got.line.rpartition(" ")[0] for got in proxy.got] == ["CONNECT studio.internal:443"]


def test_this_machine_is_a_link_in_a_rehearsal_alone() -> None:
    with line(says(200, b"a file")) as server:
        sink = io.BytesIO()
        out(server.url).download(server.url, sink, CAP)
        assert "is not https" in fetch(out(REAL), server.url)

    assert (sink.getvalue(), len(server.got)) == (b"a file", 1)


def test_a_key_is_not_told_to_a_name_server() -> None:
    with pytest.raises(InternalError, match="not sent"):
        out(REAL).download(f"https://{PLACEHOLDER}.example.com/a", io.BytesIO(), CAP)


def test_every_option_that_is_a_link_is_marked_as_one() -> None:
    marked = 0
    for file in sorted((ROOT / "scripts" / "studio" / "data" / "catalogue").glob("*.json")):
        for row in objects(json.loads(file.read_text(encoding="utf-8"))):
            link = "https" in f"{row.get('description')}{row.get('pattern')}" and row.get("type") == "string"
            assert link == (row.get("format") == "public-link"), (file.name, row)
            marked += link
    assert marked >= 5


def objects(value: Any) -> Iterator[Any]:
    """Every object in a JSON value."""
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(part)


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("https://127.1/tell", "it does not lead to a public host"),
        ("https://2130706433/tell", "it does not lead to a public host"),
        ("https://localhost:8080/tell", "it does not lead to a public host"),
        ("https://[::ffff:10.0.0.1]/tell", "it does not lead to a public host"),
        ("https://user:word@example.com/tell", "it carries a name or a password"),
        ("https://example.com\\@example.org/", "it holds a space, a backslash"),
        ("http://example.com/tell", "it is not https"),
    ],
)
def test_an_option_that_is_a_link_stops_where_it_is_no_public_one(link: str, why: str) -> None:
    words = ("quote", "--sandbox", "--model", "viduq1", "--task-type", "text_to_video", "--prompt", "a cat")
    stopped = run(*words, "--callback-url", link)

    assert (stopped.code, stopped.error["kind"]) == (2, "bad_link")
    assert why in stopped.error["message"]
