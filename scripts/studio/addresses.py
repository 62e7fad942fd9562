"""PURE. Which links may be followed, or handed to a vendor to follow: https ones to a public host, written so
that two readers of URLs cannot differ about where they lead."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

Resolve = Callable[[str], tuple[str, ...]]  # host -> its addresses; () where the name does not resolve here

AUTHORITY = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]+)?")
NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
ZEROS = re.compile(r"(?<![^.])0+(?=[0-9])")
HOMES = re.compile(r"(?:.*\.)?(?:localhost|localdomain|local|internal|intranet|lan|home|corp|home\.arpa)")

UNICAST = ipaddress.IPv6Network("2000::/3")  # all of IPv6 that is given to public hosts
CARRIERS = (ipaddress.IPv6Network("::ffff:0:0/96"), ipaddress.IPv6Network("64:ff9b::/96"))  # mapped, NAT64
NOT_HOSTS = tuple(  # what `is_global` lets through, in this version of Python or an older one
    map(
        ipaddress.ip_network,
        (
            *("192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32"),  # the last tells a cloud's secrets
            *("2001::/23", "2002::/16", "2001:db8::/32", "3fff::/20"),  # Teredo and 6to4 wrap others
        ),
    )
)

STAND_INS = ("198.18.", "198.19.")  # what a tunnel on this machine says for every name, to look it up itself
PRIVATE_IPV6 = ("fc", "fd")  # what it says beside that


class NotPublic(ValueError):
    """A link that is not followed. `why` goes on after "it" or the link: is not https."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def check_link(link: str, resolve: Resolve) -> bool:
    """True: every address that the link's host has is public. False: its name does not resolve here, or
    only to a tunnel's stand-ins, so that only its form could be looked at. NotPublic: it must not be
    followed."""
    host = check_form(link)
    if _is_address(host):
        return True
    found = resolve(host)
    if any(address.startswith(STAND_INS) for address in found):  # whoever looks it up looks elsewhere
        found = tuple(address for address in found if not address.startswith((*STAND_INS, *PRIVATE_IPV6)))
    if not all(map(_is_public, found)):
        raise NotPublic("leads to an address that is not public")
    return bool(found)


def check_form(link: str) -> str:
    """What can be said about a link without asking anybody -> its host. NotPublic as above."""
    if not link.isprintable() or set(link) & set(" \\"):
        raise NotPublic("holds a space, a backslash or a sign that is not printed")
    try:
        parts = urlsplit(link)
        port = parts.port
    except ValueError:
        raise NotPublic("is no link") from None
    if parts.scheme != "https":
        raise NotPublic("is not https")
    if "@" in parts.netloc:
        raise NotPublic("carries a name or a password")
    if port == 0 or not AUTHORITY.fullmatch(parts.netloc):
        raise NotPublic("has no plain host (a name beyond a to z is written with xn--)")
    host = (parts.hostname or "").removesuffix(".")
    if not (_is_address_public(host) if _is_address(host) else _is_name_public(host)):
        raise NotPublic("does not lead to a public host")
    return host


def _is_address(host: str) -> bool:
    """What some reader of URLs takes for an address: 127.1, 0x7f000001 and 2130706433 are one."""
    return ":" in host or NUMBER.fullmatch(host.rpartition(".")[2]) is not None


def _is_name_public(host: str) -> bool:
    """A name alone is one of this network, and so are those that end like the names of one."""
    labels = host.split(".")
    return len(labels) > 1 and all(labels) and not HOMES.fullmatch(host)


def _is_address_public(host: str) -> bool:
    """In every way in which it can be read: 010.1.1.1 is 8.1.1.1 to one reader and 10.1.1.1 to another."""
    if ":" in host:
        return _is_public(host)
    try:
        own, other = (socket.inet_ntoa(socket.inet_aton(way)) for way in (host, ZEROS.sub("", host)))
    except OSError:
        return False
    return _is_public(own) and _is_public(other)


def _is_public(text: str) -> bool:
    """Whether an address belongs to a host on the internet."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address):
        if any(address in carrier for carrier in CARRIERS):
            return _is_public(str(ipaddress.IPv4Address(int(address) % 2**32)))
        if address not in UNICAST:
            return False
    special = any(address in network for network in NOT_HOSTS)
    return address.is_global and not address.is_multicast and not special
