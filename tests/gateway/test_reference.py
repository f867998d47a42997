from pathlib import Path

from gateway.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "reference.md"


async def test_the_reference_page_is_what_the_code_says() -> None:
    assert PAGE.read_text("utf-8") == reference(), "run `pingzhan reference > docs/reference.md`"
