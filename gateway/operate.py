"""Commands that run the installation: up, migrate, doctor, backup, restore."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from facility.settings import load_settings


def add_commands(commands: Any) -> None:
    """Add this subject's subcommands."""
    up = commands.add_parser("up", help="start everything; ends with a line that begins with ready")
    up.add_argument("--only", metavar="NAME,NAME", help="start only these of web, work, charging, lpr")
    up.set_defaults(run=_up)
    commands.add_parser("migrate", help="bring the database's schema up to date").set_defaults(run=_migrate)
    doctor = commands.add_parser("doctor", help="what is installed, and what to mend")
    doctor.add_argument("--json", action="store_true", help="one JSON object a line")
    doctor.set_defaults(run=_doctor)
    backup = commands.add_parser("backup", help="write database and state to a file")
    backup.add_argument("file", type=Path)
    backup.set_defaults(run=_backup)
    restore = commands.add_parser(
        "restore", help="put a backup's database and state in place of the present ones"
    )
    restore.add_argument("file", type=Path)
    restore.set_defaults(run=_restore)


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")


def _up(args: argparse.Namespace) -> int:
    from facility.errors import Invalid
    from gateway.up import PROCESSES, run_up

    names = args.only.split(",") if args.only else list(PROCESSES)
    unknown = [name for name in names if name not in PROCESSES]
    if unknown:
        raise Invalid(
            f"--only: {', '.join(unknown)}: there is no such process; known are {', '.join(PROCESSES)}"
        )
    return run_up(load_settings(), names)


def _migrate(_args: argparse.Namespace) -> int:
    from facility.embedded import embedded_server
    from facility.migrate import migrate

    settings = load_settings()
    if settings.database_url is not None:
        applied = migrate(settings.database_url)
    else:
        with embedded_server(settings.data) as server:
            applied = migrate(server.dsn())
    for step in applied:
        _print(json.dumps({"step": str(step)}))
    _print(json.dumps({"applied": len(applied)}))
    return 0


def _doctor(args: argparse.Namespace) -> int:
    from gateway.doctor import examine

    findings = examine()
    for finding in findings:
        _print(json.dumps(finding.as_json(), ensure_ascii=False) if args.json else str(finding))
    return 0 if all(finding.is_well for finding in findings) else 1


def _backup(args: argparse.Namespace) -> int:
    from gateway.backup import write_backup

    _print(json.dumps(write_backup(load_settings(), args.file), ensure_ascii=False))
    return 0


def _restore(args: argparse.Namespace) -> int:
    from gateway.backup import restore_backup

    _print(json.dumps(restore_backup(load_settings(), args.file), ensure_ascii=False))
    return 0
