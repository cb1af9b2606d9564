"""Where tables look on the sky, as seen from the source: offsets to the north and east, sizes, boxes. All in rad."""

from __future__ import annotations

import math

import numpy as np

from fitting.setup.options import AssemblyError, Options
from fitting.tables.table import Table
from jaxcrc.observe import sky
from jaxcrc.observe.psf import PSF

Vector = tuple[float, float]


def separation(first: Vector, second: Vector) -> float:
    """Angle between two positions (RA, Dec) [deg] on the sky [rad], from the chord between unit vectors."""
    one, two = (
        np.array([math.cos(d) * math.cos(a), math.cos(d) * math.sin(a), math.sin(d)])
        for a, d in (np.deg2rad(first), np.deg2rad(second))
    )
    return 2.0 * math.asin(min(1.0, 0.5 * float(np.linalg.norm(one - two))))


def bearing(origin: Vector, target: Vector) -> float:
    """Position angle of a target as seen from an origin, both (RA, Dec) [deg]: from north to east [rad]."""
    (ra, dec), (other_ra, other_dec) = np.deg2rad(origin), np.deg2rad(target)
    east = math.cos(other_dec) * math.sin(other_ra - ra)
    north = math.cos(dec) * math.sin(other_dec) - math.sin(dec) * math.cos(other_dec) * math.cos(other_ra - ra)
    return math.atan2(east, north)


def place(table: Table, options: Options) -> Vector:
    """Offset (north, east) [rad] of a table's centre from the source; (0, 0) where either is unknown."""
    centre = table.centre if table.r_min is not None else (table.region or {}).get("centre")
    source = options.centres.get("source")
    if centre is None or source is None:
        return 0.0, 0.0
    angle, distance = bearing(source, centre), separation(source, centre)
    return distance * math.cos(angle), distance * math.sin(angle)


def shape(table: Table) -> str:
    """What a table looks through: "annuli", "circle", "box" or "total"."""
    return "annuli" if table.r_min is not None else str((table.region or {}).get("shape"))


def circle_radius(table: Table) -> float:
    """Radius of the table's aperture [rad], infinite for the total flux.

    Errors: AssemblyError for a box.
    """
    if shape(table) == "total":
        return math.inf
    if shape(table) != "circle":
        raise AssemblyError(f"table '{table.name}': a {shape(table)} cannot hold a cloud; use a circle or 'total'")
    return math.radians(float((table.region or {})["radius"]))


def box_sides(table: Table, offset: Vector) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of a box as seen from the source, along the box's own axes [rad].

    With an angle of zero its width runs to the east and its height to the north; the angle turns north to east.
    """
    region = table.region or {}
    turn = math.radians(float(region.get("angle", 0.0)))
    half_width, half_height = (0.5 * math.radians(float(region[key])) for key in ("width", "height"))
    across, along = turned(offset, turn)
    return across - half_width, across + half_width, along - half_height, along + half_height


def turned(offset: Vector, turn: float) -> Vector:
    """Components of a vector (north, east) along the width and the height of a box turned by an angle [rad]."""
    north, east = offset
    return east * math.cos(turn) - north * math.sin(turn), north * math.cos(turn) + east * math.sin(turn)


def solid_angles(table: Table) -> np.ndarray:
    """Solid angle of each annulus, or of the aperture [sr]."""
    if table.r_min is not None:
        return math.pi * (np.deg2rad(table.r_max) ** 2 - np.deg2rad(table.r_min) ** 2)
    if shape(table) == "box":
        left, right, bottom, top = box_sides(table, (0.0, 0.0))
        return np.array([(right - left) * (top - bottom)])
    return np.atleast_1d(math.pi * circle_radius(table) ** 2)


def extent(table: Table, offset: Vector) -> tuple[float, float]:
    """Smallest scale of a table, and how far from the source it reaches [rad].

    Errors: AssemblyError for a total flux, which has no end.
    """
    distance = math.hypot(*offset)
    if table.r_min is not None:
        return math.radians(min(table.r_max - table.r_min)), math.radians(table.r_max[-1]) + distance
    if shape(table) == "total":
        raise AssemblyError(f"table '{table.name}': a total flux needs a cloud or a region; give `cloud` or a circle")
    if shape(table) == "box":
        left, right, bottom, top = box_sides(table, offset)
        outer = math.hypot(max(-left, right), max(-bottom, top))
    else:
        outer = circle_radius(table) + distance
    return 0.05 * outer, outer


def caught(table: Table, points: np.ndarray, psf: PSF, offset: Vector) -> np.ndarray:
    """Share of the light of points [sky, 2] (north, east of the source) that each bin of a table catches [bin, sky].

    Arguments: offset — of the table's centre from the source [rad].
    """
    away = points - np.asarray(offset)
    if table.r_min is not None:
        inner, outer = (
            [sky.caught_by_circle(psf, math.radians(edge), away) for edge in edges]
            for edges in (table.r_min, table.r_max)
        )
        return np.asarray(outer) - np.asarray(inner)
    if shape(table) == "box":
        left, right, bottom, top = box_sides(table, (0.0, 0.0))
        turn = math.radians(float((table.region or {}).get("angle", 0.0)))
        turned_away = np.stack(turned((away[:, 0], away[:, 1]), turn), axis=-1)
        return sky.caught_by_box(psf, (0.5 * (right - left), 0.5 * (top - bottom)), turned_away)[None, :]
    return sky.caught_by_circle(psf, circle_radius(table), away)[None, :]
