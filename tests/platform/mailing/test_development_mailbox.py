"""Mails kept as files, and the page that shows them on the machine itself."""

import os
from collections.abc import Iterator
from dataclasses import replace
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from config import Settings
from falconbus.app import FalconBus
from falconbus.platform.integrations.mail.choice import from_settings
from falconbus.platform.integrations.mail.circuit_breaker import CircuitBreaker
from falconbus.platform.integrations.mail.folder import MailFolder
from falconbus.platform.integrations.mail.mailer import TemporaryMailFault
from tests.messaging.travel import book, send, told
from tests.world import World


def _message(number: int = 1, subject: str = "Your tickets") -> EmailMessage:
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"] = "FalconBus <tickets@example.com>", f"passenger{number}@example.com"
    message["Subject"] = subject
    message["Message-ID"] = f"<confirmation.1.REF{number}@example.com>"
    message.set_content("the plain text")
    message.add_alternative("<p onclick='x'>the html</p>", subtype="html")
    message.add_attachment(b"%PDF-1.4", maintype="application", subtype="pdf", filename="tickets.pdf")
    return message


@pytest.fixture
def settings(app: FalconBus, tmp_path: Path) -> Iterator[Settings]:
    """The app's settings, with a mail folder of this test's own."""
    before: Settings = app.config["SETTINGS"]
    app.config["SETTINGS"] = replace(before, data_dir=tmp_path)
    yield app.config["SETTINGS"]
    app.config["SETTINGS"] = before


@pytest.fixture
def folder(settings: Settings) -> MailFolder:
    return MailFolder(settings.mail_folder)


def test_the_settings_choose_the_mailer(settings: Settings) -> None:
    assert isinstance(from_settings(settings), MailFolder)
    assert isinstance(from_settings(replace(settings, smtp_url="smtp://localhost")), CircuitBreaker)


def test_the_same_mail_is_one_file(folder: MailFolder, settings: Settings) -> None:
    folder.send(_message())
    folder.send(_message())
    assert folder.names() == ["confirmation.1.REF1.eml"]
    assert [path.name for path in settings.mail_folder.iterdir()] == folder.names()


def test_mails_are_for_our_own_eyes(folder: MailFolder, settings: Settings) -> None:
    folder.send(_message())
    assert settings.mail_folder.stat().st_mode & 0o777 == 0o700
    assert (settings.mail_folder / folder.names()[0]).stat().st_mode & 0o777 == 0o600


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TemporaryMailFault):
        MailFolder(tmp_path / "file" / "mails").send(_message())


def test_before_the_first_mail_the_page_says_what_will_come(client: FlaskClient, folder: MailFolder) -> None:
    page = client.get("/dev/mail")
    assert page.status_code == 200
    assert "No mail yet" in page.text


def test_mails_are_listed_newest_first(client: FlaskClient, folder: MailFolder, settings: Settings) -> None:
    for number, age in ((1, 50), (2, 10), (3, 30)):
        folder.send(_message(number))
        os.utime(settings.mail_folder / f"confirmation.1.REF{number}.eml", (10**9 - age, 10**9 - age))
    page = client.get("/dev/mail/").text
    places = [page.index(f"passenger{number}@example.com") for number in (2, 3, 1)]
    assert places == sorted(places)
    assert page.count("tickets.pdf") == 3


def test_many_mails_have_pages(client: FlaskClient, folder: MailFolder) -> None:
    for number in range(51):
        folder.send(_message(number))
    assert client.get("/dev/mail").text.count("@example.com</td>") == 50
    assert client.get("/dev/mail?page=2").text.count("@example.com</td>") == 1
    assert "There is no page 3" in client.get("/dev/mail?page=3").text
    assert client.get("/dev/mail?page=0").status_code == 422


def test_a_mail_is_shown_in_all_its_parts(client: FlaskClient, folder: MailFolder) -> None:
    folder.send(_message(subject="<i>Tickets</i> & more"))
    page = client.get("/dev/mail/confirmation.1.REF1.eml")
    assert "&lt;i&gt;Tickets&lt;/i&gt; &amp; more" in page.text
    assert "the plain text" in page.text
    assert "the html" not in page.text
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    download = client.get("/dev/mail/confirmation.1.REF1.eml/attachments/1")
    assert (download.data, download.mimetype) == (b"%PDF-1.4", "application/pdf")
    assert download.headers["Content-Disposition"] == "attachment; filename=tickets.pdf"
    for number in (0, 2):
        assert client.get(f"/dev/mail/confirmation.1.REF1.eml/attachments/{number}").status_code == 404


def test_the_html_part_can_do_nothing(client: FlaskClient, folder: MailFolder) -> None:
    folder.send(_message())
    answer = client.get("/dev/mail/confirmation.1.REF1.eml/html")
    assert "the html" in answer.text
    rules = answer.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "sandbox"} <= set(rules)
    assert not any(rule.startswith("script-src") for rule in rules)


@pytest.mark.parametrize(
    "name",
    ["..%2fsecret.eml", "%2e%2e%2fsecret.eml", "..%5csecret.eml", ".eml", "..eml", "a%00.eml", "nothing.eml", "secret"],
)
@pytest.mark.parametrize("part", ["", "/html", "/attachments/1"])
def test_only_mails_are_served(
    client: FlaskClient, folder: MailFolder, settings: Settings, name: str, part: str
) -> None:
    folder.send(_message())
    for path in (settings.mail_folder.parent / "secret.eml", settings.mail_folder / "secret"):
        path.write_text("Subject: a secret\n\n")
    assert client.get(f"/dev/mail/{name}{part}").status_code == 404


@pytest.mark.parametrize(
    ("address", "host", "headers", "status"),
    [
        ("127.0.0.1", "localhost:8000", {}, 200),
        ("127.8.8.8", "127.0.0.1:8000", {}, 200),
        ("::1", "[::1]:8000", {}, 200),
        ("192.168.1.7", "localhost:8000", {}, 404),
        ("10.0.0.1", "127.0.0.1", {}, 404),
        ("127.0.0.1", "rebound.example.com:8000", {}, 400),
        ("127.0.0.1", "localhost.example.com", {}, 400),
        ("127.0.0.1", "127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, 404),
        ("127.0.0.1", "127.0.0.1", {"Forwarded": "for=203.0.113.9"}, 404),
        ("127.0.0.1", "127.0.0.1", {"X-Forwarded-Proto": "https"}, 404),
        ("127.0.0.1", "127.0.0.1", {"CF-Connecting-IP": "203.0.113.9"}, 404),
    ],
)
@pytest.mark.parametrize("path", ["/dev/mail", "/dev/mail/confirmation.1.REF1.eml/html"])
def test_only_this_machine_sees_them(
    client: FlaskClient, folder: MailFolder, address: str, host: str, headers: dict[str, str], status: int, path: str
) -> None:
    folder.send(_message())
    answer = client.get(path, headers={"Host": host, **headers}, environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == status


@pytest.mark.parametrize(
    "environ",
    [
        # What a plain proxy on the same host sends, without a header of its own.
        {"SERVER_PROTOCOL": "HTTP/1.0"},
        {"SERVER_NAME": "0.0.0.0"},  # noqa: S104
        {"SERVER_NAME": "192.168.1.7"},
        {"REMOTE_ADDR": ""},
    ],
)
def test_nor_is_it_shown_where_others_may_listen(
    client: FlaskClient, folder: MailFolder, environ: dict[str, str]
) -> None:
    assert client.get("/dev/mail").status_code == 200
    assert client.get("/dev/mail", environ_overrides=environ).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"embedded": False},
        {"smtp_url": "smtp://localhost"},
        {"public_url": "https://bus.example"},
        {"public_url": "http://192.168.1.7:8000"},
        {"trusted_proxies": 1},
    ],
)
def test_of_a_site_or_with_real_mail_there_is_no_such_page(
    client: FlaskClient, app: FalconBus, settings: Settings, change: dict[str, object]
) -> None:
    app.config["SETTINGS"] = replace(settings, **change)  # type: ignore[arg-type]
    for path in ("/dev/mail", "/dev/mail/a.eml", "/dev/mail/a.eml/html", "/dev/mail/a.eml/attachments/1"):
        assert client.get(path).status_code == 404


def test_a_told_booking_is_on_the_page(
    client: FlaskClient, database: SQLAlchemy, world: World, app: FalconBus, folder: MailFolder
) -> None:
    booking = book(world, "<b>Thandi</b>")
    app.extensions["mailer"] = folder
    try:
        mail, job = told(booking)
        send(mail, job)
    finally:
        del app.extensions["mailer"]
    page = client.get(f"/dev/mail/confirmation.1.{booking.reference}.eml").text
    assert "&lt;b&gt;Thandi&lt;/b&gt;" in page
    assert f"tickets-{booking.reference}.pdf" in page
