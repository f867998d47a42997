"""Every Chinese text of the screens has its English, and nothing of the catalogue is left over."""

import ast
import re
import string
from pathlib import Path

import dashboard
from dashboard.words import catalogue, sayings

CHINESE = re.compile("[\u4e00-\u9fff]")
FOLDER = Path(next(iter(dashboard.__path__)))


def _texts() -> set[str]:
    found: set[str] = set()
    for module in FOLDER.rglob("*.py"):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        documented = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        docs = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
        }
        found |= {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docs
            and CHINESE.search(node.value)
        }
    return found


def test_every_chinese_text_has_its_english() -> None:
    assert _texts() - set(catalogue()) == set()


def test_the_catalogue_has_no_text_that_no_screen_says() -> None:
    assert set(catalogue()) - _texts() == set()


def test_both_languages_have_the_same_places_to_fill() -> None:
    def places(text: str) -> set[str]:
        return {name.split(":")[0] for _, name, _, _ in string.Formatter().parse(text) if name}

    assert {zh: en for zh, en in catalogue().items() if places(zh) != places(en)} == {}


def test_a_text_is_said_in_the_viewers_language_with_its_values() -> None:
    assert sayings("zh")("{n} 天前", n=3) == "3 天前"
    assert sayings("en")("{n} 天前", n=3) == "3 days ago"
