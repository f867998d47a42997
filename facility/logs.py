"""Structured logs: one JSON object a line, plates masked."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE = re.compile(rf"([{PROVINCES}][A-Z])([A-Z0-9]{{2,4}})([A-Z0-9]{{1,2}}[学警港澳领挂超]?)")
PLATE_KEYS = frozenset({"plate", "text", "raw_text", "plate_text"})


def mask_plate(plate: str) -> str:
    """A plate with its middle hidden: `苏F12345` -> `苏F***45`; texts under five characters are hidden whole."""
    if len(plate) < 5:
        return "*" * len(plate)
    return plate[:2] + "*" * (len(plate) - 4) + plate[-2:]


def mask_plates_in(text: str) -> str:
    """Free text with every civil plate in it masked."""
    return _PLATE.sub(lambda found: mask_plate(found.group(0)), text)


def _mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = mask_plate(value) if key in PLATE_KEYS else mask_plates_in(value)
    return event


def set_up_logs(process: str, *, stream: TextIO | None = None) -> None:
    """Send structured logs to standard error, tagged with the process's name."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.format_exc_info,
            _mask,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(process=process)
    logging.basicConfig(level=logging.WARNING, stream=stream or sys.stderr, force=True)


def get_logger() -> structlog.typing.FilteringBoundLogger:
    """The logger; event names are noun.verb, facts go in keys."""
    logger: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return logger
