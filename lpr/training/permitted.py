"""Which rows of the training set may be trained on: those that state a free licence, by a list of licences allowed.

Everything that reads the training set goes through `permitted_rows`, so that a picture without a stated licence reaches
neither the nets nor the averaged glyphs. `python -m lpr.training.permitted DATA` prints what is used, for the model card.
"""

import argparse
import csv
from collections import Counter
from pathlib import Path

ALLOWED_LICENCES = frozenset({"MIT", "MIT (CCPD)", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0"})
PARTS = ("crops", "scenes", "glyphs")


def is_permitted(licence: str) -> bool:
    """Exactly a licence on the list: 'none stated', empty, several at once or unknown are all refused."""
    return licence.strip() in ALLOWED_LICENCES


def all_rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "labels.csv").open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def permitted_rows(folder: Path) -> list[dict[str, str]]:
    """The rows of `folder/labels.csv` (crops, scenes or glyphs) whose licence permits training on them."""
    return [row for row in all_rows(folder) if is_permitted(row["licence"])]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    for part in PARTS:
        rows, used = all_rows(data / part), permitted_rows(data / part)
        licences = Counter(row["licence"] for row in used)
        left_out = Counter(row["licence"] for row in rows if not is_permitted(row["licence"]))
        print(f"{part}: {len(used)} of {len(rows)} used {dict(licences)}; left out {dict(left_out)}")
        if part == "scenes":
            print(f"  without a plate: {sum(row['kind'] == 'none' for row in used)}")
        if part == "crops":
            print(f"  provinces: {dict(Counter(row['text'][0] for row in used).most_common())}")


if __name__ == "__main__":
    main()
