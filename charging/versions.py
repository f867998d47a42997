"""Sub-protocols on the port and the station that speaks each."""

from functools import partial
from typing import Final

from charging.station import Version
from charging.station16 import Station16
from charging.station201 import Station201

VERSIONS: Final[dict[str, Version]] = {
    "ocpp1.6": Version(name="1.6", open_station=Station16),
    "ocpp2.0.1": Version(name="2.0.1", open_station=partial(Station201, version="2.0.1")),
    "ocpp2.1": Version(name="2.1", open_station=partial(Station201, version="2.1")),
}
