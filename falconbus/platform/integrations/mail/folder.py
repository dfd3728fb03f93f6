"""A mailer that keeps mails as files, for systems without an SMTP server."""

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from falconbus.platform.integrations.mail.mailer import TemporaryMailFault

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}\.eml")
_SUFFIX = ".eml"


class MailFolder:
    """A folder of messages, one file each, named by Message-ID, so that the same mail replaces itself."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def send(self, message: EmailMessage) -> None:
        """Write the whole file or nothing: it is renamed when it is complete."""
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(dir=self._path, suffix=".part")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(message.as_bytes())
                Path(draft).replace(self._path / file_name(message))
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    Path(draft).unlink()
                raise
        except OSError as fault:
            raise TemporaryMailFault(f"the mail folder cannot be written: {fault.strerror}") from fault

    def names(self) -> list[str]:
        """Return the names of the files, newest first."""
        return [name for _, name in sorted(self._entries(), reverse=True)]

    def read(self, name: str) -> EmailMessage | None:
        """Return the message in the file `name`; None when there is none, or it is no name of a mail."""
        if not _NAME.fullmatch(name):
            return None
        try:
            return message_from_bytes((self._path / name).read_bytes(), policy=policy.default)
        except FileNotFoundError:
            return None

    def _entries(self) -> Iterator[tuple[int, str]]:
        try:
            entries = list(os.scandir(self._path))
        except FileNotFoundError:
            return
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                if entry.name.endswith(_SUFFIX):
                    yield entry.stat().st_mtime_ns, entry.name


def file_name(message: EmailMessage) -> str:
    """Return the file of a Message-ID: `<confirmation.1.ABCD2345@example.com>` -> `confirmation.1.ABCD2345.eml`."""
    left = message["Message-ID"].strip("<> ").partition("@")[0]
    return re.sub(r"[^A-Za-z0-9._-]", "_", left).lstrip(".")[:150] + _SUFFIX
