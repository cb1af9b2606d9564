"""Closed-form kernels against golden numbers, quadrature, the diffusion equation and their limits."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export
from scipy.integrate import quad
from scipy.special import erfcx

from jaxcrc.transport.kernels.spherical import burst_ball, burst_point, continuous_point

KERNELS = {"burst_point": burst_point, "continuous_point": continuous_point, "burst_ball": burst_ball}
SIZE = {"burst_point": (), "continuous_point": (), "burst_ball": (3.0,)}
VALUE = {name: jax.jit(kernel) for name, kernel in KERNELS.items()}
SLOPES = {
    name: jax.jit(jax.vmap(jax.grad(kernel, argnums=range(3 + len(SIZE[name]))))) for name, kernel in KERNELS.items()
}
NODE, WEIGHT = np.polynomial.legendre.leggauss(120)


def on_panels(integrand, low: float, high: float, panels: int) -> float:
    """∫ of a positive integrand, by Gauss–Legendre on equal panels."""
    edges = np.linspace(low, high, panels + 1)
    half, middle = 0.5 * np.diff(edges)[:, None], 0.5 * (edges[1:] + edges[:-1])[:, None]
    return float(np.sum(half * WEIGHT * integrand(middle + half * NODE)))


def ball_by_quadrature(radius: float, spread: float, source_radius: float) -> float:
    """Mean over the ball of the point kernel, shell by shell: every term is positive, nothing cancels."""
    a, b = radius / spread, source_radius / spread

    def shell(y):
        return y * y * np.exp(-((a - y) ** 2)) * -np.expm1(-4.0 * a * y) / (4.0 * a * y)

    total = on_panels(shell, max(0.0, min(b, a) - 9.0), min(b, a + 9.0), 8)
    return 3.0 / (np.pi**1.5 * b**3 * spread**3) * total


@pytest.mark.parametrize(
    ("name", "size", "golden"),
    [("burst_point", (), 0.0174828239), ("continuous_point", (), 0.0381574073), ("burst_ball", (0.5,), 0.0169463568)],
)
def test_golden_numbers(name, size, golden):
    # Printed with nine digits: half a unit in the last one is 3e-9 of the smallest.
    np.testing.assert_allclose(KERNELS[name](1.0, 1.0, 1.0, *size), golden, rtol=1e-8)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(("time", "kappa"), [(0.3, 0.05), (20.0, 1.5), (400.0, 30.0)])
def test_norm(name, time, kappa):
    # One particle from a burst, t from a constant release; the tail beyond 9 R_d holds 1e-35.
    size = SIZE[name]
    end = 9.0 * np.sqrt(4.0 * kappa * time) + sum(size)
    density = lambda r: 4.0 * np.pi * r * r * np.asarray(VALUE[name](r, time, kappa, *size))  # noqa: E731
    expected = time if name == "continuous_point" else 1.0
    np.testing.assert_allclose(on_panels(density, 0.0, end, 24), expected, rtol=1e-11)


@pytest.mark.parametrize("name", KERNELS)
def test_solves_the_diffusion_equation(name):
    # ∂ₜn = κ (∂ᵣ² + (2/r) ∂ᵣ) n by JAX's derivatives; for a release that goes on the source sits at r = 0 alone.
    kernel, rng = KERNELS[name], np.random.default_rng(3)
    radius, time, kappa = 10.0 ** rng.uniform([[-2.0], [-2.0], [-2.0]], [[2.5], [3.0], [2.0]], (3, 600))

    def terms(r, t, k):
        size = (0.7 * r,) if name == "burst_ball" else ()
        size = tuple(jax.lax.stop_gradient(value) for value in size)
        along = jax.grad(kernel, argnums=(0, 1))
        (slope, rate), bend = along(r, t, k, *size), jax.grad(lambda x: along(x, t, k, *size)[0])(r)
        return jnp.stack([rate, -k * bend, -2.0 * k * slope / r])

    parts = np.asarray(jax.jit(jax.vmap(terms, out_axes=1))(radius, time, kappa))
    seen = np.abs(parts).max(axis=0) > 1e-250
    assert seen.sum() > 300
    assert np.max(np.abs(parts.sum(axis=0))[seen] / np.abs(parts).max(axis=0)[seen]) < 1e-12


@pytest.mark.parametrize(("radius", "time", "kappa"), [(0.2, 5.0, 0.4), (3.0, 5.0, 0.4), (30.0, 12.0, 4.0)])
def test_constant_release_is_a_sum_of_bursts(radius, time, kappa):
    def burst(log_age):
        age = np.exp(log_age)
        return age * (4.0 * np.pi * kappa * age) ** -1.5 * np.exp(-(radius**2) / (4.0 * kappa * age))

    expected = quad(burst, np.log(time) - 14.0, np.log(time), epsabs=0.0, epsrel=1e-12, limit=200)[0]
    np.testing.assert_allclose(continuous_point(radius, time, kappa), expected, rtol=1e-10)


def test_constant_release_near_and_far():
    near = continuous_point(1e-6, 10.0, 2.0)
    np.testing.assert_allclose(near, 1.0 / (4.0 * np.pi * 2.0 * 1e-6), rtol=1e-6)
    x = np.array([5.0, 15.0, 26.0])
    expected = np.exp(-x * x) * erfcx(x) / (4.0 * np.pi * 0.25 * x)
    # The exponent of 676 turns one rounding into 1e-13.
    np.testing.assert_allclose(continuous_point(x, 1.0, 0.25), expected, rtol=1e-12)
    assert np.isposinf(continuous_point(0.0, 1.0, 1.0))


# Distances and ball radii in R_d: through both bounds of the expansion (0.7, and 1 in their product), the far tail, the
# inside and the edge of a ball much larger than R_d, and the point limit.
BALLS = np.array(
    [
        (a, b)
        for b in (1e-5, 1e-3, 0.05, 0.3, 0.69, 0.71, 1.3, 6.0)
        for a in (1e-4, 0.01, 0.7, 0.98 / b, 1.02 / b, 5.0, 15.0, 25.0)
    ]
    + [(40.0, 45.0), (45.0, 45.0), (46.0, 45.0), (60.0, 45.0), (0.3, 45.0)]
)
BALLS = BALLS[BALLS[:, 0] - BALLS[:, 1] < 25.5]


def test_ball_matches_quadrature():
    radius, source_radius = BALLS.T
    expected = [ball_by_quadrature(a, 1.0, b) for a, b in BALLS]
    got = VALUE["burst_ball"](radius, 1.0, 0.25, source_radius)
    # Exponents up to 650 and the cancellation left between erfc and exp in the tail.
    np.testing.assert_allclose(got, expected, rtol=2e-12)


def log_slope(function, x: float) -> float:
    """d ln f/d ln x by five points a step of 3e-4 apart: the logarithm of a Gaussian tail is all but a parabola."""
    low2, low, high, high2 = (np.log(function(x * np.exp(step * 3e-4))) for step in (-2.0, -1.0, 1.0, 2.0))
    return (8.0 * (high - low) - high2 + low2) / (12.0 * 3e-4)


def test_ball_slopes_match_quadrature():
    spread = 1.7
    points = BALLS[(BALLS[:, 1] > 1e-4) & (BALLS[:, 1] < 10.0) & (BALLS[:, 0] > 1e-3)]
    time, kappa = np.full(len(points), spread), np.full(len(points), spread / 4.0)
    by_radius, by_time, _, by_size = SLOPES["burst_ball"](*spread * points.T[:1], time, kappa, *spread * points.T[1:])
    for i, (r, size) in enumerate(spread * points):
        value = ball_by_quadrature(r, spread, size)
        expected = [
            log_slope(lambda x: ball_by_quadrature(x, spread, size), r),
            log_slope(lambda x: ball_by_quadrature(r, np.sqrt(spread * x), size), spread),
            log_slope(lambda x: ball_by_quadrature(r, spread, x), size),
        ]
        got = [by_radius[i] * r / value, by_time[i] * spread / value, by_size[i] * size / value]
        # The rounding of the reference, 1e-13 in the tail, over the step: 1e-9 of the value.
        np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-9)


def test_ball_reduces_to_a_point_and_to_a_top_hat():
    radius = np.array([0.0, 0.5, 3.0, 20.0])
    np.testing.assert_array_equal(burst_ball(radius, 2.0, 3.0, 0.0), burst_ball(radius, 2.0, 3.0, 1e-200))
    np.testing.assert_allclose(burst_ball(radius, 2.0, 3.0, 0.0), burst_point(radius, 2.0, 3.0), rtol=1e-13)
    top_hat = burst_ball(np.array([0.0, 1.9, 2.1, 50.0]), 1e-12, 1e-3, 2.0)
    np.testing.assert_allclose(top_hat, np.array([1.0, 1.0, 0.0, 0.0]) * 3.0 / (4.0 * np.pi * 8.0), rtol=1e-14)
    far = burst_ball(300.0, 1e3, 3.0, 1e-3), burst_point(300.0, 1e3, 3.0)
    np.testing.assert_allclose(*far, rtol=1e-7)


def test_ball_keeps_its_digits_where_the_printed_form_loses_them():
    # R_d = 1000 R, r = 0.01 R: erf and exp of the textbook form cancel to 6e-4; the series in R² gives −(3/5)(R/R_d)².
    expected = np.pi**-1.5 * 1e-9 * (1.0 - 0.6e-6 - 1e-10)
    np.testing.assert_allclose(burst_ball(0.01, 1e6, 0.25, 1.0), expected, rtol=1e-11)


EXTREMES = {
    np.float64: ([0.0, 1e-300, 1e-9, 1.0, 1e9, 1e200], [1e-300, 1e-30, 1.0, 1e30], [1e-100, 1e-9, 1.0, 1e9]),
    np.float32: ([0.0, 1e-30, 1e-9, 1.0, 1e9, 1e30], [1e-30, 1e-9, 1.0, 1e9], [1e-9, 1.0, 1e5]),
}


@pytest.mark.parametrize("dtype", EXTREMES)
@pytest.mark.parametrize("name", KERNELS)
def test_finite_values_and_slopes_at_extremes(name, dtype):
    radius, time, kappa = EXTREMES[dtype]
    radius = radius[1:] if name == "continuous_point" else radius
    size = [0.0, 1e-30, 1e-3, 1.0, 1e4, 1e30] if name == "burst_ball" else [0.0]
    grid = [axis.ravel() for axis in np.meshgrid(radius, time, kappa, size)]
    grid = [jnp.asarray(axis, dtype) for axis in grid][: 3 + len(SIZE[name])]
    for result in (VALUE[name](*grid), *SLOPES[name](*grid)):
        assert result.dtype == dtype
        assert np.all(np.isfinite(result))
    assert np.all(np.asarray(VALUE[name](*grid)) >= 0.0)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("time", [0.0, -5.0])
def test_nothing_before_the_release(name, time):
    arguments = [jnp.array([value]) for value in (2.0, time, 3.0, *SIZE[name])]
    assert float(VALUE[name](*arguments)[0]) == 0.0
    assert all(float(slope[0]) == 0.0 for slope in SLOPES[name](*arguments))


@pytest.mark.parametrize("name", ["burst_point", "burst_ball"])
def test_flat_at_the_centre(name):
    centre, beside = ([jnp.array([value]) for value in (r, 4.0, 2.0, *SIZE[name])] for r in (0.0, 1e-5))
    np.testing.assert_allclose(VALUE[name](*centre), VALUE[name](*beside), rtol=1e-10)
    slopes = SLOPES[name](*centre)
    assert float(slopes[0][0]) == 0.0
    np.testing.assert_allclose(slopes[1:], SLOPES[name](*beside)[1:], rtol=1e-9)


@pytest.mark.parametrize("name", KERNELS)
def test_slopes_match_differences(name):
    arguments = [np.array([value]) for value in (2.0, 4.0, 1.5, *SIZE[name])]
    slopes = SLOPES[name](*arguments)
    for i, slope in enumerate(slopes):
        low, high = (
            VALUE[name](*[v * (1.0 + sign * 1e-5) if j == i else v for j, v in enumerate(arguments)])
            for sign in (-1.0, 1.0)
        )
        # Central differences with a relative step of 1e-5: 1e-10 from the third derivative, 1e-11 from rounding.
        np.testing.assert_allclose(slope, (high - low) / (2e-5 * arguments[i]), rtol=1e-8)


@pytest.mark.parametrize("name", KERNELS)
def test_broadcasts_and_agrees_with_one_at_a_time(name):
    radius, kappa = jnp.geomspace(0.1, 30.0, 5), jnp.geomspace(0.1, 10.0, 4)
    grid = KERNELS[name](radius[None, :], 10.0, kappa[:, None], *SIZE[name])
    assert grid.shape == (4, 5)
    single = [[KERNELS[name](r, 10.0, k, *SIZE[name]) for r in radius] for k in kappa]
    np.testing.assert_allclose(grid, single, rtol=1e-13)


@pytest.mark.parametrize("name", KERNELS)
def test_unknown_input_stays_unknown(name):
    assert np.isnan(KERNELS[name](1.0, np.nan, 1.0, *SIZE[name]))
    assert np.isnan(KERNELS[name](np.nan, 1.0, 1.0, *SIZE[name]))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", KERNELS)
def test_lowers_for_cuda_and_keeps_the_dtype(name, dtype):
    arguments = [jnp.ones((2, 3), dtype) for _ in range(3 + len(SIZE[name]))]
    vectorised = jax.jit(lambda *values: jax.value_and_grad(lambda *v: KERNELS[name](*v).sum(), argnums=1)(*values))
    exported = export.export(vectorised, platforms=["cuda"])(*arguments)
    assert {leaf.dtype for leaf in exported.out_avals} == {np.dtype(dtype)}
    assert KERNELS[name](arguments[0], 1.0, 2, *SIZE[name]).dtype == dtype


@pytest.mark.parametrize("name", KERNELS)
def test_single_precision_agrees_with_double(name):
    radius, kappa = (
        np.geomspace(0.03, 60.0, 40, dtype=np.float32),
        np.geomspace(0.05, 20.0, 9, dtype=np.float32)[:, None],
    )
    single = np.asarray(VALUE[name](radius, np.float32(30.0), kappa, *map(np.float32, SIZE[name])))
    double = np.asarray(VALUE[name](radius.astype(float), 30.0, kappa.astype(float), *SIZE[name]))
    seen = double > 1e-8 * double.max(axis=1, keepdims=True)
    # Exponents up to 18 and R_d itself carry the rounding of float32, 6e-8, several times.
    np.testing.assert_allclose(single[seen], double[seen], rtol=2e-5)
