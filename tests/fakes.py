"""Small fakes that several test folders share."""

from datetime import datetime, timedelta


class FakeClock:
    """A clock that moves only by hand."""

    def __init__(self, start: datetime) -> None:
        self._now = start
        self._elapsed_s = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._elapsed_s

    def advance(self, by: timedelta) -> None:
        self._now += by
        self._elapsed_s += by.total_seconds()

    def step_wall_clock(self, by: timedelta) -> None:
        """Someone sets the machine's clock: the monotonic clock does not notice."""
        self._now += by
