"""Which addresses the server may be asked to call: none of its own network, unless an admin allows that.

A person may give any address, and the server would call it from inside: metadata of clouds, databases, routers. So
names are resolved here, every answer must be public, and the connection then goes to that very address (a name that
answers otherwise a moment later gains nothing). Redirects are not followed.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from data.errors import UserError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Place:
    """A checked address: connect to ``address``, and speak to ``host`` there. ``path`` holds the query too."""

    secure: bool
    host: str
    port: int
    path: str
    address: str


def check_form(url: str) -> None:
    """Raises UserError for what cannot be the address of a webhook, without asking anybody."""
    _parts(url)


def resolve(url: str, *, private: bool = False) -> Place:
    """The place to call. Raises UserError where it does not exist, or (unless ``private``) is not a public one."""
    secure, host, port, path = _parts(url)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UserError(f"There is no server called {host}.", field="target") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not private and not all(is_public(address) for address in addresses):
        hint = "An administrator can allow it: FOVEAL_ALERT_PRIVATE_ADDRESSES (docs/settings.md)."
        raise UserError(f"{host} is an address inside the server's own network, which may not be called.",
                        field="target", hint=hint)  # fmt: skip
    return Place(secure, host, port, path, addresses[0])


def is_public(text: str) -> bool:
    """Whether an IP address is one of the public Internet, also when it is wrapped in an IPv6 one."""
    address: Address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _parts(url: str) -> tuple[bool, str, int, str]:
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise UserError("This is no address of a webhook.", field="target") from None
    if (
        parts.scheme not in ("http", "https")
        or not host
        or any(ord(char) <= 32 or ord(char) == 127 for char in url.strip())
    ):
        raise UserError("A webhook's address begins with https:// and has no spaces.", field="target")
    if parts.username or parts.password:
        raise UserError("A webhook's address holds no name or password.", field="target")
    secure = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return secure, host, port or (443 if secure else 80), path


def masked(kind: str, target: str) -> str:
    """The target for people to see: of a webhook the server alone, for the rest of its address is a secret."""
    return target if kind == "email" else f"{urlsplit(target).scheme}://{urlsplit(target).hostname}/…"
