"""Spin-down against its closed integrals and published numbers."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy.integrate import quad

import jaxcrc
from jaxcrc.source.spindown import age_from_period


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
