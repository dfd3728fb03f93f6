"""Hosts: a name that a stranger brings is refused, and none that a caller brings gets into an answer."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.middleware.proxy_fix import ProxyFix

from config import SettingError, Settings
from falconbus.app import FalconBus, create_app
from falconbus.platform.caching import versions
from falconbus.platform.kit.redis_connection import cache_redis
from tests.conftest import Caller
from tests.world import World

PUBLIC = "https://bus.example"


@pytest.fixture
def site(app: FalconBus, environment: dict[str, str]) -> Iterator[FlaskClient]:
    """A client of a system that is reached as a site, on the same database."""
    settings = {**environment, "EMBEDDED": "0", "PUBLIC_URL": PUBLIC, "TRUSTED_HOSTS": "www.bus.example,.old.example"}
    served = create_app(Settings.from_environment(settings))
    served.test_client_class = Caller
    yield served.test_client()
    served.extensions["cache_redis"].close()


@pytest.mark.parametrize(
    "host",
    [
        "bus.example", "BUS.example:443", "bus.example.", "www.bus.example", "a.old.example",
        "localhost:8000", "127.0.0.1", "[::1]:8000",
    ],
)  # fmt: skip
def test_its_own_names_are_answered(site: FlaskClient, world: World, host: str) -> None:
    assert site.get("/api/stops", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "bus.example.evil.example", "evilbus.example", "old.example", "bus.example@evil.example",
        "evil.example#bus.example", "bus.example:80:80", "bus.example/evil", "10.1.2.3:8000", "",
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/api/stops", "/sign-in", "/nowhere", "/static/falconbus.css"])
def test_any_other_is_refused_everywhere(site: FlaskClient, world: World, host: str, path: str) -> None:
    answer = site.get(path, headers={"Host": host})
    assert answer.status_code == 400
    assert "does not answer to that host" in answer.text
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/api/health/", "/api/health/live", "/api/health/ready"])
def test_probes_ask_by_the_address_of_a_process(site: FlaskClient, path: str) -> None:
    assert site.get(path, headers={"Host": "10.1.2.3:8000"}).status_code in {200, 503}
    assert site.get(path, headers={"Host": "10.1.2.3:8000"}).json["status"] in {"healthy", "degraded", "unhealthy"}


def test_metrics_are_asked_for_by_address_but_not_without_their_token(site: FlaskClient) -> None:
    assert site.get("/metrics", headers={"Host": "10.1.2.3:8000"}).status_code == 401


def test_on_a_desk_any_address_of_the_machine_will_do_but_no_name(client: FlaskClient, world: World) -> None:
    assert client.get("/api/stops", headers={"Host": "192.168.1.7:8000"}).status_code == 200
    assert client.get("/api/stops", headers={"Host": "rebound.example:8000"}).status_code == 400


def test_a_stranger_s_host_never_gets_into_a_cached_list(app: FalconBus, client: FlaskClient, world: World) -> None:
    for code in ("X", "Y", "Z"):
        world.add_stop(code)
    cache_redis().delete(versions.KEY)
    path, plain = "/api/routes?page_size=1", app.wsgi_app
    world.add_route("X", "Y")
    world.add_route("Y", "Z")
    app.wsgi_app = ProxyFix(plain, x_host=1)  # type: ignore[method-assign]
    try:
        poisoned = client.get(path, headers={"X-Forwarded-Host": "evil.example"})
        local = [client.get(path, headers={"X-Forwarded-Host": f"127.0.0.1:{port}"}) for port in (81, 82, 83)]
    finally:
        app.wsgi_app = plain  # type: ignore[method-assign]
    assert poisoned.status_code == 400
    following: set[Any] = {answer.json["next"] for answer in [*local, client.get(path)]}
    assert following == {f"{app.config['SETTINGS'].public_url}/api/v1/routes?page_size=1&page=2"}
    assert [answer.headers["X-Cache"] for answer in local] == ["MISS", "HIT", "HIT"]


def test_a_bad_name_in_the_setting_stops_the_start(environment: dict[str, str]) -> None:
    for bad in ("https://bus.example", "bus.example:80", "*", "a,*.b"):
        with pytest.raises(SettingError, match="TRUSTED_HOSTS"):
            Settings.from_environment({**environment, "TRUSTED_HOSTS": bad})
    settings = Settings.from_environment({**environment, "TRUSTED_HOSTS": " A.example, .b.example,"})
    assert settings.trusted_hosts == ("a.example", ".b.example")
    assert replace(settings, trusted_hosts=()).trusted_hosts == ()
