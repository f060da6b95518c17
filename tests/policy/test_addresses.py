"""What kind of place an IP address is, however it is spelled."""

from __future__ import annotations

import pytest

from watchdog.policy.addresses import is_loopback


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", "0.0.0.0", "::"])
def test_addresses_of_the_host_itself(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize("address", ["10.0.0.1", "172.17.0.2", "2001:db8::1", "::ffff:10.0.0.1"])
def test_addresses_of_others(address: str) -> None:
    assert not is_loopback(address)
