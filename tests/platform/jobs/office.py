"""What tests of the outbox do: enqueue, relay, and be a worker that takes one message at a time."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_sqlalchemy import SQLAlchemy
from redis import Redis
from sqlalchemy import select, text

from falconbus.platform import jobs, relay
from falconbus.platform.database import transactions
from falconbus.platform.jobs import Job, OutboxRow, Queue
from falconbus.platform.mailing.jobs import SEND_MAIL


@dataclass
class Office:
    database: SQLAlchemy
    broker: Redis

    def enqueue(self, number: int = 1, job: Job = SEND_MAIL) -> list[int]:
        """Have mails sent, or something else done; the ids of the rows."""
        transactions.run(lambda: jobs.enqueue_all(job, [{"mail_id": each + 1} for each in range(number)]))
        newest = text("SELECT id FROM outbox ORDER BY id DESC LIMIT :number")
        return sorted(self.database.session.scalars(newest, {"number": number}))

    def relay(self) -> int:
        """The relay runs once; how many rows it handed over."""
        self.database.session.rollback()
        return transactions.run(relay.relay)

    def waiting(self, queue: Queue = Queue.MAIL) -> int:
        """How many messages wait in a queue."""
        return int(self.broker.llen(queue))

    def take(self, queue: Queue = Queue.MAIL) -> dict[str, Any] | None:
        """Take the oldest message out of its queue, as a worker does; its arguments."""
        message: Any = self.broker.rpop(queue)
        if message is None:
            return None
        arguments: dict[str, Any] = json.loads(base64.b64decode(json.loads(message)["body"]))[1]
        return arguments

    def begin(self, outbox_id: int) -> bool:
        return transactions.run(lambda: jobs.begin(outbox_id))

    def fail(self, outbox_id: int, error: str = "no", *, retry: bool = True) -> None:
        transactions.run(lambda: jobs.failed(outbox_id, error, retry=retry))

    def finish(self, outbox_id: int) -> None:
        transactions.run(lambda: jobs.done(outbox_id))

    def row(self, outbox_id: int) -> OutboxRow:
        """A row as it is now."""
        self.database.session.rollback()
        statement = select(OutboxRow).where(OutboxRow.id == outbox_id).execution_options(populate_existing=True)
        return self.database.session.scalars(statement).one()

    def open(self) -> int:
        """How many jobs are owed and not refused."""
        self.database.session.rollback()
        statement = text("SELECT count(*) FROM outbox WHERE done_at IS NULL AND failed_at IS NULL")
        return int(self.database.session.execute(statement).scalar_one())


def every(step: timedelta, begin: datetime, length: timedelta) -> list[datetime]:
    """The instants of a stretch of time, a step apart."""
    return [begin + step * number for number in range(1, length // step + 1)]
