"""Escape from a remnant: published numbers, limits, and that what has not left is trapped."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxcrc.source.escape import (
    CEILINGS,
    BellCeiling,
    BoundaryCeiling,
    Escaping,
    Explosion,
    PowerLawCeiling,
    Sedov,
    SeenExplosion,
)
from jaxcrc.source.remnant import shock_radius
from jaxcrc.units import KM_S_PER_PC_KYR

SEDOV = Sedov(log10_age=4.0, log10_sedov_time=np.log10(210.0), sedov_radius=2.1)


def escaping(ceiling, dynamics=SEDOV, **options) -> Escaping:
    return Escaping(dynamics, ceiling, log10_energy=50.0, **options)


@pytest.mark.parametrize(
    ("preset", "overshoot", "time", "radius"),
    [
        ("ohira11-review", 0.0, 17.6, 12.3),
        ("ohira11-review", 0.04, 17.6, 12.84),
        ("ohira11", 0.0, 27.4, 2.1 * (27.4 / 0.21) ** 0.4),
    ],
)
def test_ohira_at_ten_gev(preset, overshoot, time, radius):
    release = escaping(PowerLawCeiling(**CEILINGS[preset]), overshoot=overshoot)
    momentum = jnp.array([10.0])
    np.testing.assert_allclose(release.escape_time(momentum), time, rtol=3e-3)
    np.testing.assert_allclose(release.escape_radius(momentum), radius, rtol=4e-3)


def test_gabici_empties_the_remnant_in_five_hundred_sedov_times():
    ceiling = PowerLawCeiling(**CEILINGS["gabici09"])
    late, first, above = np.asarray(ceiling.escape_time(jnp.array([1.0, 5e6, 1e7]), SEDOV))
    assert late / 0.21 == pytest.approx(503.0, rel=2e-3)
    # The largest momentum leaves when the Sedov phase begins, and nothing earlier.
    assert first == pytest.approx(0.21)
    assert above == pytest.approx(0.21)


def test_particles_are_either_inside_or_outside():
    release = escaping(PowerLawCeiling(log10_max_momentum=3.0, slope=2.6), spread=0.005)
    momentum = jnp.geomspace(1.0, 1e6, 400)
    share = np.asarray(release.escaped(momentum))
    edge = 1e6 * (10.0 / 0.21) ** -2.6  # p_max now
    assert np.all(share[momentum < 0.8 * edge] < 1e-6)
    assert np.all(share[momentum > 1.25 * edge] > 1.0 - 1e-6)
    soft = np.asarray(
        escaping(PowerLawCeiling(log10_max_momentum=3.0, slope=2.6), spread=0.05).escaped(jnp.array([edge]))
    )
    np.testing.assert_allclose(soft, 0.5, atol=1e-9)


def test_bell_and_the_far_boundary_hold_what_their_formulas_say():
    dynamics = Explosion(log10_age=4.0, energy_sn=1.0, ejecta_mass=1.4, density=0.5)
    for ceiling, formula in (
        (BellCeiling(log10_factor=0.0), lambda r, u: 230e3 * 0.5**0.5 * (u / 1e4) ** 2 * r),
        # κ_Bohm = E c/(3 q B): 1 GeV in 1 µG has a gyroradius of 3.3356e12 cm.
        (
            BoundaryCeiling(field=5.0),
            lambda r, u: 0.05 * r * 3.0857e18 * (u * 1e5) * 3.0 * 5.0 / (2.998e10 * 3.3356e12),
        ),
    ):
        for time in (1.0, 3.0, 30.0):
            radius, speed = jax.value_and_grad(lambda t: shock_radius(t, 1.0, 1.4, 0.5))(time)
            highest = formula(float(radius), float(speed) * KM_S_PER_PC_KYR)
            np.testing.assert_allclose(ceiling.escape_time(jnp.array([highest]), dynamics), time, rtol=3e-3)


def test_age_follows_from_the_angle_on_the_sky():
    dynamics = SeenExplosion(angular_radius=0.4, distance=2.0, energy_sn=1.3, ejecta_mass=1.4, density=5.0)
    radius = 2000.0 * np.deg2rad(0.4)
    np.testing.assert_allclose(shock_radius(dynamics.age(), 1.3, 1.4, 5.0), radius, rtol=1e-10)
    np.testing.assert_allclose(
        escaping(PowerLawCeiling(log10_max_momentum=3.5, slope=2.6), dynamics).shock(), radius, rtol=1e-10
    )


CEILINGS_TRIED = [
    PowerLawCeiling(log10_max_momentum=3.0, slope=2.6),
    BellCeiling(log10_factor=0.1),
    BoundaryCeiling(field=8.0),
]
DYNAMICS_TRIED = [
    Sedov(log10_age=4.0, log10_sedov_time=2.3, sedov_radius=2.1),
    SeenExplosion(angular_radius=0.4, distance=2.0, energy_sn=1.0, ejecta_mass=1.4, density=3.0),
    Explosion(log10_age=4.0, energy_sn=1.0, ejecta_mass=1.4, density=1.0),
]


@pytest.mark.parametrize(
    ("dynamics", "ceiling"),
    [
        pytest.param(dynamics, ceiling, marks=[] if (i, j) == (1, 0) else pytest.mark.slow)
        for i, dynamics in enumerate(DYNAMICS_TRIED)
        for j, ceiling in enumerate(CEILINGS_TRIED)
    ],
)
def test_every_parameter_moves_the_escape(dynamics, ceiling):
    release = escaping(ceiling, dynamics)
    held = ceiling.escape_time(jnp.geomspace(1.0, 1e7, 4000), dynamics) > release.time()
    momentum = jnp.sum(held) * 7.0 / 4000.0 * jnp.log(10.0)  # ln p_max now
    momentum = jax.lax.stop_gradient(jnp.exp(momentum) * jnp.array([0.95, 1.1]))

    @jax.jit
    def told(release):
        size, time = release.escape_radius(momentum), release.since(momentum, jnp.array([1.0, 2.0]))
        return jnp.sum(jnp.log(size) + jnp.log(time) + release.escaped(momentum)) + jnp.log(release.strength())

    idle = {".dynamics.density"} if isinstance(dynamics, Sedov) and not isinstance(ceiling, BellCeiling) else set()
    slopes, _ = jax.tree_util.tree_flatten_with_path(jax.grad(told)(release))
    assert {jax.tree_util.keystr(path) for path, slope in slopes if float(slope) == 0.0} == idle
    assert all(np.isfinite(float(slope)) for _, slope in slopes)


def test_time_since_escape_is_smooth_where_particles_are_just_leaving():
    """Long after t_esc nothing but the time since; before it positive; its slope never jumps."""
    release = escaping(PowerLawCeiling(log10_max_momentum=3.0, slope=2.6), spread=0.05)
    momentum = jnp.geomspace(1.0, 1e6, 4001)
    told = jax.jit(lambda p: (release.escape_time(p), release.since(p, jnp.full_like(p, 1e9))))(momentum)  # no smearing
    escape, since = (np.asarray(time) for time in told)
    late = escape * (1.0 + 5.0 * 2.5 * 0.05) < float(release.time())
    assert late.any()
    assert (~late).any()
    np.testing.assert_allclose(since[late], float(release.time()) - escape[late], rtol=1e-6)
    assert np.all(since > 0.0)
    slope = np.diff(since) / np.diff(escape)
    assert np.max(np.abs(np.diff(slope))) < 0.02
    edge = np.argmin(np.abs(escape - float(release.time())))
    np.testing.assert_allclose(since[edge], np.sqrt(2.0 / np.pi) * 0.125 * escape[edge], rtol=5e-3)
