"""One reader for all tests of this folder."""

import pytest

from lpr.reader import PlateReader


@pytest.fixture(scope="session")
def reader() -> PlateReader:
    """The models as they ship."""
    return PlateReader(threads=2)
