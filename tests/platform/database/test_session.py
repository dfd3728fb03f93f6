"""Requests that only read: no transaction, so nothing may be locked or changed there."""

import pytest
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import select, text, update

from falconbus.app import FalconBus
from falconbus.network.models import Stop
from falconbus.platform.database.driver_reads import driver_read
from falconbus.platform.database.engine import db
from falconbus.platform.database.session import ChangeInRead, is_read
from tests.world import World


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_lock_or_a_change_is_refused_while_a_request_only_reads(app: FalconBus, world: World, method: str) -> None:
    with app.test_request_context("/", method=method):
        for statement in (
            select(Stop).with_for_update(),
            update(Stop).values(name="Elsewhere"),
            text("SET LOCAL x = 1"),
        ):
            with pytest.raises(ChangeInRead):
                db.session.execute(statement)
            db.session.rollback()
        with pytest.raises(ChangeInRead):
            driver_read(text("SELECT id FROM stops FOR KEY SHARE"), {})
        assert db.session.scalars(select(Stop.name)).first() != "Elsewhere"


def test_a_request_that_writes_may_lock(app: FalconBus, world: World, database: SQLAlchemy) -> None:
    with app.test_request_context("/", method="POST"):
        assert db.session.scalars(select(Stop).with_for_update()).first() is not None


@pytest.mark.parametrize(
    ("statement", "reads"),
    [
        ("SELECT 1", True),
        ("\n    WITH a AS (SELECT 1) SELECT * FROM a", True),
        ("SELECT updated_at, for_update FROM t WHERE name = 'x'", True),
        ("WITH gone AS (DELETE FROM t RETURNING id) SELECT id FROM gone", False),
        ("SELECT id FROM t FOR NO KEY UPDATE SKIP LOCKED", False),
        ("SELECT id FROM t FOR SHARE", False),
        ("INSERT INTO t VALUES (1)", False),
        ("UPDATE t SET a = 1", False),
        ("SET LOCAL statement_timeout = 0", False),
        ("TRUNCATE t", False),
        ("SELECT pg_advisory_xact_lock(1)", False),
        ("SELECT pg_try_advisory_xact_lock(1)", False),
        ("SELECT set_config('a.b', '1', true)", False),
        ("SELECT nextval('ids')", False),
    ],
)
def test_reads_are_known_by_their_text(statement: str, reads: bool) -> None:
    assert is_read(statement) is reads
