"""Feeds with one fault each: the change that makes it, and where and how it must be told."""

from collections.abc import Callable

from tests.gtfs.feeds import Feed

Change = Callable[[Feed], Feed]


def without(name: str) -> Change:
    return lambda files: {other: content for other, content in files.items() if other != name}


def replacing(name: str, old: str, new: str) -> Change:
    def change(files: Feed) -> Feed:
        assert old in files[name]
        return {**files, name: files[name].replace(old, new)}

    return change


def adding(name: str, content: str) -> Change:
    return lambda files: {**files, name: files.get(name, "") + content}


FREQUENCIES = "trip_id,start_time,end_time,headway_secs\n"
FARES = "fare_id,price,currency_type\n"

FAULTS: dict[str, tuple[Change, str, int | None, str]] = {
    "no file": (without("trips.txt"), "trips.txt", None, "is missing"),
    "no calendar": (without("calendar.txt"), "calendar.txt", None, "is missing, and calendar_dates.txt too"),
    "no column": (replacing("stops.txt", "stop_lat", "lat"), "stops.txt", 1, "has no column stop_lat"),
    "column twice": (replacing("trips.txt", "service_id", "trip_id"), "trips.txt", 1, "has the column trip_id twice"),
    "no rows": (
        lambda files: {**files, "trips.txt": "trip_id,route_id,service_id\n"},
        "trips.txt",
        None,
        "has no rows",
    ),
    "too many values": (adding("trips.txt", "R,DAILY,T2,x\n"), "trips.txt", 3, "has 4 values, the header 3"),
    "open quote": (
        adding("stops.txt", 'd,"Delta,-24,28\n'),
        "stops.txt",
        5,
        "cannot be read on (unexpected end of data)",
    ),
    "not UTF-8": (
        replacing("stops.txt", "Alpha", "Alph\ufffd"),
        "stops.txt",
        2,
        "stop_name has characters that are no text",
    ),
    "control character": (
        replacing("stops.txt", "Beta", "Be\x00ta"),
        "stops.txt",
        3,
        "stop_name has characters that are no text",
    ),
    "long name": (replacing("stops.txt", "Beta", "B" * 300), "stops.txt", 3, "stop_name has 308 characters"),
    "no zone": (
        replacing("agency.txt", "Africa/Johannesburg", "Africa/Egoli"),
        "agency.txt",
        2,
        'agency_timezone "Africa/Egoli" is no time zone',
    ),
    "empty key": (replacing("stops.txt", "\nb,", "\n,"), "stops.txt", 3, "stop_id is empty"),
    "same stop twice": (adding("stops.txt", "a,Alpha,-26,28\n"), "stops.txt", 5, 'stop_id "a" comes a second time'),
    "same call twice": (
        adding("stop_times.txt", "T1,11:00:00,11:00:00,a,3\n"),
        "stop_times.txt",
        5,
        'trip_id "T1", stop_sequence "3" comes a second time',
    ),
    "latitude": (replacing("stops.txt", "-25.0", "-95.0"), "stops.txt", 3, 'stop_lat "-95.0" is out of range'),
    "longitude": (
        replacing("stops.txt", "-25.0,28.0", "-25.0,east"),
        "stops.txt",
        3,
        'stop_lon "east" is out of range',
    ),
    "no position": (replacing("stops.txt", "-25.0,28.0", ","), "stops.txt", 3, "its position is missing"),
    "unknown agency": (replacing("routes.txt", "TL", "XX"), "routes.txt", 2, 'agency_id "XX" is not in agency.txt'),
    "unknown route": (adding("trips.txt", "Q,DAILY,T2\n"), "trips.txt", 3, 'route_id "Q" is not in routes.txt'),
    "unknown service": (
        replacing("trips.txt", "DAILY", "NEVER"),
        "trips.txt",
        2,
        'service_id "NEVER" is not in calendar.txt or calendar_dates.txt',
    ),
    "unknown stop": (replacing("stop_times.txt", ",b,", ",z,"), "stop_times.txt", 3, 'stop_id "z" is not in stops.txt'),
    "unknown trip": (
        adding("stop_times.txt", "T9,8:00:00,8:00:00,a,1\n"),
        "stop_times.txt",
        5,
        'trip_id "T9" is not in trips.txt',
    ),
    "bad time": (
        replacing("stop_times.txt", "09:05:00", "9h05"),
        "stop_times.txt",
        3,
        'departure_time "9h05" will not do',
    ),
    "bad sequence": (
        replacing("stop_times.txt", "b,2", "b,two"),
        "stop_times.txt",
        3,
        'stop_sequence "two" will not do',
    ),
    "no first time": (
        replacing("stop_times.txt", "08:00:00,08:00:00", ","),
        "stop_times.txt",
        2,
        "trip T1 has no time at its first stop",
    ),
    "no last time": (
        replacing("stop_times.txt", "10:30:00,10:30:00", ","),
        "stop_times.txt",
        4,
        "trip T1 has no time at its last stop",
    ),
    "back in time": (
        replacing("stop_times.txt", "10:30:00,10:30:00", "9:04:00,10:30:00"),
        "stop_times.txt",
        4,
        "trip T1 goes back in time",
    ),
    "leaves before it comes": (
        replacing("stop_times.txt", "09:05:00", "08:55:00"),
        "stop_times.txt",
        3,
        "trip T1 goes back in time",
    ),
    "a week late": (
        replacing("stop_times.txt", "08:00:00,08:00:00", "0:00:00,168:00:00"),
        "stop_times.txt",
        2,
        "a trip departs more than seven days after its service day",
    ),
    "bad date": (
        replacing("calendar.txt", "DAILY,1,1,1,1,1,1,1,20", "DAILY,1,1,1,1,1,1,1,99"),
        "calendar.txt",
        2,
        "is before start_date",
    ),
    "no date": (
        adding("calendar_dates.txt", "service_id,date,exception_type\nDAILY,20260230,1\n"),
        "calendar_dates.txt",
        2,
        'date "20260230" is no date',
    ),
    "bad weekday": (replacing("calendar.txt", "DAILY,1", "DAILY,yes"), "calendar.txt", 2, 'monday "yes" will not do'),
    "bad exception": (
        adding("calendar_dates.txt", "service_id,date,exception_type\nDAILY,20260301,3\n"),
        "calendar_dates.txt",
        2,
        'exception_type "3" will not do',
    ),
    "end before start": (
        adding("frequencies.txt", FREQUENCIES + "T1,8:00:00,8:00:00,600\n"),
        "frequencies.txt",
        2,
        "end_time 8:00:00 is not after start_time 8:00:00",
    ),
    "no headway": (
        adding("frequencies.txt", FREQUENCIES + "T1,8:00:00,9:00:00,0\n"),
        "frequencies.txt",
        2,
        'headway_secs "0" will not do',
    ),
    "fare without currency": (
        adding("fare_attributes.txt", FARES + "f,10,XYZ\n"),
        "fare_attributes.txt",
        2,
        "currency_type is no currency that people pay in",
    ),
    "fare in no currency": (
        adding("fare_attributes.txt", FARES + "f,10,XXX\n"),
        "fare_attributes.txt",
        2,
        "currency_type is no currency that people pay in",
    ),
    "fare with thousandths": (
        adding("fare_attributes.txt", FARES + "f,10.125,ZAR\n"),
        "fare_attributes.txt",
        2,
        "price has more decimals than ZAR has: 2",
    ),
    "two currencies": (
        adding("fare_attributes.txt", FARES + "f,10,ZAR\ng,10,USD\n"),
        "routes.txt",
        2,
        "route_id R has fares in several currencies",
    ),
    "rule of no fare": (
        lambda files: {**files, "fare_attributes.txt": FARES, "fare_rules.txt": "fare_id,route_id\nf,R\n"},
        "fare_rules.txt",
        2,
        'fare_id "f" is not in fare_attributes.txt',
    ),
}
