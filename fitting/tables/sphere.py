"""Angles between positions on the sky."""

from __future__ import annotations

import math

import numpy as np

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
