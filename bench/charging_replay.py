"""Energy delivered on a recorded charging scenario, our policies beside the known algorithms' figures.

    python bench/charging_replay.py DIR [--capacities 20,40] [--policies plan,llf_pour] [--info declared,perfect]

DIR is a scenario folder; its `measured.csv`, where there is one, gives the bound and the best known figure.
"""

import argparse
import csv
import json
import sys
from pathlib import Path
from typing import Any

from charging.replay import replay_folder


def known(folder: Path) -> dict[tuple[float, str], tuple[float, str, float]]:
    """(capacity, information) -> best known energy, its algorithm, and the offline bound; from `measured.csv`."""
    path = folder / "measured.csv"
    if not path.is_file():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    bounds = {
        float(r["capacity_kw"]): float(r["energy_pct"]) for r in rows if r["algorithm"].endswith("bound")
    }
    best: dict[tuple[float, str], tuple[float, str, float]] = {}
    for row in rows:
        if row["algorithm"].endswith("bound") or row["info"] == "none":
            continue
        place = (float(row["capacity_kw"]), row["info"])
        figure = (float(row["energy_pct"]), row["algorithm"], bounds[place[0]])
        best[place] = max(best.get(place, figure), figure)
    return best


def main() -> None:
    """Replay, print a row each and one JSON object."""
    options = argparse.ArgumentParser()
    options.add_argument("dir", type=Path)
    options.add_argument("--capacities", default="20,30,40,50,60,80,100")
    options.add_argument("--policies", default="plan")
    options.add_argument("--info", default="declared,perfect")
    args = options.parse_args()
    best = known(args.dir)
    rows: list[dict[str, Any]] = []
    sys.stdout.write("| kW | information | policy | delivered % | of offline % | best known % | p95 ms |\n")
    sys.stdout.write("|---|---|---|---|---|---|---|\n")
    for capacity in (float(text) for text in args.capacities.split(",")):
        for info in args.info.split(","):
            for policy in args.policies.split(","):
                row = replay_folder(
                    args.dir, capacity_kw=capacity, policy=policy, is_perfect=info == "perfect"
                )
                known_pct, name, bound = best.get((capacity, info), (None, "", None))
                row["info"] = info
                row["of_offline_pct"] = bound and round(100 * row["delivered_pct"] / bound, 1)
                row["best_known_pct"] = known_pct
                rows.append(row)
                sys.stdout.write(
                    f"| {capacity:g} | {info} | {policy} | {row['delivered_pct']} | {row['of_offline_pct']} "
                    f"| {known_pct} ({name}) | {row['p95_ms']} |\n"
                )
                sys.stdout.flush()
    sys.stdout.write(json.dumps({"rows": rows}) + "\n")


if __name__ == "__main__":
    main()
