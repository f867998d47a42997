"""Only rows with a stated free licence are trained on."""

from pathlib import Path

import pytest

from lpr.training.permitted import PARTS, is_permitted, permitted_rows

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "lpr-train"


@pytest.mark.parametrize("licence", ["MIT", "MIT (CCPD)", "Apache-2.0", " Apache-2.0 "])
def test_a_stated_free_licence_is_permitted(licence: str) -> None:
    assert is_permitted(licence)


@pytest.mark.parametrize(
    "licence", ["", "none stated", "GPL-3.0", "MIT / none stated", "CC-BY-NC-4.0", "mit?", "unknown"]
)
def test_anything_else_is_refused(licence: str) -> None:
    assert not is_permitted(licence)


def test_rows_without_a_licence_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text(
        "file,text,licence\na.jpg,苏F12345,MIT\nb.jpg,苏F54321,none stated\nc.jpg,苏F11111,\n",
        encoding="utf-8",
    )
    assert [row["file"] for row in permitted_rows(tmp_path)] == ["a.jpg"]


def test_a_table_without_a_licence_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,text\na.jpg,苏F12345\n", encoding="utf-8")
    with pytest.raises(KeyError):
        permitted_rows(tmp_path)


@pytest.mark.skipif(not DATA.is_dir(), reason="the training pictures are not on this machine")
@pytest.mark.parametrize("part", PARTS)
def test_no_row_of_the_training_set_without_a_licence_is_used(part: str) -> None:
    rows = permitted_rows(DATA / part)
    assert rows
    assert all("none" not in row["licence"] for row in rows)


def test_nothing_in_the_training_reads_the_labels_past_the_filter() -> None:
    import lpr.training.permitted as permitted

    folder = Path(permitted.__file__).parent
    others = [p for p in folder.glob("*.py") if p.name != "permitted.py"]
    assert others
    assert [p.name for p in others if "labels.csv" in p.read_text(encoding="utf-8")] == []
    assert [p.name for p in others if ".glob(" in p.read_text(encoding="utf-8")] == ["render.py"]  # fonts
