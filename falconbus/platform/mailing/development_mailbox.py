"""The mails that are kept as files, as the page shows them."""

from dataclasses import dataclass
from email.message import EmailMessage

from falconbus.platform.integrations.mail.folder import MailFolder
from falconbus.platform.kit.errors import NotFound
from falconbus.platform.mailing.mime import Attachment

PAGE_SIZE = 50
_HEADERS = ("From", "To", "Reply-To", "Subject", "Date", "Message-ID")


@dataclass(frozen=True, slots=True)
class Letter:
    """A kept mail."""

    name: str
    headers: dict[str, str]
    plain: str
    html: str
    attachments: tuple[Attachment, ...]

    @property
    def subject(self) -> str:
        return self.headers.get("Subject", "")


def letters(folder: MailFolder, page: int) -> tuple[list[Letter], int]:
    """One page of the kept mails, newest first, and how many there are in all."""
    names = folder.names()
    shown = names[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    found = [(name, folder.read(name)) for name in shown]
    return [_letter(name, message) for name, message in found if message is not None], len(names)


def get_letter(folder: MailFolder, name: str) -> Letter:
    """The mail kept under `name`; NotFound."""
    message = folder.read(name)
    if message is None:
        raise NotFound
    return _letter(name, message)


def _letter(name: str, message: EmailMessage) -> Letter:
    return Letter(
        name=name,
        headers={header: str(message[header]) for header in _HEADERS if header in message},
        plain=_text(message, "plain"),
        html=_text(message, "html"),
        attachments=tuple(_attachment(number, part) for number, part in enumerate(message.iter_attachments(), 1)),
    )


def _text(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


def _attachment(number: int, part: EmailMessage) -> Attachment:
    content = part.get_payload(decode=True)
    return Attachment(
        name=part.get_filename() or f"attachment-{number}",
        media_type=part.get_content_type(),
        content=content if isinstance(content, bytes) else b"",
    )
