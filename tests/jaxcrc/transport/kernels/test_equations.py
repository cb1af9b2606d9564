"""The same closed forms against the diffusion equation, conservation, quadrature and their limits."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from jaxcrc.transport.kernels.ballistic import ballistic_burst, forward_beam
from jaxcrc.transport.kernels.bounded import burst_bounded, continuous_bounded
from jaxcrc.transport.kernels.field import anisotropic_burst, field_line_burst
from jaxcrc.transport.kernels.history import linear_point, released
from jaxcrc.transport.kernels.shell import burst_shell, continuous_ball, continuous_shell
from jaxcrc.transport.kernels.spherical import burst_ball, burst_point, continuous_point
from jaxcrc.units import LIGHT_SPEED

NODE, WEIGHT = np.polynomial.legendre.leggauss(80)


def integral(function, *edges) -> float:
    """∫ by Gauss–Legendre between each two neighbouring edges."""
    low, high = np.array(edges[:-1])[:, None], np.array(edges[1:])[:, None]
    x = 0.5 * (high + low) + 0.5 * (high - low) * NODE
    return float(np.sum(0.5 * (high - low) * WEIGHT * np.asarray(function(x))))


ROUND = {  # kernel, its further arguments, particles inside all space after t
    "burst_shell": (burst_shell, (3.0,), lambda t: 1.0),
    "continuous_shell": (continuous_shell, (3.0,), lambda t: t),
    "continuous_ball": (continuous_ball, (3.0,), lambda t: t),
    "linear_point": (linear_point, (), lambda t: 0.5 * t * t),
}


@pytest.mark.parametrize("name", ROUND)
@pytest.mark.parametrize(("time", "kappa"), [(0.3, 0.05), (20.0, 1.5), (400.0, 30.0)])
def test_norm(name, time, kappa):
    kernel, size, expected = ROUND[name]
    reach = sum(size) + 9.0 * np.sqrt(4.0 * kappa * time)
    edges = sorted({*np.linspace(0.0, reach, 12), *size})
    norm = integral(lambda r: 4.0 * np.pi * r * r * kernel(r, time, kappa, *size), *edges)
    np.testing.assert_allclose(norm, expected(time), rtol=1e-9)


@pytest.mark.parametrize(
    "name",
    [
        "burst_shell",
        "continuous_shell",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("continuous_ball", "linear_point", "burst_bounded", "continuous_bounded")
        ),
    ],
)
def test_solves_the_diffusion_equation(name):
    # ∂ₜn = κ (∂ᵣ² + (2/r) ∂ᵣ) n away from the source, by JAX's own derivatives.
    if name in ROUND:
        kernel, size, _ = ROUND[name]
    else:
        kernel, size = {"burst_bounded": burst_bounded, "continuous_bounded": continuous_bounded}[name], (12.0, 0.7)
    rng = np.random.default_rng(3)
    radius, time, kappa = 10.0 ** rng.uniform([[-1.5], [-1.0], [-1.0]], [[1.0], [2.0], [1.0]], (3, 300))
    keep = (np.abs(radius / 3.0 - 1.0) > 0.02) & (radius < 11.0)
    radius, time, kappa = radius[keep], time[keep], kappa[keep]
    # Inside a ball that releases, the rate itself stands on the right.
    rate = np.where((name == "continuous_ball") & (radius < 3.0), 3.0 / (4.0 * np.pi * 27.0), 0.0)

    def terms(r, t, k):
        along = jax.grad(kernel, argnums=(0, 1))
        (slope, growth), bend = along(r, t, k, *size), jax.grad(lambda x: along(x, t, k, *size)[0])(r)
        return jnp.stack([growth, -k * bend, -2.0 * k * slope / r])

    parts = np.asarray(jax.jit(jax.vmap(terms, out_axes=1))(radius, time, kappa))
    largest = np.abs(parts).max(axis=0)
    seen = largest > 1e-9 * np.median(largest)
    if name.endswith("bounded"):
        seen &= kappa * time / 144.0 > 0.01  # before, the boundary is not felt at all
    assert seen.sum() > 80
    assert np.max(np.abs(parts.sum(axis=0) - rate)[seen] / largest[seen]) < 1e-7


@pytest.mark.parametrize("name", ["anisotropic_burst", "field_line_burst"])
def test_kernels_along_a_field_conserve_particles_and_solve_their_equation(name):
    kernel, across = {
        "anisotropic_burst": (anisotropic_burst, (0.3,)),
        "field_line_burst": (field_line_burst, (0.2, 1.0)),
    }[name]
    along, wide = np.meshgrid(NODE, NODE, indexing="ij")
    z, rho = 40.0 * along, 20.0 * (wide + 1.0)
    weight = 40.0 * 20.0 * np.outer(WEIGHT, WEIGHT) * 2.0 * np.pi * rho
    if name == "field_line_burst":
        z, weight = 20.0 * (along + 1.0), weight  # even in z, with a kink at 0
    np.testing.assert_allclose(np.sum(weight * kernel(z, rho, 4.0, 2.5, *across)), 1.0, rtol=1e-6)

    def terms(z, rho, t):
        k = 2.5
        rate = jax.grad(kernel, argnums=2)(z, rho, t, k, *across)
        slope = jax.grad(kernel, argnums=1)
        bend = jax.grad(slope, argnums=1)(z, rho, t, k, *across) + slope(z, rho, t, k, *across) / rho
        line = k * jax.grad(jax.grad(kernel))(z, rho, t, k, *across)
        return rate, line, across[0] * bend

    if name == "anisotropic_burst":
        rate, line, sideways = terms(3.0, 1.2, 4.0)
        np.testing.assert_allclose(rate, line + sideways, rtol=1e-12)
    else:
        # ⟨ϱ²⟩ = 4 D_m ⟨|z|⟩ + R²/2, ⟨|z|⟩ = √(4κt/π).
        second = np.sum(weight * rho**2 * np.asarray(kernel(z, rho, 4.0, 2.5, *across)))
        np.testing.assert_allclose(second, 0.8 * np.sqrt(40.0 / np.pi) + 0.5, rtol=1e-5)


def test_anisotropic_becomes_isotropic_and_its_projection_is_a_gaussian():
    np.testing.assert_allclose(anisotropic_burst(1.0, 2.0, 3.0, 0.7, 0.7), burst_point(5.0**0.5, 3.0, 0.7), rtol=1e-13)
    # Seen along the field the column is the Gaussian across it.
    column = integral(lambda z: anisotropic_burst(z, 0.8, 3.0, 0.7, 0.1), *np.linspace(-30.0, 30.0, 9))
    np.testing.assert_allclose(column, np.exp(-0.64 / 1.2) / (1.2 * np.pi), rtol=1e-12)


@pytest.mark.slow
def test_shell_and_ball_reduce_to_a_point_and_grow_into_each_other():
    radius = np.array([0.0, 0.5, 3.0, 20.0])
    np.testing.assert_allclose(burst_shell(radius, 2.0, 3.0, 1e-9), burst_point(radius, 2.0, 3.0), rtol=1e-13)
    np.testing.assert_allclose(
        burst_shell(0.0, 2.0, 3.0, 4.0), np.exp(-16.0 / 24.0) / (np.pi**1.5 * 24.0**1.5), rtol=1e-13
    )
    radius = radius[1:]
    for kernel in (continuous_shell, continuous_ball):
        np.testing.assert_allclose(kernel(radius, 2.0, 3.0, 1e-7), continuous_point(radius, 2.0, 3.0), rtol=1e-9)
    for r in (0.3, 1.9, 2.1, 9.0):
        edges = sorted({0.0, 2.0, min(r, 2.0)})
        for shell, ball in ((burst_shell, burst_ball), (continuous_shell, continuous_ball)):
            mean = integral(lambda size, shell=shell: 3.0 * size**2 / 8.0 * shell(r, 5.0, 0.4, size), *edges)
            np.testing.assert_allclose(ball(r, 5.0, 0.4, 2.0), mean, rtol=1e-9)


def test_continuous_shell_late_and_at_close_radii():
    np.testing.assert_allclose(
        continuous_shell(np.array([0.5, 7.0]), 1e12, 2.0, 3.0), 1.0 / (8.0 * np.pi * np.array([3.0, 7.0])), rtol=1e-5
    )
    # Through the bound between Taylor's series and the primitive, and far out in the tail.
    for r, size in ((0.099, 1.0), (0.101, 1.0), (0.316, 0.316), (5.0, 0.02), (5.0, 0.0199), (1e-3, 1e-3), (14.0, 1.0)):
        low, high = abs(r - size), r + size
        mean = quad(
            lambda x: np.exp(-x * x) * jax.scipy.special.erfc(x) * np.exp(x * x), low, high, epsabs=0.0, epsrel=1e-12
        )
        expected = mean[0] / (high - low) / (4.0 * np.pi * 0.25 * max(r, size))
        np.testing.assert_allclose(continuous_shell(r, 1.0, 0.25, size), expected, rtol=1e-10)


HISTORIES = {"constant": lambda t: 0.0 * t + 1.0, "linear": lambda t: t, "fading": lambda t: (1.0 + t / 0.3) ** -2.0}


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("radius", [1e-3, 0.2, 3.0, 20.0])
def test_any_history_is_a_sum_of_bursts(history, radius):
    rate, time, kappa = HISTORIES[history], 5.0, 0.4
    got = released(lambda s: burst_point(radius, s, kappa), rate, radius**2 / (4.0 * kappa * time), time)

    def term(log_age):
        s = np.exp(log_age)
        return s * rate(time - s) * (4.0 * np.pi * kappa * s) ** -1.5 * np.exp(-(radius**2) / (4.0 * kappa * s))

    peak = np.log(max(min(radius**2 / 6.0 / kappa, time), 1e-9))
    expected = quad(
        term, np.log(time) - 22.0, np.log(time), points=[peak, np.log(time) - 0.1], epsabs=0.0, epsrel=1e-11, limit=400
    )
    np.testing.assert_allclose(got, expected[0], rtol=1e-7)


def test_histories_end_and_agree_with_their_closed_forms():
    r, time, kappa = 1.3, 5.0, 0.4
    exponent = r * r / (4.0 * kappa * time)
    burst = lambda s: burst_point(r, s, kappa)  # noqa: E731
    stopped = released(burst, lambda t: 0.0 * t + 1.0, exponent, time, 2.0)
    np.testing.assert_allclose(stopped, continuous_point(r, time, kappa) - continuous_point(r, 3.0, kappa), rtol=1e-9)
    shell = released(lambda s: burst_shell(r, s, kappa, 2.0), lambda t: 0.0 * t + 1.0, 0.49 / (4 * kappa * time), time)
    np.testing.assert_allclose(shell, continuous_shell(r, time, kappa, 2.0), rtol=1e-8)
    surface = released(lambda s: burst_shell(2.0, s, kappa, 2.0), lambda t: 0.0 * t + 1.0, 0.0, time)
    np.testing.assert_allclose(surface, continuous_shell(2.0, time, kappa, 2.0), rtol=1e-5)
    np.testing.assert_allclose(released(burst, lambda t: t, exponent, time), linear_point(r, time, kappa), rtol=1e-9)
    short = released(burst, lambda t: 0.0 * t + 1e3, exponent, time, 1e-3)
    np.testing.assert_allclose(short, burst_point(r, time, kappa), rtol=1e-3)


@pytest.mark.parametrize(("y", "spread"), [(1.0, 0.252), (10.0, 0.752), (100.0, 0.966)])
def test_burst_that_knows_the_speed_of_light(y, spread):
    time = 0.7
    kappa = 0.5 * LIGHT_SPEED**2 * time / y
    angle = 0.25 * np.pi * (NODE + 1.0)
    radius, weight = LIGHT_SPEED * time * np.sin(angle), 0.25 * np.pi * WEIGHT * np.cos(angle) * LIGHT_SPEED * time
    shells = weight * 4.0 * np.pi * radius**2 * np.asarray(ballistic_burst(radius, time, kappa))
    np.testing.assert_allclose(np.sum(shells), 1.0, rtol=1e-9)
    np.testing.assert_allclose(np.sum(shells * radius**2) / (6.0 * kappa * time), spread, atol=6e-4)
    assert float(ballistic_burst(1.001 * LIGHT_SPEED * time, time, kappa)) == 0.0


def test_late_bursts_diffuse_and_constant_sources_beam_forward():
    np.testing.assert_allclose(ballistic_burst(3.0, 400.0, 0.01), burst_point(3.0, 400.0, 0.01), rtol=1e-6)
    for kappa in (1e-3, 0.09, 0.11, 30.0, 1e4, 1e6):
        edges = 1.0 - 2.0 * np.concatenate([[0.0], np.geomspace(1e-9, 1.0, 28)])[::-1]
        beam = lambda mu, kappa=kappa: forward_beam(mu, 1.0, kappa)  # noqa: E731
        np.testing.assert_allclose(integral(beam, *edges), 1.0, rtol=1e-9)
        dipole = 3.0 * integral(lambda mu, beam=beam: mu * np.asarray(beam(mu)), *edges)
        if kappa < 1.0:
            np.testing.assert_allclose(dipole, 3.0 * kappa / LIGHT_SPEED, rtol=1e-6)


@pytest.mark.slow
def test_a_sphere_keeps_what_has_not_leaked():
    size, kappa = 2.0, 1.5
    inside = lambda r, t, v: 4.0 * np.pi * r * r * np.asarray(burst_bounded(r, t, kappa, size, v))  # noqa: E731
    for speed in (1e-3, 0.4, 0.75, 3.0, 1e4):
        for time in (0.05, 0.8, 4.0):
            held = integral(lambda r, t=time, v=speed: inside(r, t, v), 0.0, 1.0, 2.0)
            edge = float(burst_bounded(size * (1.0 - 1e-12), time, kappa, size, speed))
            step = 1e-4 * time
            later, before = (
                integral(lambda r, t=t, v=speed: inside(r, t, v), 0.0, 1.0, 2.0) for t in (time + step, time - step)
            )
            # What is lost is what leaks: d/dt ∫ n dV = −4πR² v n(R).
            lost = 4.0 * np.pi * size**2 * speed * edge
            np.testing.assert_allclose((before - later) / (2.0 * step), lost, rtol=2e-5, atol=1e-6 * held / time)
    np.testing.assert_allclose(
        continuous_bounded(1.0, 1e4, kappa, size), (1.0 - 0.5) / (4.0 * np.pi * kappa), rtol=1e-10
    )
    np.testing.assert_allclose(
        continuous_bounded(1.0, 1e4, kappa, size, 3.0), (0.5 + kappa / 12.0) / (4.0 * np.pi * kappa), rtol=1e-10
    )
    np.testing.assert_allclose(burst_bounded(1.0, 1.0, kappa, 90.0), burst_point(1.0, 1.0, kappa), rtol=1e-12)
    closed = burst_bounded(np.array([0.1, 1.9]), 1e3, kappa, size, 0.0)
    np.testing.assert_allclose(closed, 3.0 / (4.0 * np.pi * size**3), rtol=3e-3)
    summed = released(lambda s: burst_bounded(1.0, s, kappa, size, 3.0), lambda t: 0.0 * t + 1.0, 0.1, 2.5)
    np.testing.assert_allclose(continuous_bounded(1.0, 2.5, kappa, size, 3.0), summed, rtol=1e-7)


@pytest.mark.slow
def test_slopes_in_the_leak_speed_match_differences():
    for kernel in (burst_bounded, continuous_bounded):
        for leak in (0.05, 0.5, 2.0, 50.0):
            got = jax.grad(kernel, argnums=4)(1.0, 3.0, 1.0, 2.0, leak)
            high, low = (float(kernel(1.0, 3.0, 1.0, 2.0, leak * (1.0 + s))) for s in (1e-5, -1e-5))
            np.testing.assert_allclose(got, (high - low) / (2e-5 * leak), rtol=1e-5)
