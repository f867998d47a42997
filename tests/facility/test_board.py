from datetime import UTC, datetime
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from facility.board import (
    Duty,
    EquipmentKind,
    Lockout,
    Source,
    differences,
    standing,
    stands_under_fire_signal,
    wanted_duty,
)

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def lockout(
    equipment_id: str = "E01",
    source: Source = Source.CONVERSION,
    *,
    kind: EquipmentKind = EquipmentKind.EVSE,
    is_lifted: bool = False,
    shadow_run: UUID | None = None,
) -> Lockout:
    return Lockout(
        id=uuid4(),
        kind=kind,
        equipment_id=equipment_id,
        source=source,
        reason="test",
        placed_by="test",
        placed_at=AT,
        lifted_by="test" if is_lifted else None,
        lifted_at=AT if is_lifted else None,
        shadow_run=shadow_run,
    )


def test_equipment_without_a_lockout_serves() -> None:
    assert wanted_duty((), EquipmentKind.EVSE, "E01") == Duty.SERVING


def test_lifting_one_lockout_leaves_the_others() -> None:
    board = (lockout(is_lifted=True), lockout(source=Source.MAINTENANCE))
    assert [one.source for one in standing(board, EquipmentKind.EVSE, "E01")] == [Source.MAINTENANCE]
    assert wanted_duty(board, EquipmentKind.EVSE, "E01") == Duty.OUT


def test_a_drills_shadow_lockout_moves_nothing_real() -> None:
    assert wanted_duty((lockout(shadow_run=uuid4()),), EquipmentKind.EVSE, "E01") == Duty.SERVING


def test_the_fire_signal_lifts_gate_lockouts_below_safety_only() -> None:
    assert not stands_under_fire_signal(lockout("A-OUT", kind=EquipmentKind.LANE))
    assert not stands_under_fire_signal(lockout("A-OUT", Source.MAINTENANCE, kind=EquipmentKind.LANE))
    assert stands_under_fire_signal(lockout("A-OUT", Source.SAFETY, kind=EquipmentKind.LANE))
    assert stands_under_fire_signal(lockout("E01"))


IDS = st.sampled_from(["E01", "E02", "E03"])
BOARDS = st.lists(st.builds(lockout, IDS, st.sampled_from(Source), is_lifted=st.booleans()))


@given(BOARDS, st.dictionaries(IDS, st.sampled_from(Duty)))
def test_after_the_ordered_differences_nothing_is_left_to_order(
    board: list[Lockout], reported: dict[str, Duty]
) -> None:
    def as_reported() -> list[tuple[EquipmentKind, str, Duty]]:
        return [(EquipmentKind.EVSE, name, duty) for name, duty in reported.items()]

    for order in differences(board, as_reported()):
        reported[order.equipment_id] = order.duty
    assert differences(board, as_reported()) == ()
