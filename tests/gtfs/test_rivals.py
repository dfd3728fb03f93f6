"""Another firm at the same terminals, and the same firm under another name: neither is taken for the other unasked."""

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.gtfs.errors import UnsureNetwork
from tests.gtfs.feeds import Feed, feed, load, row, rows
from tests.gtfs.versions import schedule_ids, sell, state

HEADER = "agency_id,agency_name,agency_url,agency_timezone\n"
COACHES = "SELECT count(*), count(DISTINCT departure_time) FROM schedules WHERE active"


def rival(first: str = "901", last: str = "902", agency: str = "Rival Coaches") -> Feed:
    """A firm with the same agency_id at the same two terminals, and coaches of its own."""
    return feed(
        agency=f"{HEADER}TL,{agency},https://r.example,Africa/Johannesburg\n",
        stops="stop_id,stop_name,stop_lat,stop_lon\n"
        f'{first},"Alpha, Station",-26.001,28.0\n{last},"Gamma, Mall",-24.001,28.0\n',
        routes="route_id,agency_id,route_long_name,route_type\nV,TL,The Rival,3\n",
        trips="route_id,service_id,trip_id\nV,DAILY,V1\n",
        stop_times="trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        f"V1,14:00:00,14:00:00,{first},1\nV1,17:00:00,17:00:00,{last},2\n",
    )


@pytest.mark.parametrize("ids", [("901", "902"), ("a", "c")])
@pytest.mark.parametrize("options", [{}, {"feed": "tl"}])
def test_a_rival_with_our_agency_id_at_our_terminals_is_asked(
    ids: tuple[str, str], options: dict[str, str], database: SQLAlchemy, client: FlaskClient
) -> None:
    load(feed())
    sell(client, schedule_ids()[3])
    before = state()
    with pytest.raises(UnsureNetwork, match=r"a network named tl is here.* 0 of 1 rides .*agencies were Test Lines"):
        load(rival(*ids), **options)
    assert state() == before
    assert load(rival(*ids), feed="rival", another_network=True).feed == "rival"
    assert state("WHERE starts_with(feed_key, 'tl:')", "stops", "routes", "timetables") == {
        "stops": [each for each in before["stops"] if ",tl:" in each[0]],
        "routes": [each for each in before["routes"] if ",tl:" in each[0]],
        "timetables": [each for each in before["timetables"] if ",tl:" in each[0]],
    }


def test_our_agency_with_coaches_at_other_times_is_ours(database: SQLAlchemy) -> None:
    load(feed())
    assert load(rival(agency="TEST-LINES")).feed == "tl"
    assert load(rival(agency="TEST-LINES")).feed == "tl"


def test_a_yes_is_remembered(database: SQLAlchemy) -> None:
    load(feed())
    load(rival(), same_network=True)
    assert rows("SELECT feed, name FROM feed_agencies") == [("tl", "Rival Coaches")]
    assert load(rival()).counts["schedules"] == 0


def test_a_network_of_a_release_that_noted_no_agency_is_known_by_its_ids(database: SQLAlchemy) -> None:
    load(feed())
    database.session.execute(database.text("DELETE FROM feed_agencies"))
    database.session.commit()
    with pytest.raises(UnsureNetwork):
        load(rival())
    assert load(rival("a", "c")).feed == "tl"


def respelled() -> Feed:
    """The same coaches of the same places, under another agency, other ids and other spellings."""
    files = feed(
        agency=f"{HEADER}RG,Regal,https://g.example,Africa/Johannesburg\n",
        stops="stop_id,stop_name,stop_lat,stop_lon\n"
        "10,Alpha Stn,-26.0001,28.0\n11,Beta Sq,-25.0,28.001\n12,Gamma Shopping,-24.0,28.0\n",
        routes="route_id,agency_id,route_long_name,route_type\nG,RG,North,3\n",
        trips="route_id,service_id,trip_id\nG,DAILY,G1\n",
    )
    times = files["stop_times.txt"].replace("T1", "G1")
    for ours, theirs in ((",a,", ",10,"), (",b,", ",11,"), (",c,", ",12,")):
        times = times.replace(ours, theirs)
    return {**files, "stop_times.txt": times}


def test_the_same_coaches_respelled_and_numbered_anew_are_asked_about(
    database: SQLAlchemy, client: FlaskClient
) -> None:
    load(feed())
    sold = schedule_ids()[3]
    sell(client, sold)
    (before,) = rows(COACHES)
    with pytest.raises(UnsureNetwork, match=r"looks like the network tl.*1 of 1 rides are the same.*a second time"):
        load(respelled())
    report = load(respelled(), same_network=True)
    assert (report.feed, report.counts["schedules"], report.withdrawn) == ("tl", 0, [])
    assert rows(COACHES) == [before]
    assert row("SELECT active FROM schedules WHERE id = :id", id=sold) == (True,)
    assert rows("SELECT name, feed_key FROM stops ORDER BY id") == [
        ("Alpha Stn", "tl:10"),
        ("Beta Sq", "tl:11"),
        ("Gamma Shopping", "tl:12"),
    ]


def test_it_is_a_network_of_its_own_for_those_who_say_so(database: SQLAlchemy) -> None:
    load(feed())
    assert load(respelled(), another_network=True).feed == "rg"
    assert rows(COACHES)[0][0] == 2 * rows(COACHES)[0][1]


def test_two_platforms_that_are_near_are_two_stops(database: SQLAlchemy) -> None:
    """Each is numbered anew and renamed, and each stays the one that it was."""
    stops = "stop_id,stop_name,stop_lat,stop_lon\na,East,-26.0,28.0\nb,West,-26.0009,28.0\nc,Gamma,-24.0,28.0\n"
    load(feed(stops=stops))
    files = feed(stops=stops.replace("a,East", "x,Eastern").replace("b,West", "y,Western"))
    files["stop_times.txt"] = files["stop_times.txt"].replace(",a,", ",x,").replace(",b,", ",y,")
    load(files, same_network=True)
    assert rows("SELECT name, feed_key FROM stops ORDER BY id") == [
        ("Eastern", "tl:x"),
        ("Western", "tl:y"),
        ("Gamma", "tl:c"),
    ]
