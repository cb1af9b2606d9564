"""Against the numbers and closed forms of Truelove & McKee 1999 and Cioffi et al. 1988."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxcrc.source.remnant import Remnant, shock_radius
from jaxcrc.units import KM_S_PER_PC_KYR


@pytest.mark.parametrize(
    ("density", "scales", "radii"),
    [
        (1.0, (0.560, 3.43), (4.73, 12.45, 19.4)),
        (0.01, (2.599, 15.9), (9.72, 30.7, 48.4)),
        (0.35, (0.795, 4.87), (5.69, 15.3, 23.9)),
        (30.0, (0.180, 1.10), (2.48, 6.33, 9.83)),
    ],
)
def test_adiabatic_radii_and_scales(density, scales, radii):
    remnant = Remnant(density=density, radiative=False)
    assert float(remnant.time_scale) == pytest.approx(scales[0], rel=5e-3)
    assert float(remnant.radius_scale) == pytest.approx(scales[1], rel=5e-3)
    np.testing.assert_allclose(remnant.radius(jnp.array([1.0, 10.0, 30.0])), radii, rtol=5e-3)


def test_sedov_form_used_for_clouds():
    """R = 5.0 (E/n)^{1/5} [1 − 0.09 M^{5/6}/(E^{1/2} n^{1/3} t)]^{2/5} t^{2/5} pc."""
    t, m, n = 8.0, 1.4, 0.5
    written = 5.0 * n**-0.2 * (1.0 - 0.09 * m ** (5 / 6) / (n ** (1 / 3) * t)) ** 0.4 * t**0.4
    assert float(shock_radius(t, density=n, radiative=False)) == pytest.approx(written, rel=5e-3)


def test_profiles_agree_after_a_kiloyear_and_join_without_a_jump():
    t = jnp.linspace(1.0, 12.0, 40)
    np.testing.assert_allclose(shock_radius(t, profile=0), shock_radius(t, profile=7), rtol=2e-2)
    for profile, transition in ((7, 0.732), (0, 0.495)):
        remnant = Remnant(profile=profile)
        at = transition * remnant.time_scale
        before, after = remnant.radius(at * (1 - 1e-9)), remnant.radius(at * (1 + 1e-9))
        assert float(after / before) == pytest.approx(1.0, abs=1e-8)


def test_radiative_phase():
    remnant = Remnant()
    assert float(remnant.radiative_time) == pytest.approx(13.3, rel=1e-3)
    assert float(remnant.radius(remnant.radiative_time)) == pytest.approx(13.97, rel=1e-3)
    assert float(shock_radius(10.0, density=30.0)) == pytest.approx(5.72, rel=1e-3)
    speed = jax.grad(remnant.radius)(remnant.radiative_time * 1.0001) * KM_S_PER_PC_KYR
    assert float(speed) == pytest.approx(413.0, rel=0.02)  # the published speed and radius agree to 2 %


def test_merging_in_hot_gas_stops_the_sedov_phase():
    remnant = Remnant(density=0.01, sound_speed=150.0)
    t = remnant.merging_time
    assert float(t) < float(remnant.radiative_time)
    speed = jax.grad(Remnant(density=0.01).radius)(t * 0.999) * KM_S_PER_PC_KYR
    assert float(speed) == pytest.approx(300.0, rel=2e-3)
    assert float(remnant.radius(jnp.asarray(1e4))) == pytest.approx(float(remnant.radius(t)), rel=1e-12)
    assert np.isinf(remnant.time(jnp.asarray(100.0)))
    # in dense gas the snowplough's law: (3/4) [(v/2c)^{10/7} + 1/3] t_PDS
    cold = Remnant(sound_speed=10.0)
    assert float(cold.merging_time) == pytest.approx(0.75 * ((413 / 20) ** (10 / 7) + 1 / 3) * 13.3, rel=1e-6)


@pytest.mark.parametrize("profile", [pytest.param(0, marks=pytest.mark.slow), 7])
def test_time_inverts_radius_with_finite_slopes(profile):
    remnant = Remnant(profile=profile)
    t = jnp.geomspace(0.01, 1e3, 60)
    np.testing.assert_allclose(remnant.time(remnant.radius(t)), t, rtol=1e-12)
    assert bool(jnp.all(jnp.isfinite(jax.vmap(jax.grad(remnant.radius))(t))))


def test_every_parameter_moves_the_radius_and_the_profile_is_checked():
    def radius(e, m, n, z):
        return shock_radius(40.0, e, m, n, metallicity=z)

    for slope in jax.grad(radius, argnums=(0, 1, 2, 3))(1.0, 1.4, 1.0, 1.0):
        assert float(jnp.abs(slope)) > 1e-4
    with pytest.raises(ValueError, match="n = 5"):
        shock_radius(1.0, profile=5)


def test_single_precision_and_cuda():
    t = jnp.geomspace(0.1, 100.0, 5).astype(jnp.float32)
    remnant = jax.tree.map(lambda x: x.astype(jnp.float32), Remnant())
    assert remnant.radius(t).dtype == jnp.float32
    assert shock_radius(t).dtype == jnp.float32
    jax.export.export(jax.jit(lambda r, t: r.radius(t)), platforms=["cuda"])(remnant, t)
