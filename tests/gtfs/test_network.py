"""What becomes of stops, routes, patterns and buses."""

from flask_sqlalchemy import SQLAlchemy

from tests.gtfs.feeds import feed, load, row, rows

HEADER = "trip_id,arrival_time,departure_time,stop_id,stop_sequence\n"


def test_a_stop_gets_its_city_and_a_code_from_its_name(database: SQLAlchemy) -> None:
    load(feed())
    assert rows("SELECT code, name, city, feed_key FROM stops ORDER BY id") == [
        ("ALP", "Alpha, Station", "Alpha", "tl:a"),
        ("BET", "Beta, Square", "Beta", "tl:b"),
        ("GAM", "Gamma, Mall", "Gamma", "tl:c"),
    ]


def test_a_feeds_own_code_is_kept_when_it_can_be(database: SQLAlchemy) -> None:
    stops = (
        "stop_id,stop_code,stop_name,stop_lat,stop_lon\n"
        "a,jnb,Alpha,-26,28\nb,JNB,Beta,-25,28\nc,a code with blanks,Gamma,-24,28\n"
        "d,,Alpha,-23,28\ne,,Alpha,-23,28\nf,,Éa,-23,28\ng,,北京,-23,28\n"
    )
    load(feed(stops=stops))
    codes = dict(rows("SELECT split_part(feed_key, ':', 2), code FROM stops"))
    assert codes == {"a": "JNB", "b": "BET", "c": "GAM", "d": "ALP", "e": "ALPH", "f": "EAX", "g": "STO"}


def test_codes_that_others_have_are_left_to_them(database: SQLAlchemy) -> None:
    load(feed())
    load(feed(), feed="other", another_network=True)
    assert rows("SELECT code FROM stops ORDER BY id") == [(c,) for c in ("ALP", "BET", "GAM", "ALPH", "BETA", "GAMM")]


def test_only_stops_where_coaches_call_become_stops(database: SQLAlchemy) -> None:
    stops = (
        "stop_id,stop_name,stop_lat,stop_lon,location_type,parent_station\n"
        "a,A,-26,28,0,S\nb,B,-25,28,,\nc,C,-24,28,,\nS,Station,-26,28,1,\nE,,,,2,S\nN,,,,3,S\n"
    )
    load(feed(stops=stops))
    assert rows("SELECT name FROM stops ORDER BY name") == [("B",), ("C",), ("Station, A",)]


def test_the_bytes_of_a_feed_are_read_kindly(database: SQLAlchemy) -> None:
    """A byte order mark, CRLF, unknown columns and files, quoted line ends, short rows and empty ones."""
    stops = (
        '\ufeffwheelchair, stop_id ,stop_name,stop_lon,stop_lat,extra\r\n1, a ,"Alpha,\r\nStation",28.0,-26.0\r\n'
        '\r\n,,,,,\r\n,b,"The ""Beta""", 28.0 , -25.0 ,\r\n,c,Gamma,28,-24,x,\r\n'
    )
    load({**feed(stops=stops), "pathways.txt": "what is this"})
    assert rows("SELECT name, latitude FROM stops ORDER BY id") == [
        ("Alpha, Station", -26.0),
        ('The "Beta"', -25.0),
        ("Gamma", -24.0),
    ]


def test_a_route_with_one_pattern_keeps_its_name(database: SQLAlchemy) -> None:
    load(feed())
    assert row("SELECT name, duration_minutes, active FROM routes") == ("The North Line", 150, True)


def test_several_patterns_are_routes_named_by_their_ends(database: SQLAlchemy) -> None:
    trips = feed()["trips.txt"] + "R,DAILY,T2\nR,DAILY,T3\n"
    times = feed()["stop_times.txt"] + (
        "T2,12:00:00,12:00:00,c,1\nT2,13:00:00,13:00:00,a,2\nT3,18:00:00,18:00:00,a,1\nT3,19:00:00,19:00:00,b,2\n"
        "T3,21:00:00,21:00:00,c,3\n"
    )
    report = load(feed(trips=trips, stop_times=times))
    assert report.counts["routes"] == 2
    assert report.counts["timetables"] == 3
    assert report.counts["timings"] == 3
    assert rows("SELECT name, duration_minutes FROM routes ORDER BY id") == [
        ("Alpha - Gamma", 150),
        ("Gamma - Alpha", 60),
    ]


def test_a_stop_may_come_twice(database: SQLAlchemy) -> None:
    times = HEADER + "T1,8:00:00,8:00:00,a,1\nT1,9:00:00,9:00:00,b,2\nT1,10:00:00,10:00:00,a,3\n"
    load(feed(stop_times=times))
    assert rows("SELECT s.name, position FROM route_stops JOIN stops s ON s.id = stop_id ORDER BY position") == [
        ("Alpha, Station", 0),
        ("Beta, Square", 1),
        ("Alpha, Station", 2),
    ]


def test_distances_are_great_circles_with_a_road_factor(database: SQLAlchemy) -> None:
    """A degree of latitude is 111.195 km on the sphere."""
    load(feed())
    assert rows("SELECT distance_m FROM route_stops ORDER BY position") == [(0,), (138994,), (277988,)]


def test_the_feeds_own_distances_are_taken_when_they_look_like_it(database: SQLAlchemy) -> None:
    header = HEADER.replace("\n", ",shape_dist_traveled\n")
    for unit, taken in (
        ("5,135,255.5", 250_500),
        ("5000,135000,255500", 250_500),
        ("3,84,159", 251_058),
        ("3,5,9", 277_988),
    ):
        a, b, c = unit.split(",")
        times = header + f"T1,8:00:00,8:00:00,a,1,{a}\nT1,9:00:00,9:00:00,b,2,{b}\nT1,10:00:00,10:00:00,c,3,{c}\n"
        load(feed(stop_times=times))
        assert row("SELECT distance_m FROM routes") == (taken,)


def test_pickup_and_drop_off_say_where_one_may_board_and_alight(database: SQLAlchemy) -> None:
    header = HEADER.replace("\n", ",pickup_type,drop_off_type\n")
    load(
        feed(stop_times=header + "T1,8:00:00,8:00:00,a,1,,1\nT1,9:00:00,9:00:00,b,2,1,2\nT1,9:30:00,9:30:00,c,3,3,0\n")
    )
    assert row("SELECT boards, alights FROM timetables") == ([True, False, True], [False, True, True])


def test_trips_with_fewer_than_two_stops_are_told_and_left_out(database: SQLAlchemy) -> None:
    trips = feed()["trips.txt"] + "R,DAILY,LONELY\nR,DAILY,EMPTY\n"
    report = load(feed(trips=trips, stop_times=feed()["stop_times.txt"] + "LONELY,8:00:00,8:00:00,a,1\n"))
    assert report.counts["timetables"] == 1
    assert report.notes[0] == "2 trips with fewer than two stops are left out: LONELY, EMPTY"


def test_what_does_not_run_by_road_is_told(database: SQLAlchemy) -> None:
    routes = feed()["routes.txt"] + "F,TL,,The Ferry,4\nB,TL,,A Coach,202\n"
    assert load(feed(routes=routes)).notes[0] == "1 routes are not run by road: The Ferry (type 4)"


def test_a_bus_runs_what_follows_and_another_what_overlaps(database: SQLAlchemy) -> None:
    trips = "route_id,service_id,trip_id\n" + "".join(f"R,DAILY,T{number}\n" for number in (1, 2, 3))
    times = HEADER + "".join(
        f"T{number},{hour}:00:00,{hour}:00:00,a,1\nT{number},{hour + 1}:00:00,{hour + 1}:00:00,c,2\n"
        for number, hour in ((1, 8), (2, 9), (3, 10))
    )
    load(feed(trips=trips, stop_times=times))
    buses = rows("SELECT t.departure_minutes, b.number FROM timetables t JOIN buses b ON b.id = t.bus_id ORDER BY 1")
    assert buses == [(480, "TL-001"), (540, "TL-002"), (600, "TL-001")]


def test_trips_of_a_block_share_a_bus(database: SQLAlchemy) -> None:
    trips = "route_id,service_id,trip_id,block_id\nR,DAILY,T1,x\nR,DAILY,T2,y\nR,DAILY,T3,x\n"
    times = HEADER + "".join(
        f"T{number},{hour}:00:00,{hour}:00:00,a,1\nT{number},{hour + 1}:00:00,{hour + 1}:00:00,c,2\n"
        for number, hour in ((1, 8), (2, 8), (3, 9))
    )
    load(feed(trips=trips, stop_times=times))
    buses = rows("SELECT t.feed_key, b.number FROM timetables t JOIN buses b ON b.id = t.bus_id ORDER BY 1")
    assert [number for _, number in buses] == ["TL-001", "TL-002", "TL-001"]


def test_the_layout_and_the_name_are_options(database: SQLAlchemy) -> None:
    load(feed(), layout="sleeper-36", feed="night")
    assert row(
        "SELECT b.number, l.code, s.seats FROM buses b JOIN seat_layouts l ON l.id = b.layout_id"
        " JOIN schedules s ON s.bus_id = b.id LIMIT 1"
    ) == ("NIGHT-001", "sleeper-36", 36)
    assert row("SELECT feed_key FROM routes")[0].startswith("night:R:")


def test_the_name_is_the_agencys_when_it_has_no_id(database: SQLAlchemy) -> None:
    agency = "agency_name,agency_url,agency_timezone\nÜber Länd Coaches & Sons Ltd.,https://t.example,Africa/Harare\n"
    routes = "route_id,route_long_name,route_type\nR,The North Line,3\n"
    assert load(feed(agency=agency, routes=routes)).feed == "ber-l-nd-coaches-sons-lt"


def test_a_first_feed_names_a_line_without_a_name(database: SQLAlchemy) -> None:
    agency = "agency_id,agency_name,agency_url,agency_timezone,agency_phone,agency_email\n"
    load(feed(agency=f"{agency}TL,Test Lines,https://t.example,Africa/Johannesburg,call us,help@t.example\n"))
    load(feed(agency=f"{agency}TL,Other Lines,https://o.example,Africa/Johannesburg,,\n"))
    found = row("SELECT name, website, support_email, support_phone FROM brand")
    assert found == ("Test Lines", "https://t.example", "help@t.example", None), "a phone that is none is left out"
