"""Spin-down against its closed integrals and published numbers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

import jaxcrc
from jaxcrc.source.pulsar import ElectronPowerLaw, Pulsar, Timing
from jaxcrc.source.spindown import age_from_period, latest_birth, timing_power


def test_geminga_of_two_codes():
    # 3.8e34 erg/s today, 10 kyr, 340 kyr: 4.655e37 erg/s at birth (Mukhopadhyay & Linden 2022, public code).
    np.testing.assert_allclose(jaxcrc.spin_down(0.0, 3.8e34, 340.0, 10.0), 3.8e34 * 35.0**2, rtol=1e-12)
    # 3.25e34 erg/s, 12 kyr, 342 kyr: 1.03e49 erg in all.
    power = lambda t: float(jaxcrc.spin_down(t, 3.25e34 * 3.15576e10, 342.0, 12.0))  # noqa: E731
    total = quad(power, 0.0, 342.0, epsrel=1e-10, points=[12.0])[0]
    np.testing.assert_allclose(total, 1.03e49, rtol=5e-3)


def test_power_and_its_integral():
    for index in (2.0, 2.6, 3.0, 4.0):
        assert float(jaxcrc.spin_down(100.0, 2.0, 100.0, 7.0, index)) == 2.0
        lost = quad(lambda t: float(jaxcrc.spin_down(t, 2.0, 100.0, 7.0, index)), 0.0, 100.0, epsabs=0.0, epsrel=1e-10)
        # Ė₀ τ₀ (n−1)/2 [1 − (1 + t/τ₀)^{−2/(n−1)}]
        born, step = float(jaxcrc.spin_down(0.0, 2.0, 100.0, 7.0, index)), 0.5 * (index - 1.0)
        whole = born * 7.0 * step * (1.0 - (1.0 + 100.0 / 7.0) ** (-1.0 / step))
        np.testing.assert_allclose(lost[0], whole, rtol=1e-9)


def test_age_of_geminga():
    # P = 0.2371 s, Ṗ = 1.0971e-14: characteristic age 342 kyr.
    np.testing.assert_allclose(age_from_period(0.2371, 10.971, 0.0), 342.4, rtol=1e-3)
    np.testing.assert_allclose(age_from_period(0.2371, 10.971, 12.0), 342.4 - 12.0, rtol=1e-3)
    np.testing.assert_allclose(age_from_period(0.2371, 10.971, 12.0, 2.0), 2 * 342.4 - 12.0, rtol=1e-3)
    assert float(age_from_period(0.2371, 10.971, 1e4)) > 0.0


def test_every_argument_matters():
    at = (3.0, 1.0, 50.0, 5.0, 2.7)
    slopes = jax.grad(jaxcrc.spin_down, argnums=range(5))(*map(jnp.asarray, at))
    assert all(np.isfinite(s) and s != 0.0 for s in slopes)
    slopes = jax.grad(age_from_period, argnums=range(4))(*map(jnp.asarray, (0.1, 20.0, 5.0, 2.7)))
    assert all(np.isfinite(s) and s != 0.0 for s in slopes)
    assert jaxcrc.spin_down(*(jnp.float32(a) for a in at)).dtype == jnp.float32


def test_the_power_of_timing_is_the_one_that_is_printed():
    """Crab: P = 33.4 ms, Ṗ = 4.2e-13, Ė = 4.5e38 erg/s; Geminga: 3.25e34 erg/s (ATNF catalogue)."""
    np.testing.assert_allclose(timing_power(0.0334, 420.0), np.log10(4.5e38), atol=0.02)
    np.testing.assert_allclose(timing_power(0.2371, 10.971), np.log10(3.25e34), atol=0.01)


@pytest.mark.parametrize("derivative", [1.097e-14, 1.4e-20, 1e-8, 0.0])
def test_a_period_derivative_in_another_unit_is_refused(derivative):
    """No pulsar slows down by less than 1e-21: what is smaller in 1e-15 was not counted in it."""
    with pytest.raises(ValueError, match="counts in 1e-15, and no pulsar slows down so little: write"):
        Timing(period=0.2371, period_derivative=derivative)


@pytest.mark.parametrize("derivative", [1e-6, 10.97, 420.0, 1e5])
def test_period_derivatives_of_pulsars_are_taken(derivative):
    assert float(Timing(period=0.2371, period_derivative=derivative).period_derivative) == derivative
    traced = jax.jit(lambda d: Timing(period=0.2371, period_derivative=d).age(jnp.asarray(1.0), jnp.asarray(3.0)))
    np.testing.assert_allclose(traced(derivative), age_from_period(0.2371, derivative, 1.0), rtol=1e-12)


def test_a_pulsar_has_an_age_where_its_birth_period_is_below_todays():
    """τ₀ = 2τ_c/(n − 1) is a pulsar born today: from there on nothing is left, and that is said."""
    for index in (2.0, 2.6, 3.0):
        limit = float(latest_birth(0.2371, 10.971, index))
        np.testing.assert_allclose(limit, 2.0 * 342.4 / (index - 1.0), rtol=1e-3)
        for share in (0.01, 0.5, 0.999, 1.0, 1.001, 30.0):
            source = Pulsar(
                ElectronPowerLaw(index=2.2, log10_cutoff=2.3),
                Timing(period=0.2371, period_derivative=10.971),
                log10_power=34.5,
                log10_efficiency=-0.4,
                log10_tau0=np.log10(1e3 * share * limit),
                braking_index=index,
            )
            if share != 1.0:
                assert bool(source.has_age()) == (share < 1.0)
            np.testing.assert_allclose(source.age(), max(limit - share * limit, 1e-3 * limit), rtol=1e-6)
