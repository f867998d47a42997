"""Whether a schedule keeps the plan's limits, tier by tier.

A tier's clock starts when its clock task is finished and stops with the tier's last finish. Limits are configuration: a
verdict carries where its limit comes from and whether the owner has confirmed it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from wartime_conversion.rules.plan import Plan, Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class TierVerdict:
    """One tier against its limit, in minutes; without a limit (`None`) nothing is judged."""

    tier: str
    elapsed_min: int
    limit_min: int | None
    limit_source: str
    limit_confirmed: bool

    @property
    def is_kept(self) -> bool:
        """Whether the limit is kept, or there is none."""
        return self.limit_min is None or self.elapsed_min <= self.limit_min

    @property
    def spare_min(self) -> int | None:
        """Minutes left to the limit, negative where it is passed, `None` without a limit."""
        return None if self.limit_min is None else self.limit_min - self.elapsed_min


def _tier_verdict(plan: Plan, tier: Tier, finishes: Mapping[str, int], limit_min: int | None) -> TierVerdict:
    inside = [finishes[task.id] for task in plan.tasks_of([tier.id]) if task.id in finishes]
    clock_from = finishes.get(tier.clock_task, 0) if tier.clock_task else 0
    limit = limit_min if limit_min is not None else tier.limit_days * 1440 if tier.limit_days else None
    return TierVerdict(
        tier=tier.id,
        elapsed_min=max(inside) - clock_from,
        limit_min=limit,
        limit_source=tier.limit_source if limit_min is None else "given with the question",
        limit_confirmed=tier.limit_confirmed if limit_min is None else True,
    )


def tier_verdicts(
    plan: Plan, finishes: Mapping[str, int], *, limits_min: Mapping[str, int] | None = None
) -> tuple[TierVerdict, ...]:
    """Every tier that has a task in `finishes`, in plan order.

    Args:
        plan: the plan the schedule was made from.
        finishes: finish minutes by task id, from the schedule's start.
        limits_min: limits that replace the plan's, by tier id, in minutes.
    """
    given = limits_min or {}
    present = {task.tier for task in plan.all_tasks if task.id in finishes}
    return tuple(
        _tier_verdict(plan, tier, finishes, given.get(tier.id)) for tier in plan.tiers if tier.id in present
    )
