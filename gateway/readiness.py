"""Whether what was started is ready: asked of `/readyz`, or of the heartbeats where no web process is among it."""

import http.client
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from facility.db import connect_sync
from facility.errors import Unavailable
from facility.heartbeat import is_alive
from facility.heartbeat_store import ProcessRow
from facility.settings import Settings

_ANSWER_WITHIN_S = 2.0


def unready_parts(settings: Settings, dsn: str, pids: Mapping[str, int], now: datetime) -> list[str]:
    """Names of the parts that are not ready yet, with the reason where one is known.

    A heartbeat counts only when it is of the process started now: the last run's may still look fresh.

    Args:
        settings: where the web process answers.
        dsn: address of the database.
        pids: process numbers of what was started, by name.
        now: aware UTC.
    """
    if "web" in pids:
        return _unready_by_web(settings, pids)
    try:
        alive = {row.name: row.pid for row in _beats(dsn) if is_alive(row.seen_at, now)}
    except Unavailable as fault:
        return [f"database ({fault})"]
    return [name for name, pid in pids.items() if alive.get(name) != pid]


def _beats(dsn: str) -> list[ProcessRow]:
    with connect_sync(dsn) as conn, conn.cursor(row_factory=class_row(ProcessRow)) as cursor:
        cursor.execute("SELECT name, pid, started_at, seen_at, detail FROM facility.process")
        return cursor.fetchall()


def _unready_by_web(settings: Settings, pids: Mapping[str, int]) -> list[str]:
    try:
        components = _ask(settings)["components"]
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return ["web"]
    unready = []
    for name in ("database", *pids):
        component = components.get(name, {})
        is_ready = component.get("ready") is True
        is_of_this_run = name == "database" or component.get("pid") == pids[name]
        if not (is_ready and is_of_this_run):
            why = component.get("why")
            unready.append(f"{name} ({why})" if why else name)
    return unready


def _ask(settings: Settings) -> dict[str, Any]:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    connection = http.client.HTTPConnection(host, settings.http_port, timeout=_ANSWER_WITHIN_S)
    try:
        connection.request("GET", "/readyz")
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return answer
