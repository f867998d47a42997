"""The after-action report as a PDF, with the bundled Chinese font embedded."""

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

import facility
from wartime_conversion.aftermath.words import (
    GRADES,
    KINDS,
    PURPOSES,
    act_word,
    event_word,
    minutes,
    moment,
    reason_word,
    span,
)
from wartime_conversion.rules.review import Moment, Review, Statement, TaskLine

_FONTS = Path(facility.__file__).parent / "fonts"
_REGULAR, _BOLD = "NotoSansSC", "NotoSansSC-Bold"
_INK, _QUIET, _PLAN, _DONE, _LATE = (
    HexColor(colour) for colour in ("#1c2733", "#6b7785", "#c9d3dd", "#2f6f9f", "#b3402e")
)
_WIDTH = A4[0] - 36 * mm
_ROWS_A_GANTT = 46
_ROWS_BESIDE_OVERVIEW = 15


@cache
def _register_fonts() -> None:
    pdfmetrics.registerFont(TTFont(_REGULAR, str(_FONTS / "NotoSansSC-Regular.ttf")))
    pdfmetrics.registerFont(TTFont(_BOLD, str(_FONTS / "NotoSansSC-Bold.ttf")))


def _style(size: float, *, bold: bool = False, quiet: bool = False, before: float = 0) -> ParagraphStyle:
    return ParagraphStyle(
        f"s{size}{bold}{quiet}{before}",
        fontName=_BOLD if bold else _REGULAR,
        fontSize=size,
        leading=size * 1.45,
        spaceBefore=before,
        textColor=_QUIET if quiet else _INK,
        wordWrap="CJK",
    )


def _text(
    words: str, size: float = 9, *, bold: bool = False, quiet: bool = False, before: float = 0
) -> Paragraph:
    return Paragraph(escape(words), _style(size, bold=bold, quiet=quiet, before=before))


def _heading(words: str) -> list[Flowable]:
    return [_text(words, 12.5, bold=True, before=12), Spacer(1, 2 * mm)]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> Flowable:
    """A table whose head repeats on every page; widths are shares of the line."""
    total = sum(widths)
    cells = [[_text(word, 8, bold=True, quiet=True) for word in head]]
    cells += [[_text(word, 8) for word in row] for row in rows]
    table = Table(cells, colWidths=[_WIDTH * width / total for width in widths], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.4, _PLAN),
                ("TOPPADDING", (0, 0), (-1, -1), 2.2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.2),
                ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ]
        )
    )
    return table


def _or_none(head: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float]) -> Flowable:
    return _table(head, rows, widths) if rows else _text("无", quiet=True)


class Gantt(Flowable):
    """Some tasks as bars: grey as planned, blue as done, red where done later than planned."""

    _ROW = 4.6 * mm
    _LEFT = 62 * mm

    def __init__(self, lines: Sequence[TaskLine], longest_min: int) -> None:
        super().__init__()
        self._lines = lines
        self._longest = max(1, longest_min)
        self.width = _WIDTH
        self.height = self._ROW * (len(lines) + 1)

    def _x(self, minute: int) -> float:
        return float(self._LEFT + (self.width - self._LEFT) * minute / self._longest)

    def draw(self) -> None:
        """Draw; called by the page layout."""
        step = next((s for s in (5, 15, 30, 60, 120, 360, 720, 1440, 2880) if self._longest / s <= 8), 10080)
        self.canv.setFont(_REGULAR, 6.5)
        for minute in range(0, self._longest + 1, step):
            self.canv.setStrokeColor(_PLAN)
            self.canv.setLineWidth(0.3)
            self.canv.line(self._x(minute), 0, self._x(minute), self.height - self._ROW)
            self.canv.setFillColor(_QUIET)
            label = f"{minute // 60} h" if step >= 60 else f"{minute} min"
            self.canv.drawString(self._x(minute) + 1, self.height - self._ROW + 3, label)
        for row, line in enumerate(self._lines):
            self._draw_line(line, self.height - self._ROW * (row + 2))

    def _draw_line(self, line: TaskLine, y: float) -> None:
        self.canv.setFillColor(_INK)
        self.canv.setFont(_REGULAR, 7)
        name = line.name if len(line.name) <= 19 else line.name[:18] + "…"
        self.canv.drawString(0, y + 3.4, f"{line.code}  {name}")
        self.canv.setFillColor(_PLAN)
        planned = max(0.8, self._x(line.planned_end_min) - self._x(line.planned_start_min))
        self.canv.rect(self._x(line.planned_start_min), y + 6.6, planned, 3.2, stroke=0, fill=1)
        if line.actual_start_min is not None and line.actual_end_min is not None:
            self.canv.setFillColor(_LATE if (line.late_min or 0) > 0 else _DONE)
            done = max(0.8, self._x(line.actual_end_min) - self._x(line.actual_start_min))
            self.canv.rect(self._x(line.actual_start_min), y + 2.2, done, 3.2, stroke=0, fill=1)


def _overview(review: Review) -> list[Flowable]:
    run = review.overview
    rows = [
        ("编号", run.code),
        ("性质", f"{KINDS[run.kind]} · {PURPOSES[run.purpose]}"),
        ("防护单元", run.unit),
        ("方案", f"{run.plan_title}（第 {run.plan_number} 版）"),
        ("演练类型", run.profile or "—"),
        ("事由", run.reason),
        ("开始", moment(run.started_at)),
        ("结束", moment(run.ended_at)),
        ("演练暂停", span(run.paused)),
        ("任务完成", f"{review.done} / {len(review.tasks)}"),
        ("计划历时 / 实际历时", f"{minutes(review.planned_min)} / {minutes(review.actual_min)}"),
        ("记录", f"{run.entries} 条，链首 {run.head or '—'}"),
    ]
    return [*_heading("一、概况"), _table(("项目", "内容"), rows, (3, 10))]


def _objectives(review: Review) -> list[Flowable]:
    rows = [(score.objective, GRADES[score.grade], score.note, score.evaluator) for score in review.scores]
    counts = "，".join(f"{GRADES[grade]} {count}" for grade, count in sorted(review.grades.items()))
    parts = [
        *_heading("二、目标与能力评价"),
        _or_none(("目标", "评分", "说明", "评估员"), rows, (4, 2, 6, 2)),
    ]
    return [*parts, _text(f"合计：{counts}", quiet=True, before=4)] if counts else parts


def _plan_against_actual(review: Review) -> list[Flowable]:
    rows = [
        (
            line.code,
            line.name + ("（指令越过停检点）" if line.is_overridden else ""),
            f"{minutes(line.planned_start_min)} – {minutes(line.planned_end_min)}",
            f"{minutes(line.actual_start_min)} – {minutes(line.actual_end_min)}",
            minutes(line.late_min),
            minutes(line.hold_wait_min),
            f"{line.statements} / {line.photos}",
        )
        for line in review.tasks
    ]
    head = ("任务", "名称", "计划", "实际", "晚于计划", "停检点等待", "签认/照片")
    parts = [
        *_heading("三、计划与实际"),
        _text("灰：计划。蓝：实际。红：实际晚于计划。自开始起计时。", 8, quiet=True),
    ]
    longest = max(review.planned_min, review.actual_min or 0)
    ends = [_ROWS_BESIDE_OVERVIEW, *range(_ROWS_BESIDE_OVERVIEW + _ROWS_A_GANTT, 10_000, _ROWS_A_GANTT)]
    for first, last in pairwise([0, *ends]):
        if review.tasks[first:last]:
            parts += [Spacer(1, 2 * mm), Gantt(review.tasks[first:last], longest)]
    return [*parts, Spacer(1, 4 * mm), _table(head, rows, (1.1, 4.4, 3.9, 3.9, 1.9, 2, 1.7))]


def _statement(row: Statement) -> tuple[str, ...]:
    signer = f"{row.signer}（纸质单）" if row.via == "paper" else row.signer
    return (moment(row.received_at), row.task or "—", act_word(row.act), signer, reason_word(row.reason))


def _troubles(review: Review) -> list[Flowable]:
    waits = [(line.code, line.name, minutes(line.hold_wait_min)) for line in review.longest_waits]
    refused = [
        (moment(r.received_at), r.task or "—", act_word(r.act), r.signer, reason_word(r.reason))
        for r in review.refusals
    ]
    doubled = [
        (moment(r.received_at), r.task or "—", act_word(r.act), r.signer, reason_word(r.reason))
        for r in review.concurrent
    ]
    head = ("时间", "任务", "动作", "签认人", "原因")
    widths = (3.2, 1.4, 2, 2, 6)
    return [
        *_heading("四、停检点等待"),
        _or_none(("任务", "名称", "等待"), waits, (1.5, 8, 3)),
        *_heading("五、被拒绝的签认（含顺序错误）"),
        _or_none(head, refused, widths),
        *_heading("六、并行报告"),
        _or_none(head, doubled, widths),
    ]


def _injects(review: Review) -> list[Flowable]:
    verdicts = {True: "符合预期", False: "不符合预期", None: "未评"}
    rows = [
        (
            row.code,
            moment(row.played_at),
            row.decision or "—",
            moment(row.decided_at),
            verdicts[row.is_as_expected],
        )
        for row in review.injects
    ]
    return [
        *_heading("七、情况导调与处置"),
        _or_none(("编号", "给出", "处置", "处置时间", "评价"), rows, (1.2, 3.2, 5, 3.2, 2)),
    ]


def _lessons(review: Review) -> list[Flowable]:
    improvements = [
        (row.words, row.owner, row.due_on.isoformat() if row.due_on else "—", row.said_by)
        for row in review.improvements
    ]
    said = [(row.words, row.said_by) for row in (*review.strengths, *review.remarks)]
    return [
        *_heading("八、优点与意见"),
        _or_none(("内容", "提出人"), said, (10, 2)),
        *_heading("九、改进项（列入下一版方案）"),
        _or_none(("内容", "负责人", "期限", "提出人"), improvements, (7, 2, 2, 2)),
    ]


def _who(row: Moment) -> str:
    """The person of a line, and who entered it where it was signed on paper."""
    return f"{row.person}（纸质单，{row.entered_by} 补录）" if row.entered_by else row.person


def _timeline(review: Review) -> list[Flowable]:
    rows = [
        (str(row.number), moment(row.at), event_word(row.kind), row.task or "—", _who(row))
        for row in review.timeline
    ]
    return [
        *_heading("十、时间线"),
        _or_none(("序号", "时间", "事项", "任务", "人员"), rows, (1, 3.4, 3.4, 1.4, 3)),
    ]


def report_pdf(review: Review) -> bytes:
    """The whole report; text can be selected and searched."""
    _register_fonts()
    run = review.overview
    banner = "演练 DRILL" if run.kind == "drill" else "实际转换 ACTUAL"

    def frame(canvas: Canvas, document: BaseDocTemplate) -> None:
        canvas.setFont(_REGULAR, 7.5)
        canvas.setFillColor(_QUIET)
        canvas.drawString(18 * mm, A4[1] - 11 * mm, f"{run.code}　{banner}")
        canvas.drawRightString(A4[0] - 18 * mm, A4[1] - 11 * mm, "行动后报告 After-action report")
        canvas.drawRightString(A4[0] - 18 * mm, 10 * mm, str(document.page))

    target = BytesIO()
    document = BaseDocTemplate(target, pagesize=A4, title=f"{run.code} 行动后报告", author="Pingzhan")
    body = Frame(18 * mm, 16 * mm, _WIDTH, A4[1] - 34 * mm, 0, 0, 0, 0)
    document.addPageTemplates([PageTemplate(frames=[body], onPage=frame)])
    sections = (_overview, _objectives, _plan_against_actual, _troubles, _injects, _lessons, _timeline)
    story: list[Flowable] = [
        _text("行动后报告", 20, bold=True),
        _text(f"{run.code}　{banner}", 11, quiet=True),
    ]
    for section in sections:
        story += section(review)
    document.build(story)
    return target.getvalue()
