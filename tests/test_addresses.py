"""Which links may be followed: no spelling of a private address, and no name that leads to one."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.addresses import NotPublic, check_form, check_link
from studio.sockets import resolver

PUBLIC = "93.184.216.34"
NOT_PUBLIC = (
    *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
    *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32"),
)
"""What belongs to no host on the internet, typed from IANA's registry; the last tells a cloud's secrets."""


def nobody(host: str) -> tuple[str, ...]:
    raise AssertionError(f"{host} was looked up")


def refused(link: str, *addresses: str) -> bool:
    """Whether a link is; `addresses`: what its name resolves to."""
    try:
        check_link(link, lambda host: addresses)
    except NotPublic as no:
        return bool(no.why)
    return False


def within(network: str) -> st.SearchStrategy[ipaddress.IPv4Address]:
    made = ipaddress.IPv4Network(network)
    return st.integers(int(made[0]), int(made[-1])).map(ipaddress.IPv4Address)


def written(address: ipaddress.IPv4Address, parts: int, signs: list[str]) -> str:
    """An address in so many parts, each in its own notation: d(ecimal), o(ctal), h(ex)."""
    number, size = int(address), 5 - parts  # the last part fills what the others left
    numbers = [(number >> 8 * (3 - n)) & 255 for n in range(parts - 1)] + [number % 256**size]
    ways: dict[str, Callable[[int], str]] = {"d": str, "o": "0{:o}".format, "O": "000{:o}".format}
    ways |= {"h": hex, "H": "0X{:08X}".format}
    return ".".join(ways[sign](part) for sign, part in zip(signs, numbers, strict=False))


NOTATIONS = st.lists(st.sampled_from("doOhH"), min_size=4, max_size=4)
PORTS = st.sampled_from(["", ".", ":443", ".:8443"])


@given(st.sampled_from(NOT_PUBLIC).flatmap(within), st.integers(1, 4), NOTATIONS, PORTS)
def test_no_spelling_of_an_address_that_is_not_public_is_followed(
    address: ipaddress.IPv4Address, parts: int, signs: list[str], port: str
) -> None:
    host = written(address, parts, signs)
    assert socket.inet_aton(host) == address.packed  # so it is one
    assert refused(f"https://{host}{port}/a.png")


def public(address: ipaddress.IPv4Address) -> bool:
    return not any(address in ipaddress.IPv4Network(network) for network in (*NOT_PUBLIC, "192.88.99.0/24"))


PUBLIC_ONES = st.sampled_from(["1.0.0.0/9", "8.0.0.0/7", "45.0.0.0/8", "64.0.0.0/3", "192.0.0.0/3"])


@given(PUBLIC_ONES.flatmap(within).filter(public), st.integers(1, 4), NOTATIONS, PORTS)
def test_no_spelling_of_a_public_address_is_refused(
    address: ipaddress.IPv4Address, parts: int, signs: list[str], port: str
) -> None:
    signs = [sign if sign not in "oO" else "h" for sign in signs]  # octal: see the next test
    assert check_link(f"https://{written(address, parts, signs)}{port}/a.png?b=c", nobody)


@pytest.mark.parametrize(
    ("host", "meets"),
    [
        ("010.1.1.1", True),
        ("0012.1.1.1", True),
        ("8.08.8.8", True),
        ("010.8.8.8", True),
        ("8.010.8.8", False),
    ],
)
def test_where_two_readers_differ_about_an_address_both_have_to_be_public(host: str, meets: bool) -> None:
    assert refused(f"https://{host}/") == meets


@given(st.sampled_from(NOT_PUBLIC).flatmap(within))
def test_an_address_that_carries_another_in_ipv6_is_no_more_public_than_that(
    address: ipaddress.IPv4Address,
) -> None:
    high, low = divmod(int(address), 2**16)
    for carrier in (f"::ffff:{address}", f"64:ff9b::{address}", f"::{address}", f"2002:{high:x}:{low:x}::1"):
        assert refused(f"https://[{carrier}]/"), carrier
        assert refused("https://cdn.example.com/", carrier), carrier
    assert refused(f"https://[2001:0:5db8:d822:0:0:{high ^ 0xFFFF:x}:{low ^ 0xFFFF:x}]/")


@pytest.mark.parametrize(
    "address",
    [
        *("::", "::1", "fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2001:db8::1"),
        *("100::1", "64:ff9b:1::1", "3fff::1", "5f00::1", "2001::1", "2002::1", "nonsense", ""),
    ],
)
def test_an_ipv6_address_that_is_no_public_hosts_is_not_followed(address: str) -> None:
    assert refused(f"https://[{address}]/")
    assert refused("https://cdn.example.com/", PUBLIC, address)


@pytest.mark.parametrize("address", ["2606:2800:21f:cb07::1", "64:ff9b::5db8:d822", "::ffff:93.184.216.34"])
def test_a_public_ipv6_address_is_followed(address: str) -> None:
    assert check_link(f"https://[{address}]:8443/a", nobody)
    assert check_link("https://cdn.example.com/a", lambda host: (PUBLIC, address))


@pytest.mark.parametrize(
    "link",
    [
        *("", "https://", "https:///a", "https:a.example.com", "//a.example.com/b", "a.example.com"),
        *("http://a.example.com/", "ftp://a.example.com/", "file:///etc/hosts", "data:image/png,x"),
        *("https://user@a.example.com/", "https://user:word@a.example.com/", "https://@a.example.com/"),
        *("https://a.example.com%40b.example.com/", "https://a.example.com\\@b.example.com/"),
        *("https:\\\\a.example.com", "https://a.example.com/b\\c", "https://[/", "https://[v1.a]/"),
        *("https://a.example.com/\n", " https://a.example.com/", "https://a.exam\tple.com/"),
        *("https://a.example.com/a b", "https://a.example.com/\x1b[2J", "https://a.example.com/\ud800"),
        *("https://a.example.com/\N{RIGHT-TO-LEFT OVERRIDE}gnp", "https://a.example.com/\0"),
        *("https://a.example.com:0/", "https://a.example.com:port/", "https://a.example.com:99999/"),
        *("https://localhost/", "https://LOCALHOST:8080/", "https://a.localhost./", "https://a:1:2/"),
        *("https://localhost.localdomain/", "https://printer/", "https://printer.local/"),
        *("https://metadata.google.internal/", "https://nas.home.arpa/"),
        *("https://a..example.com/", "https://.example.com/", "https://a.example.com../", "https://./"),
        *("https://１２７.0.0.1/", "https://127。0。0。1/", "https://①27.0.0.1/", "https://127.0.0.1\ufe0f/"),
        *("https://256.1.1.1/", "https://1.2.3.4.5/", "https://a.0x7f/", "https://99999999999/"),
        *("https://[::1%25eth0]/", "https://[fe80::1%eth0]/", "https://[::1].example.com/", "https://0x/"),
    ],
)
def test_what_is_no_plain_public_https_link_is_refused_without_asking_for_a_name(link: str) -> None:
    with pytest.raises(NotPublic) as no:
        check_link(link, nobody)

    assert no.value.why
    with pytest.raises(NotPublic):
        check_form(link)


@pytest.mark.parametrize(
    ("link", "host"),
    [
        ("https://cdn.example.com/a.png?sign=a%20b&x=@#part", "cdn.example.com"),
        ("HTTPS://CDN.Example.COM.:443/猫.png", "cdn.example.com"),
        ("https://my_bucket.s3.example.com", "my_bucket.s3.example.com"),
        ("https://xn--fiqs8s.example/", "xn--fiqs8s.example"),
        ("https://1.2.3.example.com/", "1.2.3.example.com"),
        ("https://localhost.example.com/", "localhost.example.com"),
    ],
)
def test_a_name_is_asked_for_as_it_is_followed_and_one_that_is_not_known_here_passes(
    link: str, host: str
) -> None:
    asked: list[str] = []

    def knows(host: str) -> tuple[str, ...]:
        asked.append(host)
        return (PUBLIC,)

    assert check_link(link, knows)
    assert asked == [host]
    assert not check_link(link, lambda host: ())


PRIVATE = st.sampled_from([one for one in NOT_PUBLIC if one != "198.18.0.0/15"]).flatmap(within).map(str)


@given(PRIVATE, st.integers(0, 3), st.integers(0, 3))
def test_one_address_that_is_not_public_is_enough(private: str, before: int, after: int) -> None:
    assert refused("https://cdn.example.com/", *[PUBLIC] * before, private, *[PUBLIC] * after)


def test_what_a_tunnel_says_for_every_name_is_no_answer_and_no_link() -> None:
    tunnel = ("198.18.0.7", "198.19.255.1")
    assert not check_link("https://cdn.example.com/", lambda host: tunnel)
    assert check_link("https://cdn.example.com/", lambda host: (*tunnel, PUBLIC))
    assert refused("https://cdn.example.com/", *tunnel, "10.0.0.1")
    assert refused("https://198.18.0.7/")


@given(st.text())
def test_any_text_is_followed_or_refused_with_a_reason(text: str) -> None:
    for link in (text, f"https://{text}", f"https://a.example.com{text}"):
        assert refused(link, PUBLIC) or check_form(link)


def test_the_machine_looks_up_names_and_knows_none_that_do_not_exist() -> None:
    resolve = resolver(5)
    assert set(resolve("localhost")) <= {"127.0.0.1", "::1"}
    assert resolve("localhost")
    assert resolve("nobody.invalid") == resolve("a" * 300) == resolve("a\0b") == ()


def test_a_name_server_that_never_answers_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *asked, **more: [answers.wait(30)][:0])
    began = time.monotonic()

    with pytest.raises(TimeoutError):
        resolver(0.05)("cdn.example.com")
    assert time.monotonic() - began < 5
    answers.set()
