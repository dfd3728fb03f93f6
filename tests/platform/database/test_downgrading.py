"""A downgrade that drops data asks first."""

import flask_migrate
import pytest
from click.testing import CliRunner, Result
from flask.cli import ScriptInfo
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import text

from falconbus.app import FalconBus
from falconbus.platform.database import downgrading, transactions
from falconbus.platform.jobs import enqueue
from falconbus.platform.mailing.jobs import SEND_MAIL
from tests.calls import hold, pay
from tests.world import World


def head(database: SQLAlchemy) -> str:
    database.session.rollback()
    return str(database.session.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def db_command(app: FalconBus, *arguments: str) -> Result:
    """`falcon db ...` with nobody at the terminal."""
    return CliRunner().invoke(downgrading.commands({}), arguments, obj=ScriptInfo(create_app=lambda: app))


def test_what_would_be_dropped_is_told_with_its_rows(world: World, client: FlaskClient, database: SQLAlchemy) -> None:
    pay(client, hold(client, world.add_schedule().id, passengers=2))
    told = [str(loss) for loss in downgrading.losses("0003")]
    assert "bookings (1 row)" in told
    assert "tickets (2 rows)" in told
    assert not [each for each in told if each.startswith(("stops (", "refunds ("))], "they stay, or are empty"


def test_a_column_that_holds_something_counts_as_data(database: SQLAlchemy) -> None:
    transactions.run(lambda: enqueue(SEND_MAIL, mail_id=1))
    assert downgrading.losses("0024") == []
    database.session.execute(text("UPDATE outbox SET begun_at = now()"))
    database.session.commit()
    assert [str(loss) for loss in downgrading.losses("0024")] == ["outbox.begun_at (1 row)"]


def test_with_nobody_to_ask_data_stays(app: FalconBus, world: World, database: SQLAlchemy) -> None:
    before = head(database)
    done = db_command(app, "downgrade", "base")
    assert done.exit_code == 1
    assert "falcon: this downgrade drops data: " in done.output
    assert "; take a backup, then say --yes" in done.output
    assert "stops (" in done.output
    assert head(database) == before


@pytest.mark.parametrize("said", [[], ["--yes"]])
def test_a_downgrade_that_loses_nothing_or_was_agreed_to_runs(
    app: FalconBus, database: SQLAlchemy, said: list[str]
) -> None:
    before = head(database)
    transactions.run(lambda: enqueue(SEND_MAIL, mail_id=1))
    if said:
        database.session.execute(text("UPDATE outbox SET begun_at = now()"))
    database.session.commit()
    try:
        done = db_command(app, "downgrade", "0024", *said)
        assert (done.exit_code, head(database)) == (0, "0024"), done.output
    finally:
        flask_migrate.upgrade()
    assert head(database) == before
