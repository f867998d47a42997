"""What the screens say: Chinese in the code, English from one gettext catalogue."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from babel.messages.pofile import read_po

from facility.layout import Language

Say = Callable[..., str]
CATALOGUE = Path(__file__).parent / "locale" / "en.po"


@lru_cache(maxsize=1)
def catalogue() -> dict[str, str]:
    """English by Chinese, as the catalogue has it.

    Raises:
        FileNotFoundError: the catalogue is not installed beside this module.
    """
    with CATALOGUE.open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id and entry.string}


def sayings(language: Language) -> Say:
    """A function that says a Chinese text in `language`, with `{named}` places filled in.

    A text without a translation is said in Chinese: a test keeps the catalogue whole.
    """

    def say(text: str, **values: object) -> str:
        said = text if language == "zh" else catalogue().get(text, text)
        return said.format(**values) if values else said

    return say
