"""Rays from an observer at a finite distance: against SciPy's quadrature along them, and sums over the sphere."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad_vec
from scipy.spatial.transform import Rotation

from jaxcrc.observe import sight
from jaxcrc.observe.globe import Globe, around, direction, place_of, turned
from jaxcrc.observe.psf import Gaussian, circle_rule

NODES = sight.radial_nodes(0.02, 0.6)  # radii in distances of the source
PROFILES = {
    "narrow": lambda r: np.exp(-r / 0.1) / r,
    "wide": lambda r: np.exp(-((r / 0.5) ** 2)),
    "around us": lambda r: 1.0 / (0.3 + r**2),
}
UNIT, WEIGHT = np.polynomial.legendre.leggauss(6)


def brightness(density, angle: np.ndarray) -> np.ndarray:
    """∫ n ds along the ray at each angle, from us (s = 0) on: r² = 1 − 2s cos θ + s²."""
    impact, foot = np.sin(angle), np.cos(angle)

    def shines(u: float, begin: np.ndarray, end: np.ndarray) -> np.ndarray:
        z = begin + u * (end - begin)
        return density(impact * np.cosh(z)) * impact * np.cosh(z) * (end - begin)

    near, far = np.arcsinh(foot / impact), np.arcsinh(63.0 / impact)
    halves = ((-near, 0.0 * near), (0.0 * far, far))
    return sum(quad_vec(lambda u, ends=ends: shines(u, *ends), 0.0, 1.0, epsrel=1e-9)[0] for ends in halves)


def ring_means(density, inner: np.ndarray, outer: np.ndarray) -> np.ndarray:
    angle = inner[:, None] + 0.5 * (outer - inner)[:, None] * (1.0 + UNIT)
    weight = WEIGHT * np.sin(angle)
    return np.sum(weight * brightness(density, angle), axis=1) / np.sum(weight, axis=1)


def known(density):
    """Brightness at any angle, from a fine line of them."""
    angle = np.geomspace(1e-5, 1.5, 3000)
    line = np.log(brightness(density, angle))
    return lambda at: np.exp(np.interp(np.log(np.maximum(at, 1e-5)), np.log(angle), line))


@pytest.mark.parametrize("name", PROFILES)
def test_rings_of_every_size_see_the_sky(name):
    """200 rings from 0.15 to 59 deg, for us outside of the halo, at its edge and inside."""
    edge = np.deg2rad(np.concatenate([np.linspace(0.15, 30.0, 190), np.linspace(32.0, 59.0, 11)]))
    density = PROFILES[name]
    nodes = sight.radial_nodes(0.02, 1.0, reach=63.0)
    found = sight.annulus_means(nodes, edge[:-1], edge[1:], distance=1.0) @ density(nodes.radius)
    np.testing.assert_allclose(found, ring_means(density, edge[:-1], edge[1:]), rtol=2e-5)


def test_no_distance_is_special():
    """Lengths may be of any unit: a matrix for angles is that for the distance, over the distance."""
    edge = np.array([0.0, 0.1, 0.5])
    angles = sight.annulus_means(NODES, edge[:-1], edge[1:], Gaussian(0.02), 0.1, 1.0)
    nodes = sight.RadialNodes(250.0 * NODES.radius, 250.0 * NODES.breaks, NODES.order)
    parsec = sight.annulus_means(nodes, 250.0 * edge[:-1], 250.0 * edge[1:], Gaussian(5.0), 25.0, 250.0)
    np.testing.assert_allclose(parsec, 250.0 * angles, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("far", [1e3, 1e6])
def test_far_away_rays_are_parallel(far):
    """What is left is the square of the angle under which the nodes are seen."""
    edge = np.array([0.0, 0.02, 0.1, 0.6])
    nodes = sight.radial_nodes(0.02, 0.6, reach=20.0)
    found = sight.annulus_means(nodes, edge[:-1], edge[1:], distance=far) @ np.exp(-nodes.radius)
    flat = sight.annulus_means(nodes, edge[:-1], edge[1:]) @ np.exp(-nodes.radius)
    np.testing.assert_allclose(found, flat, rtol=20.0 / far**2 + 1e-11)


def sphere(half: float, size: int = 900) -> tuple[np.ndarray, np.ndarray]:
    """Directions around the pole out to `half`, and their solid angles, on a grid of great circles."""
    line = np.tan(half) * ((np.arange(size) + 0.5) / size * 2.0 - 1.0)
    flat = np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)
    length = np.sqrt(1.0 + np.sum(flat**2, axis=1))
    return np.column_stack([flat, np.ones(len(flat))]) / length[:, None], length**-3 * (line[1] - line[0]) ** 2


@pytest.mark.parametrize("offset", [0.0, 0.03, 0.2, 0.45])
@pytest.mark.parametrize("shape", ["circle", "box"])
def test_what_lies_beside_the_source_is_summed_over_the_sphere(shape, offset):
    radius, (half_width, half_height), turn = np.deg2rad(5.0), np.deg2rad([5.0, 2.5]), np.deg2rad(30.0)
    density, place = PROFILES["narrow"], np.array([offset * np.cos(0.7), offset * np.sin(0.7)])
    point, solid = sphere(np.deg2rad(6.0))
    # From around the region's centre to around the source: the shortest turn between the two directions.
    there = Rotation.from_rotvec(np.array([-place[1], place[0], 0.0]))
    if shape == "circle":
        inside = point[:, 2] > np.cos(radius)
        found = sight.aperture_mean(NODES, radius, offset, distance=1.0)
    else:
        across, along = (point[:, :2] / point[:, 2:] @ [[-np.sin(turn), np.cos(turn)], [np.cos(turn), np.sin(turn)]]).T
        inside = (np.abs(across) < np.tan(half_width)) & (np.abs(along) < np.tan(half_height))
        signs = np.array([(-1, -1), (-1, 1), (1, 1), (1, -1)]) * np.tan([half_width, half_height])
        corners = np.column_stack([signs @ [[-np.sin(turn), np.cos(turn)], [np.cos(turn), np.sin(turn)]], np.ones(4)])
        corners = there.apply(corners / np.linalg.norm(corners, axis=1, keepdims=True))
        area = 4.0 * np.arcsin(np.sin(half_width) * np.sin(half_height))
        np.testing.assert_allclose(solid[inside].sum(), area, rtol=1e-3)
        found = sight.polygon_mean(NODES, corners[:, :2] / corners[:, 2:], area, distance=1.0)
    seen = there.apply(point[inside])
    bright = known(density)(np.arctan2(np.hypot(seen[:, 0], seen[:, 1]), seen[:, 2]))
    expected = np.sum(bright * solid[inside]) / np.sum(solid[inside])
    np.testing.assert_allclose(found @ density(NODES.radius), expected, rtol=1e-3)


@pytest.mark.parametrize("degrees", [0.3, 5.0, 20.0, 30.0])
def test_a_psf_spreads_light_on_the_sphere(degrees):
    """Half a degree of Gaussian PSF, by a sum over the sphere around each place of a ring."""
    sigma, density = np.deg2rad(0.5), PROFILES["narrow"]
    inner, outer = np.deg2rad([degrees, degrees + 0.4])
    unit, weight = np.polynomial.legendre.leggauss(60)
    arc, turn = 4.0 * sigma * (1.0 + unit), np.pi * (np.arange(48) + 0.5) / 48
    kernel = weight * np.sin(arc) * np.exp(-0.5 * (arc / sigma) ** 2)
    angle = inner + 0.5 * (outer - inner) * (1.0 + UNIT)
    cosine = np.cos(angle)[:, None, None] * np.cos(arc)[:, None] + np.sin(angle)[:, None, None] * np.sin(arc)[
        :, None
    ] * np.cos(turn)
    bright = known(density)(np.arccos(np.clip(cosine, -1.0, 1.0))).mean(axis=-1) @ kernel / kernel.sum()
    expected = np.sum(WEIGHT * np.sin(angle) * bright) / np.sum(WEIGHT * np.sin(angle))
    found = sight.annulus_means(NODES, inner, outer, Gaussian(sigma), distance=1.0) @ density(NODES.radius)
    np.testing.assert_allclose(found, expected, rtol=5e-4)


@pytest.mark.parametrize("degrees", [0.1, 0.5, 1.0, 3.0])
def test_an_even_sky_stays_even_through_a_psf(degrees):
    """σ²/3 of the light is what the plane of a PSF leaves out: the bound that its documentation states."""
    sigma, globe = np.deg2rad(degrees), Globe(1.0)
    radius = np.deg2rad(np.linspace(0.5, 45.0, 200))
    row, distance, weight = circle_rule(Gaussian(sigma), radius, 0.0, radius, globe)
    light = np.bincount(row, weight * globe.ring(0.0, distance))
    area = globe.ring(0.0, radius)
    np.testing.assert_allclose(np.diff(light) / np.diff(area), 1.0, atol=1.1 * sigma**2 / 3.0)


def test_gas_that_is_cut_off_is_cut_off_on_the_sphere():
    """Uniform density in uniform gas averages to itself wherever a ring lies; 1/r by quadrature of both columns."""
    edge = np.deg2rad([0.0, 5.0, 12.0, 20.0, 29.0])
    radius = np.deg2rad(30.0)
    matrix = sight.annulus_line_averages(NODES, edge[:-1], edge[1:], radius, distance=1.0)
    np.testing.assert_allclose(matrix @ np.ones(NODES.radius.size), 1.0, rtol=1e-12)
    angle = edge[:-1, None] + 0.5 * np.diff(edge)[:, None] * (1.0 + np.polynomial.legendre.leggauss(40)[0])
    weight = np.polynomial.legendre.leggauss(40)[1] * np.sin(angle)
    half = np.sqrt(np.sin(radius) ** 2 - np.sin(angle) ** 2)
    column = 2.0 * np.arcsinh(half / np.sin(angle))  # ∫ dz/√(b² + z²): the gas ends before it reaches us
    expected = np.sum(weight * column, axis=1) / np.sum(weight * 2.0 * half, axis=1)
    np.testing.assert_allclose(matrix @ (1.0 / NODES.radius), expected, rtol=1e-4)


def test_places_turn_as_vectors_do():
    """Against SciPy's rotations, for 200 places and centres up to 60 deg away."""
    rng = np.random.default_rng(4)
    for centre in rng.uniform(-0.7, 0.7, (20, 2)):
        place = rng.uniform(-0.7, 0.7, (10, 2))
        arc = np.hypot(*place.T)
        flat = place * (np.sin(arc) / arc)[:, None]
        vector = np.column_stack([flat, np.cos(arc)])
        np.testing.assert_allclose(direction(place), vector, atol=1e-14)
        there = Rotation.from_rotvec([-centre[1], centre[0], 0.0])
        np.testing.assert_allclose(turned(vector, centre), there.inv().apply(vector), atol=1e-14)
        np.testing.assert_allclose(turned(turned(vector, centre), centre, back=True), vector, atol=1e-14)
        np.testing.assert_allclose(around(place, centre), place_of(there.inv().apply(vector)), atol=1e-13)
        np.testing.assert_allclose(direction(around(centre, centre)), [0.0, 0.0, 1.0], atol=1e-14)


def test_what_is_too_far_is_refused():
    with pytest.raises(ValueError, match="at most"):
        sight.annulus_means(NODES, 0.1, 1.1, distance=1.0)
    with pytest.raises(ValueError, match="60 deg"):
        sight.aperture_mean(NODES, 0.2, 0.9, distance=1.0)
    with pytest.raises(ValueError, match="below the distance"):
        sight.line_of_sight(NODES, 1.0, distance=1.0)
    with pytest.raises(ValueError, match="below a right angle"):
        sight.enclosed_column(NODES, 1.6, distance=1.0)
    for globe in (Globe(), Globe(1.0), Globe(250.0)):
        arc = np.array([0.1, 0.7])
        np.testing.assert_allclose(globe.arc(globe.impact(arc)), arc, rtol=1e-14)
        np.testing.assert_allclose(globe.unmap(globe.map(arc)), arc, rtol=1e-14)
        np.testing.assert_allclose(globe.arc_of_chord(globe.chord(arc)), arc, rtol=1e-14)
