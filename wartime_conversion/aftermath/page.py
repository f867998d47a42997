"""The after-action report as a page."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

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
from wartime_conversion.rules.review import Review


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters.update(
        moment=moment, minutes=minutes, span=span, event=event_word, act=act_word, reason=reason_word
    )
    return environment.get_template("report.html")


def report_page(review: Review, run_id: str) -> str:
    """The report as HTML; every text of people is escaped."""
    longest = max(1, review.planned_min, review.actual_min or 0)
    return _template().render(
        review=review,
        run=review.overview,
        run_id=run_id,
        longest=longest,
        grades=GRADES,
        kinds=KINDS,
        purposes=PURPOSES,
    )
