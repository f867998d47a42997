"""What a site file may say of a camera: its source, its line, its loops."""

from pathlib import Path
from typing import Any

import pytest
from yaml import safe_dump, safe_load

from facility.ids import CameraId
from facility.layout import Camera
from facility.site import DEMONSTRATION_SITE, BrokenSiteFile, load_site

RTSP = {"source": "rtsp", "address": "rtsp://127.0.0.1/1"}
LINE = {"start": [0.1, 0.6], "end": [0.9, 0.6], "inside": [0.5, 0.9]}
LOOPS = {"host": "127.0.0.1", "arrival_input": 3, "exit_input": 0}


def camera_of(tmp_path: Path, **said: Any) -> Camera:
    """The first camera of the demonstration site, changed."""
    file = safe_load(DEMONSTRATION_SITE.read_text(encoding="utf-8"))
    file["cameras"][0] |= said
    (tmp_path / "site.yaml").write_text(safe_dump(file, allow_unicode=True), encoding="utf-8")
    return load_site(tmp_path / "site.yaml").cameras[CameraId("cam-A-IN")]


def test_a_line_and_a_silence_are_taken_from_the_file(tmp_path: Path) -> None:
    camera = camera_of(tmp_path, **RTSP, line=LINE, silent_after_s=60)
    assert camera.line is not None
    assert (camera.line.start, camera.line.inside, camera.loops) == ((0.1, 0.6), (0.5, 0.9), None)
    assert camera.silent_after_s == 60


def test_loops_are_taken_from_the_file(tmp_path: Path) -> None:
    loops = camera_of(tmp_path, **RTSP, loops=LOOPS | {"unit": 2, "said_at": "passage"}).loops
    assert loops is not None
    assert (loops.place.port, loops.place.unit) == (502, 2)
    assert (loops.arrival_input, loops.exit_input, loops.said_at) == (3, 0, "passage")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"line": LINE}, "a line or loops need a live source"),
        (RTSP | {"line": LINE, "loops": LOOPS}, "not both"),
        (RTSP | {"line": LINE | {"end": [0.1, 0.61]}}, "shorter than"),
        (RTSP | {"line": LINE | {"inside": [0.2, 0.6]}}, "inside lies on the line"),
        (RTSP | {"line": LINE | {"start": [0.1, 1.2]}}, "line.start"),
        (RTSP | {"loops": LOOPS | {"exit_input": 3}}, "one input stands for two loops"),
        (RTSP | {"loops": LOOPS | {"said_at": "never"}}, "loops.said_at"),
        (RTSP | {"silent_after_s": 1}, "silent_after_s"),
        ({"source": "push"}, "push has none"),
    ],
)
def test_what_does_not_hold_together_is_refused_in_one_line(
    tmp_path: Path, said: dict[str, Any], why: str
) -> None:
    with pytest.raises(BrokenSiteFile, match=why) as fault:
        camera_of(tmp_path, **said)
    assert "\n" not in fault.value.detail
    assert "cameras" in fault.value.detail
