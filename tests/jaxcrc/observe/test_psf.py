"""Point spread functions and the containment of clouds, against scipy, adaptive quadrature and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import ncx2

from jaxcrc.observe.psf import (
    Gaussian,
    NoPSF,
    TopHat,
    circle_rule,
    cloud_containment,
    enclosed,
    ring_light,
    sigma_from_r68,
)

PSFS = [NoPSF(), Gaussian(0.1), Gaussian(0.02), TopHat(0.1), TopHat(0.2), TopHat(0.45)]


def rice_cdf(radius, distance, sigma):
    """Fraction of a Gaussian within a circle: the noncentral chi-squared law with two degrees of freedom."""
    if distance == 0.0:
        return -np.expm1(-0.5 * (radius / sigma) ** 2)
    return ncx2.cdf((radius / sigma) ** 2, 2, (distance / sigma) ** 2)


def disc_mean(function, radius):
    """Mean of function(x, y) over a disc of `radius`, by a product rule that is exact for smooth functions."""
    node, weight = np.polynomial.legendre.leggauss(24)
    r, phi = 0.5 * radius * (1.0 + node), 2.0 * np.pi * np.arange(40) / 40
    ring = function(np.multiply.outer(r, np.cos(phi)), np.multiply.outer(r, np.sin(phi))).mean(axis=1)
    return (weight * r) @ ring / (weight @ r)


def test_r68_of_a_gaussian():
    assert sigma_from_r68(1.5096) == pytest.approx(1.0, rel=1e-5)
    assert enclosed(Gaussian(0.3), 0.3 * 1.0 / sigma_from_r68(1.0), 0.0) == pytest.approx(0.68, rel=1e-13)


@pytest.mark.parametrize("sigma", [1e-3, 0.05, 0.4, 5.0])
def test_gaussian_enclosed_against_noncentral_chi_squared(sigma):
    radius = np.array([0.0, 0.01, 0.3, 1.0, 4.0])
    distance = np.array([0.0, 0.02, 0.3, 0.95, 3.0])
    value = enclosed(Gaussian(sigma), radius[:, None], distance)
    reference = [[rice_cdf(r, d, sigma) if r else 0.0 for d in distance] for r in radius]
    # 72 Gauss points over 18 sigma integrate the density to rounding.
    np.testing.assert_allclose(value, reference, atol=1e-12)


@pytest.mark.parametrize("width", [0.1, 0.3, 0.7])
def test_top_hat_enclosed_against_chords(width):
    radius, distance = np.array([0.0, 0.1, 0.3, 0.5]), np.array([0.0, 0.15, 0.3, 0.55, 1.3])

    def overlap(r, d):
        """Area common to the two discs: the shorter of their chords at each height, along the line of centres."""
        low, high = max(-r, d - width), min(r, d + width)
        if high <= low:
            return 0.0

        def half(x):
            return np.sqrt(max(min(r**2 - x**2, width**2 - (x - d) ** 2), 0.0))

        crossing = [(d**2 + r**2 - width**2) / (2.0 * d)] if d > 0.0 else []
        points = [x for x in crossing if low < x < high]
        return 2.0 * quad(half, low, high, points=points or None, epsabs=1e-11, limit=200)[0]

    value = enclosed(TopHat(width), radius[:, None], distance)
    reference = [[overlap(r, d) / (np.pi * width**2) for d in distance] for r in radius]
    np.testing.assert_allclose(value, reference, atol=1e-8)


def test_no_psf_is_a_step():
    np.testing.assert_array_equal(enclosed(NoPSF(), 0.5, np.array([0.0, 0.49, 0.51])), [1.0, 1.0, 0.0])


@pytest.mark.parametrize("psf", PSFS)
def test_circle_rule_sees_a_point_as_enclosed_does(psf):
    """All light at the source: C = 1, so that the weights sum to the fraction that `enclosed` finds in another way."""
    radius, offset = np.array([0.05, 0.2, 0.2, 0.3, 0.3]), np.array([0.0, 0.05, 0.19, 0.31, 0.6])
    row, _, weight = circle_rule(psf, radius, offset, np.array([1e-6, 0.1]))
    np.testing.assert_allclose(np.bincount(row, weight, radius.size), enclosed(psf, radius, offset), atol=1e-9)


def test_containment_of_a_gaussian_cloud_in_a_gaussian_psf():
    expected = -np.expm1(-0.04 / (2.0 * (0.0225 + 0.01)))
    assert expected == pytest.approx(0.46, abs=0.005)
    assert cloud_containment("gaussian", 0.15, Gaussian(0.1), 0.2) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("offset", [0.0, 0.05, 0.2, 0.2001, 0.5])
@pytest.mark.parametrize("sigma", [1e-4, 0.02, 0.3])
def test_containment_of_gaussian_clouds_off_centre(sigma, offset):
    size = np.array([1e-4, 0.01, 0.15, 2.0])
    value = cloud_containment("gaussian", size, Gaussian(sigma), 0.2, offset)
    reference = [rice_cdf(0.2, offset, np.hypot(s, sigma)) for s in size]
    np.testing.assert_allclose(value, reference, atol=1e-11)


@pytest.mark.parametrize("psf", PSFS)
def test_containment_of_a_ball_against_its_mean(psf):
    """Centred: the mean over the ball of the fraction of each of its points that lands inside."""
    for size in (0.05, 0.15, 0.5):
        kinks = [
            x for x in (0.2, abs(0.2 - getattr(psf, "radius", 0.2)), 0.2 + getattr(psf, "radius", 0.0)) if 0 < x < size
        ]

        def light(b, size=size):
            return 3.0 * b / size**2 * np.sqrt(max(1.0 - (b / size) ** 2, 0.0)) * float(enclosed(psf, 0.2, b))

        reference = quad(light, 0.0, size, points=kinks or None, limit=200, epsabs=1e-11)[0]
        # The cloud's edge leaves (1 − x²)^{3/2} at the end of a panel of 12 Gauss points: 1e-7.
        assert cloud_containment("ball", size, psf, 0.2) == pytest.approx(reference, abs=1e-7)


def test_containment_of_a_ball_off_centre_against_the_plane():
    """Reciprocity: the mean over the region of the cloud's image, blurred by a Gaussian, on a plane product rule."""
    size, sigma, region, offset = 0.15, 0.06, 0.2, 0.11
    node, weight = np.polynomial.legendre.leggauss(24)
    angle = 0.25 * np.pi * (1.0 + node)  # b = size sin(angle): the image is smooth in it
    b, share = size * np.sin(angle), weight * np.sin(angle) * np.cos(angle) ** 2
    share /= share.sum()

    def image(x, y):
        distance = np.hypot(x - offset, y)[..., None]
        phi = 2.0 * np.pi * np.arange(40) / 40
        squared = distance[..., None] ** 2 + b[:, None] ** 2 - 2.0 * distance[..., None] * b[:, None] * np.cos(phi)
        blurred = np.exp(-0.5 * squared / sigma**2).mean(-1) / (2.0 * np.pi * sigma**2)
        return blurred @ share

    reference = np.pi * region**2 * disc_mean(image, region)
    assert cloud_containment("ball", size, Gaussian(sigma), region, offset) == pytest.approx(reference, rel=1e-7)


def test_a_whole_sky_region_holds_everything():
    assert np.all(cloud_containment("ball", np.array([0.1, 1.0]), Gaussian(0.1), np.inf, 0.3) == 1.0)
    assert cloud_containment("ball", 0.1, TopHat(0.05), 0.2) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("shape", ["gaussian", "ball"])
def test_containment_keeps_the_shape_of_sizes(shape):
    size = np.array([[0.1, 0.2], [0.3, 0.4]])
    value = cloud_containment(shape, size, NoPSF(), 0.2, 0.05)
    assert value.shape == size.shape
    assert value[1, 0] == pytest.approx(float(cloud_containment(shape, 0.3, None, 0.2, 0.05)), rel=1e-13)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match="cube"):
        cloud_containment("cube", 0.1, NoPSF(), 0.2)
    for size, region, offset in ((0.0, 0.2, 0.0), (0.1, -0.2, 0.0), (0.1, 0.2, -0.1), (np.nan, 0.2, 0.0)):
        with pytest.raises(ValueError, match="must be positive"):
            cloud_containment("ball", size, NoPSF(), region, offset)
    for width in (0.0, -0.1, np.inf, np.nan):
        with pytest.raises(ValueError, match="PSF width"):
            Gaussian(width)
        with pytest.raises(ValueError, match="PSF radius"):
            TopHat(width)


def test_rings_of_a_gaussian_source_through_a_gaussian_psf():
    """Widths add in quadrature: 1 − exp(−R²/2(s² + σ²)) of the light lands inside R."""
    source, sigma, radius = 1.0, 0.5, np.array([0.3, 1.0, 2.5])
    edges = np.linspace(0.0, 9.0, 361)
    brightness = -np.diff(np.exp(-0.5 * (edges / source) ** 2)) / (np.pi * np.diff(edges**2))
    caught = ring_light(Gaussian(sigma), radius, edges) @ brightness
    np.testing.assert_allclose(caught, -np.expm1(-0.5 * radius**2 / (source**2 + sigma**2)), rtol=1e-4)


def test_rings_are_seen_whole_or_not_at_all_without_a_psf():
    edges = np.array([0.0, 1.0, 2.0, 3.0])
    areas = np.pi * np.diff(edges**2)
    np.testing.assert_allclose(ring_light(NoPSF(), np.array([1.0, 3.0]), edges), [areas * [1, 0, 0], areas], rtol=1e-12)
