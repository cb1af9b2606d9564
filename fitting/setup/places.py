"""Where components are, as tables see them: which of them share matrices, and how far priors let each wander."""

from __future__ import annotations

import math

from fitting.setup.options import AssemblyError, Options
from fitting.setup.ranges import AT_SOURCE as AT_SOURCE
from fitting.setup.ranges import AXES, span
from fitting.tables.regions import Box
from fitting.tables.sphere import Vector, bearing, separation
from fitting.tables.table import Table
from jaxcrc.numerics.quadrature import chebyshev_nodes
from jaxcrc.responses.round import Centre
from jaxcrc.scene import Scene, get
from jaxcrc.transport.base import Symmetry
from jaxcrc.units import PC_PER_KPC


def offset(table: Table, options: Options) -> Vector:
    """Offset (north, east) [rad] of a table's centre from the source; (0, 0) where either is unknown."""
    centre, source = table.region.centre, options.centres.get("source")
    if centre is None or source is None:
        return 0.0, 0.0
    angle, distance = bearing(source, centre), separation(source, centre)
    return distance * math.cos(angle), distance * math.sin(angle)


def key(scene: Scene, component: str, options: Options) -> tuple[float | str, ...]:
    """The same for components that stay at one place, whatever is drawn: its coordinates, or the name of what moves."""
    paths = [f"components.{component}.place.{axis}" for axis in AXES]
    if any(path in options.spans for path in paths):
        return (component,)
    return tuple(float(get(scene, path)) for path in paths)


def around(scene: Scene, component: str, options: Options) -> tuple[str, ...]:
    """What tells nodes around a place of its own from those around the source."""
    return () if key(scene, component, options) == AT_SOURCE else (component,)


def check_places(scene: Scene, options: Options) -> None:
    """Errors: AssemblyError for a place, or a prior of one, that nothing could see."""
    for name, model in scene.components.items():
        if model.transport.symmetry(model.source) is Symmetry.UNIFORM and key(scene, name, options) != AT_SOURCE:
            raise AssemblyError(f"component '{name}' fills all space: drop its place, and the priors of it")


def centre(scene: Scene, table: Table, component: str, options: Options) -> tuple[Centre | None, list[Vector]]:
    """How a component's place bends a table's matrix, and the offsets [rad] of the table from it at which to make one.

    Errors: AssemblyError for a box around a place that is free.
    """
    north, east = offset(table, options)
    (south, most_north), (west, most_east) = (_reach(scene, component, axis, options) for axis in AXES[:2])
    if south == most_north and west == most_east:
        return None, [(north - math.radians(south), east - math.radians(west))]
    if isinstance(table.region, Box):
        raise AssemblyError(
            f"table '{table.name}': a box needs a fixed source; drop the prior of the source's offset, or of the place "
            f"of '{component}'"
        )
    place = (math.degrees(north), math.degrees(east))
    gaps = [(low - at, at - high) for at, low, high in zip(place, (south, west), (most_north, most_east), strict=True)]
    span = math.hypot(*(max(0.0, *gap) for gap in gaps)), math.hypot(*(-min(gap) for gap in gaps))
    widths = [width for _, width in table.psf or ()]
    finest = math.hypot(min(widths, default=0.0), 0.5 * math.degrees(table.region.extent((0.0, 0.0))[0]))
    order = min(40, 8 + math.ceil(4.0 * (span[1] - span[0]) / finest))
    squares = chebyshev_nodes(span[0] ** 2, span[1] ** 2, order)
    return Centre(component, place, span, order), [(math.radians(math.sqrt(square)), 0.0) for square in squares]


def _reach(scene: Scene, component: str, axis: str, options: Options) -> tuple[float, float]:
    """Between which angles [deg] north or east of the nominal source a component may lie."""
    ends = [span(scene, path, options) for path in (f"view.offset_{axis}", f"components.{component}.place.{axis}")]
    return sum(low for low, _ in ends), sum(high for _, high in ends)


def nearest(scene: Scene, component: str, cloud: str, options: Options) -> tuple[float, float]:
    """Least distance of a component from a cloud's centre, and the cloud's largest size [pc], as far as priors go."""
    spans = [span(scene, f"components.{component}.place.{axis}", options) for axis in AXES]
    offset, depth, size = (span(scene, f"view.clouds.{cloud}.{key}", options) for key in ("offset", "depth", "size"))
    parsec = math.radians(1.0) * PC_PER_KPC * float(scene.view.distance)
    middle, turn = scene.view.clouds[cloud], math.radians(float(scene.view.clouds[cloud].azimuth))
    if any(low < high for low, high in (offset, *spans[:2])):
        across = max(0.0, offset[0] - math.hypot(*(max(map(abs, span)) for span in spans[:2])))
    else:
        north, east = (float(middle.offset) * f(turn) - s[0] for f, s in zip((math.cos, math.sin), spans, strict=False))
        across = math.hypot(north, east)
    behind = max(0.0, depth[0] - spans[2][1], spans[2][0] - depth[1])
    return math.hypot(parsec * across, behind), parsec * size[1]
