"""Who acts: people and their roles, as every package sees them."""

from dataclasses import dataclass
from enum import StrEnum

from facility.ids import PersonId


class Role(StrEnum):
    """What a person may do; one person may hold several."""

    ATTENDANT = "attendant"
    MANAGER = "manager"
    COMMANDER = "commander"
    CREW = "crew"
    STOREKEEPER = "storekeeper"
    EVALUATOR = "evaluator"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A signed-in person, or the script that holds a token."""

    id: PersonId
    name: str
    roles: frozenset[Role]

    def may_act_as(self, *wanted: Role) -> bool:
        """Whether one of the wanted roles is held."""
        return not self.roles.isdisjoint(wanted)
