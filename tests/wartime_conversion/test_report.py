"""The after-action report: assembled, as data, page and PDF."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest
from pypdf import PdfReader

from facility.context import Context
from facility.db import unit_of_work
from facility.ids import new_uuid
from tests.fakes import FakeClock
from tests.wartime_conversion.phones import Hand
from tests.wartime_conversion.test_conversion_journey import API, give_roles, start, work_through
from wartime_conversion.aftermath.page import report_page
from wartime_conversion.aftermath.pdf import report_pdf
from wartime_conversion.plan_file import REFERENCE_PLAN, load_plan
from wartime_conversion.rules.review import (
    Actual,
    Moment,
    Overview,
    PlayedInject,
    Remark,
    Review,
    Score,
    Statement,
    review_run,
)

START = datetime(2026, 3, 2, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PLAN = load_plan(REFERENCE_PLAN)


def at(minute: int) -> datetime:
    return START + minute * MINUTE


@pytest.fixture(scope="module")
def review() -> Review:
    tasks = [PLAN.task(code) for code in ("U01", "U02", "U03")]
    return review_run(
        Overview(
            code="D-2026-007",
            kind="drill",
            purpose="conversion",
            unit="一号防护单元",
            profile="siren918",
            reason="<9·18 试鸣日>",
            plan_title=PLAN.title_zh,
            plan_number=3,
            started_at=START,
            ended_at=at(60),
            paused=5 * MINUTE,
            head="ab" * 32,
            entries=2,
        ),
        tasks,
        {"U01": (0, 3), "U02": (3, 11), "U03": (11, 19)},
        {
            "U01": Actual(started_at=at(0), reported_at=at(2), finished_at=at(2), is_overridden=False),
            "U02": Actual(started_at=at(2), reported_at=at(15), finished_at=at(15), is_overridden=False),
            "U03": Actual(started_at=at(15), reported_at=at(20), finished_at=at(32), is_overridden=True),
        },
        [
            Statement(
                task="U01",
                act="report",
                signer="王",
                outcome="accepted",
                reason="",
                received_at=at(2),
                photos=2,
            ),
            Statement(
                task="U03",
                act="second",
                signer="李",
                outcome="refused",
                reason="同一人",
                received_at=at(21),
                photos=1,
            ),
            Statement(
                task="U02",
                act="report",
                signer="赵",
                outcome="concurrent",
                reason="",
                received_at=at(16),
                photos=0,
            ),
        ],
        scores=[Score(objective="人员清零", grade="S", note="迟 12 分钟", evaluator="周评估")],
        injects=[
            PlayedInject(
                code="J10", played_at=at(12), decision="护送离开", decided_at=at(14), is_as_expected=True
            )
        ],
        remarks=[
            Remark(kind="strength", words="口令复核规范", owner="", due_on=None, said_by="孙指挥"),
            Remark(
                kind="improvement",
                words="增配一台叉车",
                owner="仓储组长",
                due_on=date(2026, 6, 1),
                said_by="周评估",
            ),
        ],
        timeline=[
            Moment(number=1, at=START, kind="run.started", task="", person="孙指挥", entered_by="李副手")
        ],
    )


def pdf_text(content: bytes) -> str:
    pages = [page.extract_text() for page in PdfReader(BytesIO(content)).pages]
    return "".join("".join(pages).split())


def test_each_task_stands_against_its_plan(review: Review) -> None:
    first, second, third = review.tasks
    assert (first.late_min, second.late_min, third.late_min) == (-1, 4, 13)
    assert (first.hold_wait_min, third.hold_wait_min) == (None, 12)
    assert (first.statements, first.photos, third.photos) == (1, 2, 0)
    assert third.is_overridden
    assert (review.done, review.planned_min, review.actual_min) == (3, 19, 32)
    assert [line.code for line in review.longest_waits] == ["U03"]


def test_refusals_improvements_and_grades_are_told_apart(review: Review) -> None:
    assert [row.reason for row in review.refusals] == ["同一人"]
    assert [row.signer for row in review.concurrent] == ["赵"]
    assert [row.owner for row in review.improvements] == ["仓储组长"]
    assert (review.grades, len(review.strengths)) == ({"S": 1}, 1)


def test_a_task_that_did_not_happen_has_no_figures() -> None:
    tasks = [PLAN.task("U01")]
    never = Actual(started_at=None, reported_at=None, finished_at=None, is_overridden=False)
    overview = Overview(
        code="D", kind="drill", purpose="conversion", unit="", profile="", reason="", plan_title="", plan_number=1,
        started_at=START, ended_at=None, paused=timedelta(), head="", entries=0,
    )  # fmt: skip
    found = review_run(
        overview, tasks, {"U01": (0, 3)}, {"U01": never}, [], scores=[], injects=[], remarks=[], timeline=[]
    )
    assert (found.done, found.actual_min, found.tasks[0].late_min) == (0, None, None)
    assert "行动后报告" in pdf_text(report_pdf(found))


def test_the_pdf_carries_chinese_text_that_can_be_read_back(review: Review) -> None:
    text = pdf_text(report_pdf(review))
    for words in (
        "行动后报告", "D-2026-007", "演练DRILL", "一号防护单元", "平战转换参考方案", "人员清零", "S基本完成",
        "同一人", "护送离开", "增配一台叉车", "2026-06-01", "口令复核规范", "下令开始", "李副手补录", "ab" * 32,
        "无关人员、车辆清零复核", "2026-03-0209:00:00",
    ):  # fmt: skip
        assert words in text, words
    assert "<9·18试鸣日>" in text


def test_the_pdf_embeds_its_fonts(review: Review) -> None:
    reader = PdfReader(BytesIO(report_pdf(review)))
    fonts = reader.pages[0]["/Resources"]["/Font"]  # type: ignore[index]
    names = {str(font.get_object()["/BaseFont"]) for font in fonts.values()}
    assert any("NotoSansSC" in name for name in names)
    for font in fonts.values():
        descriptor = font.get_object().get("/FontDescriptor")
        if descriptor is not None and "Noto" in str(font.get_object()["/BaseFont"]):
            assert "/FontFile2" in descriptor.get_object()


def test_a_full_plan_fits_the_pdf_page_by_page(review: Review) -> None:
    lines = tuple(
        replace(review.tasks[0], code=task.id, name=task.name_zh, planned_end_min=5000)
        for task in PLAN.all_tasks
    )
    text = pdf_text(report_pdf(replace(review, tasks=lines, planned_min=5000)))
    assert text.count("R30") == 2
    assert "复盘、台账更新、耗材补充" in text


def test_the_page_escapes_what_people_wrote(review: Review) -> None:
    page = report_page(review, "x")
    assert "&lt;9·18 试鸣日&gt;" in page
    assert "<9·18" not in page
    for words in ("增配一台叉车", "人员清零", "实际晚于计划", "13 min"):
        assert words in page


async def test_a_drills_report_comes_from_its_record(
    ctx: Context, hands: dict[str, Hand], clock: FakeClock
) -> None:
    run = await start(hands["commander"], kind="drill", profile="skills")
    await give_roles(hands, run)
    await work_through(ctx, hands, run, clock, [])
    async with unit_of_work(ctx.pool) as conn:
        await conn.execute(
            "insert into conversion.score (id, run_id, objective, grade, note, evaluator, scored_at)"
            " values (%s, %s, '门启闭', 'P', '好', '周评估', %s)",
            (new_uuid(), run, clock.now()),
        )
    client = hands["commander"].client
    report = (await client.get(f"{API}/runs/{run}/report")).json()
    assert {line["code"] for line in report["tasks"]} == {"L13", "U05", "U08", "U11", "D03", "D10"}
    assert report["done"] == 6
    assert report["scores"][0]["objective"] == "门启闭"
    assert report["timeline"][0]["kind"] == "run.started"
    assert all(line["actual_end_min"] is not None for line in report["tasks"])
    page = await client.get(f"{API}/runs/{run}/report.html")
    assert (page.status_code, "门启闭" in page.text) == (200, True)
    pdf = await client.get(f"{API}/runs/{run}/report.pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    assert report["overview"]["head"] in pdf_text(pdf.content)
    (compared,) = (await client.get(f"{API}/comparison")).json()
    assert (compared["tasks_done"], compared["profile"]) == (6, "skills")
