"""Nothing owed is lost when Redis forgets, and nothing slow keeps what sells and pays from running."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import text

from falconbus.app import FalconBus
from falconbus.bookings.models import Booking
from falconbus.messaging.mail_kinds import PAYMENT_RETURNED
from falconbus.platform.database import transactions
from falconbus.platform.jobs import Queue
from falconbus.platform.mailing import service as mailing
from tests.calls import hold, pay
from tests.e2e.conftest import Sink, System, eventually, let_leases_end
from tests.world import World

pytestmark = pytest.mark.timeout(400)

#: Seats of a schedule of the small world.
SEATS = 8


class HangingServer:
    """Takes connections, and never says a word."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.taken: list[socket.socket] = []

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def run(self) -> None:
        while True:
            try:
                self.taken.append(self._listener.accept()[0])
            except OSError:
                return


@contextmanager
def hanging_server() -> Iterator[HangingServer]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        server = HangingServer(listener)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)
        for connection in server.taken:
            connection.close()


def number_of(database: SQLAlchemy, question: str) -> int:
    database.session.rollback()
    return int(database.session.execute(text(question)).scalar_one())


def hold_seats(world: World, client: FlaskClient, number: int) -> None:
    """Holds, one seat each, each by somebody else."""
    for first in range(0, number, SEATS):
        schedule = world.add_schedule(days=3 + first // SEATS)
        for each in range(first, min(first + SEATS, number)):
            contact = {"email": f"rider{each}@example.com", "phone": "+27 82 000 0000"}
            hold(client, schedule.id, contact=contact)


def end_time_of_holds(database: SQLAlchemy) -> None:
    database.session.rollback()
    database.session.execute(text("UPDATE seat_claims SET held_until = now() WHERE held_until IS NOT NULL"))
    database.session.execute(text("UPDATE bookings SET expires_at = now() WHERE status = 'held'"))
    database.session.commit()


def test_holds_expire_and_payments_reconcile_beside_a_hanging_smtp(
    world: World, client: FlaskClient, database: SQLAlchemy, environment: dict[str, str]
) -> None:
    hold_seats(world, client, SEATS)
    paying = hold(client, world.add_schedule(days=20).id)
    assert pay(client, paying, "slow").status_code == 202
    # Its webhook is lost.
    database.session.execute(text("DELETE FROM outbox"))
    database.session.commit()
    with hanging_server() as server:
        system = System(environment, server.port)
        system.start("worker", "worker-critical")
        try:
            for booking in database.session.query(Booking).all():
                transactions.run(lambda booking=booking: mailing.tell(PAYMENT_RETURNED, booking.id, booking.email))  # type: ignore[misc]
            eventually(lambda: len(server.taken) >= 2, 60)
            end_time_of_holds(database)
            database.session.execute(text("UPDATE payments SET lease_until = now()"))
            database.session.commit()
            system.start_overdue_beat("checkout.expire_holds", "checkout.reconcile_payments")
            eventually(lambda: number_of(database, "SELECT count(*) FROM bookings WHERE status = 'held'") == 0, 60)
            eventually(lambda: number_of(database, "SELECT count(*) FROM payments WHERE status = 'paid'") == 1, 60)
            assert len(server.taken) == 2, "both children hang on the first two mails"
            owed = "SELECT count(*) FROM outbox WHERE done_at IS NULL AND failed_at IS NULL"
            assert number_of(database, owed) >= SEATS, "and no mail is dropped"
            assert number_of(database, "SELECT count(*) FROM mails WHERE status IN ('sent', 'failed')") == 0
        finally:
            system.stop()


def test_redis_emptied_half_way_loses_no_mail_and_sends_none_twice(
    app: FalconBus,
    world: World,
    client: FlaskClient,
    database: SQLAlchemy,
    environment: dict[str, str],
    sink_and_port: tuple[Sink, int],
) -> None:
    sink, port = sink_and_port
    number = 6 * SEATS
    hold_seats(world, client, number)
    end_time_of_holds(database)
    system = System(environment, port)
    with Redis.from_url(environment["REDIS_URL"]) as broker:
        # Without a worker for mails, all of them wait in Redis.
        system.start("worker-critical", "beat")
        try:
            eventually(lambda: broker.llen(Queue.MAIL) == number, 90)
            system.start("worker")
            eventually(lambda: len(sink.messages) >= number // 4, 60)
            broker.flushdb()
            lost = number - len(sink.messages)
            assert lost > SEATS
            let_leases_end()
            eventually(lambda: len(sink.messages) >= number, 180)
            time.sleep(3)
            assert number_of(database, "SELECT count(*) FROM outbox WHERE done_at IS NULL") == 0
        finally:
            system.stop()
    assert len(sink.messages) == number
    assert len({message["Message-ID"] for message in sink.messages}) == number
    assert {message["To"] for message in sink.messages} == {f"rider{each}@example.com" for each in range(number)}
