"""Random small scheduling problems for property tests."""

from hypothesis import strategies as st

from wartime_conversion.rules.schedule import Lag, Problem


@st.composite
def problems(draw: st.DrawFn, *, most: int = 9, longest: int = 9) -> Problem:
    """Up to `most` activities on two resources, with finish-start, start-start and finish-finish lags."""
    size = draw(st.integers(1, most))
    durations = tuple(draw(st.integers(0, longest)) for _ in range(size))
    capacities = (draw(st.integers(2, 5)), draw(st.integers(2, 5)))
    demands = tuple(
        {k: amount for k in (0, 1) if (amount := draw(st.integers(0, capacities[k])))} for _ in range(size)
    )
    lags = []
    for after in range(1, size):
        for before in draw(st.sets(st.integers(0, after - 1), max_size=2)):
            kind, wait = draw(st.sampled_from("FFFSE")), draw(st.integers(0, 2))
            units = {
                "F": durations[before],
                "S": wait,
                "E": durations[before] + wait - durations[after],
            }[kind]
            lags.append(Lag(before=before, after=after, units=units))
    return Problem(
        names=tuple(f"T{i}" for i in range(size)),
        durations=durations,
        demands=demands,
        lags=tuple(lags),
        capacities=capacities,
        resources=("crew", "lift"),
    )
