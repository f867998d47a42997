"""Stock: a ledger of moves that never goes negative, first-expiry-first-out, shelf life, counting.

Quantities are whole pallets. A place is a bay id, `quarantine` (received, not yet released) or `outside`
(before receipt, after issue, rejected, written off).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from facility.errors import Conflict

QUARANTINE = "quarantine"
OUTSIDE = "outside"

MOVE_KINDS = ("receive", "reject", "put_away", "relocate", "issue", "adjust")
Balance = Mapping[tuple[str, str], int]


class StockShort(Conflict):
    """A move wants more pallets than are there."""

    code = "depot.stock_short"


@dataclass(frozen=True, slots=True, kw_only=True)
class StockLot:
    """Goods of one origin and expiry; `expires_on` is `None` where they do not expire."""

    id: str
    category: str
    batch: str
    made_on: date | None
    expires_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Pallets of one lot from one place to another."""

    lot: str
    source: str
    target: str
    pallets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """Pallets of a lot to take from a place."""

    lot: str
    place: str
    pallets: int


def apply_move(balance: Balance, move: Move) -> dict[tuple[str, str], int]:
    """The balance (pallets by lot and place, `outside` not kept) after a move.

    Raises:
        StockShort: there is less than the move takes.
        ValueError: no pallets, or from a place to itself.
    """
    if move.pallets <= 0 or move.source == move.target:
        raise ValueError(f"a move of {move.pallets} pallets from {move.source} to {move.target}")
    after = dict(balance)
    if move.source != OUTSIDE:
        there = after.get((move.lot, move.source), 0)
        if there < move.pallets:
            raise StockShort(
                f"{move.pallets} pallets wanted from {move.source}, {there} are there",
                place=move.source,
                wanted=move.pallets,
                there=there,
            )
        after[move.lot, move.source] = there - move.pallets
    if move.target != OUTSIDE:
        after[move.lot, move.target] = after.get((move.lot, move.target), 0) + move.pallets
    return {key: pallets for key, pallets in after.items() if pallets}


def _expiry_key(lot: StockLot) -> tuple[date, str]:
    return (lot.expires_on or date.max, lot.batch)


def first_expiry_first_out(
    lots: Iterable[StockLot], balance: Balance, category: str, pallets: int, today: date
) -> tuple[Pick, ...]:
    """What to pick for an order: the earliest expiry first, nothing expired, nothing from quarantine.

    Raises:
        StockShort: less is in store than the order wants.
    """
    picks, left = [], pallets
    for lot in sorted((lot for lot in lots if lot.category == category), key=_expiry_key):
        if lot.expires_on is not None and lot.expires_on < today:
            continue
        for (name, place), there in sorted(balance.items()):
            if name == lot.id and place != QUARANTINE and left:
                count = min(left, there)
                picks.append(Pick(lot=lot.id, place=place, pallets=count))
                left -= count
    if left:
        raise StockShort(
            f"{pallets} pallets of {category} wanted, {pallets - left} are in store and in date",
            wanted=pallets,
            there=pallets - left,
        )
    return tuple(picks)


def shelf_life_left(lot: StockLot, today: date) -> float | None:
    """The share of its shelf life a lot has left, 0 to 1; `None` where it does not expire or its making is unknown."""
    if lot.expires_on is None or lot.made_on is None or lot.expires_on <= lot.made_on:
        return None
    return max(0.0, min(1.0, (lot.expires_on - today).days / (lot.expires_on - lot.made_on).days))


def rotation_alert(lot: StockLot, today: date, alert_days: Iterable[int]) -> int | None:
    """The nearest alert a lot has passed (180, 90, 30, or 0 once expired), `None` while there is none."""
    if lot.expires_on is None:
        return None
    left = (lot.expires_on - today).days
    if left < 0:
        return 0
    return min((days for days in alert_days if left <= days), default=None)


def wants_recount(expected: int, counted: int, *, over_pallets: int, over_share: float) -> bool:
    """Whether a count is far enough from the ledger to be counted again: beyond one pallet, or beyond the share."""
    difference = abs(counted - expected)
    return difference > over_pallets or (difference > 0 and difference > over_share * expected)
