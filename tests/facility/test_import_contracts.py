"""The import contracts hold, and each of them fails when it is broken."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("facility", "gateway", "charging", "lpr", "wartime_conversion", "dashboard")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", copy)
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, copy / package, ignore=lambda _dir, names: [n for n in names if not _is_code(n)]
        )
    return copy


def _is_code(name: str) -> bool:
    return name.endswith(".py") or "." not in name


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command; lint_imports_command()",
    ]
    return subprocess.run(
        [*command, "--no-cache"],
        cwd=tree,
        env={"PYTHONPATH": "."},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("facility/units.py", "import gateway", "Imports point down"),
        ("lpr/rules/__init__.py", "import charging", "Imports point down"),
        ("charging/rules/__init__.py", "import psycopg", "Rules and figures are pure"),
        ("gateway/parking/rules/__init__.py", "import random", "Rules and figures are pure"),
        ("gateway/__init__.py", "import ocpp", "ocpp only in charging"),
        ("facility/__init__.py", "import cv2", "OpenCV only in lpr"),
        ("charging/__init__.py", "import dash", "Dash only in dashboard"),
    ],
)
def test_a_broken_contract_is_caught(tree: Path, module: str, line: str, contract: str) -> None:
    file = tree / module
    kept = file.read_text("utf-8")
    file.write_text(f"{kept}\n{line}\n", "utf-8")
    try:
        outcome = lint(tree)
    finally:
        file.write_text(kept, "utf-8")
    broken = [said for said in outcome.stdout.splitlines() if "BROKEN" in said]
    assert outcome.returncode == 1
    assert any(contract in said for said in broken), outcome.stdout


def test_the_contracts_hold_as_the_tree_stands(tree: Path) -> None:
    outcome = lint(tree)
    assert outcome.returncode == 0, outcome.stdout
