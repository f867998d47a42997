"""How a site file's camera becomes a camera: its source, and what says which way a car drives."""

import math

from facility.ids import CameraId, LaneId
from facility.layout import Camera, Lane, LoopWiring, ModbusPlace, PictureLine
from facility.site_file import CameraPart, LinePart, LoopsPart

SHORTEST_LINE = 0.05  # of the picture
LEAST_INSIDE = 0.02  # how far the place that is in has to lie from the line
LIVE = ("video", "rtsp")


def build_camera(part: CameraPart, lanes: dict[LaneId, Lane]) -> Camera:
    """One camera of the site.

    Raises:
        ValueError: what the file says of it does not hold together, in one line that names it.
    """
    name = f"cameras.{part.id}"
    lane = next((lane for lane in lanes.values() if lane.camera == part.id), None)
    if lane is None:
        raise ValueError(f"{name}: no lane names this camera")
    if (part.address is None) != (part.source == "push"):
        raise ValueError(f"{name}: a source other than push needs an address, and push has none")
    if (part.line or part.loops) and part.source not in LIVE:
        raise ValueError(
            f"{name}: a line or loops need a live source ({' or '.join(LIVE)}), not {part.source}"
        )
    if part.line and part.loops:
        raise ValueError(f"{name}: either a line or loops say which way a car drives, not both")
    return Camera(
        id=CameraId(part.id),
        lane=lane.id,
        direction=lane.direction,
        source=part.source,
        address=part.address,
        line=None if part.line is None else _line(name, part.line),
        loops=None if part.loops is None else _loops(name, part.loops),
        silent_after_s=part.silent_after_s,
    )


def _line(name: str, part: LinePart) -> PictureLine:
    dx, dy = part.end[0] - part.start[0], part.end[1] - part.start[1]
    length = math.hypot(dx, dy)
    if length < SHORTEST_LINE:
        raise ValueError(f"{name}.line: shorter than {SHORTEST_LINE} of the picture")
    off = dx * (part.inside[1] - part.start[1]) - dy * (part.inside[0] - part.start[0])
    if abs(off) / length < LEAST_INSIDE:
        raise ValueError(f"{name}.line: inside lies on the line, so neither side is in")
    return PictureLine(start=part.start, end=part.end, inside=part.inside)


def _loops(name: str, part: LoopsPart) -> LoopWiring:
    if part.arrival_input == part.exit_input:
        raise ValueError(f"{name}.loops: one input stands for two loops")
    return LoopWiring(
        place=ModbusPlace(host=part.host, port=part.port, unit=part.unit),
        arrival_input=part.arrival_input,
        exit_input=part.exit_input,
        is_inverted=part.inverted,
        said_at=part.said_at,
    )
