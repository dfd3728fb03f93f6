"""A mail as a worker writes it, without sending it."""

from falconbus.platform.database import transactions
from falconbus.platform.mailing.kinds import MailKind
from falconbus.platform.mailing.mime import MailContent


def written(kind: MailKind, subject_id: int, sequence: int = 1) -> MailContent | None:
    """Read what a mail tells and write it, with no transaction open; None when there is nothing to tell."""
    told = transactions.run(lambda: kind.read(subject_id, sequence))
    return None if told is None else kind.render(told)
