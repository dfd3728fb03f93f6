"""SMTP addresses, encryption, and what goes over the wire."""

import shutil
import smtplib
import ssl
import subprocess
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from falconbus.platform.integrations.mail.mailer import PermanentMailFault, TemporaryMailFault
from falconbus.platform.integrations.mail.smtp import SmtpAddress, SmtpMailer
from tests.mail_sink import Sink, free_port


def _message(to: str = "thandi@example.com") -> EmailMessage:
    message = EmailMessage(policy=policy.SMTP)
    message["From"], message["To"], message["Subject"] = "FalconBus <tickets@example.com>", to, "Grüße"
    message["Message-ID"] = "<confirmation.1.ABCD2345@example.com>"
    message.set_content("Ελλάδα\n")
    return message


@pytest.mark.parametrize(
    ("url", "port", "must_encrypt", "implicit_tls"),
    [
        ("smtp://mail.example.com", 25, False, False),
        ("smtp://mail.example.com:2525", 2525, False, False),
        ("smtp://mail.example.com?starttls=1", 587, True, False),
        ("smtp://user:p%40ss@mail.example.com", 587, True, False),
        ("smtps://user:p%40ss@mail.example.com", 465, True, True),
    ],
)
def test_addresses(url: str, port: int, must_encrypt: bool, implicit_tls: bool) -> None:
    address = SmtpAddress.parse(url)
    assert (address.host, address.port) == ("mail.example.com", port)
    assert (address.must_encrypt, address.implicit_tls) == (must_encrypt, implicit_tls)
    assert (address.user, address.password) in {("", ""), ("user", "p@ss")}


def test_a_message_arrives_whole(smtp: Sink) -> None:
    SmtpMailer(smtp.url, helo="localhost").send(_message())
    arrived = message_from_bytes(smtp.messages[0], policy=policy.default)
    assert (arrived["Subject"], arrived.get_content().strip()) == ("Grüße", "Ελλάδα")


@pytest.mark.parametrize("form", ["smtp://user:secret@{}", "smtp://{}?starttls=1"])
def test_without_encryption_nothing_is_said_when_it_is_needed(smtp: Sink, form: str) -> None:
    mailer = SmtpMailer(form.format(smtp.url.removeprefix("smtp://")), helo="localhost")
    with pytest.raises(TemporaryMailFault, match="offers no encryption"):
        mailer.send(_message())
    assert smtp.messages == []


def test_an_address_of_other_letters_needs_a_server_that_knows_them(smtp: Sink) -> None:
    SmtpMailer(smtp.url, helo="localhost").send(_message())
    controller = Controller(smtp, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=False)
    controller.start()
    try:
        with pytest.raises(PermanentMailFault, match="outside ASCII"):
            SmtpMailer(f"smtp://127.0.0.1:{controller.port}", helo="localhost").send(_message("jörg@example.com"))
    finally:
        controller.stop()


def test_rudeness_after_the_message_is_taken_is_no_failure(smtp: Sink) -> None:
    class Rude(Sink):
        async def handle_QUIT(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802
            return "421 4.3.2 go away"

    rude = Rude()
    controller = Controller(rude, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        SmtpMailer(f"smtp://127.0.0.1:{controller.port}", helo="localhost").send(_message())
    finally:
        controller.stop()
    assert len(rude.messages) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that nobody trusts, with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    folder = tmp_path_factory.mktemp("certificate")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout key.pem -out cert.pem"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def encrypting(certificate: Path) -> Iterator[tuple[Sink, list[str]]]:
    """A server that offers STARTTLS with that certificate, and the passwords that it was told."""
    passwords: list[str] = []

    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
        assert isinstance(data, LoginPassword)
        passwords.append(data.password.decode())
        return AuthResult(success=True)

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    sink = Sink()
    controller = Controller(
        sink,
        hostname="127.0.0.1",
        port=free_port(),
        tls_context=context,
        require_starttls=True,
        authenticator=authenticate,
        auth_required=False,
    )
    controller.start()
    sink.url = f"127.0.0.1:{controller.port}"
    yield sink, passwords
    controller.stop()


def test_encryption_is_used_where_it_is_offered(encrypting: tuple[Sink, list[str]]) -> None:
    sink, _ = encrypting
    SmtpMailer(f"smtp://{sink.url}", helo="localhost").send(_message())
    assert len(sink.messages) == 1


def test_a_password_is_not_told_to_a_server_that_cannot_prove_its_name(encrypting: tuple[Sink, list[str]]) -> None:
    sink, passwords = encrypting
    with pytest.raises(TemporaryMailFault, match="SSLCertVerificationError"):
        SmtpMailer(f"smtp://user:secret@{sink.url}", helo="localhost").send(_message())
    assert (passwords, sink.messages) == ([], [])


def test_the_control_server_would_have_taken_the_password(encrypting: tuple[Sink, list[str]]) -> None:
    sink, passwords = encrypting
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    host, port = sink.url.split(":")
    with smtplib.SMTP(host, int(port)) as connection:
        connection.starttls(context=context)
        connection.login("user", "secret")
    assert passwords == ["secret"]
