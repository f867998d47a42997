"""Corrections by attendants become a labelled set, and each night the reader is measured on it."""

import csv
import shutil
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import structlog

from facility.clock import Clock
from facility.db import connect_sync
from facility.errors import Unavailable
from facility.units import SHANGHAI
from lpr.evaluate import evaluate
from lpr.reader import PlateReader
from lpr.store import corrections_with_pictures, last_evaluation_at, mark_exported, write_evaluation

log = structlog.get_logger(__name__)
AT_HOUR = 3  # in the morning, Shanghai: the quietest hour
CHECK_S = 60.0
FOLDER = "corrections"


def export_corrections(conn: psycopg.Connection[Any], data: Path, now: datetime) -> int:
    """Copy corrected pictures and their texts into `corrections/`, a folder `lpr evaluate` reads; returns how many.

    Pictures that are no longer there are left out, and their copies go: what was forgotten is forgotten here too.
    """
    folder = data / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    rows = [row for row in corrections_with_pictures(conn) if (data / row.picture_path).is_file()]
    for row in rows:
        target = folder / f"{row.read_id}.jpg"
        if not target.exists():
            shutil.copyfile(data / row.picture_path, target)
    with (folder / "labels.tmp").open("w", encoding="utf-8", newline="") as lines:
        table = csv.writer(lines)
        table.writerow(["file", "text", "kind"])
        table.writerows([f"{row.read_id}.jpg", row.text, row.kind] for row in rows)
    (folder / "labels.tmp").replace(folder / "labels.csv")
    kept = {f"{row.read_id}.jpg" for row in rows}
    for copy in folder.glob("*.jpg"):
        if copy.name not in kept:
            copy.unlink(missing_ok=True)
    mark_exported(conn, [row.read_id for row in rows], now)
    return len(rows)


def measure_corrections(
    conn: psycopg.Connection[Any], data: Path, now: datetime, reader: PlateReader | None = None
) -> dict[str, Any] | None:
    """Export, measure and keep the result; `None` when nothing was ever corrected."""
    if export_corrections(conn, data, now) == 0:
        return None
    result = evaluate(data / FOLDER, cropped=False, reader=reader)
    write_evaluation(conn, at=now, result=result)
    return result


def is_due(now: datetime, last_at: datetime | None) -> bool:
    """Whether this night's measurement is still to be made: after three in the morning, once a day."""
    local = now.astimezone(SHANGHAI)
    begins = local.replace(hour=AT_HOUR, minute=0, second=0, microsecond=0)
    if local < begins:
        begins -= timedelta(days=1)
    return last_at is None or last_at < begins


def nightly(
    data: Path,
    dsn: str,
    clock: Clock,
    stop: threading.Event,
    *,
    check_s: float = CHECK_S,
    reader: PlateReader | None = None,
) -> None:
    """The thread that does it; it looks at the clock every `check_s`."""
    tried_at: datetime | None = None
    while not stop.wait(check_s):
        now = clock.now()
        if not is_due(now, tried_at):
            continue
        try:
            with connect_sync(dsn) as conn:
                if is_due(now, last_evaluation_at(conn)):
                    result = measure_corrections(conn, data, now, reader)
                    if result is not None:
                        log.info("reader.measured", images=result["images"], exact=result["exact"])
            tried_at = now
        except (Unavailable, psycopg.OperationalError) as fault:
            log.warning("reader.not_measured", fault=str(fault))
