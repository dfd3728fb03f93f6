"""`jobs ...` on the command line: what is owed, and having it tried again."""

import sys

import click
from flask.cli import AppGroup

from falconbus.performance.owed_jobs import service
from falconbus.performance.owed_jobs.queries import JobState
from falconbus.performance.terminal_tables import print_table
from falconbus.platform.database import transactions
from falconbus.platform.kit.errors import DomainError

jobs = AppGroup("jobs", help="Mails, refunds and other work that is owed.")


@jobs.command("list")
@click.option("--state", type=click.Choice([state.value for state in JobState]), help="Only these.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Rows to show of a state.")
def list_command(*, state: str | None, limit: int) -> None:
    """Show the jobs that are not done: failed ones first, then late, running and waiting ones, oldest first."""
    states = [state] if state else [each.value for each in JobState]
    rows = [row for each in states for row in service.first_owed([each], limit)]
    print_table(
        "Owed jobs",
        ("id", "state", "job", "arguments", "attempts", "since", "next", "last error"),
        [
            (
                str(row.key),
                row.state,
                row.job,
                ", ".join(f"{name}={value}" for name, value in row.arguments.items()),
                str(row.attempts),
                f"{row.created_at:%Y-%m-%d %H:%M}",
                "" if row.state == JobState.FAILED else f"{row.run_after:%Y-%m-%d %H:%M}",
                row.last_error or "",
            )
            for row in rows
        ],
        "none",
    )


@jobs.command("retry")
@click.argument("ids", type=int, nargs=-1)
@click.option("--failed", is_flag=True, help="Every job that has failed.")
def retry_command(*, ids: tuple[int, ...], failed: bool) -> None:
    """Have jobs run now, by their ids from `jobs list`, or every one that has failed."""
    if bool(ids) == failed:
        click.echo("falcon: give ids, or --failed", err=True)
        sys.exit(2)
    if failed:
        click.echo(f"{transactions.run(service.retry_failed)} jobs run again")
        return
    refused = 0
    for job_id in ids:
        try:
            transactions.run(lambda job_id=job_id: service.retry(job_id))  # type: ignore[misc]
        except DomainError as refusal:
            refused += 1
            click.echo(f"falcon: {job_id}: {refusal.detail}", err=True)
        else:
            click.echo(f"{job_id} runs again")
    sys.exit(1 if refused else 0)
