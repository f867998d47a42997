"""The command line: people's text to stderr, results to stdout, exit 0 done, 1 it did not hold, 2 bad
usage."""

import argparse
import asyncio
import getpass
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from facility.clock import SystemClock
from facility.errors import Invalid, OpsError
from facility.identity import Role
from facility.settings import Settings, load_settings
from gateway import conversion_commands, operate, parking_commands, tls

Command = Callable[[argparse.Namespace], int]


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _result(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def _process(args: argparse.Namespace) -> int:
    from gateway.processes import run_process

    settings = load_settings()
    if settings.database_url is None:
        raise Invalid("a single process needs PINGZHAN_DATABASE_URL; pingzhan up sets it")
    return run_process(args.name, settings, settings.database_url)


def _with_database(body: Callable[[Settings, str], int]) -> int:
    from facility.embedded import database

    settings = load_settings()
    with database(settings) as dsn:
        return body(settings, dsn)


def _user_add(args: argparse.Namespace) -> int:
    password = args.password or getpass.getpass("password: ")
    return _with_database(lambda _settings, dsn: asyncio.run(_add_user(dsn, args, password)))


async def _add_user(dsn: str, args: argparse.Namespace, password: str) -> int:
    from facility.db import open_pool, unit_of_work
    from gateway.staff.people import add_person

    pool = await open_pool(dsn)
    try:
        async with unit_of_work(pool) as conn:
            person = await add_person(
                conn,
                login=args.login,
                name=args.name or args.login,
                roles=args.role,
                password=password,
                now=SystemClock().now(),
            )
    finally:
        await pool.close()
    _result({"id": str(person.id), "login": args.login, "roles": sorted(person.roles)})
    return 0


def _token_add(args: argparse.Namespace) -> int:
    return _with_database(lambda _settings, dsn: asyncio.run(_add_token(dsn, args)))


async def _add_token(dsn: str, args: argparse.Namespace) -> int:
    from facility.db import open_pool, unit_of_work
    from gateway.staff.people import add_token

    pool = await open_pool(dsn)
    try:
        async with unit_of_work(pool) as conn:
            token_id, secret = await add_token(
                conn, name=args.name, roles=args.role, by="command line", now=SystemClock().now()
            )
    finally:
        await pool.close()
    _result({"id": str(token_id), "token": secret})
    return 0


def _add_staff(commands: Any) -> None:
    user = commands.add_parser("user", help="people who may sign in").add_subparsers(required=True)
    add = user.add_parser("add", help="add a person")
    add.add_argument("login")
    add.add_argument("--name")
    add.add_argument("--role", action="append", required=True, choices=[role.value for role in Role])
    add.add_argument("--password", help="asked for where it is not given")
    add.set_defaults(run=_user_add)
    token = commands.add_parser("token", help="bearer tokens for scripts").add_subparsers(required=True)
    make = token.add_parser("add", help="make a token; its secret is shown once")
    make.add_argument("--role", action="append", required=True, choices=[role.value for role in Role])
    make.add_argument("--name", default="script")
    make.set_defaults(run=_token_add)


def _add_process(commands: Any) -> None:
    process = commands.add_parser("process", help=argparse.SUPPRESS)
    process.add_argument("name", choices=["web", "work", "charging", "lpr"])
    process.set_defaults(run=_process)


def _reference(_args: argparse.Namespace) -> int:
    from gateway.reference import reference

    sys.stdout.write(reference())
    return 0


def _add_reference(commands: Any) -> None:
    page = commands.add_parser("reference", help="settings, routes and error codes, as Markdown")
    page.set_defaults(run=_reference)


def _add_lpr(commands: Any) -> None:
    from lpr.commands import add_commands

    add_commands(commands)


def _add_charging(commands: Any) -> None:
    from charging.commands import add_commands

    add_commands(commands)


def parser() -> argparse.ArgumentParser:
    """The whole command line; each adder below brings one subject's subcommands."""
    top = argparse.ArgumentParser(prog="pingzhan", description="A garage with two lives.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for add in ADDERS:
        add(commands)
    return top


ADDERS: tuple[Callable[[Any], None], ...] = (
    operate.add_commands,
    _add_staff,
    _add_process,
    _add_lpr,
    _add_charging,
    _add_reference,
    conversion_commands.add_commands,
    parking_commands.add_commands,
    tls.add_commands,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    args = parser().parse_args(argv)
    try:
        status: int = args.run(args)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Invalid, OSError) as fault:
        _say(f"pingzhan: {fault}")
        return 2
    except OpsError as fault:
        _say(f"pingzhan: {fault}")
        return 1
    except KeyboardInterrupt:
        return 130
    return status
