from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.house import House


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house without the demonstration, shared by the journeys; each uses cars and chargers of its own."""
    folder: Path = tmp_path_factory.mktemp("house")
    opened = House(folder)
    opened.start()
    yield opened
    assert opened.stop() == 0
