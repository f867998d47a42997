"""Who may call what in conversion."""

from typing import Annotated

from fastapi import Depends

from facility.edge import require
from facility.identity import Person, Role

Commander = Annotated[Person, Depends(require(Role.COMMANDER))]
Planner = Annotated[Person, Depends(require(Role.COMMANDER, Role.MANAGER))]
Evaluator = Annotated[Person, Depends(require(Role.EVALUATOR, Role.COMMANDER))]
Signing = Annotated[
    Person, Depends(require(Role.CREW, Role.COMMANDER, Role.STOREKEEPER, Role.EVALUATOR, Role.MANAGER))
]
Reader = Annotated[
    Person,
    Depends(require(Role.CREW, Role.COMMANDER, Role.STOREKEEPER, Role.EVALUATOR, Role.MANAGER, Role.AUDITOR)),
]
