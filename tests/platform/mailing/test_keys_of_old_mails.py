"""Migration 0016: the mails of an old database keep what they tell of, there and back."""

from collections.abc import Iterator

import flask_migrate
import pytest
from alembic.script import ScriptDirectory
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import TextClause, text

from falconbus.app import FalconBus
from falconbus.messaging.mail_kinds import CANCELLATION, CHARTER, CONFIRMATION, NOTIFICATION
from tests.scheduling.charters import add_charter

# What the release before writes of a booking, a notification and a change of a charter.
_OLD = """
    INSERT INTO mails (id, booking_id, notification_id, change_id, event, sequence, recipient, status, created_at)
    VALUES (21, 11, NULL, NULL, 'confirmation', 1, 'a@example.com', 'sent', now()),
           (22, 11, NULL, NULL, 'cancellation', 2, 'a@example.com', 'queued', now()),
           (23, NULL, 12, NULL, 'notification', 1, 'sipho@example.com', 'failed', now())
"""
_OLD_MEANWHILE = """
    INSERT INTO mails (id, change_id, event, sequence, recipient, status, created_at)
    VALUES (24, 13, 'charter', 1, 'lerato@example.com', 'queued', now())
    ON CONFLICT (change_id) WHERE change_id IS NOT NULL DO NOTHING
"""
_OLD_KEYS = text("SELECT id, booking_id, notification_id, change_id, event, sequence FROM mails ORDER BY id")
_NEW_KEYS = text("SELECT id, kind, subject_id, sequence FROM mails ORDER BY id")


@pytest.fixture
def subjects(database: SQLAlchemy) -> None:
    """Subjects whose keys differ from each other's and from the mails'."""
    run(
        database,
        f"""
        INSERT INTO users (id, email, password_hash, created_at) VALUES (1, 'sipho@example.com', '', now());
        INSERT INTO bookings (id, reference, status, email, phone, total, currency, created_at, expires_at)
        VALUES (11, 'ABCD2345', 'held', 'a@example.com', '', 1, 'ZAR', now(), now());
        INSERT INTO notifications (id, staff_id, kind, title, message, created_at)
        VALUES (12, 1, 'changed', 'It has changed', '', now());
        INSERT INTO appointment_changes (id, appointment_id, at, action, status)
        VALUES (13, {add_charter().id}, now(), 'requested', 'pending')
        """,
    )


@pytest.fixture
def old(app: FalconBus, database: SQLAlchemy, subjects: None) -> Iterator[SQLAlchemy]:
    """The database as the release before knows it; afterwards it is as it was."""
    flask_migrate.downgrade(revision="0015")
    yield database
    database.session.rollback()
    flask_migrate.upgrade()


def run(database: SQLAlchemy, statement: str) -> None:
    database.session.execute(text(statement))
    database.session.commit()


def rows(database: SQLAlchemy, statement: TextClause) -> list[tuple[object, ...]]:
    found = [tuple(row) for row in database.session.execute(statement)]
    database.session.rollback()
    return found


def test_old_mails_have_their_key_there_and_back(old: SQLAlchemy) -> None:
    run(old, _OLD)
    run(old, _OLD_MEANWHILE)
    before = rows(old, _OLD_KEYS)
    flask_migrate.upgrade()
    assert rows(old, _NEW_KEYS) == [
        (21, CONFIRMATION.name, 11, 1),
        (22, CANCELLATION.name, 11, 2),
        (23, NOTIFICATION.name, 12, 1),
        (24, CHARTER.name, 13, 1),
    ]
    flask_migrate.downgrade(revision="0015")
    assert rows(old, _OLD_KEYS) == before


def test_what_is_written_meanwhile_has_its_key_and_a_second_try_goes_on(app: FalconBus, old: SQLAlchemy) -> None:
    run(old, _OLD)
    migration = ScriptDirectory(app.config["MIGRATIONS"]).get_revision("0016").module
    for statement in migration.FILL[:3]:
        run(old, statement)
    run(old, _OLD_MEANWHILE)
    assert rows(old, _NEW_KEYS)[-1] == (24, CHARTER.name, 13, 1)
    flask_migrate.upgrade()
    assert all(None not in row for row in rows(old, _NEW_KEYS))
    with pytest.raises(Exception, match="uq_mails_kind_subject_id_sequence"):
        run(
            old,
            "INSERT INTO mails (kind, subject_id, sequence, recipient, status, created_at)"
            " SELECT kind, subject_id, sequence, recipient, status, now() FROM mails WHERE id = 23",
        )


def test_going_back_leaves_what_old_code_cannot_send(database: SQLAlchemy, subjects: None) -> None:
    run(
        database,
        "INSERT INTO mails (id, kind, subject_id, sequence, recipient, status, created_at)"
        " SELECT id, kind, subject_id, 1, 'a@example.com', 'queued', now()"
        " FROM (VALUES (31, 'booking.confirmation', 11), (32, 'booking.confirmation', 99), (33, 'accounts.new', 1))"
        " AS given (id, kind, subject_id)",
    )
    run(
        database,
        "INSERT INTO outbox (job, arguments, request_id, created_at, run_after, attempts)"
        " SELECT 'messaging.send_mail', jsonb_build_object('mail_id', id), '-', now(), now(), 0 FROM mails",
    )
    try:
        flask_migrate.downgrade(revision="0015")
        assert rows(database, _OLD_KEYS) == [(31, 11, None, None, "confirmation", 1)]
        assert rows(database, text("SELECT arguments FROM outbox")) == [({"mail_id": 31},)]
    finally:
        flask_migrate.upgrade()
