"""Whose feed it is: what is the same goes on under its keys, what is not is asked."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from falconbus.accounts.models import Role
from falconbus.gtfs.errors import BadImportOption, UnsureNetwork
from tests.accounts.signing import signed_in
from tests.gtfs.feeds import Feed, feed, load, packed, row, rows
from tests.gtfs.test_api import ADDRESS, upload, work
from tests.gtfs.versions import schedule_ids, sell, state

COACHES = "SELECT count(*), count(DISTINCT departure_time) FROM schedules WHERE active"


def numbered(zone: str, *stops: str) -> Feed:
    """A feed with numbers for ids, as they are everywhere."""
    return feed(
        agency=f"agency_id,agency_name,agency_url,agency_timezone\n1,Line {stops[0][:4]},https://t.example,{zone}\n",
        stops="stop_id,stop_name,stop_lat,stop_lon\n"
        + "".join(f"{number},{at}\n" for number, at in enumerate(stops, 1)),
        routes="route_id,agency_id,route_long_name,route_type\n1,1,The Line,3\n",
        trips="route_id,service_id,trip_id\n1,DAILY,1\n",
        stop_times="trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"
        "1,08:00:00,08:00:00,1,1\n1,09:00:00,09:00:00,2,2\n1,11:00:00,11:00:00,3,3\n",
    )


OURS = ("Aaratown,-30,25", "Bbratown,-29,25", "Ccratown,-28,25")
THEIRS = ("Oslofake,59,10", "Bergenfake,60,5", "Bodofake,67,14")


def test_a_strangers_feed_is_not_taken_for_ours(database: SQLAlchemy) -> None:
    load(numbered("Africa/Johannesburg", *OURS))
    before = state()
    with pytest.raises(UnsureNetwork) as refusal:
        load(numbered("Europe/Oslo", *THEIRS))
    assert state() == before
    for said in (
        "a network named 1 is here",
        "0 of 3 stops",
        "3 ids are in both",
        "1 is Aaratown there and Oslofake here, ",
        "--feed",
        "--same-network",
    ):
        assert said in str(refusal.value)
    load(numbered("Europe/Oslo", *THEIRS), feed="oslo")
    assert rows("SELECT name, feed_key FROM stops WHERE code IN ('AAR', 'OSL') ORDER BY id") == [
        ("Aaratown", "1:1"),
        ("Oslofake", "oslo:1"),
    ]
    assert load(numbered("Africa/Johannesburg", *OURS)).counts["schedules"] == 0


def test_a_stranger_under_our_own_name_is_asked_too_and_a_yes_takes_it(database: SQLAlchemy) -> None:
    load(numbered("Africa/Johannesburg", *OURS), feed="line")
    with pytest.raises(UnsureNetwork, match="a network named line is here"):
        load(numbered("Europe/Oslo", *THEIRS), feed="line")
    with pytest.raises(UnsureNetwork, match="a network named line is here"):
        load(numbered("Europe/Oslo", *THEIRS), feed="line", another_network=True)
    load(numbered("Europe/Oslo", *THEIRS), feed="line", same_network=True)
    assert rows("SELECT name FROM stops ORDER BY id") == [("Oslofake",), ("Bergenfake",), ("Bodofake",)]


def test_an_upload_says_the_same_and_takes_the_same_answer(client: FlaskClient, database: SQLAlchemy) -> None:
    admin = signed_in(Role.ADMIN)
    load(numbered("Africa/Johannesburg", *OURS))
    content = packed(numbered("Europe/Oslo", *THEIRS)).getvalue()

    def report(**fields: str) -> Any:
        import_id = upload(client, admin, content, **fields).json["id"]
        work(database)
        return client.get(f"{ADDRESS}/{import_id}", headers=admin).json

    refused = report()
    assert refused["status"] == "failed"
    assert "a network named 1 is here" in refused["faults"][0]["wrong"]
    assert "same_network=true" in refused["faults"][0]["wrong"]
    assert report(same_network="true")["status"] == "done"
    both = upload(client, admin, content, same_network="true", another_network="true")
    assert (both.status_code, both.json["code"]) == (422, "bad_import_option")
    with pytest.raises(BadImportOption):
        load(feed(), same_network=True, another_network=True)


HEADER = "agency_id,agency_name,agency_url,agency_timezone\n"
TL, ZZ = "TL,Test Lines,https://t.example,Africa/Johannesburg\n", "ZZ,Zebra,https://z.example,Africa/Johannesburg\n"


@pytest.mark.parametrize("agency", [ZZ + TL, TL.replace("Test Lines", "Best Lines"), TL.replace("TL", "BL")])
def test_agencies_in_another_order_or_renamed_double_nothing(
    agency: str, database: SQLAlchemy, client: FlaskClient
) -> None:
    load(feed(agency=HEADER + TL + ZZ))
    sell(client, schedule_ids()[3])
    (before,) = rows(COACHES)
    routes = feed()["routes.txt"].replace("TL", "BL") if "BL" in agency else feed()["routes.txt"]
    report = load(feed(agency=HEADER + agency, routes=routes))
    assert (report.feed, report.counts["schedules"], report.withdrawn) == ("tl", 0, [])
    assert rows(COACHES) == [before]
    assert bool(report.notes) is (agency.startswith(("ZZ", "BL")))


def test_our_stops_under_another_name_are_asked_about(database: SQLAlchemy) -> None:
    """Another firm at the same places, or ourselves at other times? Nobody can know."""
    load(feed())
    times = feed()["stop_times.txt"].replace("T1,08:00:00,08:00:00", "T1,07:00:00,07:00:00")
    renamed = feed(agency=HEADER + TL.replace("TL", "BL"), stop_times=times, routes="route_id,route_type\nR,3\n")
    with pytest.raises(UnsureNetwork, match=r"looks like the network tl.*--feed tl.*--another-network"):
        load(renamed)
    with pytest.raises(UnsureNetwork, match="As other its coaches would be on sale a second time"):
        load(feed(), feed="other")
    assert load(renamed, another_network=True).feed == "bl"
    assert load(renamed).feed == "bl"


def test_the_yes_takes_them_as_the_next_version(database: SQLAlchemy) -> None:
    load(feed())
    times = feed()["stop_times.txt"].replace("T1,08:00:00,08:00:00", "T1,07:00:00,07:00:00")
    routes = "route_id,route_type\nR,3\n"
    renamed = feed(agency=HEADER + TL.replace("TL", "BL"), stop_times=times, routes=routes)
    assert load(renamed, same_network=True).feed == "tl"


STOPS = feed()["stops.txt"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (STOPS.replace("Beta, Square", "Omega"), r"Beta, Square \(1 tickets\) is Omega, 0 m away"),
        (STOPS.replace("-25.0,28.0", "-25.005,28.0"), r"Beta, Square \(1 tickets\) is Beta, Square, 556 m away"),
        (STOPS.replace("-25.0,28.0", "-25.5,28.0"), r"Beta, Square \(1 tickets\) is Beta, Square, 55,598 m away"),
    ],
)
def test_a_stop_with_tickets_is_not_renamed_or_moved_without_a_yes(
    changed: str, said: str, database: SQLAlchemy, client: FlaskClient
) -> None:
    load(feed())
    sell(client, schedule_ids()[3], "ALP", "BET")
    before = state("", "stops")
    with pytest.raises(UnsureNetwork, match=said):
        load(feed(stops=changed))
    assert state("", "stops") == before
    load(feed(stops=changed), same_network=True)
    assert state("", "stops") != before


def test_a_spelling_and_a_few_metres_are_no_other_stop(database: SQLAlchemy, client: FlaskClient) -> None:
    load(feed())
    sell(client, schedule_ids()[3], "ALP", "BET")
    load(feed(stops=STOPS.replace("Beta, Square", "BETA, Squáre").replace("-25.0,28.0", "-25.001,28.0")))
    assert row("SELECT name, latitude FROM stops WHERE feed_key = 'tl:b'") == ("BETA, Squáre", -25.001)


def test_stops_that_are_numbered_anew_are_the_same(database: SQLAlchemy, client: FlaskClient) -> None:
    """Also in a circle: each id stands for another stop than before."""
    load(numbered("Africa/Johannesburg", *OURS))
    names = rows("SELECT id, code, name FROM stops ORDER BY id")
    sell(client, row("SELECT min(id) + 3 FROM schedules")[0], "AAR", "BBR")
    files = numbered("Africa/Johannesburg", OURS[2], OURS[0], OURS[1])
    times = "1,08:00:00,08:00:00,2,1\n1,09:00:00,09:00:00,3,2\n1,11:00:00,11:00:00,1,3\n"
    files["stop_times.txt"] = files["stop_times.txt"].split("\n")[0] + "\n" + times
    report = load(files)
    assert (report.counts["schedules"], report.withdrawn) == (0, [])
    assert rows("SELECT id, code, name FROM stops ORDER BY id") == names
    assert rows("SELECT feed_key FROM stops ORDER BY id") == [("1:2",), ("1:3",), ("1:1",)]


def test_an_id_that_goes_to_a_new_stop_leaves_the_old_one_alone(database: SQLAlchemy) -> None:
    load(feed())
    stops = STOPS.replace("b,", "b2,").replace('"Gamma, Mall"', '"Gamma, Mall"') + "b,New,-25.5,28.0\n"
    times = feed()["stop_times.txt"].replace(",b,2", ",b2,2") + "T1,11:30:00,11:30:00,b,4\n"
    load(feed(stops=stops, stop_times=times))
    assert rows("SELECT name, feed_key FROM stops ORDER BY id") == [
        ("Alpha, Station", "tl:a"),
        ("Beta, Square", "tl:b2"),
        ("Gamma, Mall", "tl:c"),
        ("New", "tl:b"),
    ]


@pytest.mark.parametrize("swap", [("R,", "R2,"), ("T1", "X9"), ("b,", "bee,"), ("DAILY", "EVERYDAY")])
def test_ids_that_change_change_no_coach(swap: tuple[str, str], database: SQLAlchemy, client: FlaskClient) -> None:
    load(feed())
    ids = schedule_ids()
    sold = ids[4]
    sell(client, sold)
    prices = rows("SELECT id, base_price FROM routes")
    renamed = {name: content.replace(*swap) for name, content in feed().items()}
    report = load(renamed)
    assert (report.withdrawn, report.notes) == ([], [])
    assert row("SELECT active FROM schedules WHERE id = :id", id=sold) == (True,)
    assert len(schedule_ids()) == len(ids)
    assert rows(COACHES) == [(len(ids), len(ids))]
    assert rows("SELECT id, base_price FROM routes") == prices
    if swap[0] != "DAILY":
        assert schedule_ids() == ids
