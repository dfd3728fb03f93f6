"""Pages of other origins: what a booking form on another site may send, and what its script can read."""

import pytest
from werkzeug.datastructures import Headers

from tests.platform.caching.conftest import Neighbour, neighbour

__all__ = ["neighbour"]

SHOP, OTHER = "https://shop.example", "https://other.example"


def exposed(headers: Headers) -> set[str]:
    return set(headers["Access-Control-Expose-Headers"].split(", "))


@pytest.mark.usefixtures("database")
def test_a_script_reads_what_tells_it_more_than_the_body(neighbour: Neighbour) -> None:
    client = neighbour(CORS_ORIGINS=SHOP, RATELIMIT_ENABLED="true", RATELIMIT_READS="1/minute")
    answers = [client.get("/api/v1/routes", headers={"Origin": SHOP}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == SHOP
        assert exposed(answer.headers) >= {
            "X-Request-ID", "Retry-After", "RateLimit", "RateLimit-Policy", "Idempotency-Replayed",
            "Content-Disposition",
        }  # fmt: skip
        assert "Origin" in answer.vary
        assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_preflight_holds_for_a_while_and_permits_our_headers(neighbour: Neighbour) -> None:
    client = neighbour(CORS_ORIGINS=f"{SHOP},https://shop.test")
    ours = "authorization, content-type, idempotency-key, x-api-key"
    asked = {"Origin": SHOP, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": ours}
    answer = client.options("/api/v1/bookings", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Headers"] == ours
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert int(answer.headers["Access-Control-Max-Age"]) >= 600


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("origin", [OTHER, None, "null", f"{SHOP}.evil.example"])
def test_an_answer_to_another_origin_says_that_it_is_another(neighbour: Neighbour, origin: str | None) -> None:
    client = neighbour(CORS_ORIGINS=SHOP)
    answer = client.get("/api/v1/routes", headers={"Origin": origin} if origin else {})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Origin" in answer.vary


@pytest.mark.usefixtures("database")
def test_an_answer_kept_for_no_page_varies_too(neighbour: Neighbour) -> None:
    client = neighbour(CORS_ORIGINS=SHOP)
    assert ["Origin" in client.get("/api/v1/routes").vary for _ in range(4)] == [True] * 4


@pytest.mark.usefixtures("database")
def test_open_to_all_is_the_same_for_all(neighbour: Neighbour) -> None:
    client = neighbour(CORS_ORIGINS="*")
    for headers in ({"Origin": OTHER}, {}, {}, {}):
        answer = client.get("/api/v1/routes", headers=headers)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Origin" not in answer.vary


def test_pages_of_ours_are_for_no_other_origin(neighbour: Neighbour) -> None:
    answer = neighbour(CORS_ORIGINS=SHOP).get("/sign-in", headers={"Origin": SHOP})
    assert "Access-Control-Allow-Origin" not in answer.headers
