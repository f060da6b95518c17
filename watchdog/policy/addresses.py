"""What kind of place an IP address is, however it is spelled."""

from __future__ import annotations

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def plain(address: str) -> Address:
    """The address that is meant: an IPv4 address that is written as an IPv6 one (RFC 4291, 2.5.5.2) is itself.

    Raises ValueError for what is no address.
    """
    ip = ipaddress.ip_address(address)
    return ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped else ip


def is_loopback(address: str) -> bool:
    """Whether it never leaves the host by its very address; `0.0.0.0` and `::` mean the host itself, too."""
    ip = plain(address)
    return ip.is_loopback or ip.is_unspecified
