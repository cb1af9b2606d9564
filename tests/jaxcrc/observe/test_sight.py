"""Projection matrices against closed forms, scipy's special functions and plain quadrature in the plane."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erf, erfc, exp1
from scipy.stats import ncx2

from jaxcrc.numerics.quadrature import chebyshev_nodes, chebyshev_weights
from jaxcrc.observe import sight
from jaxcrc.observe.psf import Gaussian, NoPSF, TopHat, enclosed

SCALES = np.geomspace(0.02, 30.0, 25)  # diffusion radii in field radii
LINEAR = np.linspace(0.0, 1.0, 21)
LOGARITHMIC = np.geomspace(2e-4, 1.0, 21)  # the innermost edge is 1 % of the smallest diffusion radius
CUSP = np.concatenate([[0.0], LOGARITHMIC])

# The nodes hold a Gaussian to 8e-7 and end at 3.5 times the largest diffusion radius, which cuts 7e-7 of it off.
RELATIVE, OF_PEAK = 2e-6, 1e-7


@pytest.fixture(scope="module")
def nodes():
    return sight.radial_nodes(0.02, 1.0)


def burst(r, scale):
    return np.exp(-((r / scale) ** 2)) / (np.pi**1.5 * scale**3)


def continuous(r, scale):
    return erfc(r / scale) / (4.0 * np.pi * r)


def burst_light(b1, b2, scale, sigma):
    wide = scale**2 + 2.0 * sigma**2
    return -np.exp(-(b1**2) / wide) * np.expm1(-(b2**2 - b1**2) / wide)


def continuous_light(b1, b2, scale, sigma):
    """Column of E₁ type between two radii, D = 1; the PSF subtracts the same profile of its own width."""

    def inside(b, square):
        u = b**2 / square
        return 0.25 * square * (np.where(u > 0.0, u * exp1(np.where(u > 0.0, u, 1.0)), 0.0) - np.expm1(-u))

    value = inside(b2, scale**2 + 2.0 * sigma**2) - inside(b1, scale**2 + 2.0 * sigma**2)
    return value - (inside(b2, 2.0 * sigma**2) - inside(b1, 2.0 * sigma**2) if sigma > 0.0 else 0.0)


PROFILES = {"burst": (burst, burst_light), "continuous": (continuous, continuous_light)}


def worst(matrix, nodes, edges, sigma, profile):
    """Largest error within 2 R_d relative to the value, and beyond relative to the innermost annulus."""
    density, light = PROFILES[profile]
    near_error, far_error = 0.0, 0.0
    for scale in SCALES:
        truth = light(edges[:-1], edges[1:], scale, sigma) / (np.pi * (edges[1:] ** 2 - edges[:-1] ** 2))
        error = np.abs(matrix @ density(nodes.radius, scale) - truth)
        near = edges[1:] <= 2.0 * np.hypot(scale, sigma)
        near_error = max(near_error, np.max(error[near] / truth[near], initial=0.0))
        far_error = max(far_error, np.max(error[~near] / truth[0], initial=0.0))
    return near_error, far_error


def means(nodes, edges, psf=None):
    return sight.annulus_means(nodes, edges[:-1], edges[1:], psf)


def disc_mean(function, radius, centre=0.0):
    """Mean of function(distance) over a disc whose centre is `centre` from the origin, by a plain product rule."""
    node, weight = np.polynomial.legendre.leggauss(30)
    r, phi = 0.5 * radius * (1.0 + node), 2.0 * np.pi * np.arange(64) / 64
    centre = np.asarray(centre)[..., None, None]
    distance = np.sqrt(r[:, None] ** 2 + centre**2 + 2.0 * r[:, None] * centre * np.cos(phi))
    return function(distance).mean(-1) @ (weight * r) / (weight @ r)


def test_default_nodes(nodes):
    assert nodes.radius.size == 132
    assert np.all(np.diff(nodes.radius) > 0.0)
    assert nodes.breaks[0] == 0.0
    assert nodes.breaks[-1] == pytest.approx(105.0, rel=1e-14)


def test_breaks_are_panel_edges():
    nodes = sight.radial_nodes(0.1, 1.0, breaks=(0.5, 0.01), per_panel=8)
    assert {0.01, 0.5} <= set(nodes.breaks)
    assert nodes.breaks[1] == 0.01
    assert nodes.radius.size == 8 * (nodes.breaks.size - 1)


@pytest.mark.parametrize("profile", PROFILES)
def test_basis_interpolates(nodes, profile):
    radius = np.geomspace(1e-3, 100.0, 200)
    density = PROFILES[profile][0]
    for scale in (0.02, 0.5, 30.0):
        error = sight.basis(nodes, radius) @ density(nodes.radius, scale) - density(radius, scale)
        # Eleven nodes on a panel of ratio 2.1 hold r·n to 2e-6 of its size at the profile's own scale.
        assert np.max(np.abs(error) * np.minimum(radius, scale)) < 3e-6 * scale * density(scale, scale) * 8.0
    assert np.all(sight.basis(nodes, [105.1, 1e4]) == 0.0)


def test_cusp_and_flat_centre_are_exact(nodes):
    radius = np.array([1e-8, 1e-3, 0.02])
    np.testing.assert_allclose(sight.basis(nodes, radius) @ (1.0 / nodes.radius), 1.0 / radius, rtol=1e-11)
    np.testing.assert_allclose(sight.basis(nodes, radius) @ np.ones(132), 1.0, rtol=1e-7)


def test_line_of_sight_closed_forms(nodes):
    b = np.geomspace(2e-4, 0.8, 12)
    for scale in (0.4, 3.0, 25.0):
        column = sight.line_of_sight(nodes, b)
        np.testing.assert_allclose(
            column @ burst(nodes.radius, scale), np.exp(-((b / scale) ** 2)) / (np.pi * scale**2), rtol=RELATIVE
        )
        np.testing.assert_allclose(
            column @ continuous(nodes.radius, scale), exp1((b / scale) ** 2) / (4.0 * np.pi), rtol=RELATIVE
        )


def test_line_of_sight_deep_in_the_cusp(nodes):
    b = np.array([1e-12, 1e-9, 1e-6])
    root = np.sqrt(105.0**2 - b**2)
    reference = 2.0 * np.log((105.0 + root) / b)
    np.testing.assert_allclose(sight.line_of_sight(nodes, b) @ (1.0 / nodes.radius), reference, rtol=1e-11)


def test_enclosed_column_of_a_cut_cusp(nodes):
    """1/r within R: C(b) = 2π {b² ln[(R + √(R² − b²))/b] + R (R − √(R² − b²))}; R falls inside a panel."""
    outer, b = 0.37, np.array([1e-7, 1e-3, 0.05, 0.3, 0.37, 0.9])
    root = np.sqrt(np.maximum(outer**2 - b**2, 0.0))
    # R − √(R² − b²) in the form that keeps its digits.
    kept = np.minimum(b, outer)
    reference = 2.0 * np.pi * (kept**2 * np.log((outer + root) / kept) + outer * kept**2 / (outer + root))
    np.testing.assert_allclose(sight.enclosed_column(nodes, b, outer) @ (1.0 / nodes.radius), reference, rtol=1e-10)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("sigma", [0.0, 0.001, 0.02, 0.1, 0.3, 1.0])
@pytest.mark.parametrize("edges", [LINEAR, LOGARITHMIC, CUSP], ids=["linear", "logarithmic", "from zero"])
def test_annulus_means_closed_forms(nodes, edges, sigma, profile):
    near, far = worst(means(nodes, edges, Gaussian(sigma) if sigma else NoPSF()), nodes, edges, sigma, profile)
    assert near < RELATIVE
    assert far < OF_PEAK


def test_too_few_nodes_are_noticed():
    coarse = sight.radial_nodes(0.02, 1.0, per_panel=6)
    assert worst(means(coarse, LINEAR), coarse, LINEAR, 0.0, "burst")[0] > 10.0 * RELATIVE


@pytest.mark.parametrize("width", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("edges", [LINEAR, CUSP], ids=["linear", "from zero"])
def test_psf_width_through_chebyshev_nodes(nodes, edges, width):
    low, high = np.log(0.5 * width), np.log(2.0 * width)
    matrices = np.stack([means(nodes, edges, Gaussian(np.exp(x))) for x in chebyshev_nodes(low, high, 12)])
    for x in np.linspace(low, high, 6):
        weights = np.asarray(chebyshev_weights(jnp.asarray(x), low, high, 12))
        for profile in PROFILES:
            near, far = worst(np.tensordot(weights, matrices, 1), nodes, edges, np.exp(x), profile)
            # Twelve nodes over a factor 4 leave 4e-5 where the width of the PSF is that of the annuli.
            assert near < 1e-4
            assert far < 1e-5


@pytest.mark.parametrize("width", [0.03, 0.2, 0.5])
def test_top_hat_of_a_burst_against_the_plane(nodes, width):
    scale, node, weight = 0.15, *np.polynomial.legendre.leggauss(12)
    matrix = means(nodes, LINEAR, TopHat(width))
    half = 0.5 * np.diff(LINEAR)[:, None]
    b, share = LINEAR[:-1, None] + half * (1.0 + node), half * weight

    def column(distance):
        return np.exp(-((distance / scale) ** 2)) / (np.pi * scale**2)

    reference = np.sum(share * b * disc_mean(column, width, b), axis=1) / np.sum(share * b, axis=1)
    np.testing.assert_allclose(matrix @ burst(nodes.radius, scale), reference, rtol=0.0, atol=OF_PEAK * reference[0])


@pytest.mark.parametrize("width", [0.07, 0.2])
def test_top_hat_of_a_cusp_against_quadrature(nodes, width):
    """Mean over an annulus = ∫ 2πb Σ(b) W(b) db, W the overlap of two discs; one annulus has an edge at the width."""
    scale, edges = 0.15, np.array([0.0, 0.02, 0.1, 0.2, 0.35])
    value = means(nodes, edges, TopHat(width)) @ continuous(nodes.radius, scale)
    for low, high, mean in zip(edges[:-1], edges[1:], value, strict=True):
        kinks = sorted({abs(low - width), low + width, abs(high - width), high + width} - {0.0})

        def light(b, low=low, high=high):
            seen = enclosed(TopHat(width), high, b) - enclosed(TopHat(width), low, b)
            return 0.5 * b * exp1((b / scale) ** 2) * float(seen)

        total = sum(
            quad(light, a, b, epsabs=1e-13, limit=200)[0] for a, b in zip([0.0, *kinks[:-1]], kinks, strict=True)
        )
        assert mean == pytest.approx(total / (np.pi * (high**2 - low**2)), rel=RELATIVE)


@pytest.mark.parametrize("psf", [NoPSF(), Gaussian(0.3), TopHat(0.6)])
def test_light_is_conserved(nodes, psf):
    edges = np.array([0.0, 0.05, 0.4, 1.0, 4.0])
    light = means(nodes, edges, psf) @ burst(nodes.radius, 0.1) * np.pi * np.diff(edges**2)
    assert light.sum() == pytest.approx(1.0, abs=1e-7)


def test_a_vanishing_psf_is_none(nodes):
    sharp = means(nodes, LINEAR) @ continuous(nodes.radius, 0.3)
    for psf in (Gaussian(1e-6), TopHat(1e-6)):
        # Widths of 1e-6 move the light across an edge by 1e-12 of the peak; rounding in tabulated columns adds 1e-13.
        blurred = means(nodes, LINEAR, psf) @ continuous(nodes.radius, 0.3)
        np.testing.assert_allclose(blurred, sharp, rtol=1e-9, atol=1e-11 * sharp[0])


@pytest.mark.parametrize("offset", [0.0, 0.1, 0.3, 0.3001, 0.8])
@pytest.mark.parametrize("sigma", [0.0, 0.02, 0.2])
def test_aperture_of_a_burst_against_noncentral_chi_squared(nodes, sigma, offset):
    for scale in (0.02, 0.3, 5.0):
        square = 0.5 * scale**2 + sigma**2
        light = ncx2.cdf(0.3**2 / square, 2, offset**2 / square) if offset else -np.expm1(-0.5 * 0.3**2 / square)
        mean = sight.aperture_mean(nodes, 0.3, offset, Gaussian(sigma) if sigma else None) @ burst(nodes.radius, scale)
        assert mean.shape == (1,)
        assert mean[0] * np.pi * 0.3**2 == pytest.approx(light, rel=RELATIVE, abs=1e-11)


@pytest.mark.parametrize("psf", [NoPSF(), Gaussian(0.05), TopHat(0.05)])
def test_centred_aperture_is_a_disc(nodes, psf):
    """Both ways of writing the same circle; a tiny offset takes the path along the edge."""
    disc = sight.annulus_means(nodes, 0.0, 0.2, psf) @ continuous(nodes.radius, 0.1)
    for offset in (0.0, 1e-9):
        aperture = sight.aperture_mean(nodes, 0.2, offset, psf) @ continuous(nodes.radius, 0.1)
        np.testing.assert_allclose(aperture, disc, rtol=1e-7)


def test_aperture_of_a_blurred_cusp_against_the_plane(nodes):
    scale, sigma = 0.5, 0.12

    def column(b):
        return (exp1(b**2 / (scale**2 + 2.0 * sigma**2)) - exp1(b**2 / (2.0 * sigma**2))) / (4.0 * np.pi)

    for radius, offset in ((0.2, 0.07), (0.2, 0.21), (0.1, 0.6)):
        mean = sight.aperture_mean(nodes, radius, offset, Gaussian(sigma)) @ continuous(nodes.radius, scale)
        assert mean[0] == pytest.approx(disc_mean(column, radius, offset), rel=RELATIVE)


@pytest.mark.parametrize("offset", [0.03, 0.25, 0.6])
def test_aperture_of_a_burst_through_a_top_hat_against_the_plane(nodes, offset):
    scale, width, radius = 0.3, 0.1, 0.2

    def blurred(distance):
        return disc_mean(lambda b: np.exp(-((b / scale) ** 2)) / (np.pi * scale**2), width, distance)

    mean = sight.aperture_mean(nodes, radius, offset, TopHat(width)) @ burst(nodes.radius, scale)
    assert mean[0] == pytest.approx(disc_mean(blurred, radius, offset), rel=RELATIVE)


def test_line_average_of_a_cusp_in_a_sphere_of_gas(nodes):
    """n ∝ 1/r in gas inside R: ln[(R + s)/b]/s with s = √(R² − b²), for narrow rings about b."""
    gas = 0.37
    b = gas * np.array([1e-3, 0.1, 0.3, 0.5, 0.9])
    value = sight.annulus_line_averages(nodes, b * (1.0 - 1e-4), b * (1.0 + 1e-4), gas) @ (1.0 / nodes.radius)
    s = np.sqrt(gas**2 - b**2)
    # Rings of relative width 2e-4 differ from their centre by order 1e-8; tabulated columns by 1e-7.
    np.testing.assert_allclose(value, np.log((gas + s) / b) / s, rtol=1e-6)
    slope = np.log(value[3] / value[1]) / np.log(b[3] / b[1])
    assert slope == pytest.approx(-0.42, abs=0.005)


@pytest.mark.parametrize("psf", [None, NoPSF(), Gaussian(0.05), TopHat(0.05)])
@pytest.mark.parametrize("gas", [0.01, 0.37, 1.0])
def test_line_average_of_a_constant_is_the_constant(nodes, gas, psf):
    edges = gas * np.array([0.0, 0.1, 0.5, 0.9])
    value = sight.annulus_line_averages(nodes, edges[:-1], edges[1:], gas, psf) @ np.ones(nodes.radius.size)
    np.testing.assert_allclose(value, 1.0, rtol=1e-7)


def test_line_average_through_a_psf_against_quadrature(nodes):
    """Both columns blurred apart: rings of ∫ 2πb Σ(b) W(b) db with the noncentral chi-squared W, gas ∝ 2√(R² − b²)."""
    gas, sigma, low, high = 0.4, 0.08, 0.2, 0.3

    def ring(column):
        def seen(b):
            return np.diff(ncx2.cdf(np.array([low, high]) ** 2 / sigma**2, 2, (b / sigma) ** 2))[0]

        return quad(lambda b: b * column(b) * seen(b), 0.0, gas, epsabs=1e-13, limit=200)[0]

    def depth(b):
        return np.sqrt(max(gas**2 - b**2, 0.0))

    reference = ring(lambda b: 2.0 * np.log((gas + depth(b)) / max(b, 1e-300))) / ring(lambda b: 2.0 * depth(b))
    value = sight.annulus_line_averages(nodes, low, high, gas, Gaussian(sigma)) @ (1.0 / nodes.radius)
    assert value[0] == pytest.approx(reference, rel=1e-6)


def test_uniform_ball_with_a_break_at_its_edge():
    ball = 0.3
    nodes = sight.radial_nodes(0.2, 1.0, breaks=(ball,))
    inside = (nodes.radius < ball).astype(float)
    b = np.array([1e-4, 0.1, 0.299, 0.301, 0.9])
    column = 2.0 * np.sqrt(np.maximum(ball**2 - b**2, 0.0))
    np.testing.assert_allclose(sight.line_of_sight(nodes, b) @ inside, column, atol=1e-7)
    light = 4.0 * np.pi / 3.0 * np.diff(ball**3 - np.maximum(ball**2 - LINEAR**2, 0.0) ** 1.5)
    np.testing.assert_allclose(means(nodes, LINEAR) @ inside, light / (np.pi * np.diff(LINEAR**2)), atol=1e-7)


@pytest.mark.parametrize("ratio", [0.03, 0.1, 1.0])
def test_ball_that_has_hardly_diffused(ratio):
    """Annuli of a ball blurred by R_d ≪ R: each shell of radius r shows 1 − √(1 − b²/r²) of itself inside b."""
    ball, edges = 0.3, np.linspace(0.0, 0.6, 13)
    scale = ratio * ball
    nodes = sight.radial_nodes(0.5 * ball, 1.0, breaks=ball * np.array([0.7, 0.9, 1.0, 1.1, 1.3]))

    def density(r):
        low, high = (r - ball) / scale, (r + ball) / scale
        wall = scale / (2.0 * np.sqrt(np.pi) * r) * (np.exp(-(low**2)) - np.exp(-(high**2)))
        return 3.0 / (4.0 * np.pi * ball**3) * (0.5 * (erf(high) - erf(low)) - wall)

    node, weight = np.polynomial.legendre.leggauss(60)

    def light(b):
        """∫ 4πr² n K dr with r = b + x², which takes the root of K away, on short panels about the ball's edge."""
        breaks = np.unique(np.clip(ball + scale * np.arange(-9, 10), b, None))
        breaks = np.sqrt(np.unique(np.concatenate([[b], breaks, [b + 0.01], [b + 4.0]])) - b)
        half = 0.5 * np.diff(breaks)[:, None]
        x = breaks[:-1, None] + half * (1.0 + node)
        r = b + x**2
        outside = np.sum(half * weight * 2.0 * x * r * density(r) * (r - x * np.sqrt(r + b)))
        breaks = np.unique(np.clip(np.concatenate([[0.0], ball + scale * np.arange(-9, 10)]), 0.0, b))
        half = 0.5 * np.diff(breaks)[:, None]
        r = breaks[:-1, None] + half * (1.0 + node)
        return 4.0 * np.pi * (outside + np.sum(half * weight * r**2 * density(r)))

    reference = np.diff([0.0, *(light(b) for b in edges[1:])]) / (np.pi * np.diff(edges**2))
    # 143 nodes with breaks at the edge and 10 and 30 % about it.
    np.testing.assert_allclose(means(nodes, edges) @ density(nodes.radius), reference, atol=2e-6 * reference.max())


def test_bad_input_is_refused(nodes):
    for arguments in ((0.0, 1.0), (-1.0, 1.0), (100.0, 1.0), (np.nan, 1.0), (0.1, np.inf)):
        with pytest.raises(ValueError, match="smallest scale"):
            sight.radial_nodes(*arguments)
    for position in (0.0, 200.0):
        with pytest.raises(ValueError, match="breaks"):
            sight.radial_nodes(0.1, 1.0, breaks=(position,))
    for function in (sight.line_of_sight, sight.basis, sight.enclosed_column):
        with pytest.raises(ValueError, match="positive"):
            function(nodes, [0.1, 0.0])
    for low, high in ((-0.1, 0.2), (0.2, 0.2), (0.1, 200.0), (np.nan, 0.2)):
        with pytest.raises(ValueError, match="must increase"):
            sight.annulus_means(nodes, low, high)
    with pytest.raises(ValueError, match="too close"):
        sight.annulus_means(nodes, 1e-9, 0.1)
    with pytest.raises(ValueError, match="offset"):
        sight.aperture_mean(nodes, 0.1, -0.1)
    with pytest.raises(ValueError, match="no gas"):
        sight.annulus_line_averages(nodes, 0.5, 0.6, 0.4)
    with pytest.raises(ValueError, match="gas radius"):
        sight.annulus_line_averages(nodes, 0.0, 0.1, -0.4)
