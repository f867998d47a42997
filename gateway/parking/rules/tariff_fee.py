"""The fee of a stay: an itemised list of lines whose sum is the fee.

Order, as the vocabulary of price lists has it: exempt time taken out, free time, units per piece, segment
cap, day cap, sum, discount or tier factor, rounding. A cap is filled in the order of time, so the fee of a
stay up to noon is a part of its fee up to evening and a longer stay never costs less.
"""

from datetime import datetime

from facility.units import Fen
from gateway.parking.rules.tariff import IdleFee, Tariff
from gateway.parking.rules.tariff_episodes import Episode, Unbilled, episodes
from gateway.parking.rules.tariff_pieces import Piece, WindowKey, pieces, window_at
from gateway.parking.rules.tariff_rates import NEVER, Rates, rates_for
from gateway.parking.rules.tariff_stay import Charged, Coupon, Fee, FeeLine, LineKind, PricedStay
from gateway.parking.rules.tariff_time import length, local_seconds, moment_of, split_front

Facts = tuple[tuple[str, int | str], ...]


class _Bill:
    """The lines of one fee while it is worked out; ticks in, whole fen out."""

    def __init__(self, rates: Rates, start_s: int, end_s: int) -> None:
        self.rates = rates
        self.start_s = start_s
        self.end_s = end_s
        self.lines: list[FeeLine] = []
        self.ticks = 0
        self.cap_left: dict[WindowKey, int] = {}
        self.part_cap_left: dict[tuple[WindowKey, tuple[int, int]], int] = {}
        self.flat_paid: set[tuple[int, int]] = set()

    def add(self, start_s: int, end_s: int, rule: str, ticks: int, facts: Facts) -> None:
        """A line of parking; its fen are cut so that the lines so far add up to the ticks so far, rounded
        down."""
        before_fen = self.ticks // self.rates.scale
        self.ticks += ticks
        fen = self.ticks // self.rates.scale - before_fen
        self.append(LineKind.PARKING, rule, start_s, end_s, fen, facts)

    def append(
        self, kind: LineKind, rule: str, start_s: int, end_s: int, fen: int, facts: Facts = ()
    ) -> None:
        """A line of whole fen."""
        self.lines.append(
            FeeLine(
                kind=kind,
                rule=rule,
                start_at=moment_of(start_s),
                end_at=moment_of(end_s),
                fen=Fen(fen),
                facts=facts,
            )
        )

    def under_day_cap(self, window: WindowKey, ticks: int) -> int:
        """What of `ticks` the day cap of a window still allows."""
        left = self.cap_left.get(window, self.rates.cap)
        taken = min(ticks, left)
        self.cap_left[window] = left - taken
        return taken

    def total(self) -> Fen:
        """Sum of the lines."""
        return Fen(sum(line.fen for line in self.lines))


def parking_fee(stay: PricedStay, left_at: datetime, tariff: Tariff) -> Fee:
    """Price one stay up to a moment.

    Args:
        stay: facts of the stay; what happens after `left_at` is left out of account.
        left_at: moment of pricing, aware, not before the entry.
        tariff: price list in force at entry.

    Returns:
        The fee with its lines; parking and idle lines, and coupons as negative lines. Never negative in sum.

    Raises:
        ValueError: `left_at` is before the entry, or a moment is naive.
    """
    start_s, end_s = local_seconds(stay.entered_at), local_seconds(left_at)
    if end_s < start_s:
        raise ValueError("a stay cannot be priced before its entry")
    rates = rates_for(tariff, stay.vehicle)
    bill = _Bill(rates, start_s, end_s)
    billable, unbilled = episodes(stay, start_s, end_s, tariff, rates)
    _add_unbilled(bill, unbilled)
    billed_before_s = 0
    for episode in billable:
        if rates.slabs:
            _add_slabs(bill, episode)
        else:
            _add_pieces(bill, episode, billed_before_s)
        billed_before_s += length(episode.stretches)
    bill.lines.sort(key=lambda line: line.start_at)
    _add_discount_and_rounding(bill, tariff)
    _add_coupons(bill, stay.coupons)
    _add_idle(bill, stay.charged, tariff.idle_fee)
    return Fee(lines=tuple(bill.lines), total_fen=bill.total())


def _add_unbilled(bill: _Bill, unbilled: list[Unbilled]) -> None:
    for reason in unbilled:
        for start_s, end_s in reason.stretches:
            bill.append(LineKind.PARKING, reason.rule, start_s, end_s, 0, (("seconds", end_s - start_s),))


def _add_pieces(bill: _Bill, episode: Episode, billed_before_s: int) -> None:
    for piece in pieces(episode.stretches, episode.origin_s, billed_before_s, bill.rates):
        if piece.part.flat is not None:
            _add_flat(bill, piece, piece.part.flat)
        else:
            _add_units(bill, piece)


def _add_flat(bill: _Bill, piece: Piece, price: int) -> None:
    """One price for any part of one occurrence, asked once even where a day window ends inside the
    occurrence."""
    facts: Facts = (("price_fen", price // bill.rates.scale),)
    if piece.occurrence in bill.flat_paid:
        bill.add(piece.start_s, piece.end_s, "flat_already_paid", 0, facts)
        return
    bill.flat_paid.add(piece.occurrence)
    taken = bill.under_day_cap(piece.window, price)
    _add_piece_line(bill, piece, "flat", taken, price, facts)


def _add_units(bill: _Bill, piece: Piece) -> None:
    part = piece.part
    price = part.holiday if piece.is_holiday else part.price
    units = -(-piece.billed_s // part.unit_s)
    full = units * price
    key = (piece.window, piece.occurrence)
    part_left = bill.part_cap_left.get(key, part.cap)
    under_part_cap = min(full, part_left)
    bill.part_cap_left[key] = part_left - under_part_cap
    taken = bill.under_day_cap(piece.window, under_part_cap)
    facts: Facts = (
        ("units", units),
        ("unit_s", part.unit_s),
        ("price_fen", price // bill.rates.scale),
        ("seconds", piece.billed_s),
    )
    if under_part_cap < full:
        facts += (("part_cap_fen", part.cap // bill.rates.scale),)
    rule = "units_holiday" if piece.is_holiday else "units"
    _add_piece_line(bill, piece, rule, taken, under_part_cap, facts)


def _add_piece_line(bill: _Bill, piece: Piece, rule: str, taken: int, asked: int, facts: Facts) -> None:
    if taken < asked:
        facts += (("day_cap_fen", bill.rates.cap // bill.rates.scale),)
    if bill.rates.tiers:
        _, numerator, denominator = bill.rates.tiers[piece.tier]
        facts += (("factor", f"{numerator}/{denominator}"), ("before_factor_fen", taken // bill.rates.scale))
        taken = taken * numerator // denominator  # exact: every tick amount is a multiple of each denominator
    bill.add(piece.start_s, piece.end_s, rule, taken, facts)


def _add_slabs(bill: _Bill, episode: Episode) -> None:
    """One price by length; past the restart that length is charged and the rest begins again at the first
    slab."""
    rest = episode.stretches
    while rest:
        cycle, rest = split_front(rest, bill.rates.restart_after_s)
        cycle_s = length(cycle)
        upto_s, price = next(slab for slab in bill.rates.slabs if cycle_s <= slab[0])
        window, _ = window_at(cycle[0][0], episode.origin_s, bill.rates)
        taken = bill.under_day_cap(window, price)
        facts: Facts = (("seconds", cycle_s), ("price_fen", price // bill.rates.scale))
        if upto_s != NEVER:
            facts += (("upto_s", upto_s),)
        if taken < price:
            facts += (("day_cap_fen", bill.rates.cap // bill.rates.scale),)
        bill.add(cycle[0][0], cycle[-1][1], "slab", taken, facts)


def _add_discount_and_rounding(bill: _Bill, tariff: Tariff) -> None:
    """The two lines that turn exact ticks into the amount asked for.

    Rounding, the only one of the parking fee: the discounted sum goes to the nearest multiple of
    `round_to_fen`, halves up.
    """
    discount, scale = bill.rates.discount, bill.rates.scale
    listed_fen = bill.ticks // scale
    discounted_fen = listed_fen
    if discount != 1 and bill.ticks:
        discounted_fen = bill.ticks * discount.numerator // (scale * discount.denominator)
        facts: Facts = (("factor", f"{discount.numerator}/{discount.denominator}"),)
        bill.append(
            LineKind.PARKING, "nev_discount", bill.start_s, bill.end_s, discounted_fen - listed_fen, facts
        )
    rounded_fen = rounded_half_up(
        bill.ticks * discount.numerator, scale * discount.denominator, tariff.round_to_fen
    )
    if rounded_fen != discounted_fen:
        facts = (("round_to_fen", tariff.round_to_fen),)
        bill.append(
            LineKind.PARKING, "rounding", bill.start_s, bill.end_s, rounded_fen - discounted_fen, facts
        )


def rounded_half_up(numerator: int, denominator: int, step: int) -> int:
    """The multiple of `step` nearest to numerator / denominator (not negative), halves up."""
    return (2 * numerator + step * denominator) // (2 * step * denominator) * step


def _add_coupons(bill: _Bill, coupons: tuple[Coupon, ...]) -> None:
    """Amounts off the parking fee, never more than it: a coupon is no money back and pays no idle fee."""
    left_fen = bill.total()
    for coupon in coupons:
        off_fen = min(coupon.off_fen, left_fen)
        if off_fen:
            facts: Facts = (("coupon", coupon.coupon_id), ("worth_fen", coupon.off_fen))
            bill.append(LineKind.COUPON, "coupon_amount", bill.start_s, bill.end_s, -off_fen, facts)
            left_fen = Fen(left_fen - off_fen)


def _add_idle(bill: _Bill, charged: tuple[Charged, ...], idle_fee: IdleFee | None) -> None:
    """Each started minute at the charger after charging ended and the grace ran out."""
    if idle_fee is None:
        return
    for one in charged:
        if one.ended_at is None:
            continue
        left_s = bill.end_s if one.left_bay_at is None else min(bill.end_s, local_seconds(one.left_bay_at))
        from_s = local_seconds(one.ended_at) + idle_fee.grace_s
        if left_s > from_s:
            minutes = -(-(left_s - from_s) // 60)
            fen = rounded_half_up(minutes * bill.rates.idle_per_minute, bill.rates.scale, 1)
            facts: Facts = (("minutes", minutes), ("grace_s", idle_fee.grace_s))
            bill.append(LineKind.IDLE, "idle", from_s, left_s, fen, facts)
