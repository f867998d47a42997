"""The paper edition, read back from its own text: a missing font would leave it blank without a word."""

import io

import pytest
from pypdf import PdfReader

from tests.wartime_conversion.phones import Hand
from tests.wartime_conversion.test_conversion_journey import API, look, start


async def test_every_task_and_opening_is_on_paper_in_chinese_with_the_head_of_the_record(
    hands: dict[str, Hand],
) -> None:
    run = await start(hands["commander"], kind="drill", profile="siren918")
    reply = await hands["commander"].client.get(f"{API}/runs/{run}/paper.pdf")
    assert reply.headers["content-type"] == "application/pdf"
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(reply.content)).pages]
    text = "".join(pages).replace("\n", "")
    told = await look(hands["commander"], run)
    for task in told["tasks"]:
        assert task["code"] in text and task["zh"][:8].replace("₂", "2") in text, task["code"]
    assert "停检点放行（指挥员）" in text and "演练" in text
    assert told["run"]["head"] in text
    assert sum("扫码打开本孔口" in page for page in pages) == len(told["openings"])


async def test_every_sign_that_paper_writes_is_in_the_bundled_font() -> None:
    from reportlab.pdfbase.ttfonts import TTFont

    from wartime_conversion.paper import FONTS, PLAIN
    from wartime_conversion.plan_file import REFERENCE_PLAN

    font = TTFont("probe", str(FONTS / "NotoSansSC-Regular.ttf"))
    written = set(REFERENCE_PLAN.read_text("utf-8").translate(PLAIN)) - {"\n"}
    assert {sign for sign in written if ord(sign) not in font.face.charToGlyph} == set()


@pytest.mark.parametrize(
    ("kind", "first", "labels"), [("tasks", "E01", 135), ("openings", "K1", 14), ("components", "CP-K2", 8)]
)
async def test_labels_fill_sheets_of_24_with_id_and_name(
    hands: dict[str, Hand], kind: str, first: str, labels: int
) -> None:
    reply = await hands["commander"].client.get(f"{API}/labels.pdf?kind={kind}")
    assert reply.headers["content-type"] == "application/pdf"
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(reply.content)).pages]
    assert len(pages) == -(-labels // 24)
    assert first in pages[0]
    unknown = await hands["commander"].client.get(f"{API}/labels.pdf?kind=cars")
    assert unknown.status_code == 422
