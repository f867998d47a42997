"""Who looks at a screen, in which language and which light."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from dash.backends._fastapi import get_current_request
from fastapi import Request

from dashboard.words import Say, sayings
from facility.identity import Person, Role
from facility.ids import PersonId
from facility.layout import Language

Theme = Literal["light", "dark"]
LANGUAGE_COOKIE = "lang"
THEME_COOKIE = "theme"
SCREEN_ROLES = (
    Role.ATTENDANT,
    Role.MANAGER,
    Role.COMMANDER,
    Role.STOREKEEPER,
    Role.EVALUATOR,
    Role.AUDITOR,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """One request's reader of a screen."""

    language: Language
    theme: Theme
    person: Person

    @property
    def say(self) -> Say:
        """Says a text in the viewer's language."""
        return sayings(self.language)

    def may(self, *roles: Role) -> bool:
        """Whether an act that wants one of these roles is offered."""
        return self.person.may_act_as(*roles)


# Dash draws the layout once at the first request of the process, whoever makes it and whatever for; the guard lets
# nobody but staff see a screen.
NOBODY = Person(id=PersonId(UUID(int=0)), name="", roles=frozenset())


def viewer_of(request: Request) -> Viewer:
    """Read the viewer from a request that the guard has let in."""
    language = request.query_params.get(LANGUAGE_COOKIE) or request.cookies.get(LANGUAGE_COOKIE)
    theme = request.query_params.get(THEME_COOKIE) or request.cookies.get(THEME_COOKIE)
    return Viewer(
        language="en" if language == "en" else "zh",
        theme="dark" if theme == "dark" else "light",
        person=request.state.person or NOBODY,
    )


def current_viewer() -> Viewer:
    """The viewer of the request that a layout or callback runs for."""
    return viewer_of(get_current_request())
