"""The pages' tables: sorted by their heads' links, without script; failed requests by why."""

import pytest
from flask.testing import FlaskClient
from redis import Redis

from falconbus.app import FalconBus
from tests.performance.measured import FINGERPRINT, QUIET, SLOW, words_of


def test_a_head_sorts_the_other_way_round_when_it_is_followed_again(admin: FlaskClient, measured: None) -> None:
    def table(sort: str) -> str:
        return admin.get(f"/performance?{sort}").text.partition('id="endpoints"')[2]

    first = table("sort=requests&last=24h")
    assert 'aria-sort="descending"><a href="/performance?last=24h&amp;sort=-requests#endpoints"' in first
    turned = table("sort=-requests")
    assert 'aria-sort="ascending"><a href="/performance?sort=requests#endpoints"' in turned
    assert turned.index(f">{SLOW}<") < turned.index(f">{QUIET}<")
    assert first.index(f">{SLOW}<") > first.index(f">{QUIET}<")


@pytest.mark.parametrize(
    ("path", "sort"),
    [
        ("/statements", "calls"),
        (f"/statements/{FINGERPRINT}", "owner"),
        ("/endpoint?key=GET /tests/mine", "mean"),
        ("/caches", "hits"),
        ("/workers", "failed"),
        ("/database", "scans"),
        ("/database", "indexes.used"),
        ("/advice", "table"),
    ],
)
def test_every_table_sorts(path: str, sort: str, admin: FlaskClient, measured: None) -> None:
    joint = "&" if "?" in path else "?"
    answer = admin.get(f"/performance{path}{joint}sort={sort}")
    assert answer.status_code == 200
    assert f"sort=-{sort}#" in answer.text
    assert admin.get(f"/performance{path}{joint}sort=-{sort}").status_code == 200
    assert admin.get(f"/performance{path}{joint}sort=nothing").status_code == 422


def test_failed_requests_are_listed_by_why_with_their_ids(admin: FlaskClient, app: FalconBus, redis: Redis) -> None:
    refused = [admin.get("/api/v1/bookings/NOSUCH1").headers["X-Request-ID"] for _ in range(4)]
    broken = admin.post("/api/v1/bookings", data=b"{", content_type="application/json").headers["X-Request-ID"]
    app.request_log.recorder.flusher.flush()
    page = admin.get("/performance?sort=-failed.times").text
    assert "sort=failed.times#failed" in page
    listed = page.partition('id="failed"')[2].partition("</table>")[0]
    words = words_of(listed)
    assert "404" in words
    assert "booking_not_found 4 GET /api/v1/bookings/" in words
    assert "400 malformed 1 POST /api/v1/bookings" in words
    assert [one in listed for one in refused] == [False, True, True, True], "the newest three"
    assert broken in listed
