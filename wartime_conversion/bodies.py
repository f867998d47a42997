"""What clients may send about conversion: checked here, turned into our own values by the routes."""

from datetime import date
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from facility.ids import PersonId
from wartime_conversion.rules.plan import RunRole

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class Body(BaseModel):
    """No unknown field passes."""

    model_config = ConfigDict(extra="forbid")


class RunBody(Body):
    """An order to start a run; `plan_version` defaults to the newest reference plan."""

    kind: Literal["actual", "drill"]
    purpose: Literal["conversion", "restoration"] = "conversion"
    plan_version: UUID | None = None
    tiers: list[str] = Field(default_factory=list, max_length=10)
    profile: str | None = None
    reason: Words
    anchor_at: AwareDatetime | None = None


class ReasonBody(Body):
    """A command that needs a reason."""

    reason: Words


class RoleBody(Body):
    """A role given by name."""

    role: RunRole
    crew: str | None = None
    person: PersonId
    is_stand_in: bool = False


class AmendBody(Body):
    """A change to a task of the running plan."""

    change: dict[str, Any]
    reason: Words


class PaperBody(Body):
    """What stands on a paper sheet beside the values: when it was signed there, and the head printed at its foot."""

    signed_at: AwareDatetime
    sheet: str = Field(default="", max_length=64, pattern=r"^[0-9a-f]*$")


class WordsBody(Body):
    """What a person said, as the phone signed it: the keys of the canonical JSON."""

    id: UUID
    run: UUID
    task: str | None
    act: Literal["claim", "give_up", "start", "read", "report", "second", "accept", "send_back", "headcount"]
    signer: PersonId
    device: UUID
    sequence: int = Field(ge=1, le=2**31 - 1)
    device_at: AwareDatetime
    values: dict[str, bool | float | str]
    photos: list[Hash] = Field(max_length=12)
    answers: list[str] = Field(max_length=40)
    note: str = Field(max_length=4000)
    via: Literal["screen", "qr", "paper"]
    paper: PaperBody | None = None

    @model_validator(mode="after")
    def _paper_says_when(self) -> Self:
        if (self.via == "paper") != (self.paper is not None):
            raise ValueError("`paper` goes with via paper, and with nothing else")
        return self


class EntryBody(Body):
    """One queued entry: the exact words that were signed, and the proof of the signer's PIN."""

    words: str = Field(max_length=20_000)
    proof: Hash | None = None


class BatchBody(Body):
    """A phone's queue, in its own order; `device_now` is the phone's clock as it sends."""

    device_now: AwareDatetime
    entries: list[EntryBody] = Field(min_length=1, max_length=200)


class PinBody(Body):
    """A person joins the roster; the PIN has 4 to 8 digits."""

    pin: Annotated[str, StringConstraints(pattern=r"^[0-9]{4,8}$")] | None = None
    crew: str | None = None
    phone: str | None = Field(default=None, max_length=40)
    is_leader: bool = False


class PlaceBody(Body):
    """Where the roster puts a person; `None` takes the crew or the number away."""

    crew: str | None
    phone: str | None = Field(max_length=40)
    is_leader: bool


class SirenBody(Body):
    """A siren sounded: a signal or a timetable of the plan, now or at a moment just past."""

    what: str = Field(min_length=1, max_length=60)
    sounded_at: AwareDatetime | None = None


class BaysBody(Body):
    """Bays that a crew found clear."""

    bays: list[str] = Field(min_length=1, max_length=500)


class PlanBody(Body):
    """A plan file to publish or to keep as a draft."""

    source: str = Field(max_length=2_000_000)
    note: str = Field(default="", max_length=2000)
    revision: int = Field(default=0, ge=0)


class EntryEditBody(Body):
    """Fields of one entry by the plan file's own keys; `null` takes a key away."""

    fields: dict[str, Any]
    revision: int = Field(ge=0)


class InjectBody(Body):
    """An inject is played now, scheduled at a second of drill time, or its decision is logged."""

    due_at_s: int | None = Field(default=None, ge=0, le=864_000)
    decision: Words | None = None
    is_as_expected: bool | None = None


class ScoreBody(Body):
    """An evaluator's grade of an objective: performed, with some, with major challenges, unable."""

    objective: Words
    grade: Literal["P", "S", "M", "U"]
    note: str = Field(default="", max_length=4000)


class HotWashBody(Body):
    """Something said at the hot wash; an improvement needs an owner and a day."""

    kind: Literal["strength", "improvement", "remark"]
    words: Words
    owner: str | None = None
    due_on: date | None = None
