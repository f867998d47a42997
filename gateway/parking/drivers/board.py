"""A remaining-space board behind a small protocol: a few lines of text at an entrance or a level."""

from dataclasses import dataclass
from typing import Protocol

from facility.errors import Unavailable


class BoardFault(Unavailable):
    """A board does not answer."""

    code = "board.fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardLine:
    """One line: a name and what is left; `free` is `None` where the level is closed."""

    name: str
    free: int | None

    def shown(self) -> str:
        """As the board shows it: `二层 006`, `三层 满`, `地下一层 关闭`."""
        if self.free is None:
            return f"{self.name} 关闭"
        return f"{self.name} {self.free:03d}" if self.free else f"{self.name} 满"


class Board(Protocol):
    """One board."""

    is_simulated: bool

    async def show(self, lines: tuple[BoardLine, ...]) -> None:
        """Show these lines.

        Raises:
            BoardFault: the board does not answer.
        """
        ...


class SimulatedBoard:
    """A board that is not there; it remembers what it shows."""

    is_simulated = True

    def __init__(self) -> None:
        self.lines: tuple[BoardLine, ...] = ()
        self.shows = 0

    async def show(self, lines: tuple[BoardLine, ...]) -> None:
        """Remember the lines."""
        self.lines = lines
        self.shows += 1
