"""Backups as administrators see them: asked for once, watched, and told of when something is wrong."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select

from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.performance.backups import service
from falconbus.performance.jobs import BACK_UP
from falconbus.platform.backups.plan import Plan
from falconbus.platform.backups.reports import last_report, publish
from falconbus.platform.backups.status import Status, note_failure, unknown
from falconbus.platform.database import transactions
from falconbus.platform.database.engine import db
from falconbus.platform.integrations.mail.memory import MemoryMailer
from falconbus.platform.jobs import OutboxRow
from falconbus.platform.kit import clock
from falconbus.platform.mailing import service as mailing
from falconbus.platform.mailing.jobs import SEND_MAIL
from falconbus.platform.mailing.models import Mail
from tests.accounts.signing import add_user, signed_in
from tests.workers import a_worker_lives


@pytest.fixture
def enabled(
    app: FalconBus, database: SQLAlchemy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mailer: MemoryMailer
) -> Plan:
    """Backups are on, which the tests' own settings leave off."""
    settings = replace(app.config["SETTINGS"], backup_enabled=True, backup_dir=tmp_path / "backups", data_dir=tmp_path)
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    return Plan(settings)


def _watch() -> None:
    transactions.run(service.watch)


def _requests() -> int:
    return len(db.session.scalars(select(OutboxRow).where(OutboxRow.job == BACK_UP.name)).all())


def test_the_first_backup_is_asked_for_once_and_a_night_asks_for_none_beside_it(enabled: Plan) -> None:
    _watch()
    _watch()
    transactions.run(service.request_backup)
    assert _requests() == 1


def test_a_night_takes_verifies_and_shows_a_backup(enabled: Plan, client: FlaskClient) -> None:
    taken = enabled.take_nightly(print)
    _watch()
    found = last_report()
    assert found is not None
    assert (found.last, found.number, found.trouble) == (taken.name, 1, "")
    assert found.last_verified_at is not None
    assert client.get("/api/v1/health").json["backups"] == "healthy"
    page = client.get("/performance/health", headers=signed_in(Role.ADMIN)).text
    assert "Last good one" in page
    assert _requests() == 0


@pytest.mark.parametrize("trouble", ["failed", "old"])
def test_a_failed_or_old_backup_is_on_health_and_overview_and_in_one_mail_a_day(
    enabled: Plan, client: FlaskClient, trouble: str, mailer: MemoryMailer
) -> None:
    add_user("naledi@example.com", Role.ADMIN)
    add_user("left@example.com", Role.ADMIN, active=False)
    add_user("driver@example.com", Role.DRIVER)
    db.session.commit()
    if trouble == "failed":
        note_failure(enabled.failure, "no space is left for the backup")
        words = "the last backup failed: no space is left for the backup"
        _watch()
        _watch()
        mails = db.session.scalars(select(Mail)).all()
        assert [(mail.kind, mail.recipient) for mail in mails] == [("backups.trouble", "naledi@example.com")]
        job = db.session.scalars(select(OutboxRow).where(OutboxRow.job == SEND_MAIL.name)).one()
        db.session.commit()
        mailing.send(job.arguments["mail_id"], job.id)
        assert words in str(mailer.sent[0])
    else:
        publish(_last_taken(hours=30))
        words = "the last good backup is 30 hours old"
    a_worker_lives()
    health = client.get("/api/v1/health")
    assert (health.status_code, health.json["status"], health.json["backups"]) == (200, "degraded", "degraded")
    assert words[1:] in client.get("/performance", headers=signed_in(Role.ADMIN)).text


def _last_taken(hours: int) -> Status:
    """What was found when the last backup was as old as that."""
    moment = clock.now() - timedelta(hours=hours)
    return msgspec.structs.replace(unknown(""), last="20261201T000000Z-full", last_at=moment)


def test_without_backups_of_our_own_health_says_off(client: FlaskClient, database: SQLAlchemy) -> None:
    a_worker_lives()
    health = client.get("/api/v1/health")
    assert (health.json["status"], health.json["backups"]) == ("healthy", "off")


def test_backups_beside_the_data_are_told_on_the_overview_and_harm_nothing(enabled: Plan, client: FlaskClient) -> None:
    enabled.take_nightly(print)
    _watch()
    words = "BACKUP_DIR is in the data folder, and goes with it"
    admin = signed_in(Role.ADMIN)
    for page in ("/performance", "/performance/health"):
        assert words in client.get(page, headers=admin).text
    assert client.get("/api/v1/health").json["backups"] == "healthy"


def test_backups_on_another_disk_are_told_nothing_of(enabled: Plan, tmp_path: Path) -> None:
    assert Plan(replace(enabled.settings, data_dir=tmp_path / "data")).caution == ""


def test_a_key_of_links_that_no_backup_bears_is_cautioned_of(enabled: Plan, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "secret_key").write_text("made by up")
    settings = replace(enabled.settings, data_dir=data, backup_key="")
    assert str(data / "secret_key") in Plan(settings).caution
    assert Plan(replace(settings, backup_key="a key of sixteen characters")).caution == ""
