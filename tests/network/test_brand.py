"""The brand: what a line is called and looks like, wherever it is shown."""

from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from PIL import Image
from sqlalchemy import text

from falconbus.accounts.models import Role
from falconbus.network.brand import service
from falconbus.platform.design import colours
from tests.accounts.signing import signed_in
from tests.network.calls import pointers
from tests.world import World

BRAND = "/api/v1/brand"
LOGO = f"{BRAND}/logo"


def picture(kind: str = "PNG", size: tuple[int, int] = (1200, 300), **how: Any) -> bytes:
    content = BytesIO()
    Image.new("RGB", size, "#c00000").save(content, kind, **how)
    return content.getvalue()


@pytest.fixture
def admin(world: World) -> dict[str, str]:
    return signed_in(Role.ADMIN)


def test_a_line_without_a_brand_has_the_name_of_its_mails(client: FlaskClient) -> None:
    shown = client.get(BRAND).json
    assert shown == {
        "from_cache": False,
        "name": "FalconBus",
        "colour": "#0b4f94",
        "support_email": None,
        "support_phone": None,
        "website": None,
        "imprint": None,
        "logo_url": None,
    }


def test_what_an_admin_changes_is_shown_at_once_and_null_empties_it(
    client: FlaskClient, admin: dict[str, str], database: SQLAlchemy
) -> None:
    client.get(BRAND)
    given = {"name": "Sky & Sons", "colour": "#FFCC00", "support_email": "help@sky.example", "imprint": "Sky\nDurban"}
    changed = client.patch(BRAND, json=given, headers=admin)
    assert (changed.status_code, changed.json["colour"]) == (200, "#ffcc00")
    assert client.get(BRAND).json["name"] == "Sky & Sons"
    client.patch(BRAND, json={"support_email": None}, headers=admin)
    assert client.get(BRAND).json["support_email"] is None
    assert client.get(BRAND).json["imprint"] == "Sky\nDurban"
    assert database.session.execute(text("SELECT count(*) FROM brand")).scalar() == 1
    actions = database.session.execute(text("SELECT action FROM audit_log WHERE subject = 'brand'")).scalars().all()
    assert list(actions) == ["change", "change"]


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.DRIVER, None])
def test_only_admins_change_it(role: Role | None, client: FlaskClient, world: World) -> None:
    headers = signed_in(role) if role else {}
    expected = 403 if role else 401
    assert client.patch(BRAND, json={"name": "Mine"}, headers=headers).status_code == expected
    picture_headers = {**headers, "Content-Type": "image/png"}
    assert client.put(LOGO, data=picture(), headers=picture_headers).status_code == expected
    assert client.delete(LOGO, headers=headers).status_code == expected


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "x" * 101}, "/name"),
        ({"colour": "blue"}, "/colour"),
        ({"colour": "#0b4f94; } body { display: none"}, "/colour"),
        ({"support_email": "nobody"}, "/support_email"),
        ({"website": "javascript:alert(1)"}, "/website"),
        ({"imprint": "x" * 2001}, "/imprint"),
        ({"logo_hash": "00"}, "/logo_hash"),
    ],
)
def test_a_bad_side_is_refused(body: dict[str, Any], pointer: str, client: FlaskClient, admin: dict[str, str]) -> None:
    assert pointers(client.patch(BRAND, json=body, headers=admin)) == [pointer]


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_logo_is_kept_small_and_bare(kind: str, client: FlaskClient, admin: dict[str, str]) -> None:
    headers = {**admin, "Content-Type": f"image/{kind.lower()}"}
    changed = client.put(LOGO, data=picture(kind, comment=b"secret"), headers=headers)
    assert changed.status_code == 200, changed.json
    shown = client.get(changed.json["logo_url"])
    assert (shown.status_code, shown.content_type) == (200, "image/png")
    assert "max-age=31536000" in shown.headers["Cache-Control"]
    assert b"secret" not in shown.data
    assert Image.open(BytesIO(shown.data)).size == (640, 160)
    assert client.get(BRAND).json["logo_url"] == changed.json["logo_url"]
    assert client.delete(LOGO, headers=admin).status_code == 204
    assert client.get(BRAND).json["logo_url"] is None
    assert client.get(LOGO).json["code"] == "logo_not_found"


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"<svg onload='alert(1)'/>", picture()[:200], picture(size=(4001, 4000))]
)
def test_what_is_no_picture_is_refused(content: bytes, client: FlaskClient, admin: dict[str, str]) -> None:
    refused = client.put(LOGO, data=content, headers={**admin, "Content-Type": "image/png"})
    assert (refused.status_code, refused.json["code"]) == (422, "bad_logo")
    assert client.get(LOGO).status_code == 404


def test_a_logo_too_large_or_of_another_type_is_refused(client: FlaskClient, admin: dict[str, str]) -> None:
    large = client.put(LOGO, data=b"\x00" * (2 * 1024**2 + 1), headers={**admin, "Content-Type": "image/png"})
    assert large.status_code == 413
    assert client.put(LOGO, json={}, headers=admin).status_code == 415


def test_pages_bear_the_brand(client: FlaskClient, admin: dict[str, str]) -> None:
    given = {"name": "Sky & Sons", "colour": "#ffcc00", "support_phone": "+27 31 000 0000", "imprint": "Reg. 7"}
    client.patch(BRAND, json=given, headers=admin)
    page = client.get("/sign-in").text
    for words in ("| Sky &amp; Sons</title>", '<span class="brand">Sky &amp; Sons</span>', "+27 31 000 0000", "Reg. 7"):
        assert words in page
    assert '<link rel="stylesheet" href="/brand.css?v=ffcc00">' in page
    style = client.get("/brand.css?v=ffcc00")
    assert style.mimetype == "text/css"
    strong = style.text.partition("--brand: ")[2][:7]
    assert colours.contrast(strong, colours.WHITE) >= colours.READABLE
    client.put(LOGO, data=picture(), headers={**admin, "Content-Type": "image/png"})
    assert 'alt="Sky &amp; Sons"' in client.get("/sign-in").text


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    assert colours.under_white("#0b4f94") == "#0b4f94"
    assert colours.contrast(colours.under_white("#ffffff"), "#ffffff") >= colours.READABLE
    assert colours.contrast(colours.readable_on("#000000", "#1a212b"), "#1a212b") >= colours.READABLE
    assert round(colours.contrast("#000000", "#ffffff"), 1) == 21.0


def test_filling_takes_only_a_brand_without_a_name(
    client: FlaskClient, admin: dict[str, str], database: SQLAlchemy
) -> None:
    client.patch(BRAND, json={"support_phone": "+27 31 000 0000"}, headers=admin)
    service.fill({"name": "From the feed", "support_phone": "+1 111 111", "website": "https://feed.example"})
    database.session.commit()
    shown = client.get(BRAND).json
    assert (shown["name"], shown["support_phone"], shown["website"]) == (
        "From the feed",
        "+27 31 000 0000",
        "https://feed.example",
    )
    service.fill({"name": "Another", "support_email": "x@feed.example"})
    database.session.commit()
    assert client.get(BRAND).json["name"] == "From the feed"
    assert client.get(BRAND).json["support_email"] is None
