"""What an office page is made of: tables whose rows may be acted on, and forms; each acts through a route of the API.

The pages only read. A form or a button names a method and a path of `/api/v1`, so every rule, every refusal and every
audit row is the same as for a script with a token. `static/office.js` sends them.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

Method = Literal["POST", "PUT", "PATCH", "DELETE"]


class Look(StrEnum):
    """How a cell is drawn."""

    TEXT = "text"
    NUMBER = "number"
    CODE = "code"
    GOOD = "good"
    WARN = "warn"
    ALARM = "alarm"
    QUIET = "quiet"


class Kind(StrEnum):
    """What a field holds, which says how it is typed and how it is sent."""

    TEXT = "text"
    PASSWORD = "password"
    INTEGER = "integer"
    DATE = "date"
    MOMENT = "moment"  # typed on the site's wall clock, sent with its zone
    CHOICE = "choice"
    MANY = "many"  # several of a few; sent as a list
    FLAG = "flag"
    DOCUMENT = "document"  # typed as JSON, sent as what it says


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell: `words` are translated where they are a text of ours (`is_ours`), data are shown as they are."""

    words: str
    look: Look = Look.TEXT
    is_ours: bool = False
    note: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A button of a row: what it is called, which route it calls; `asks` names the body's field for a reason."""

    label: str
    method: Method
    path: str
    body: dict[str, Any] = field(default_factory=dict)
    asks: str = ""
    is_grave: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of a table."""

    cells: tuple[Cell, ...]
    acts: tuple[Act, ...] = ()
    more: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; `numbers` names the columns that hold numbers, by their place."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    empty: str
    note: str = ""
    older: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of a form. `name` is the body's key, or a part of the path where the path holds it in braces."""

    name: str
    label: str
    kind: Kind = Kind.TEXT
    is_wanted: bool = True
    options: tuple[tuple[str, str], ...] = ()
    value: str = ""
    note: str = ""
    are_options_ours: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form. `shows` says what becomes of the answer: the page anew, the answer's secret once, or a file to keep.

    A form with method `GET` asks this page again with other words in its address.
    """

    title: str
    method: Method | Literal["GET"]
    path: str
    fields: tuple[Field, ...]
    button: str
    shows: Literal["page", "answer", "file"] = "page"
    file_name: str = ""
    note: str = ""
    is_grave: bool = False


Block = Table | Form


def ours(words: str, look: Look = Look.TEXT) -> Cell:
    """A cell with a text of ours, which is translated."""
    return Cell(words=words, look=look, is_ours=True)


def data(words: object, look: Look = Look.TEXT, note: str = "") -> Cell:
    """A cell with data, shown as they are; nothing is a dash."""
    return Cell(words="–" if words is None or words == "" else str(words), look=look, note=note)
