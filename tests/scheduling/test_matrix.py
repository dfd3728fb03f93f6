"""Every address of scheduling, called by everybody: who may, who may not, and for whom there is nothing there.

A rule of the app that is not in the table fails; a new one is a line here, with the answer to each caller.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from falconbus.accounts.models import Role, User
from falconbus.app import FalconBus
from falconbus.platform.database.engine import db
from falconbus.platform.kit import clock
from falconbus.scheduling.appointments.models import AppointmentStatus
from falconbus.scheduling.assignments.models import AssignmentStatus, CrewRole
from falconbus.scheduling.notifications.models import Notification, NotificationKind
from falconbus.scheduling.rosters import service as rosters
from falconbus.scheduling.staff_records.models import Leave
from tests.scheduling.charters import add_assignment, add_charter, add_service, tomorrow
from tests.scheduling.people import add_licence, add_person, headers_of
from tests.world import World

ROOT = "/api/v1/scheduling"
#: The columns: nobody, a traveller, the charter's client, an agent, its driver, another driver, its attendant.
CALLERS = ("nobody", "traveller", "client", "agent", "driver", "other", "attendant", "operator", "admin")

# 200 stands for every answer that it was done.
_EVERYBODY = (200,) * 9
_SIGNED_IN = (401, 200, 200, 200, 200, 200, 200, 200, 200)
_STAFF = (401, 403, 403, 200, 200, 200, 200, 200, 200)
_OFFICE = (401, 403, 403, 403, 403, 403, 403, 200, 200)
_ADMIN = (401, 403, 403, 403, 403, 403, 403, 403, 200)
_WHO_SEES = (404, 404, 200, 404, 200, 404, 200, 200, 200)
_CREW = (401, 403, 403, 404, 200, 404, 200, 409, 409)
_DRIVER_OR_OFFICE = (401, 403, 403, 404, 200, 404, 403, 200, 200)
_ITS_READER = (401, 403, 403, 404, 200, 404, 404, 404, 404)

MATRIX: dict[str, tuple[int, ...]] = {
    "GET /services": _EVERYBODY,
    "GET /services/<id:service_id>": _EVERYBODY,
    "POST /services": _OFFICE,
    "PATCH /services/<id:service_id>": _OFFICE,
    "GET /appointments": _SIGNED_IN,
    "POST /appointments": _EVERYBODY,
    "GET /appointments/<reference>": _WHO_SEES,
    "PATCH /appointments/<reference>": _OFFICE,
    "POST /appointments/<reference>/assign": _OFFICE,
    "POST /appointments/<reference>/accept": _CREW,
    "POST /appointments/<reference>/reject": _CREW,
    "POST /appointments/<reference>/hand-over": _CREW,
    "GET /appointments/<reference>/colleagues": (401, 403, 403, 404, 200, 404, 200, 200, 200),
    "POST /appointments/<reference>/begin": _DRIVER_OR_OFFICE,
    "POST /appointments/<reference>/complete": _DRIVER_OR_OFFICE,
    "POST /appointments/<reference>/cancel": (404, 404, 200, 404, 403, 404, 403, 200, 200),
    "GET /notifications": _STAFF,
    "GET /notifications/count": _STAFF,
    "POST /notifications/read": _STAFF,
    "GET /notifications/preferences": _STAFF,
    "PUT /notifications/preferences": _STAFF,
    "GET /notifications/<id:notification_id>": _ITS_READER,
    "POST /notifications/<id:notification_id>/read": _ITS_READER,
    "DELETE /notifications/<id:notification_id>/read": _ITS_READER,
    "GET /rosters/me": _STAFF,
    "GET /rosters/me/calendar": _STAFF,
    "POST /rosters/me/calendar": _STAFF,
    "GET /rosters/<id:staff_id>": (401, 403, 403, 404, 200, 404, 404, 200, 200),
    "GET /rosters/calendar/<token>.ics": _EVERYBODY,
    "GET /schedules/<id:schedule_id>/crew": (401, 403, 403, 404, 200, 404, 404, 200, 200),
    "PUT /schedules/<id:schedule_id>/crew": _OFFICE,
    "GET /schedules/uncrewed": _OFFICE,
    "GET /lapses": _OFFICE,
    "GET /staff": _OFFICE,
    "GET /staff/active": _OFFICE,
    "GET /staff/free": _OFFICE,
    "GET /staff/<id:staff_id>": _OFFICE,
    "POST /staff": _ADMIN,
    "PATCH /staff/<id:staff_id>": _ADMIN,
    "PUT /staff/<id:staff_id>/hours": _OFFICE,
    "POST /staff/<id:staff_id>/licences": _OFFICE,
    "DELETE /staff/<id:staff_id>/licences/<id:licence_id>": _OFFICE,
    "POST /staff/<id:staff_id>/leaves": _OFFICE,
    "DELETE /staff/<id:staff_id>/leaves/<id:leave_id>": _OFFICE,
}

_PLACES = {"pick_up": {"text": "Union Buildings"}, "drop_off": {"text": "Soweto"}}
#: What a call needs to be done by who may: from the scene to a body.
BODIES: dict[str, Callable[["Scene"], dict[str, Any]]] = {
    "POST /services": lambda scene: {"name": f"Guide {scene.number}", "duration": 60, "price": "100.00"},
    "PATCH /services/<id:service_id>": lambda scene: {"price": "120.00"},
    "POST /appointments": lambda scene: {
        **_PLACES, "client": {"name": "Lerato", "email": "lerato@example.com"}, "passengers": 9,
        "start": tomorrow(10, days=9).isoformat(), "services": [scene.keys["service_id"]],
    },
    "PATCH /appointments/<reference>": lambda scene: {"passengers": 11},
    "POST /appointments/<reference>/assign": lambda scene: {"driver_id": scene.spare.id, "bus_id": None},
    "POST /appointments/<reference>/reject": lambda scene: {"reason": "ill"},
    "POST /appointments/<reference>/cancel": lambda scene: {"reason": "rain"},
    "POST /appointments/<reference>/hand-over": lambda scene: {"to": scene.spare.id},
    "PUT /notifications/preferences": lambda scene: {"wants_mail": False},
    "PUT /schedules/<id:schedule_id>/crew": lambda scene: {"driver_id": scene.spare.id, "attendant_ids": []},
    "POST /staff": lambda scene: {"email": f"new{scene.number}@example.com", "name": "New", "roles": ["driver"]},
    "PATCH /staff/<id:staff_id>": lambda scene: {"name": "Sipho M"},
    "PUT /staff/<id:staff_id>/hours": lambda scene: {"hours": [{"weekday": 1, "begins": "08:00", "ends": "17:00"}]},
    "POST /staff/<id:staff_id>/licences": lambda scene: {
        "kind": "EC", "number": str(scene.number), "expires_on": "2099-01-01",
    },
    "POST /staff/<id:staff_id>/leaves": lambda scene: {
        "first_day": "2098-01-01", "last_day": "2098-01-02", "kind": "annual",
    },
}  # fmt: skip
QUERIES = {
    "GET /appointments/<reference>/colleagues": "?part=driver",
    "GET /staff/free": "?part=driver&start=2030-01-01T08:00:00Z&end=2030-01-01T09:00:00Z",
}
#: How far a charter has to be for a call; the rest are tried on one whose crew is asked.
STANDS = {
    "POST /appointments/<reference>/begin": AppointmentStatus.ACCEPTED,
    "POST /appointments/<reference>/complete": AppointmentStatus.IN_PROGRESS,
}


class Scene:
    """The callers, and for each of them the rows that an address names."""

    number: int
    keys: dict[str, str | int]
    spare: User

    def __init__(self, world: World) -> None:
        self.number, self._world = 0, world
        roles = {"agent": Role.AGENT, "driver": Role.DRIVER, "other": Role.DRIVER, "operator": Role.OPERATOR}
        roles |= {"attendant": Role.ATTENDANT, "admin": Role.ADMIN}
        self._people: dict[str, User] = {
            name: add_person(name, *([roles[name]] if name in roles else [])) for name in CALLERS[1:]
        }
        self.spare = add_person("spare", Role.DRIVER, Role.ATTENDANT)
        self.headers = {name: headers_of(person) for name, person in self._people.items()} | {"nobody": {}}
        self._service = add_service(minutes=5)
        calendar = rosters.calendar_url(self._people["driver"].id)
        self._token = calendar.rsplit("/", 1)[-1].removesuffix(".ics")

    def set(self, status: AppointmentStatus) -> None:
        """Fresh rows, at a time of their own."""
        self.number += 1
        driver, attendant = self._people["driver"], self._people["attendant"]
        starts = clock.now() + timedelta(minutes=60 + 10 * self.number)
        client = self._people["client"]
        charter = add_charter(self._service, client=client, starts=starts, hours=0.1, status=status)
        asked = status == AppointmentStatus.ASSIGNED
        stands = AssignmentStatus.OFFERED if asked else AssignmentStatus.ACCEPTED
        add_assignment(charter, driver, CrewRole.DRIVER, stands)
        add_assignment(charter, attendant, CrewRole.ATTENDANT, stands)
        schedule = self._world.add_schedule(at=tomorrow(8, days=9 + self.number))
        line = {"appointment_id": None, "schedule_id": schedule.id}
        times = {"starts_at": schedule.departure_time, "ends_at": schedule.arrival_time}
        add_assignment(charter, driver, CrewRole.DRIVER, AssignmentStatus.ACCEPTED, **line, **times)
        notification = Notification(
            staff_id=driver.id, kind=NotificationKind.CHANGED, title="A title", message="A message"
        )
        notification.created_at = clock.now()
        leave = Leave(staff_id=driver.id, first_day=date(2097, 1, 1), last_day=date(2097, 1, 2), kind="annual")
        db.session.add_all([notification, leave])
        db.session.commit()
        self.keys = {
            "reference": charter.reference,
            "schedule_id": schedule.id,
            "notification_id": notification.id,
            "staff_id": driver.id,
            "service_id": self._service.id,
            "licence_id": add_licence(driver, days=400 + self.number).id,
            "leave_id": leave.id,
            "token": self._token,
        }

    def address(self, rule: str) -> str:
        """A rule with the keys of the rows."""
        for name, value in self.keys.items():
            rule = rule.replace(f"<id:{name}>", str(value)).replace(f"<{name}>", str(value))
        assert "<" not in rule, f"the scene has nothing for {rule}"
        return ROOT + rule


@pytest.fixture
def scene(world: World) -> Scene:
    return Scene(world)


def test_the_table_has_every_rule_of_the_app(app: FalconBus) -> None:
    rules = {
        f"{method} {rule.rule.removeprefix(ROOT)}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(ROOT)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert set(MATRIX) == rules


@pytest.mark.parametrize("line", MATRIX)
def test_everybody_gets_what_is_theirs(line: str, scene: Scene, client: FlaskClient) -> None:
    method, rule = line.split(" ")
    answers = {}
    for name in CALLERS:
        scene.set(STANDS.get(line, AppointmentStatus.ASSIGNED))
        made = BODIES[line](scene) if line in BODIES else {}
        body = None if method in {"GET", "DELETE"} else made
        address = scene.address(rule) + QUERIES.get(line, "")
        answer = client.open(address, method=method, json=body, headers=scene.headers[name])
        answers[name] = 200 if answer.status_code < 300 else answer.status_code
    assert answers == dict(zip(CALLERS, MATRIX[line], strict=True))
