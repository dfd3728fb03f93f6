"""The embedded servers are there for as long as somebody uses them, however their users end."""

import stat
from pathlib import Path

import pytest
from psycopg.errors import UniqueViolation

from falconbus.platform.runtime.environment import complete, secret_key
from falconbus.platform.runtime.errors import CannotRun
from falconbus.platform.runtime.paths import DataFolder
from tests.platform.runtime.processes import User, processes_of, wait_until


def test_servers_are_as_the_app_needs_them(data: DataFolder) -> None:
    with User(data) as user:
        assert str(user.sql("SHOW server_version")).startswith("18.")
        assert user.sql("SHOW server_encoding") == "UTF8"
        assert user.sql("SHOW data_checksums") == "on"
        assert user.sql("SELECT datlocale FROM pg_database WHERE datname = current_database()") == "C.UTF-8"
        assert user.sql("SELECT lower('Ä')") == "ä"
        with user.redis() as client:
            assert client.config_get("appendonly") == {"appendonly": "yes"}
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_their_log_has_no_values_of_keys(data: DataFolder) -> None:
    with User(data) as user:
        user.sql("CREATE TABLE told (address text PRIMARY KEY)")
        user.sql("INSERT INTO told VALUES ('thandi@example.com')")
        with pytest.raises(UniqueViolation):
            user.sql("INSERT INTO told SELECT 'thandi' || '@example.com'")
        log = (data.root / "logs" / "postgres.log").read_text()
    assert "duplicate key value violates unique constraint" in log
    assert "thandi@example.com" not in log


def test_nobody_else_on_the_machine_can_use_them(data: DataFolder) -> None:
    with User(data) as user:
        assert user.sql("SHOW listen_addresses") == ""
        assert stat.S_IMODE((data.root / "postgres" / "sockets").stat().st_mode) == 0o700
        assert stat.S_IMODE((data.run / "valkey.json").stat().st_mode) == 0o600
        assert data.root.stat().st_mode & stat.S_IRWXO == 0
        with user.redis() as client:
            assert client.config_get("bind") == {"bind": "127.0.0.1"}
            password = user.facts["valkey"]["password"]
        assert not any(password in command for command in processes_of(data).values())


def test_two_users_share_them_and_the_last_one_stops_them(data: DataFolder) -> None:
    with User(data) as first:
        with User(data) as second:
            assert second.facts == first.facts
        assert first.is_served()
    assert not processes_of(data)


def test_they_outlive_a_starter_that_is_killed(data: DataFolder) -> None:
    starter = User(data)
    with User(data) as other:
        starter.kill()
        assert other.is_served()
    assert not processes_of(data)


def test_a_killed_last_user_leaves_nothing_running(data: DataFolder) -> None:
    User(data).kill()
    wait_until(lambda: not processes_of(data), 10, "the servers run although nobody uses them")


def test_the_next_start_finds_everything_as_it_was(data: DataFolder) -> None:
    with User(data) as user:
        user.sql("CREATE TABLE kept AS SELECT 7 AS n")
        with user.redis() as client:
            client.set("kept", "7")
    with User(data) as user:
        assert user.sql("SELECT n FROM kept") == 7
        with user.redis() as client:
            assert client.get("kept") == "7"


def test_a_data_folder_too_deep_for_a_socket_will_do(data: DataFolder) -> None:
    deep = DataFolder(data.root.joinpath(*["d" * 40] * 3, "with a space"))
    data.make()
    with User(deep) as user:
        assert user.is_served()
        short = Path(user.facts["postgres"]["short_folder"])
        assert stat.S_IMODE(short.stat().st_mode) == 0o700
    assert not short.exists()


def test_only_the_addresses_that_were_not_given_are_filled_in(data: DataFolder) -> None:
    data.make()
    facts = {"valkey": {"url": "redis://embedded/0", "cache_url": "redis://embedded/1"}}
    full = complete({"DATABASE_URL": "postgresql://own/db", "SECRET_KEY": "given"}, data, facts)
    assert full == {
        "DATABASE_URL": "postgresql://own/db",
        "REDIS_URL": "redis://embedded/0",
        "CACHE_REDIS_URL": "redis://embedded/1",
        "SECRET_KEY": "given",
        "EMBEDDED": "1",
        "DATA_DIR": str(data.root),
    }


def test_the_secret_key_is_made_once_and_readable_by_us_alone(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    key = secret_key(path)
    assert len(key) == 64
    assert secret_key(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("place", ["/dev/null/data", "/proc/data"])
def test_a_data_folder_that_cannot_be_is_one_clear_line(place: str) -> None:
    with pytest.raises(CannotRun, match=f"the data folder {place} cannot be used: "):
        DataFolder(Path(place)).make()
