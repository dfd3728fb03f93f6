"""What was sold comes back, to the row: at a backup's moment, and at any moment since."""

import re
from datetime import UTC

from flask import Flask
from redis import Redis

from falconbus.app import create_app
from falconbus.bookings.at_stake import bookings_since
from falconbus.platform.backups.manifest import FULL, INCREMENTAL
from falconbus.platform.backups.moments import Target
from falconbus.platform.backups.plan import Plan
from falconbus.platform.backups.restoring import Restoring
from falconbus.platform.database.engine import db
from tests.calls import bearer, hold, pay
from tests.platform.backups.line import Line, copy_tables, database_now, disconnect, every_row, sql
from tests.world import World

KEY = "a key of a test, and long enough"


def _restoring(plan: Plan, line: Line) -> Restoring:
    return Restoring(plan.data, plan.repository, line.said.append, (bookings_since,))


def test_what_was_deleted_is_back_with_every_row_of_every_table(
    app: Flask, environment: dict[str, str], line: Line
) -> None:
    with app.app_context():
        own = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with line.server(BACKUP_KEY=KEY) as plan:
        copy_tables(own, plan)
        served = create_app(plan.settings.from_environment({**environment, "DATABASE_URL": plan.settings.database_url}))
        client = served.test_client()
        with served.app_context():
            schedule_id = World().add_schedule().id
            db.session.commit()
            db.session.remove()
        assert pay(client, hold(client, schedule_id)).status_code == 201
        base = line.take(plan)
        before_second = every_row(plan)
        second = hold(client, schedule_id)
        assert pay(client, second).status_code == 201
        before_delete, moment = every_row(plan), database_now(plan)
        sql(plan, "TRUNCATE bookings CASCADE")
        disconnect(served)
        assert base.kind == FULL
    plan = line.plan(BACKUP_KEY=KEY)
    done = _restoring(plan, line).restore(None, Target(at=moment), overwrite=True)
    assert done.kept_aside is not None
    assert (done.kept_aside / "PG_VERSION").exists()
    assert done.backup == base
    with line.server(BACKUP_KEY=KEY) as plan:
        assert every_row(plan) == before_delete
        # What Redis held is lost with it, and sold is sold.
        with Redis.from_url(environment["REDIS_URL"]) as redis, Redis.from_url(environment["CACHE_REDIS_URL"]) as cache:
            redis.flushdb()
            cache.flushdb()
        shown = served.test_client().get(
            f"/api/v1/bookings/{second['reference']}", headers=bearer(second["manage_token"])
        )
        assert (shown.status_code, shown.json["status"]) == (200, "confirmed")
        disconnect(served)
    line.said.clear()
    _restoring(plan, line).restore(base.name, Target(), overwrite=True)
    assert re.search(rf"1 booking, 1 of them paid \([0-9.]+ [A-Z]+\): {second['reference']}$", line.said[0])
    with line.server(BACKUP_KEY=KEY) as plan:
        assert every_row(plan) == before_second
        # A new life of the database begins with a full backup, and its moments can be gone to, too.
        assert [line.take(plan).kind, line.take(plan).kind] == [FULL, INCREMENTAL]
        sql(plan, "CREATE TABLE later AS SELECT 1 AS n")
    _restoring(plan, line).restore(None, Target(latest=True), overwrite=True)
    with line.server(BACKUP_KEY=KEY) as plan:
        assert sql(plan, "SELECT n FROM later") == 1


def test_an_incremental_backup_is_restored_on_another_machine(copied: Line) -> None:
    plan = copied.plan(BACKUP_KEY="k" * 32)
    incremental = next(each for each in plan.repository.complete() if each.kind == INCREMENTAL)
    assert plan.verify(incremental.name, print).rows == 1010
    done = _restoring(plan, copied).restore(incremental.name, Target(), overwrite=False)
    assert done.kept_aside is None
    with copied.server(BACKUP_KEY="k" * 32) as plan:
        assert sql(plan, "SELECT count(*) || '/' || sum(price) FROM sold") == "1010/1251245.0"


def test_a_moment_of_the_life_that_was_left_is_gone_to_and_a_new_folder_knows_the_lives(line: Line) -> None:
    with line.server() as plan:
        sql(plan, "CREATE TABLE marks AS SELECT 1 AS n")
        line.take(plan)
        first = database_now(plan)
        sql(plan, "INSERT INTO marks VALUES (2)")
        second = database_now(plan)
        sql(plan, "INSERT INTO marks VALUES (3)")
    for moment, marks in ((first, 1), (second, 2)):
        _restoring(plan, line).restore(None, Target(at=moment), overwrite=True)
        with line.server() as plan:
            assert sql(plan, "SELECT count(*) FROM marks") == marks
            sql(plan, "INSERT INTO marks SELECT 9 WHERE false")
    elsewhere = {"BACKUP_DIR": str(line.data.root / "elsewhere")}
    with line.server(**elsewhere) as plan:
        taken = line.take(plan, FULL)
        sql(plan, "INSERT INTO marks VALUES (4)")
    history = next((line.data.root / "elsewhere" / "wal").glob("*/*.history.zst"))
    _restoring(plan, line).restore(None, Target(latest=True), overwrite=True)
    with line.server(**elsewhere) as plan:
        assert sql(plan, "SELECT count(*) FROM marks") == 3
    # What lies in a backup's folder is enough for its own moment.
    history.write_bytes(b"damaged")
    _restoring(plan, line).restore(taken.name, Target(), overwrite=True)
    with line.server(**elsewhere) as plan:
        assert sql(plan, "SELECT count(*) FROM marks") == 2


def test_a_quiet_moment_is_gone_to_when_a_backup_came_after_it(line: Line) -> None:
    with line.server() as plan:
        sql(plan, "CREATE TABLE marks AS SELECT 1 AS n")
        line.take(plan, FULL)
        sql(plan, "INSERT INTO marks VALUES (2)")
        quiet = sql(plan, "SELECT clock_timestamp()")
        line.take(plan, FULL)
    _restoring(plan, line).restore(None, Target(at=quiet.astimezone(UTC)), overwrite=True)
    with line.server() as plan:
        assert sql(plan, "SELECT count(*) FROM marks") == 2


def test_the_first_minute_after_a_restore_can_be_gone_back_to(line: Line) -> None:
    with line.server() as plan:
        sql(plan, "CREATE TABLE marks AS SELECT 1 AS n")
        line.take(plan, FULL)
    _restoring(plan, line).restore(None, Target(latest=True), overwrite=True)
    with line.server() as plan:
        sql(plan, "INSERT INTO marks VALUES (2)")
        before = database_now(plan)
        sql(plan, "DELETE FROM marks")
        line.take(plan, FULL)
    _restoring(plan, line).restore(None, Target(at=before), overwrite=True)
    with line.server() as plan:
        assert sql(plan, "SELECT count(*) FROM marks") == 2
