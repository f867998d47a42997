"""Replay of a recorded charging scenario under a sharing policy: what cars would have got, and what it cost in time."""

import csv
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from charging.rules.planning import POLICIES
from charging.rules.sharing import MIN_A, Car, Moment, PhaseLimit, Policy, Supply
from facility.errors import Invalid

TAPER_BELOW: Final = 0.2
TAPER_LEAST_A: Final = 2.0
"""A tapering car draws in proportion to what it lacks over its last fifth, but at least 2 A (as the scenario says)."""


class BadScenario(Invalid):
    """A folder does not hold one charging scenario."""

    code = "scenario_invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """One car's stay at a charging point; steps are the scenario's, energy in Wh, currents in A for each phase."""

    key: str
    phases: tuple[int, ...]
    arrival: int
    departure: int
    energy_wh: float
    max_a: int
    tapers: bool
    declared_departure: int | None
    declared_wh: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything fixed about a replay but the capacity."""

    stays: tuple[Stay, ...]
    steps: int
    step_min: int
    voltage_v: int
    imbalance_a: int


@dataclass(slots=True, kw_only=True)
class Score:
    """What a replay counts; `decisions_ms` has one entry for each step with a car present."""

    delivered_pct: float = 0.0
    violations: int = 0
    decisions_ms: list[float] = field(default_factory=list)

    def percentile_ms(self, pct: int) -> float:
        """A percentile of the time of one decision, by nearest rank; 0 where nothing was decided."""
        ordered = sorted(self.decisions_ms)
        return ordered[max(0, -(-len(ordered) * pct // 100) - 1)] if ordered else 0.0


def load_scenario(folder: Path) -> Scenario:
    """Read `*-scenario.json` and `*-sessions.csv`.

    Raises:
        BadScenario: one of them is missing, doubled or malformed.
    """
    try:
        facts = json.loads(_only(folder, "*-scenario.json").read_text(encoding="utf-8"))
        with _only(folder, "*-sessions.csv").open(newline="", encoding="utf-8") as rows:
            stays = tuple(_stay(row) for row in csv.DictReader(rows))
        return Scenario(
            stays=stays,
            steps=int(facts["steps"]),
            step_min=int(facts["step_minutes"]),
            voltage_v=int(facts["voltage_phase_neutral"]),
            imbalance_a=int(facts["imbalance_limit_a"]),
        )
    except (KeyError, ValueError, TypeError) as wrong:
        raise BadScenario(f"{folder}: {wrong!r}") from None


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise BadScenario(f"{folder} has {len(found)} files {pattern}, wanted one")
    return found[0]


def _stay(row: dict[str, str]) -> Stay:
    declared_departure, declared_kwh = row["declared_departure"], row["declared_kwh"]
    return Stay(
        key=row["session"],
        phases=tuple("ABC".index(phase) for phase in row["phases"]),
        arrival=int(row["arrival"]),
        departure=int(row["departure"]),
        energy_wh=float(row["energy_kwh"]) * 1000,
        max_a=int(row["max_a"]),
        tapers=row["taper"] == "1",
        declared_departure=int(declared_departure) if declared_departure else None,
        declared_wh=round(float(declared_kwh) * 1000) if declared_kwh else None,
    )


@dataclass(slots=True)
class _Plugged:
    """A stay as the replay goes on: Wh got, and the last step's offer and draw."""

    stay: Stay
    got_wh: float = 0.0
    offer_a: int = 0
    draw_a: float | None = None

    def take(self, offer_a: int, voltage_v: int, step_min: int) -> None:
        """One step's charging at an offer."""
        per_ampere = voltage_v * len(self.stay.phases) * step_min / 60
        lacking = max(0.0, self.stay.energy_wh - self.got_wh)
        ceiling = float(self.stay.max_a)
        share = lacking / self.stay.energy_wh
        if self.stay.tapers and share < TAPER_BELOW:
            ceiling = max(self.stay.max_a * share / TAPER_BELOW, TAPER_LEAST_A)
        self.draw_a = min(offer_a, ceiling, lacking / per_ampere) if offer_a >= MIN_A else 0.0
        self.offer_a = offer_a
        self.got_wh += self.draw_a * per_ampere

    def seen(self, step_min: int, is_perfect: bool) -> Car:
        """What a policy is told of it."""
        stay = self.stay
        leaves = stay.departure if is_perfect else stay.declared_departure
        return Car(
            key=stay.key,
            phases=stay.phases,
            max_a=stay.max_a,
            arrived_min=stay.arrival * step_min,
            leaves_min=None if leaves is None else leaves * step_min,
            delivered_wh=int(self.got_wh),
            # Rounded up, or a perfectly informed policy would believe a car full that lacks half a watt-hour.
            wanted_wh=-int(-stay.energy_wh // 1) if is_perfect else stay.declared_wh,
            offer_a=self.offer_a,
            draw_a=self.draw_a,
        )


def replay(scenario: Scenario, capacity_kw: float, policy: Policy, *, is_perfect: bool) -> Score:
    """Run a whole scenario; a third of the capacity lies on each phase."""
    limit_a = int(capacity_kw * 1000 / 3 / scenario.voltage_v)
    supply = Supply(
        limits=(PhaseLimit(limit_a=(limit_a, limit_a, limit_a)),),
        imbalance_a=scenario.imbalance_a,
        voltage_v=scenario.voltage_v,
        step_min=scenario.step_min,
    )
    score = Score()
    plugged = [_Plugged(stay) for stay in scenario.stays]
    for step, present in _steps(scenario, plugged):
        cars = tuple(one.seen(scenario.step_min, is_perfect) for one in present)
        moment = Moment(now_min=step * scenario.step_min, cars=cars, supply=supply)
        began = time.perf_counter()
        offers = policy(moment)
        score.decisions_ms.append((time.perf_counter() - began) * 1000)
        score.violations += violations(moment, offers, capacity_kw * 1000 / 3 / scenario.voltage_v)
        for one, offer_a in zip(present, offers, strict=True):
            one.take(offer_a, scenario.voltage_v, scenario.step_min)
    asked = sum(stay.energy_wh for stay in scenario.stays)
    score.delivered_pct = 100 * sum(one.got_wh for one in plugged) / asked if asked else 0.0
    return score


def _steps(scenario: Scenario, plugged: list[_Plugged]) -> Iterator[tuple[int, list[_Plugged]]]:
    """The steps with a car that wants energy, and those cars."""
    for step in range(scenario.steps):
        present = [
            one
            for one in plugged
            if one.stay.arrival <= step < one.stay.departure and one.stay.energy_wh - one.got_wh > 1e-3
        ]
        if present:
            yield step, present


def violations(moment: Moment, offers: list[int], limit_a: float) -> int:
    """Count broken rules of one decision, apart from the code that makes decisions: the limit, the balance, offers."""
    load = [0, 0, 0]
    broken = 0
    for car, offer in zip(moment.cars, offers, strict=True):
        broken += not (offer == 0 or MIN_A <= offer <= car.max_a) or offer != int(offer)
        for phase in car.phases:
            load[phase] += offer
    imbalance_a = moment.supply.imbalance_a
    broken += max(load) > limit_a + 1e-6
    return broken + (imbalance_a is not None and max(load) - min(load) > imbalance_a)


def replay_folder(folder: Path, *, capacity_kw: float, policy: str, is_perfect: bool) -> dict[str, Any]:
    """Replay a scenario folder and sum it up; the figures of `pingzhan charging replay`."""
    score = replay(load_scenario(folder), capacity_kw, POLICIES[policy](), is_perfect=is_perfect)
    return {
        "capacity_kw": capacity_kw,
        "policy": policy,
        "delivered_pct": round(score.delivered_pct, 2),
        "violations": score.violations,
        "p50_ms": round(score.percentile_ms(50), 3),
        "p95_ms": round(score.percentile_ms(95), 3),
        "p99_ms": round(score.percentile_ms(99), 3),
    }
