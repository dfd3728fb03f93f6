"""Old notifications go in small bites, with what waits to be read and with their mails."""

from datetime import timedelta

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.accounts.models import Role, User
from falconbus.platform.database import transactions
from falconbus.platform.kit import clock
from falconbus.scheduling.notifications import trimming
from tests.counting import statements
from tests.scheduling.notifications.telling import kept, tell
from tests.scheduling.people import add_person


def age(database: SQLAlchemy, key: int, days: float) -> None:
    values = {"id": key, "at": clock.now() - timedelta(days=days)}
    database.session.execute(text("UPDATE notifications SET created_at = :at WHERE id = :id"), values)
    database.session.commit()


def keys(database: SQLAlchemy, table: str = "notifications") -> list[int]:
    column = {"notifications": "id", "mails": "subject_id"}.get(table, "notification_id")
    return list(database.session.scalars(text(f"SELECT {column} FROM {table} ORDER BY 1")))


@pytest.fixture
def sipho(database: SQLAlchemy) -> User:
    return add_person("sipho", Role.DRIVER)


def test_what_is_older_than_ninety_days_goes_read_or_not(database: SQLAlchemy, sipho: User) -> None:
    old, young = tell(sipho), tell(sipho)
    age(database, old, 90.1)
    age(database, young, 89.9)
    database.session.execute(
        text(
            "INSERT INTO mails (kind, subject_id, sequence, recipient, status, created_at)"
            " VALUES ('notification', :id, 1, 'a@b.example', 'sent', now())"
        ),
        {"id": old},
    )
    transactions.run(trimming.trim)
    assert keys(database) == keys(database, "unread_notifications") == [young]
    assert keys(database, "mails") == []
    assert kept(sipho) == 1


def test_many_go_in_batches_each_with_its_commit(
    database: SQLAlchemy, sipho: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trimming, "BATCH", 2)
    for key in [tell(sipho) for _ in range(5)]:
        age(database, key, 100)
    young = tell(sipho)
    with statements() as sent:
        transactions.run(trimming.trim)
    assert len([one for one in sent if "DELETE FROM notifications" in one]) == 3
    assert keys(database) == [young]


def test_a_night_has_an_end(database: SQLAlchemy, sipho: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trimming, "BATCH", 1)
    monkeypatch.setattr(trimming, "_BATCHES", 3)
    old = [tell(sipho) for _ in range(5)]
    for key in old:
        age(database, key, 100)
    transactions.run(trimming.trim)
    assert keys(database) == old[3:]


def test_nothing_old_nothing_gone(database: SQLAlchemy, sipho: User) -> None:
    transactions.run(trimming.trim)
    young = tell(sipho)
    transactions.run(trimming.trim)
    assert keys(database) == [young]
