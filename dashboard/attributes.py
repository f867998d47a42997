"""Attributes for scripts and screen readers (`data-*`, `aria-*`), which Python has no names for."""

from collections.abc import Mapping
from typing import Any


def attributes(values: Mapping[str, str]) -> dict[str, Any]:
    """To be spread into a component."""
    return dict(values)
