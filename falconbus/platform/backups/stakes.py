"""What a restore would take away."""

from collections.abc import Callable, Iterable
from datetime import datetime

import psycopg

from falconbus.platform.backups.progress import Say
from falconbus.platform.backups.source import Source

#: Says in a few words what was entered since a moment; empty when nothing was. Features bring their own.
AtStake = Callable[[psycopg.Connection, datetime], str]


def tell_stake(source: Source, moment: datetime, at_stake: Iterable[AtStake], say: Say) -> None:
    """Tell what was entered since the moment that is restored."""
    with source.connect() as connection:
        try:
            told = [words for each in at_stake if (words := each(connection, moment))]
        except psycopg.Error:
            told = ["what cannot be counted, as the tables are not those of this release"]
    say(f"entered since {moment:%Y-%m-%d %H:%M:%S} UTC, and replaced: {'; '.join(told) or 'nothing sold'}")
