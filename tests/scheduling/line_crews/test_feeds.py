"""A feed's newer version, and the crews of departures that it has no more."""

from flask.testing import FlaskClient

from falconbus.accounts.models import Role
from falconbus.platform.database.engine import db
from falconbus.scheduling.line_crews import change_notices
from tests.gtfs.feeds import feed, load, row, rows
from tests.scheduling.people import add_person, headers_of
from tests.world import World

_OF_FEED = "SELECT s.id FROM schedules s JOIN routes r ON r.id = route_id WHERE r.feed_key LIKE 'tl:%'"


def test_a_departure_with_a_crew_is_withdrawn_not_deleted_and_the_crew_is_told(
    world: World, client: FlaskClient
) -> None:
    files = feed()
    load(files)
    (schedule_id,) = rows(f"{_OF_FEED} ORDER BY departure_time DESC")[0]
    driver, office = add_person("dumi", Role.DRIVER), headers_of(add_person("olwethu", Role.OPERATOR))
    crew = {"driver_id": driver.id, "attendant_ids": []}
    address = f"/api/v1/scheduling/schedules/{schedule_id}/crew"
    assert client.put(address, json=crew, headers=office).status_code == 200
    # From tomorrow on: of today's, one may have left and the other not.
    ahead = f"{_OF_FEED} AND s.active AND departure_time > now() + interval '1 day'"
    before = row(f"SELECT count(*) FROM ({ahead}) AS made")
    # Another trip, two hours earlier: nobody can say that it is the same coach.
    times = files["stop_times.txt"].replace("08:00:00,08:00:00", "06:00:00,06:00:00").replace("T1,", "T9,")
    load({**files, "trips.txt": files["trips.txt"].replace(",T1", ",T9"), "stop_times.txt": times})
    assert row("SELECT active FROM schedules WHERE id = :id", id=schedule_id) == (False,)
    assert row("SELECT count(*) FROM assignments WHERE schedule_id = :id", id=schedule_id) == (1,)
    # Those without a crew or a seat sold were made anew at the other time.
    assert row(f"SELECT count(*) FROM ({ahead}) AS made") == before
    db.session.commit()
    assert change_notices.notify_crew_changes() == 1
    db.session.commit()
    assert row("SELECT title LIKE '%taken off sale%' FROM notifications WHERE kind = 'changed'") == (True,)
