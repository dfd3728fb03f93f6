"""Telling people by mail: each mail once, sent until it has gone."""

from collections.abc import Collection, Mapping
from email.message import EmailMessage

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
from falconbus.platform.mailing import kinds, mime, queries
from falconbus.platform.mailing.jobs import SEND_MAIL
from falconbus.platform.mailing.kinds import MailKind
from falconbus.platform.mailing.mime import MailContent
from falconbus.platform.mailing.models import Mail, MailStatus

_INSERT = text("""
    INSERT INTO mails (kind, subject_id, sequence, recipient, status, created_at)
    SELECT CAST(:kind AS varchar), :subject_id, coalesce(CASE WHEN NOT :once THEN max(sequence) END, 0) + 1,
           :recipient, 'queued', :now
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
_GONE = "what it tells of is gone"


def tell(kind: MailKind, subject_id: int, recipient: str) -> None:
    """Have somebody told by mail, if this transaction commits; what is told once and was told before is left.

    Of a kind that tells more than once the caller has locked the subject: two at the same moment would be one mail.
    """
    values = {
        "kind": kind.name,
        "subject_id": subject_id,
        "once": kind.once,
        "recipient": recipient,
        "now": clock.now(),
    }
    mail_id = db.session.execute(_INSERT, values).scalar()
    if mail_id is not None:
        jobs.enqueue(SEND_MAIL, mail_id=mail_id)


def tell_each(kind: MailKind, recipients: Mapping[int, str]) -> None:
    """Tell of many subjects, given with their recipients, in as many statements as of one; the kind tells once."""
    if not kind.once:
        raise ValueError(f"mails of kind {kind} have a sequence: tell them one by one")
    values = {
        "kind": kind.name,
        "subjects": list(recipients),
        "recipients": list(recipients.values()),
        "now": clock.now(),
    }
    mail_ids = db.session.scalars(_INSERT_EACH, values).all()
    jobs.enqueue_all(SEND_MAIL, [{"mail_id": mail_id} for mail_id in mail_ids])


def forget(kind_name: str, subject_ids: Collection[int]) -> None:
    """Delete the mails about subjects that are deleted in the same transaction."""
    db.session.execute(_FORGET, {"kind": kind_name, "subject_ids": list(subject_ids)})


def send(mail_id: int, outbox_id: int) -> None:
    """Hand a mail over and note that it has gone; each step is its own transaction.

    None is open while the mail is written from what was read, and none while it is handed over. A crash after the
    server has taken it lets the same message go again, with the same Message-ID.
    """
    mail = transactions.run(lambda: _begin(mail_id, outbox_id))
    if mail is None:
        return
    kind = kinds.get_kind(mail.kind)
    told = transactions.run(lambda: kind.read(mail.subject_id, mail.sequence))
    if told is None:
        transactions.run(lambda: _note_gone(mail_id, outbox_id))
        return
    message = _message(mail, kind.render(told))
    transactions.check_outside("the mail server")
    try:
        mailer().send(message)
    except MailFault as fault:
        refusal = fault
        transactions.run(lambda: _note_failure(mail_id, outbox_id, refusal))
    else:
        transactions.run(lambda: _note_sent(mail_id, outbox_id))


def _message(mail: Mail, content: MailContent) -> EmailMessage:
    settings: Settings = current_app.config["SETTINGS"]
    return mime.make(
        content,
        sender=settings.mail_from,
        recipient=mail.recipient,
        sent_at=mail.created_at,
        message_id=content.message_id or f"{mail.kind}.{mail.subject_id}.{mail.sequence}",
        public_url=settings.public_url,
    )


def _begin(mail_id: int, outbox_id: int) -> Mail | None:
    mail = queries.lock_mail(mail_id)
    if mail is None or mail.status == MailStatus.SENT:
        jobs.done(outbox_id)
        return None
    mail.status = MailStatus.SENDING
    return mail


def _note_sent(mail_id: int, outbox_id: int) -> None:
    mail = queries.lock_mail(mail_id)
    if mail is not None:
        mail.status = MailStatus.SENT
        mail.sent_at = mail.sent_at or clock.now()
        mail.error = None
    jobs.done(outbox_id)


def _note_gone(mail_id: int, outbox_id: int) -> None:
    mail = queries.lock_mail(mail_id)
    if mail is not None and mail.status != MailStatus.SENT:
        mail.status = MailStatus.FAILED
        mail.error = _GONE
    jobs.done(outbox_id)


def _note_failure(mail_id: int, outbox_id: int, fault: MailFault) -> None:
    mail = queries.lock_mail(mail_id)
    if mail is None or mail.status == MailStatus.SENT:
        # Forgotten meanwhile, or another worker had the same mail and got through.
        jobs.done(outbox_id)
        return
    jobs.failed(outbox_id, str(fault), retry=isinstance(fault, TemporaryMailFault))
    given_up = db.session.get_one(OutboxRow, outbox_id).failed_at is not None
    mail.status = MailStatus.FAILED if given_up else MailStatus.QUEUED
    mail.error = str(fault)
