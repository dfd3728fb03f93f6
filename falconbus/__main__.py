"""The command line: `python -m falconbus`, or `./falcon` in the project's root."""

import atexit
import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask import Flask
from flask.cli import FlaskGroup, routes_command, shell_command

from config import SettingError, Settings
from falconbus.platform.backups.source import find_source
from falconbus.platform.database.revisions import revisions
from falconbus.platform.runtime import checks, elsewhere, up
from falconbus.platform.runtime.environment import complete, servers_needed, with_placeholders
from falconbus.platform.runtime.errors import CannotRun
from falconbus.platform.runtime.paths import PROJECT, data_folder

if TYPE_CHECKING:
    from falconbus.platform.backups.stakes import AtStake


class _Commands(FlaskGroup):
    """Our own commands are found without loading the app, which takes its time."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "db":
            group: click.Group = import_module("falconbus.platform.backups.migrating").commands()
            return group
        if cmd_name == "backup":
            backups: click.Group = import_module("falconbus.platform.backups.commands").commands(_known_to_restore)
            return backups
        return self.commands.get(cmd_name) or super().get_command(ctx, cmd_name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*super().list_commands(ctx), "backup"})


def _known_to_restore() -> tuple[frozenset[str], "list[AtStake]"]:
    """Return the migrations of this code, and what its features say of that which a restore takes away."""
    features = import_module("falconbus.registry").FEATURES
    return revisions(str(PROJECT / "migrations")), [each.at_stake for each in features if each.at_stake]


def _create_app() -> Flask:
    """The app, for a command that needs it, with servers under it; for a look at the help, without."""
    arguments = sys.argv[1:]
    _prepare(with_servers=bool(arguments) and "--help" not in arguments)
    app: Flask = import_module("falconbus.app").create_app()
    import_module("falconbus.release").install(app)
    return app


def _prepare(*, with_servers: bool) -> None:
    """Have complete settings in the environment, and the servers that they leave to us; a fault is one line."""
    try:
        if with_servers:
            _use_servers()
        else:
            os.environ.update(with_placeholders(os.environ))
        Settings.from_environment()
    except SettingError as error:
        click.echo(f"falcon: {error}", err=True)
        raise SystemExit(2) from None
    except CannotRun as fault:
        click.echo(f"falcon: {fault}", err=True)
        raise SystemExit(1) from None


def _use_servers() -> None:
    """Find or start the embedded servers that the settings leave to us, until the end of this process."""
    Settings.from_environment(with_placeholders(os.environ))
    if warning := elsewhere.caution(os.environ):
        click.echo(f"falcon: {warning}", err=True)
    data = data_folder(os.environ)
    data.make()
    servers = servers_needed(data, os.environ)
    # Registered before the app is loaded, so that whatever the app does at exit still has its servers.
    atexit.register(servers.close)
    os.environ.update(complete(os.environ, data, servers.start()))


cli = _Commands(
    name="falcon",
    help="FalconBus: sells seats, dispatches staff, shows its own performance.",
    create_app=_create_app,
    add_default_commands=False,
    add_version_option=False,
    load_dotenv=False,
    set_debug_flag=False,
    commands={"shell": shell_command, "routes": routes_command},
)
# Which app it is, and with which settings, is not a question here.
cli.params.clear()


@cli.command("up", with_appcontext=False)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Data folder (DATA_DIR).")
@click.option("--no-demo", is_flag=True, help="Do not load the demo network.")
@click.option("--workers", type=click.IntRange(1, 64), help="Web processes; one a processor, two at least.")
def _up(*, port: int, host: str, data_dir: Path | None, no_demo: bool, workers: int | None) -> None:
    """Run everything: servers, migrations, demo network, web, worker and beat."""
    environment = dict(os.environ)
    if data_dir:
        environment["DATA_DIR"] = str(data_dir)
    sys.exit(up.run(up.UpOptions(host=host, port=port, workers=workers, demo=not no_demo, environment=environment)))


@cli.command("psql", with_appcontext=False, context_settings={"ignore_unknown_options": True}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def _psql(arguments: tuple[str, ...]) -> None:
    """Open PostgreSQL's psql on the database; arguments are its own, such as -c STATEMENT."""
    _prepare(with_servers=True)
    source = find_source(Settings.from_environment())
    # A Ctrl-C is for psql, which ends a statement by it; we wait.
    signal.signal(signal.SIGINT, lambda _number, _frame: None)
    sys.exit(source.program("psql", *arguments).in_terminal())


@cli.command("test", with_appcontext=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def _test(arguments: tuple[str, ...]) -> None:
    """Run the test suite; arguments go to pytest."""
    try:
        sys.exit(checks.run_tests(arguments))
    except CannotRun as fault:
        click.echo(f"falcon: {fault}", err=True)
        sys.exit(1)


@cli.command("lint", with_appcontext=False)
def _lint() -> None:
    """Run every check of the code: ruff, mypy, import-linter, deptry."""
    sys.exit(checks.run_linters())


if __name__ == "__main__":
    cli.main(prog_name="falcon")
