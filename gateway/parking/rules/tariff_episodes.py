"""Which time of a stay is billed: permits, charging and coupons taken out, then free time.

A permit that ends during a stay splits it into episodes: each has its own free time and its own start of
the day windows.
"""

from dataclasses import dataclass

from gateway.parking.rules.tariff import FreeMode, Tariff
from gateway.parking.rules.tariff_pieces import by_window, window_at
from gateway.parking.rules.tariff_rates import Rates
from gateway.parking.rules.tariff_stay import PricedStay
from gateway.parking.rules.tariff_time import Stretch, length, local_seconds, merged, split_front, without


@dataclass(frozen=True, slots=True)
class Unbilled:
    """Time that costs nothing, and the rule that says so."""

    rule: str
    stretches: list[Stretch]


@dataclass(frozen=True, slots=True)
class Episode:
    """Billable time between permits; rolling windows count from `origin_s`."""

    stretches: list[Stretch]
    origin_s: int
    free_s: int


def episodes(
    stay: PricedStay, start_s: int, end_s: int, tariff: Tariff, rates: Rates
) -> tuple[list[Episode], list[Unbilled]]:
    """Cut a stay into episodes of billable time, free time already taken off.

    Args:
        start_s: entry, local seconds.
        end_s: moment of pricing, local seconds, not before `start_s`.

    Returns:
        The episodes in order, and the time that is not billed with the reason of each stretch.
    """
    if stay.permit_spans:
        found, unbilled = _between_permits(stay, start_s, end_s, tariff)
    else:
        whole = [(start_s, end_s)] if end_s > start_s else []
        found = [Episode(whole, start_s, _free_seconds(stay, tariff))] if whole else []
        unbilled = []
    exempt = _charging_time(stay, start_s, end_s) if tariff.is_charging_time_exempt else []
    waived_s = _waived_seconds(stay, tariff)
    coupon_s = sum(int(coupon.off.total_seconds()) for coupon in stay.coupons)
    billable: list[Episode] = []
    for episode in found:
        left = episode.stretches
        if exempt:
            left = without(episode.stretches, exempt)
            _note(unbilled, "charging_exempt", without(episode.stretches, left))
        if waived_s:
            waived, left = split_front(left, waived_s)
            _note(unbilled, "charging_waiver", waived)
            waived_s -= length(waived)
        if coupon_s:
            given, left = split_front(left, coupon_s)
            _note(unbilled, "coupon_minutes", given)
            coupon_s -= length(given)
        free, left = _free_time(left, episode, tariff, rates)
        _note(unbilled, "free", free)
        if left:
            billable.append(Episode(left, episode.origin_s, episode.free_s))
    return billable, unbilled


def _note(unbilled: list[Unbilled], rule: str, stretches: list[Stretch]) -> None:
    if stretches:
        unbilled.append(Unbilled(rule, stretches))


def _between_permits(
    stay: PricedStay, start_s: int, end_s: int, tariff: Tariff
) -> tuple[list[Episode], list[Unbilled]]:
    whole = (start_s, end_s)
    spans = merged(
        ((local_seconds(span.start_at), local_seconds(span.end_at)) for span in stay.permit_spans), whole
    )
    free_s = _free_seconds(stay, tariff)
    ended_during = any(span_end < end_s for _, span_end in spans)
    if ended_during and tariff.permit_end.bills_from_entry:
        return [Episode([whole], start_s, tariff.permit_end.free_s)], []
    unbilled: list[Unbilled] = []
    seen: list[Stretch] = []
    for why in dict.fromkeys(span.why for span in stay.permit_spans):
        own = [span for span in stay.permit_spans if span.why == why]
        covered = merged(((local_seconds(span.start_at), local_seconds(span.end_at)) for span in own), whole)
        _note(unbilled, why, without(covered, seen))
        seen = merged([*seen, *covered], whole)
    found: list[Episode] = []
    for gap in without([whole] if end_s > start_s else [], spans):
        follows_permit = any(span_end == gap[0] for _, span_end in spans)
        if not follows_permit:
            found.append(Episode([gap], start_s, free_s))
            continue
        origin_s = start_s if tariff.permit_end.windows_from_entry else gap[0]
        found.append(Episode([gap], origin_s, tariff.permit_end.free_s))
    return found, unbilled


def _free_seconds(stay: PricedStay, tariff: Tariff) -> int:
    special_s = tariff.nev_first_stay_free_s
    if special_s is not None and stay.vehicle.is_nev and stay.is_first_of_date:
        return special_s
    return tariff.free_s


def _charging_time(stay: PricedStay, start_s: int, end_s: int) -> list[Stretch]:
    return merged(
        (
            (local_seconds(one.started_at), end_s if one.ended_at is None else local_seconds(one.ended_at))
            for one in stay.charged
        ),
        (start_s, end_s),
    )


def _waived_seconds(stay: PricedStay, tariff: Tariff) -> int:
    waiver = tariff.charging_waiver
    if waiver is None or not stay.charged:
        return 0
    charged_wh = sum(one.energy_wh for one in stay.charged)
    return waiver.waived_s if charged_wh >= waiver.min_wh else 0


def _free_time(
    stretches: list[Stretch], episode: Episode, tariff: Tariff, rates: Rates
) -> tuple[list[Stretch], list[Stretch]]:
    """The free part and the billed part of an episode."""
    is_whole_free = tariff.free_mode is FreeMode.THRESHOLD and length(stretches) <= episode.free_s
    if is_whole_free:
        return stretches, []
    if not tariff.free_in_later_windows:
        return _free_once(stretches, episode.free_s, tariff, is_first=True)
    free: list[Stretch] = []
    billed: list[Stretch] = []
    first, _ = window_at(episode.stretches[0][0], episode.origin_s, rates)
    for window, part in by_window(stretches, episode.origin_s, rates):
        part_free, part_billed = _free_once(part, episode.free_s, tariff, is_first=window == first)
        free += part_free
        billed += part_billed
    return free, billed


def _free_once(
    stretches: list[Stretch], free_s: int, tariff: Tariff, *, is_first: bool
) -> tuple[list[Stretch], list[Stretch]]:
    if tariff.free_mode is FreeMode.DEDUCT:
        return split_front(stretches, free_s)
    if not is_first and length(stretches) <= free_s:
        return stretches, []
    return [], stretches
