"""Sub-protocols on the port and the station that speaks each."""

from typing import Final

from charging.station import Version
from charging.station16 import Station16

VERSIONS: Final[dict[str, Version]] = {
    "ocpp1.6": Version(name="1.6", open_station=Station16),
}
