"""Which screen stands at which address."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dash import Dash
from dash.development.base_component import Component

from dashboard.pages import charging, conversion, depot, now, occupancy, reports, wall
from dashboard.viewer import Viewer
from facility.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A screen: what it looks like before its data are there, and the callbacks that bring them."""

    layout: Callable[[Viewer, Context], Component]
    register: Callable[[Dash, Context], None]


PAGES: Mapping[str, Page] = {
    "/ops": Page(layout=now.layout, register=now.register),
    "/ops/occupancy": Page(layout=occupancy.layout, register=occupancy.register),
    "/ops/conversion": Page(layout=conversion.layout, register=conversion.register),
    "/ops/charging": Page(layout=charging.layout, register=charging.register),
    "/ops/depot": Page(layout=depot.layout, register=depot.register),
    "/ops/reports": Page(layout=reports.layout, register=reports.register),
    "/ops/wall": Page(layout=wall.layout, register=wall.register),
}
