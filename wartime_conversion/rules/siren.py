"""Siren patterns and timetables as exact edges.

The patterns are the national ones as published for the yearly test on 18 September (source S4 of the
reference plan): pre-warning 36 s on and 24 s off three times, air raid 6 s on and 6 s off fifteen times,
all clear 180 s on; each lasts 180 s.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wartime_conversion.rules.drill_profile import Segment, Signal

SILENCE = "silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """The siren changes at `at_s` seconds from the start: on, or off."""

    at_s: int
    is_on: bool


def signal_edges(signal: Signal) -> list[Edge]:
    """List the edges of one signal from 0 s; the last one switches off.

    Raises:
        ValueError: the repeats do not fill the signal's total time exactly.
    """
    period_s = signal.on_s + signal.off_s
    if period_s * signal.repeats != signal.total_s:
        raise ValueError(f"{signal.id}: {signal.repeats} x {period_s} s is not {signal.total_s} s")
    edges: list[Edge] = []
    for turn in range(signal.repeats):
        edges.append(Edge(at_s=turn * period_s, is_on=True))
        edges.append(Edge(at_s=turn * period_s + signal.on_s, is_on=False))
    return edges


def timetable_edges(segments: Sequence[Segment], signals: Mapping[str, Signal]) -> list[Edge]:
    """List the edges of a whole timetable.

    Raises:
        ValueError: a segment is not as long as its signal.
        KeyError: a segment names an unknown signal.
    """
    edges: list[Edge] = []
    for segment in segments:
        if segment.signal == SILENCE:
            continue
        signal = signals[segment.signal]
        if segment.end_s - segment.start_s != signal.total_s:
            raise ValueError(f"{signal.id} lasts {signal.total_s} s, not {segment.end_s - segment.start_s} s")
        edges += [Edge(at_s=segment.start_s + e.at_s, is_on=e.is_on) for e in signal_edges(signal)]
    return edges


def is_sounding(edges: Sequence[Edge], at_s: float) -> bool:
    """Say whether the siren sounds at a moment, seconds from the start; an edge takes effect at once."""
    passed = [edge for edge in edges if edge.at_s <= at_s]
    return bool(passed) and passed[-1].is_on
