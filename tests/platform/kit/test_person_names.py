"""Names of people pass in any script; addresses of pages do not, at any door."""

import pytest
from flask.testing import FlaskClient
from pydantic import TypeAdapter, ValidationError

from falconbus.accounts.commands import user
from falconbus.accounts.models import Role
from falconbus.app import FalconBus
from falconbus.platform.kit.person_names import PersonName, check_person_name
from tests.accounts.signing import signed_in
from tests.calls import booking_body
from tests.scheduling.appointments.asking import body_of
from tests.scheduling.charters import add_service
from tests.world import World

SPAM = "You won R50000, claim now: http://evil.example/claim"


@pytest.mark.parametrize(
    "name",
    [
        "J. R. Smith", "J.R.Smith", "O'Neil", "St. John", "St.John", "van der Merwe-Jr.", "Dr.Nkosi",
        "Thandi Nkosi, Ph.D.", "Μαρία Παπαδοπούλου", "محمد علي", "李小龍", "Nkosi (2 bags)", "D’Arcy", "N/A",
        "M. de Klerk / T. Nkosi", "के.एल.राहुल", "م.علي", "Thandi Nkosi, M.Sc.", "T. Me", "T.Nkosi", "म\u200dय",
    ],
)  # fmt: skip
def test_names_of_people_pass(name: str) -> None:
    assert check_person_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        SPAM, "HTTPS://EVIL.EXAMPLE", "https: evil", "www.evil", "WWW.EVIL", "evil.example/x", "EVIL.COM/X",
        "evil.example", "see evil.com.", "evil.co.za", "x.com?a", "t.co/abc", "evil.example:8080", "192.0.2.1",
        "a@evil.example", "mailto:a", "ftp://evil", "evil．example", "evil。example", "пример.рф", "thandi@work",
        "t.me", "x.com", "see x.com now", "EVIL.COM", "X.Com", "evil.中国", "例子.中国", "evil.भारत",
        "http\u200b://x", "ev\u00adil.c\u2060om",
    ],
)  # fmt: skip
def test_addresses_do_not(name: str) -> None:
    with pytest.raises(ValueError, match=r"not an address|a letter"):
        check_person_name(name)


@pytest.mark.parametrize("name", ["\u200b", "\u2800", "\u3164", "1234", "\u200f", "...", "\u0301"])
def test_a_name_has_a_letter_to_be_seen(name: str) -> None:
    with pytest.raises(ValueError, match="a letter"):
        check_person_name(name)


@pytest.mark.parametrize("control", ["\u202e", "\u202b", "\u2066", "\u2069"])
def test_no_name_turns_the_direction_of_reading(control: str) -> None:
    with pytest.raises(ValidationError, match="control characters"):
        TypeAdapter(PersonName).validate_python(f"Thandi {control}kcirtaP")


def test_no_door_lets_one_in(world: World, client: FlaskClient, app: FalconBus) -> None:
    booking = booking_body(world.add_schedule().id)
    booking["passengers"][0]["name"] = SPAM
    charter = body_of(add_service())
    charter["client"]["name"] = SPAM
    admin = signed_in(Role.ADMIN)
    person = {"email": "new@falconbus.example", "name": SPAM, "roles": ["driver"]}
    for address, body, pointer in (
        ("/api/v1/bookings", booking, "/passengers/0/name"),
        ("/api/v1/scheduling/appointments", charter, "/client/name"),
        ("/api/v1/scheduling/staff", person, "/name"),
    ):
        answer = client.post(address, json=body, headers=admin)
        assert (answer.status_code, [fault["pointer"] for fault in answer.json["errors"]]) == (422, [pointer])
        assert "evil" not in answer.text
    made = app.test_cli_runner().invoke(user, ["create", "new@falconbus.example", "--name", SPAM])
    assert made.exit_code != 0
    assert "not an address" in made.output
