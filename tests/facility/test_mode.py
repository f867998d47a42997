import itertools

import pytest

from facility.mode import MODE_TABLE, Mode, ModeConflict, ModeEvent, advance

PAIRS = list(itertools.product(Mode, ModeEvent))


@pytest.mark.parametrize(("mode", "event"), [pair for pair in PAIRS if pair not in MODE_TABLE])
def test_every_pair_outside_the_table_is_a_conflict(mode: Mode, event: ModeEvent) -> None:
    with pytest.raises(ModeConflict):
        advance(mode, event)


def test_a_conversion_and_a_restoration_come_back_to_peacetime() -> None:
    mode = Mode.PEACETIME
    seen = []
    for event in (
        ModeEvent.CONVERSION_ORDERED,
        ModeEvent.CONVERSION_ENDED,
        ModeEvent.RESTORATION_ORDERED,
        ModeEvent.RESTORATION_ENDED,
    ):
        mode = advance(mode, event)
        seen.append(mode)
    assert seen == [Mode.CONVERTING, Mode.WARTIME, Mode.RESTORING, Mode.PEACETIME]


def test_a_recalled_conversion_still_needs_its_restoration() -> None:
    assert advance(Mode.CONVERTING, ModeEvent.CONVERSION_RECALLED) == Mode.RESTORING
