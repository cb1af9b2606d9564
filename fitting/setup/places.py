"""Where components are, as tables see them: which of them share matrices, and how far priors let each wander."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from fitting.setup.options import AssemblyError, Options
from fitting.setup.ranges import AT_SOURCE as AT_SOURCE
from fitting.setup.ranges import AXES, span
from fitting.tables.regions import Box
from fitting.tables.sphere import Vector, bearing, separation
from fitting.tables.table import Table
from jaxcrc.numerics.quadrature import chebyshev_nodes
from jaxcrc.observe.globe import FARTHEST
from jaxcrc.observe.globe import around as seen_around
from jaxcrc.observe.psf import PSF
from jaxcrc.observe.sky import width
from jaxcrc.responses.round import Centre, squared_chord
from jaxcrc.scene import Scene, get
from jaxcrc.transport.base import Symmetry
from jaxcrc.units import PC_PER_KPC

WIDEST = math.radians(3.0)  # of a PSF, of which the plane leaves out σ²/3: 1e-3


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


def check_reach(table: Table, outer: float, blurred: Iterable[Iterable[PSF]] = ()) -> None:
    """Errors: AssemblyError for a table that looks farther from what shines than rays are followed, or more blurred
    than the plane of a PSF can be.

    Arguments: outer — how far it reaches [rad]; blurred — its PSFs.
    """
    if outer > FARTHEST:
        raise AssemblyError(
            f"table '{table.name}' reaches {math.degrees(outer):.3g} deg from what shines, and rays are followed to "
            f"{math.degrees(FARTHEST):g} deg: leave out what lies beyond"
        )
    widest = max((width(psf) for row in blurred for psf in row), default=0.0)
    if widest > WIDEST:
        raise AssemblyError(
            f"table '{table.name}': a point-spread function {math.degrees(widest):.3g} deg wide spreads light over "
            f"more of the sphere than a plane can stand for: leave out what is wider than {math.degrees(WIDEST):g} deg"
        )


def oriented(table: Table, options: Options) -> Table:
    """The table with its box turned from the north at its own centre to the north at the source."""
    region, source = table.region, options.centres.get("source")
    if not isinstance(region, Box) or region.centre is None or source is None:
        return table
    if separation(source, region.centre) == 0.0:
        return table
    turn = bearing(region.centre, source) + math.pi - bearing(source, region.centre)
    return replace(table, region=replace(region, angle=region.angle - math.degrees(turn)))


def direction_to(scene: Scene, component: str) -> Float[np.ndarray, "2"]:
    """Where a component is seen from the scene's source (north, east) [rad]."""
    return np.deg2rad([float(get(scene, f"components.{component}.place.{axis}")) for axis in AXES[:2]])


def centre(scene: Scene, table: Table, component: str, options: Options) -> tuple[Centre | None, list[Vector]]:
    """How a component's place bends a table's matrix, and the offsets [rad] of the table from it at which to make one.

    Errors: AssemblyError for a box around a place that is free.
    """
    north, east = offset(table, options)
    (south, most_north), (west, most_east) = (_reach(scene, component, axis, options) for axis in AXES[:2])
    if south == most_north and west == most_east:
        shift = seen_around(np.array([north, east]), np.deg2rad([south, west]))
        return None, [(float(shift[0]), float(shift[1]))]
    if isinstance(table.region, Box):
        raise AssemblyError(
            f"table '{table.name}': a box needs a fixed source; drop the prior of the source's offset, or of the place "
            f"of '{component}'"
        )
    place = (math.degrees(north), math.degrees(east))
    gaps = [(low - at, at - high) for at, low, high in zip(place, (south, west), (most_north, most_east), strict=True)]
    farthest = math.radians(
        math.hypot(*place, *(max(map(abs, ends)) for ends in ((south, most_north), (west, most_east))))
    )
    squeezed = math.sin(min(farthest, 2.0)) / farthest if farthest else 1.0  # arcs are shorter than on the plane
    span = squeezed * math.hypot(*(max(0.0, *gap) for gap in gaps)), math.hypot(*(-min(gap) for gap in gaps))
    widths = [size for _, size in table.psf or ()]
    finest = math.hypot(min(widths, default=0.0), 0.5 * math.degrees(table.region.extent((0.0, 0.0))[0]))
    order = min(40, 8 + math.ceil(4.0 * (span[1] - span[0]) / finest))
    squares = chebyshev_nodes(squared_chord(span[0]), squared_chord(span[1]), order)
    return Centre(component, place, span, order), [(2.0 * math.asin(0.5 * math.sqrt(s)), 0.0) for s in squares]


def _reach(scene: Scene, component: str, axis: str, options: Options) -> tuple[float, float]:
    """Between which angles [deg] north or east of the nominal source a component may lie."""
    ends = [span(scene, path, options) for path in (f"view.offset_{axis}", f"components.{component}.place.{axis}")]
    return sum(low for low, _ in ends), sum(high for _, high in ends)


def nearest(scene: Scene, component: str, cloud: str, options: Options) -> tuple[float, float]:
    """Least distance of a component from a cloud's centre, and the cloud's largest size [pc], as far as priors go."""
    spans = [span(scene, f"components.{component}.place.{axis}", options) for axis in AXES]
    offset, azimuth, depth, size = (
        span(scene, f"view.clouds.{cloud}.{key}", options) for key in ("offset", "azimuth", "depth", "size")
    )
    # Depths stay in pc: compared with its size a cloud is nearest where it is farthest from us.
    parsec = math.radians(1.0) * PC_PER_KPC * span(scene, "view.distance", options)[1]
    middle, turn = scene.view.clouds[cloud], math.radians(float(scene.view.clouds[cloud].azimuth))
    if any(low < high for low, high in (offset, azimuth, *spans[:2])):
        across = max(0.0, offset[0] - math.hypot(*(max(map(abs, span)) for span in spans[:2])))
    else:
        north, east = (float(middle.offset) * f(turn) - s[0] for f, s in zip((math.cos, math.sin), spans, strict=False))
        across = math.hypot(north, east)
    behind = max(0.0, depth[0] - spans[2][1], spans[2][0] - depth[1])
    return math.hypot(parsec * across, behind), parsec * size[1]
