#!/usr/bin/env python3
"""Foveal's commands: python run.py serve | demo | user | token | reindex | worker. No logic lives here."""

import sys

if sys.argv[1:2] in (["serve"], ["demo"]):  # before anything else is imported; the other commands are plain Python
    from gevent import monkey

    monkey.patch_all()

from pathlib import Path
from typing import Any

import click

from app.config import Settings, load_settings
from data.errors import UserError

BAD_START = 2


class Sentences(click.Group):
    """What a person can mend is said in one sentence, with exit code 2; never as a stack trace."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except UserError as error:
            wrong = click.ClickException(str(error))
            wrong.exit_code = BAD_START
            raise wrong from None


def settings_options(command: Any) -> Any:
    """Options that every serving command has; the environment and config.toml come before the defaults."""
    for option in (
        click.option("--data-root", "data_roots", multiple=True, help="Folder that jobs may read (repeatable)."),
        click.option("--home", help="Where all state lives  [FOVEAL_HOME, default ~/.foveal]."),
        click.option("--port", type=int, help="Port, 0 for any  [FOVEAL_PORT, default 5000]."),
        click.option("--host", help="Address to listen on  [FOVEAL_HOST, default 127.0.0.1]."),
    ):
        command = option(command)
    return command


def home_option(command: Any) -> Any:
    """The option of commands that work on a home without serving it."""
    return click.option("--home", help="Where all state lives  [FOVEAL_HOME, default ~/.foveal].")(command)


@click.group(cls=Sentences, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Foveal shows people what their vision models learn."""


@main.command()
@settings_options
def serve(**given: Any) -> None:
    """Start the server (and the scheduler beside it)."""
    from app.server import serve

    serve(_settings(given))


@main.command()
@settings_options
@click.option("--dataset", default="digits", type=click.Choice(["digits", "mnist", "fashion-mnist", "cifar10"]))
@click.option("--folder", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Your own image folder.")
def demo(dataset: str, folder: Path | None, **given: Any) -> None:
    """Start the server, build a real dataset and train LeNet on it."""
    from app.demo import demo

    demo(_settings(given), dataset, folder)


@main.group()
def user() -> None:
    """Who may sign in."""


@user.command("add")
@click.argument("name")
@click.option("--admin", is_flag=True, help="Short for --role admin.")
@click.option("--role", type=click.Choice(["viewer", "member", "admin"]), default="member", show_default=True)
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
@home_option
def user_add(name: str, admin: bool, role: str, password_stdin: bool, home: str | None) -> None:
    """Add the user NAME."""
    from app.commands import add_user

    click.echo(add_user(_settings({"home": home}), name, "admin" if admin else role, password_stdin))


@user.command("passwd")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking.")
@home_option
def user_passwd(name: str, password_stdin: bool, home: str | None) -> None:
    """Change the password of NAME; its sessions end."""
    from app.commands import change_password

    click.echo(change_password(_settings({"home": home}), name, password_stdin))


@user.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(["viewer", "member", "admin"]))
@home_option
def user_role(name: str, role: str, home: str | None) -> None:
    """Make NAME a viewer, member or admin."""
    from app.commands import change_role

    click.echo(change_role(_settings({"home": home}), name, role))


@user.command("list")
@home_option
def user_list(home: str | None) -> None:
    """Show all users."""
    from app.commands import list_users

    click.echo(list_users(_settings({"home": home})))


@main.group()
def token() -> None:
    """Bearer tokens for scripts."""


@token.command("create")
@click.argument("user")
@click.option("--title", default="command line", show_default=True)
@click.option("--scope", type=click.Choice(["read", "write", "admin"]), default="write", show_default=True)
@click.option("--days", type=click.FloatRange(min=0, min_open=True), help="How long it is valid; default: for ever.")
@home_option
def token_create(user: str, title: str, scope: str, days: float | None, home: str | None) -> None:
    """Make a token that speaks for USER; it is shown this once."""
    from app.commands import create_token

    click.echo(create_token(_settings({"home": home}), user, title, scope, days))


@main.command()
@home_option
def reindex(home: str | None) -> None:
    """Make the database anew from the job folders."""
    from app.commands import reindex

    click.echo(reindex(_settings({"home": home})))


@main.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False))
def worker(folder: str) -> None:
    """Carry out the job of FOLDER (what the scheduler starts)."""
    from jobs.worker import main as work

    work([folder])


def _settings(given: dict[str, Any]) -> Settings:
    return load_settings(**{key: value for key, value in given.items() if value not in (None, ())})


if __name__ == "__main__":
    main()
