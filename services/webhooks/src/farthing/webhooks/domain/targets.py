"""Where notifications may be sent: rules for URLs and for the addresses that names stand for."""

from __future__ import annotations

import hashlib
import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

LONGEST_URL: Final = 2048
_NAT64: Final = IPv6Network("64:ff9b::/96")
_IPV4_COMPATIBLE: Final = IPv6Network("::/96")
_PLAIN_HOST: Final = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")  # every parser reads these alike
_LOW: Final = 0xFFFFFFFF  # the 32 bits in which an IPv6 address carries an IPv4 address


def acceptable(url: str, *, strangers: bool) -> bool:
    """Whether a URL can be registered.

    `strangers` (live mode): https only, and no address that leads into our own network; names are checked when they are resolved.
    Otherwise plain http, any port and cluster-internal names are welcome (wire contract, section 7.6).
    """
    parts = _split(url)
    if parts is None or parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        return False
    if not _has_labels(parts.hostname):
        return False
    return not strangers or (
        parts.scheme == "https" and _PLAIN_HOST.fullmatch(parts.hostname) is not None and not _is_inside(parts.hostname)
    )


def public(address: str) -> bool:
    """Whether an IP address belongs to the open internet: not loopback, private, link-local, shared, multicast or reserved.

    An IPv6 address that carries an IPv4 address is judged by both; of a translated one (RFC 6052) only the inner one matters.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found in _NAT64:
        return _is_global(IPv4Address(int(found) & _LOW))
    inner = None if isinstance(found, IPv4Address) else _carried(found)
    return _is_global(found) and (inner is None or _is_global(inner))


def lane_of(url: str) -> int:
    """A number for a URL, 64 bits: what waits for one receiver stands in one lane, and a slow receiver fills only its own."""
    return int.from_bytes(hashlib.sha256(url.encode()).digest()[:8], "big", signed=True)


def _split(url: str) -> SplitResult | None:
    if len(url) > LONGEST_URL or any(character <= " " or character in "\x7f\\" for character in url):
        return None
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 else None
    except ValueError:
        return None


def _has_labels(host: str) -> bool:
    """Whether a resolver takes the name: no label is empty or has more than 63 characters in IDNA (RFC 1035, section 2.3.4)."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True


def _is_inside(host: str) -> bool:
    """A literal address that is not public, in any spelling that a system would understand, or a name that means this machine."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith((".localhost", ".local", ".internal")):
        return True
    literal = ":" in name or name.rpartition(".")[2][:1].isdigit()
    return literal and not public(name)


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    outside = address.is_multicast or address.is_reserved or address.is_unspecified or address.is_link_local
    return address.is_global and not outside and not (isinstance(address, IPv6Address) and address.is_site_local)


def _carried(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    return IPv4Address(int(address) & _LOW) if address in _IPV4_COMPATIBLE else None
