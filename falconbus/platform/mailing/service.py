"""Telling people by mail: each mail once, sent until it has gone."""

from collections.abc import Collection, Mapping
from email.message import EmailMessage
from typing import Any

from flask import current_app
from sqlalchemy import text

from config import Settings
from falconbus.platform import jobs
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.integrations.mail.choice import mailer
from falconbus.platform.integrations.mail.mailer import MailFault, TemporaryMailFault
from falconbus.platform.jobs import OutboxRow
from falconbus.platform.kit import clock
from falconbus.platform.mailing import kinds, limits, mime, queries
from falconbus.platform.mailing.errors import MailNotFound
from falconbus.platform.mailing.jobs import SEND_MAIL
from falconbus.platform.mailing.kinds import MailKind
from falconbus.platform.mailing.mime import MailContent
from falconbus.platform.mailing.models import Mail, MailStatus

_INSERT = text("""
    INSERT INTO mails (kind, subject_id, sequence, recipient, status, error, client, created_at)
    SELECT CAST(:kind AS varchar), :subject_id, coalesce(CASE WHEN NOT :once THEN max(sequence) END, 0) + 1,
           :recipient, CASE WHEN CAST(:excess AS text) IS NULL THEN 'queued' ELSE 'dropped' END, :excess, :client, :now
    FROM mails WHERE kind = :kind AND subject_id = :subject_id
    ON CONFLICT (kind, subject_id, sequence) DO NOTHING
    RETURNING id
""")
_INSERT_EACH = text("""
    INSERT INTO mails (kind, subject_id, sequence, recipient, status, created_at)
    SELECT :kind, subject_id, 1, recipient, 'queued', :now
    FROM unnest(CAST(:subjects AS bigint[]), CAST(:recipients AS text[])) AS told (subject_id, recipient)
    ON CONFLICT (kind, subject_id, sequence) DO NOTHING
    RETURNING id
""")
_FORGET = text("DELETE FROM mails WHERE kind = :kind AND subject_id = ANY (CAST(:subject_ids AS bigint[]))")
_GONE = "what it tells of no longer holds"


def tell(kind: MailKind, subject_id: int, recipient: str | None, *, client: str | None = None) -> None:
    """Have somebody told by mail, if this transaction commits; what is told once and was told before is left.

    Who has left no address is not told.
    Of a kind that tells more than once the caller has locked the subject: two at the same moment would be one mail.
    `client`: who has caused it without paying (web/pseudonyms.py); beyond the limits its row is written and dropped.
    """
    if recipient is None:
        return
    excess = None if client is None else limits.find_excess(recipient, client)
    values = {
        "kind": kind.name,
        "subject_id": subject_id,
        "once": kind.once,
        "recipient": recipient,
        "client": client,
        "excess": excess,
        "now": clock.now(),
    }
    mail_id = db.session.execute(_INSERT, values).scalar()
    if mail_id is not None and excess is None:
        jobs.enqueue(SEND_MAIL, mail_id=mail_id)


def tell_each(kind: MailKind, recipients: Mapping[int, str | None]) -> None:
    """Tell of many subjects, given with their recipients, in as many statements as of one; the kind tells once."""
    if not kind.once:
        raise ValueError(f"mails of kind {kind} have a sequence: tell them one by one")
    addresses = {subject_id: recipient for subject_id, recipient in recipients.items() if recipient is not None}
    values = {
        "kind": kind.name,
        "subjects": list(addresses),
        "recipients": list(addresses.values()),
        "now": clock.now(),
    }
    mail_ids = db.session.scalars(_INSERT_EACH, values).all()
    jobs.enqueue_all(SEND_MAIL, [{"mail_id": mail_id} for mail_id in mail_ids])


def tell_again(mail_id: int, recipient: str) -> None:
    """Have a mail told anew, to this recipient, as another message that says what holds then.

    Jobs of what was told before have no more to do, failed ones are forgotten. MailNotFound.
    """
    mail = queries.lock_mail(mail_id)
    if mail is None:
        raise MailNotFound
    mail.edition += 1
    mail.recipient, mail.status, mail.created_at = recipient, MailStatus.QUEUED, clock.now()
    mail.sent_at = mail.error = None
    db.session.flush()
    jobs.forget_failed(SEND_MAIL, "mail_id", [mail_id])
    jobs.enqueue(SEND_MAIL, mail_id=mail_id, edition=mail.edition)


def forget(kind_name: str, subject_ids: Collection[int]) -> None:
    """Delete the mails about subjects that are deleted in the same transaction."""
    db.session.execute(_FORGET, {"kind": kind_name, "subject_ids": list(subject_ids)})


def send(mail_id: int, outbox_id: int, edition: int = 1) -> None:
    """Hand an edition of a mail over and note that it has gone; each step is its own transaction.

    None is open while the mail is written from what was read, and none while it is handed over. A crash after the
    server has taken it lets the same message go again, with the same Message-ID.
    """
    begun = transactions.run(lambda: _begin(mail_id, outbox_id, edition))
    if begun is None:
        return
    mail, kind, told = begun
    message = _message(mail, kind.render(told))
    transactions.check_outside("the mail server")
    try:
        mailer().send(message)
    except MailFault as fault:
        refusal = fault
        transactions.run(lambda: _note_failure(mail_id, outbox_id, edition, refusal))
    else:
        transactions.run(lambda: _note_sent(mail_id, outbox_id, edition))


def _message(mail: Mail, content: MailContent) -> EmailMessage:
    settings: Settings = current_app.config["SETTINGS"]
    message_id = content.message_id or f"{mail.kind}.{mail.subject_id}.{mail.sequence}"
    return mime.make(
        content,
        sender=settings.mail_from,
        recipient=mail.recipient,
        sent_at=mail.created_at,
        # Another edition is another message: some mail servers drop a second one of the same Message-ID.
        message_id=message_id if mail.edition == 1 else f"{message_id}.{mail.edition}",
        public_url=settings.public_url,
    )


def _begin(mail_id: int, outbox_id: int, edition: int) -> tuple[Mail, MailKind, Any] | None:
    """Read what a mail tells while its row is locked: who has it told to another address waits, or is seen."""
    mail = _lock_unsent(mail_id, edition)
    if mail is None:
        jobs.done(outbox_id)
        return None
    kind = kinds.get_kind(mail.kind)
    told = kind.read(mail.subject_id, mail.sequence)
    if told is None:
        mail.status = MailStatus.DROPPED
        mail.error = _GONE
        jobs.done(outbox_id)
        return None
    mail.status = MailStatus.SENDING
    return mail, kind, told


def _note_sent(mail_id: int, outbox_id: int, edition: int) -> None:
    mail = _lock_unsent(mail_id, edition)
    if mail is not None:
        mail.status = MailStatus.SENT
        mail.sent_at = clock.now()
        mail.error = None
    jobs.done(outbox_id)


def _note_failure(mail_id: int, outbox_id: int, edition: int, fault: MailFault) -> None:
    mail = _lock_unsent(mail_id, edition)
    if mail is None:
        jobs.done(outbox_id)
        return
    jobs.failed(outbox_id, str(fault), retry=isinstance(fault, TemporaryMailFault))
    given_up = db.session.get_one(OutboxRow, outbox_id).failed_at is not None
    mail.status = MailStatus.FAILED if given_up else MailStatus.QUEUED
    mail.error = str(fault)


def _lock_unsent(mail_id: int, edition: int) -> Mail | None:
    """Lock a mail for its job; None when it was forgotten or told anew meanwhile, or another worker got through."""
    mail = queries.lock_mail(mail_id)
    return None if mail is None or mail.edition != edition or mail.status == MailStatus.SENT else mail
