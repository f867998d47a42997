"""Sirens as screens and phones are told of them: exact edges in seconds, and what sounded or will sound when."""

from collections.abc import Sequence
from typing import Any

from wartime_conversion.rules.plan import Plan
from wartime_conversion.rules.siren import signal_edges, timetable_edges
from wartime_conversion.scene import Scene
from wartime_conversion.siren.store import Sounding


def sirens(plan: Plan) -> dict[str, Any]:
    """Signals and timetables with their exact edges in seconds."""
    signals = {signal.id: signal for signal in plan.signals}
    return {
        "source": plan.siren_source,
        "signals": [
            {
                "id": s.id,
                "zh": s.zh,
                "total_s": s.total_s,
                "edges": [[e.at_s, e.is_on] for e in signal_edges(s)],
            }
            for s in plan.signals
        ],
        "timetables": [
            {
                "id": t.id,
                "start_local": t.start_local,
                "end_local": t.end_local,
                "total_s": max(segment.end_s for segment in t.segments),
                "segments": [
                    {"signal": part.signal, "start_s": part.start_s, "end_s": part.end_s}
                    for part in t.segments
                ],
                "edges": [[e.at_s, e.is_on] for e in timetable_edges(t.segments, signals)],
            }
            for t in plan.timetables
        ],
    }


def run_sirens(scene: Scene, soundings: Sequence[Sounding]) -> dict[str, Any]:
    """The sirens of one run, for a phone that must know them without a network.

    `zero_at` is where drill time counts from, `None` in a run that no siren ties; `planned` is the drill profile's
    timetable while nobody has said that it sounded.
    """
    profile = next((p for p in scene.plan.drill_profiles if p.id == scene.run.profile), None)
    anchor_at = scene.run.anchor_at
    planned = None
    if anchor_at is not None and not soundings:
        planned = {"what": profile.anchor if profile else None, "at": anchor_at.isoformat()}
    return {
        "zero_at": anchor_at.isoformat() if anchor_at else None,
        "planned": planned,
        "sounded": [
            {"what": row.what, "at": row.sounded_at.isoformat(), "is_zero": row.is_zero, "by": row.said_by}
            for row in soundings
        ],
        **sirens(scene.plan),
        "milestones": [
            {"at_s": m.at_s, "zh": m.expect_zh or m.expect, "en": m.expect}
            for m in (profile.milestones if profile else ())
        ],
    }
