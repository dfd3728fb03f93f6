"""Clients: one is known by one name, whatever its addresses and however a proxy spells them."""

import pytest

from falconbus.platform.web.clients import client_of


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:5123", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("64:ff9b::c000:207", "192.0.2.7"),
        ("64:ff9b::192.0.2.7", "192.0.2.7"),
        ("::FFFF:c000:207", "192.0.2.7"),
        ("[::ffff:192.0.2.7]:5123", "192.0.2.7"),
        (" 192.0.2.7 ", "192.0.2.7"),
        ("2001:db8:7:7::1", "2001:db8:7:7::/64"),
        ("2001:DB8:7:7:ffff::2", "2001:db8:7:7::/64"),
        ("2001:0db8:0007:0007:0:0:0:3", "2001:db8:7:7::/64"),
        ("[2001:db8:7:7::4]:5123", "2001:db8:7:7::/64"),
        ("[2001:db8:7:7::5]", "2001:db8:7:7::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("2001:db8:7:8::1", "2001:db8:7:8::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("unknown", "unknown"),
        ("x" * 500, "x" * 64),
    ],
)
def test_an_address_has_one_client(address: str, client: str) -> None:
    assert client_of(address) == client
