"""`user ...` and `key ...` on the command line: the accounts of the staff, and the API keys of sites."""

import sys
from collections.abc import Callable
from typing import TypeVar

import click
from flask.cli import AppGroup

from falconbus.accounts import api_keys, queries, service
from falconbus.accounts.models import Role
from falconbus.platform.database import transactions
from falconbus.platform.kit.errors import DomainError
from falconbus.platform.kit.settings import get_settings

T = TypeVar("T")

user = AppGroup("user", help="Accounts of the staff.")
key = AppGroup("key", help="API keys: sites whose server calls for its visitors have limits of their own.")
password_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from the first line of standard input."
)


@user.command("create")
@click.argument("email")
@click.option("--role", "roles", multiple=True, type=click.Choice([role.value for role in Role]), help="Once a role.")
@click.option("--name", default="", help="The name that colleagues see.")
@password_option
def create(email: str, roles: tuple[str, ...], name: str, *, password_stdin: bool) -> None:
    """Make an account; without roles it is a traveller's."""
    password = _read_password(from_stdin=password_stdin)
    created = _run(lambda: service.create_user(email, password, [Role(role) for role in roles], name))
    click.echo(f"made {created.email}" + ("" if password else f", password (shown once): {created.password}"))


@user.command("list")
def show() -> None:
    """Show every account that has a role."""
    for row in queries.users():
        state = "" if row.active else "  (closed)"
        click.echo(f"{row.email:<40}  {', '.join(row.roles):<20}  {row.name}{state}".rstrip())


@user.command("set-password")
@click.argument("email")
@password_option
def set_password(email: str, *, password_stdin: bool) -> None:
    """Give an account another password; its tokens end."""
    password = _read_password(from_stdin=password_stdin)
    new_password = _run(lambda: service.set_password(email, password))
    click.echo(f"changed {email}" + ("" if password else f", password (shown once): {new_password}"))


@user.command("deactivate")
@click.argument("email")
def deactivate(email: str) -> None:
    """Close an account; its tokens end."""
    _run(lambda: service.deactivate(email))
    click.echo(f"closed {email}")


@user.command("ensure-admin")
def ensure_admin() -> bool:
    """Make the first admin of a database that has none, and show its sign-in once; whether one was made."""
    settings = get_settings()
    created = _run(lambda: service.ensure_admin(settings.admin_email, settings.admin_password))
    if created is not None:
        shown = "(the password you set)" if settings.admin_password else created.password
        click.echo(f"admin sign-in: {created.email} / {shown}")
    return created is not None


@key.command("create")
@click.argument("name")
@click.option("--rate", help="Its limit, such as 600/minute;20000/hour (RATELIMIT_KEY).")
def create_key(name: str, rate: str | None) -> None:
    """Make the API key of a site."""
    text = _run(lambda: api_keys.create_key(name, rate))
    click.echo(f"made {name}, X-API-Key (shown once): {text}")


@key.command("list")
def show_keys() -> None:
    """Show the API keys, without what is secret of them."""
    for row in queries.api_keys():
        state = "" if row.revoked_at is None else "  (revoked)"
        click.echo(f"{row.name:<40}  {row.rate or get_settings().ratelimit_key}{state}")


@key.command("revoke")
@click.argument("name")
def revoke_key(name: str) -> None:
    """End an API key: what bears it is refused."""
    _run(lambda: api_keys.revoke_key(name))
    click.echo(f"revoked {name}")


def _run(work: Callable[[], T]) -> T:
    """Run a use case in a transaction; print a refusal as one line, without a traceback."""
    try:
        return transactions.run(work)
    except DomainError as refusal:
        raise click.ClickException(refusal.detail) from None


def _read_password(*, from_stdin: bool) -> str | None:
    """Read a password from standard input or the terminal; None without a terminal or when nothing is typed."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        return None
    return click.prompt("Password (empty: make one)", default="", show_default=False, hide_input=True) or None
