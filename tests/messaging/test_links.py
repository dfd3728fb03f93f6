"""Whatever a mail leads to is a page that its reader can open, or the operator's own, or a way to write or call."""

import re
from html import unescape
from urllib.parse import urlsplit

import pytest
from flask.testing import FlaskClient

from falconbus.registry import FEATURES
from tests.messaging.every_kind import every_kind
from tests.world import World

ORIGIN = "http://127.0.0.1:8000"


def addresses(html: str, plain: str) -> set[str]:
    """All that can be followed, in both texts."""
    return {unescape(found) for found in re.findall(r'href="([^"]+)"', html)} | set(re.findall(r"https?://\S+", plain))


@pytest.mark.parametrize("has_booking_page", [True, False])
def test_every_link_of_every_mail_leads_to_a_page(
    world: World, client: FlaskClient, request: pytest.FixtureRequest, has_booking_page: bool
) -> None:
    theirs = request.getfixturevalue("booking_page") if has_booking_page else None
    mails = every_kind(world)
    assert set(mails) == {kind.name for feature in FEATURES for kind in feature.mail_kinds}
    followed = []
    for name, mail in mails.items():
        for address in addresses(mail.texts.html, mail.texts.plain):
            if address.startswith(("mailto:", "tel:")) or (theirs and address.startswith(f"{theirs}&origin=A&")):
                continue
            assert address.startswith(f"{ORIGIN}/"), f"{name}: {address}"
            answer = client.get(address.removeprefix(ORIGIN))
            assert (answer.status_code, answer.mimetype) == (200, "text/html"), f"{name}: {address}"
            assert not urlsplit(address).path.startswith("/api/"), f"{name}: {address}"
            followed.append(name)
    assert set(followed) == set(mails) - {
        "booking.contact_changed",
        "booking.hold_expired",
        "booking.payment_returned",
        "charter",
        "backups.trouble",
    }
    assert ("booking.hold_expired" in {name for name, mail in mails.items() if "Search again" in mail.texts.plain}) is (
        has_booking_page
    )
