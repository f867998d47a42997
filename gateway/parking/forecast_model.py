"""The learned forecast: for each horizon a few gradient-boosted tree models of all zones, averaged.

Each learns what is left over a different start (drift from now, damped, usual) with absolute error, so
their mistakes differ and their mean is better than the best. Everything is a share of capacity, so one
model serves zones of any size. Seeds are
fixed: the same history gives the same model.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from gateway.parking.rules.forecast import (
    Base,
    Forecast,
    Method,
    Spread,
    base_value,
    damping_of,
    forecast_without_learning,
    last_known,
    method_for,
    spread_of,
    targets,
    with_interval,
)
from gateway.parking.rules.forecast_features import Derived, derive, features, without_detail
from gateway.parking.rules.forecast_series import HORIZONS, STEPS_A_DAY, STEPS_A_WEEK, Array, Series, Whole

if TYPE_CHECKING:  # it brings scipy and pandas along, which would slow every process's start; loaded to learn
    import lightgbm

_WORKERS = 2
_BACKGROUND_NICENESS = 15
_LEARN_EVERY = 2
"""Every second row is an origin to learn from: neighbouring quarter hours say nearly the same."""
_HELD_OUT = 28 * STEPS_A_DAY
"""Rows at the end of the history from which a small model's errors give the interval."""
_COMMON: dict[str, Any] = {
    "objective": "l1",
    "min_child_samples": 100,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "max_bin": 63,
    "num_threads": 1,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One model of the average: what it starts from, how it is grown, and whether it sees every feature."""

    base: Base
    rounds: int
    sees_all: bool = True
    growth: dict[str, Any] = field(default_factory=dict)


_DRIFT = Member(
    base=Base.DRIFT,
    rounds=120,
    sees_all=False,
    growth={"num_leaves": 63, "feature_fraction": 0.5, "learning_rate": 0.12, "seed": 3},
)
_USUAL = Member(
    base=Base.USUAL,
    rounds=120,
    sees_all=False,
    growth={"num_leaves": 63, "feature_fraction": 0.4, "learning_rate": 0.12, "seed": 4},
)
_RANDOM: dict[str, Any] = {
    "num_leaves": 63,
    "feature_fraction": 0.6,
    "learning_rate": 0.12,
    "extra_trees": True,
    "seed": 5,
}
_RANDOM_ALL = Member(base=Base.DAMPED, rounds=180, growth=_RANDOM)
_RANDOM_FEW = Member(base=Base.DAMPED, rounds=180, sees_all=False, growth=_RANDOM)
MEMBERS: dict[int, tuple[Member, ...]] = {
    HORIZONS["30min"]: (_DRIFT, _RANDOM_ALL),
    HORIZONS["1h"]: (_DRIFT, _RANDOM_ALL),
    HORIZONS["24h"]: (_USUAL, _RANDOM_ALL, _RANDOM_FEW),
}
"""Chosen on 2026-01-09 to 02-05 and 2026-03-06 to 04-02 of the recorded series, fitted on what lay before each. There
five thirds of these rounds at a learning rate of 0.08 were 0.1 to 0.6 % better, for 40 % more processor."""
_SMALL = Member(
    base=Base.DAMPED,
    rounds=60,
    growth={"num_leaves": 31, "feature_fraction": 0.5, "learning_rate": 0.12, "seed": 7},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonModel:
    """What was learned for one horizon; `boosters` pairs each member with its trees."""

    damping: float
    boosters: tuple[tuple[Member, lightgbm.Booster], ...]
    spread: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecaster:
    """A fitted forecast of all zones; `models` is empty where history was too short to learn from.

    `fitted_rows`: rows of the series it was fitted on.
    """

    fitted_rows: int
    models: dict[int, HorizonModel]


def _step_back() -> None:
    """Let this thread, not the whole process, give way to every other one (Linux knows the niceness of a thread)."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _BACKGROUND_NICENESS)


def fit(series: Series, until: int, *, in_background: bool = False) -> Forecaster:
    """Fit every horizon on the rows before `until`; nothing at or after it is looked at.

    Args:
        in_background: the fit gives way to everything else the machine has to do.
    """
    if method_for(until) is not Method.LEARNED:
        return Forecaster(fitted_rows=until, models={})
    derived = derive(series)
    jobs = [
        (horizon, member, last)
        for horizon, members in MEMBERS.items()
        for member, last in [*((one, until) for one in members), (_SMALL, until - _HELD_OUT)]
    ]
    jobs.sort(key=lambda job: -job[1].rounds)
    with ThreadPoolExecutor(_WORKERS, initializer=_step_back if in_background else None) as workers:
        fitted = list(workers.map(lambda job: _fit_member(series, derived, *job), jobs))
    by_job = {
        (horizon, id(member)): booster for (horizon, member, _), booster in zip(jobs, fitted, strict=True)
    }
    models = {
        horizon: HorizonModel(
            damping=damping_of(series, until, horizon),
            boosters=tuple((one, by_job[horizon, id(one)]) for one in members),
            spread=_spread(series, derived, horizon, until, by_job[horizon, id(_SMALL)]),
        )
        for horizon, members in MEMBERS.items()
    }
    return Forecaster(fitted_rows=until, models=models)


def _fit_member(
    series: Series, derived: Derived, horizon: int, member: Member, until: int
) -> lightgbm.Booster:
    origins = np.arange(2 * STEPS_A_WEEK, until - horizon, _LEARN_EVERY)
    start = base_value(series, origins, horizon, member.base, damping_of(series, until, horizon))
    wanted = targets(series, origins, horizon) - start
    known = ~(np.isnan(wanted) | np.isnan(series.shares[origins]))
    names, numbers = features(series, derived, origins, horizon)
    if not member.sees_all:
        names, numbers = without_detail(names, numbers)
    import lightgbm

    data = lightgbm.Dataset(
        numbers[known].astype(np.float32),
        wanted[known],
        feature_name=names,
        categorical_feature=["zone"],
        params={"max_bin": _COMMON["max_bin"], "verbosity": -1},
    )
    return lightgbm.train(_COMMON | member.growth, data, member.rounds)


def _spread(series: Series, derived: Derived, horizon: int, until: int, small: lightgbm.Booster) -> Spread:
    """Errors on the last weeks of a small model that never saw them: a little wider than the average's
    own."""
    origins = np.arange(until - _HELD_OUT, until - horizon)
    damping = damping_of(series, until - _HELD_OUT, horizon)
    start = base_value(series, origins, horizon, _SMALL.base, damping)
    names, numbers = features(series, derived, origins, horizon)
    expected = start + predict(_SMALL, small, names, numbers)
    errors = targets(series, origins, horizon) - expected
    return spread_of(errors, series.calendar.slot[origins + horizon])


def predict(member: Member, booster: lightgbm.Booster, names: list[str], numbers: Array) -> Array:
    """What a model says of rows of numbers, (origins, zones, names) -> (origins, zones)."""
    if not member.sees_all:
        names, numbers = without_detail(names, numbers)
    flat = numbers.reshape(-1, numbers.shape[-1])
    said: Array = np.asarray(booster.predict(flat, num_threads=1)).reshape(numbers.shape[:2])
    return said


def forecast(
    forecaster: Forecaster, series: Series, origins: Whole, derived: Derived | None = None
) -> dict[int, Forecast]:
    """Forecast every horizon from some origins.

    A zone without a value at an origin is forecast from what is usual.

    Args:
        origins: rows of the series, (origins,).
        derived: `derive(series)` where the caller has it.

    Returns:
        By steps ahead.
    """
    if not forecaster.models:
        until = min(forecaster.fitted_rows, series.rows)
        return {
            horizon: forecast_without_learning(series, origins, horizon, until)
            for horizon in HORIZONS.values()
        }
    known = derived or derive(series)
    return {
        horizon: _forecast_learned(model, series, known, origins, horizon)
        for horizon, model in forecaster.models.items()
    }


def _forecast_learned(
    model: HorizonModel, series: Series, derived: Derived, origins: Whole, horizon: int
) -> Forecast:
    names, numbers = features(series, derived, origins, horizon)
    said = [
        base_value(series, origins, horizon, member.base, model.damping)
        + predict(member, booster, names, numbers)
        for member, booster in model.boosters
    ]
    expected = np.mean(said, axis=0)
    usual = series.profile.mean8[origins + horizon]
    expected = np.where(np.isnan(expected), usual, expected)
    expected = np.where(np.isnan(expected), last_known(series, origins), expected)
    return with_interval(expected, model.spread, series.calendar.slot[origins + horizon], Method.LEARNED)
