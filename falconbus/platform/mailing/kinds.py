"""Kinds of mails: each feature that tells something by mail registers its own."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

from falconbus.platform.mailing.mime import MailContent

#: Reads all that a mail says by the key of its subject and its sequence, in a transaction that writes nothing: a plain
#: value, which asks nothing of the database later. None when the subject is gone. It may be read again for a mail.
Read: TypeAlias = Callable[[int, int], Any]
#: Writes the mail from that value; no transaction is open, for templates, PDFs and calendars take their time.
Render: TypeAlias = Callable[[Any], MailContent]


@dataclass(frozen=True, slots=True)
class MailKind:
    """A kind by its name, which stands in the table of mails: it stays, or a migration changes it there.

    A subject is told of `once`, or else as often as it is told, each mail with the next sequence.
    """

    name: str
    read: Read
    render: Render
    once: bool = True

    def __str__(self) -> str:
        return self.name


_known: dict[str, MailKind] = {}


def register(mail_kinds: Iterable[MailKind]) -> None:
    """Let mails of these kinds be sent; called for each feature when the app is made. ValueError for a name taken."""
    for kind in mail_kinds:
        if _known.setdefault(kind.name, kind) != kind:
            raise ValueError(f"there are two kinds of mails {kind}")


def registered() -> Collection[MailKind]:
    """Return every kind that a feature has registered."""
    return _known.values()


def get_kind(name: str) -> MailKind:
    """Return the kind of a name; KeyError for one that no feature has registered."""
    return _known[name]
