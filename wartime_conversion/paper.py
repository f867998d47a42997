"""The paper edition: a sign-off form a task in chunks by zone, and a poster for each opening, with the same QR codes.

A form carries the run's code, the plan's fingerprint and the head of the record, so that a sheet found later can be
tied to the moment at which it was printed. The recorder enters signed sheets afterwards (`via` = paper).
"""

import io
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import segno
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

import facility
from facility.units import local
from wartime_conversion.rules.plan import AcceptanceValue, Named, Opening, Task, ValueKind
from wartime_conversion.rules.sign_off import bounds_text
from wartime_conversion.scene import Scene

FONTS = Path(facility.__file__).parent / "fonts"
REGULAR, BOLD = "NotoSansSC", "NotoSansSC-Bold"
WIDTH, HEIGHT = A4
MARGIN = 15 * mm
COLUMN = WIDTH - 2 * MARGIN
ROLES = {
    "commander": "指挥员", "leader": "组长", "safety": "安全员", "inspector": "质检员", "storekeeper": "仓储员",
    "recorder": "记录员", "evaluator": "评估员",
}  # fmt: skip


@cache
def register_fonts() -> None:
    """Make the bundled Chinese font known to ReportLab, once a process."""
    registerFont(TTFont(REGULAR, str(FONTS / "NotoSansSC-Regular.ttf")))
    registerFont(TTFont(BOLD, str(FONTS / "NotoSansSC-Bold.ttf")))


# The bundled font has no subscript two; a box in its place would say nothing, so paper writes CO2.
PLAIN = str.maketrans("₂", "2")


def bounds_on_paper(want: AcceptanceValue) -> str:
    """The bounds of a value in Chinese, e.g. `≥ 90，≤ 100 %`."""
    plain = {ValueKind.CONFIRM: "是", ValueKind.TEXT: "填写", ValueKind.TIME: "时刻"}
    if want.kind in plain:
        return plain[want.kind]
    return bounds_text(want).replace(">=", "≥").replace("<=", "≤").replace(" and ", "，")


def lines_of(text: str, size: float, width: float) -> list[str]:
    """Break a text into lines that fit; Chinese breaks anywhere."""
    lines, line = [], ""
    for sign in text:
        if stringWidth(line + sign, REGULAR, size) > width and line:
            lines.append(line)
            line = ""
        line += sign
    return [*lines, line] if line else lines


class Sheet:
    """A page being written from the top down."""

    def __init__(self, canvas: Canvas, scene: Scene, sha256: str) -> None:
        self.canvas = canvas
        self.scene = scene
        self.sha256 = sha256
        self.y = 0.0
        self.number = 0

    def new_page(self, title: str) -> None:
        """Begin a page with its banner and foot."""
        if self.number:
            self.canvas.showPage()
        self.number += 1
        run = self.scene.run
        banner = "演练  不动真实设备" if not run.is_actual else "实战转换"
        self.canvas.setFont(BOLD, 11)
        self.canvas.drawString(MARGIN, HEIGHT - MARGIN, f"{banner}  {run.code}")
        self.canvas.drawRightString(WIDTH - MARGIN, HEIGHT - MARGIN, f"第 {self.number} 页")
        self.canvas.setFont(REGULAR, 7)
        printed = local(self.scene.now).strftime("%Y-%m-%d %H:%M:%S")
        self.canvas.drawString(
            MARGIN,
            MARGIN - 6 * mm,
            f"方案 {self.sha256[:16]}  打印 {printed}  记录 #{run.entries} {run.head}",
        )
        # The head of the record as a code: a photograph of any sheet later shows what the record was at this moment.
        told = f"{run.code} {run.entries} {run.head}"
        self.code(told, 14 * mm, WIDTH - MARGIN - 14 * mm, MARGIN - 12 * mm)
        self.canvas.setLineWidth(0.8)
        self.canvas.line(MARGIN, HEIGHT - MARGIN - 2 * mm, WIDTH - MARGIN, HEIGHT - MARGIN - 2 * mm)
        self.y = HEIGHT - MARGIN - 10 * mm
        self.text(title, 15, bold=True)
        self.y -= 2 * mm

    def text(
        self, words: str, size: float, *, bold: bool = False, indent: float = 0, width: float = COLUMN
    ) -> None:
        """Write a paragraph."""
        for line in lines_of(words.translate(PLAIN), size, width - indent):
            self.canvas.setFont(BOLD if bold else REGULAR, size)
            self.canvas.drawString(MARGIN + indent, self.y, line)
            self.y -= size * 1.45

    def code(self, words: str, side: float, x: float, y: float) -> None:
        """Draw a QR code with its lower left corner at (x, y)."""
        draw_code(self.canvas, words, side, x, y)


def draw_code(canvas: Canvas, words: str, side: float, x: float, y: float) -> None:
    """Draw a QR code with its lower left corner at (x, y); lengths in points."""
    matrix = segno.make(words, error="m", micro=False).matrix
    cell = side / len(matrix)
    for row, bits in enumerate(matrix):
        for column, bit in enumerate(bits):
            if bit:
                canvas.rect(x + column * cell, y + side - (row + 1) * cell, cell, cell, stroke=0, fill=1)


def forms(scene: Scene, sha256: str, address: str) -> bytes:
    """The forms of a run as a PDF.

    Args:
        scene: the run as it stands.
        sha256: fingerprint of the pinned plan.
        address: where phones reach the page, e.g. `https://garage.local:8443`; it goes into the QR codes.
    """
    register_fonts()
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, pageCompression=1)
    canvas.setTitle(f"{scene.run.code} 纸质签认单")
    sheet = Sheet(canvas, scene, sha256)
    for zone in scene.plan.zones:
        own = [task for task in scene.layout.tasks.values() if task.zone == zone.id]
        if own:
            _zone(sheet, zone, own, address)
    for opening in scene.plan.openings:
        _poster(sheet, opening, address)
    canvas.save()
    return out.getvalue()


def _zone(sheet: Sheet, zone: Named, tasks: Iterable[Task], address: str) -> None:
    title = f"{zone.id}  {zone.zh}"
    sheet.new_page(title)
    for task in tasks:
        if sheet.y < MARGIN + _height(task):
            sheet.new_page(f"{title}（续）")
        _form(sheet, task, address)


def _height(task: Task) -> float:
    return (46 + 6 * len(task.acceptance)) * mm


def _form(sheet: Sheet, task: Task, address: str) -> None:
    top = sheet.y + 4 * mm
    sheet.code(f"{address}/drill/#{task.id}", 18 * mm, WIDTH - MARGIN - 18 * mm, top - 20 * mm)
    marks = [m for m, on in (("双人", task.two_person), ("停检点", task.hold_point)) if on]
    sheet.text(
        f"□ {task.id}  {task.name_zh}" + (f"  【{'、'.join(marks)}】" if marks else ""),
        11,
        bold=True,
        width=COLUMN - 22 * mm,
    )
    sheet.text(
        f"{task.quantity} {task.unit}；验收：{task.acceptance_zh}", 9, indent=5 * mm, width=COLUMN - 22 * mm
    )
    before = "、".join(need.task for need in sheet.scene.layout.needs[task.id])
    if before:
        sheet.text(f"前置：{before}", 8, indent=5 * mm, width=COLUMN - 22 * mm)
    for want in task.acceptance:
        sheet.y -= 1.5 * mm
        sheet.text(f"{want.zh}（须 {bounds_on_paper(want)}）：______________", 10, indent=5 * mm)
    sheet.y -= 2 * mm
    sheet.text(
        "开始 ____:____   完成 ____:____   签认" + f"（{ROLES[task.sign_role]}） ________________",
        10,
        indent=5 * mm,
    )
    if sheet.scene.is_read_wanted(task.id):
        sheet.y -= 1 * mm
        sheet.text("唱票人（另一人） ________________", 10, indent=5 * mm)
    if task.two_person:
        sheet.y -= 1 * mm
        sheet.text("第二人 ________________", 10, indent=5 * mm)
    if task.hold_role:
        sheet.y -= 1 * mm
        sheet.text(f"停检点放行（{ROLES[task.hold_role]}） ________________   ____:____", 10, indent=5 * mm)
    sheet.y -= 1 * mm
    sheet.canvas.setLineWidth(0.3)
    sheet.canvas.line(MARGIN, sheet.y, WIDTH - MARGIN, sheet.y)
    sheet.y -= 7 * mm


def _poster(sheet: Sheet, opening: Opening, address: str) -> None:
    """One page to hang at an opening: scanning it opens that chunk on the phone."""
    sheet.new_page(f"孔口 {opening.id}")
    sheet.text(opening.zh, 30, bold=True)
    peacetime, wartime = opening.peacetime_zh or opening.peacetime, opening.wartime_zh or opening.wartime
    sheet.text(f"{opening.size_m}　平时：{peacetime}　战时：{wartime}", 12)
    sheet.text(f"任务：{'、'.join(opening.closed_by)}", 14)
    side = 120 * mm
    sheet.code(f"{address}/drill/#{opening.id}", side, (WIDTH - side) / 2, sheet.y - side - 10 * mm)
    sheet.y -= side + 24 * mm
    sheet.text("扫码打开本孔口的签认清单；没有网络也能签认。", 12)
