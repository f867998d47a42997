"""The reference page of the docs: every setting, route and error code, written from the code itself."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import FastAPI
from psycopg_pool import AsyncConnectionPool

import charging
import dashboard
import facility
import gateway
import lpr
import wartime_conversion
from facility.clock import SystemClock
from facility.context import Context
from facility.db import Pool
from facility.errors import OpsError
from facility.settings import PREFIX, Settings
from facility.site import load_site

HEAD = """# Reference: settings, routes, error codes

Written from the code by `pingzhan reference > docs/reference.md`; a test fails where the two differ.
"""


def _modules() -> Iterator[str]:
    for package in (facility, gateway, charging, lpr, wartime_conversion, dashboard):
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not found.name.startswith("lpr.training") and not found.name.endswith("__main__"):
                yield found.name


def _families(top: type[OpsError]) -> Iterator[type[OpsError]]:
    for family in top.__subclasses__():
        yield family
        yield from _families(family)


def _settings() -> Iterable[str]:
    yield "\n## Settings\n\n| setting | default | what |\n|---|---|---|"
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else field.default
        yield f"| `{PREFIX}{name.upper()}` | `{default}` | {field.description} |"


def _routes(app: FastAPI) -> Iterable[str]:
    yield "\n## Routes of the API\n\n| method | path | what |\n|---|---|---|"
    operations: dict[str, dict[str, Any]] = app.openapi()["paths"]
    for path in sorted(operations):
        for method, operation in sorted(operations[path].items()):
            text = str(operation.get("description") or operation.get("summary") or "")
            what = text.split("\n\n")[0].replace("\n", " ").replace("|", "\\|")
            yield f"| {method.upper()} | `{path}` | {what} |"


def _error_codes() -> Iterable[str]:
    yield "\n## Error codes\n\n| code | family | means |\n|---|---|---|"
    rows = set()
    for family in _families(OpsError):
        parent = family.__mro__[1].__name__
        meaning = (family.__doc__ or "").split("\n\n")[0].replace("\n", " ").strip()
        rows.add(f"| `{family.code}` | {parent} | {meaning} |")
    yield from sorted(rows)


def reference() -> str:
    """The whole page, as Markdown; needs no database, for no route is called."""
    from gateway.app import create_app

    for module in _modules():
        importlib.import_module(module)
    unopened: Pool = AsyncConnectionPool("", open=False)
    context = Context(settings=Settings(), dsn="", pool=unopened, clock=SystemClock(), site=load_site())
    parts = [HEAD, *_settings(), *_routes(create_app(context)), *_error_codes()]
    return "\n".join(parts) + "\n"
