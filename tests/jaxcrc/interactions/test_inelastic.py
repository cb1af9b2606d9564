"""Inelastic proton-proton cross-section against published values, naima and differences."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from naima.models import PionDecay

from jaxcrc.interactions import inelastic
from jaxcrc.interactions.inelastic import PION_THRESHOLD

inelastic_cross_section = jax.jit(inelastic.inelastic_cross_section)


def test_values():
    energy = np.array([1.0, 3.0, 10.0, 1e2, 1e3, 1e4, 1e5, 1e6])
    expected = [22.519, 28.473, 29.470, 31.277, 34.895, 40.421, 47.856, 57.200]
    np.testing.assert_allclose(inelastic_cross_section(energy), expected, atol=6e-4)


def test_agrees_with_naima(monkeypatch):
    """Same formula: only rounding, which the threshold factor amplifies by T_th/(T − T_th)."""
    monkeypatch.setattr(PionDecay, "_Tth", PION_THRESHOLD)
    energy = np.geomspace(1.001 * PION_THRESHOLD, 1e7, 300)
    reference = PionDecay._sigma_inel(PionDecay, energy) * 1e27
    np.testing.assert_allclose(inelastic_cross_section(energy), reference, rtol=1e-11)


def test_threshold_is_that_of_two_protons_and_a_pion():
    """At threshold s = (2 m_p + m_π)²."""
    proton, pion = 0.93827209, 0.1349766
    s = 2.0 * proton * (PION_THRESHOLD + 2.0 * proton)
    assert s == pytest.approx((2.0 * proton + pion) ** 2, rel=1e-14)


def test_zero_up_to_the_threshold_with_finite_gradient():
    energy = jnp.array([0.0, 1e-3, 0.2, PION_THRESHOLD, PION_THRESHOLD * (1 + 1e-12), 0.28])
    value, slope = jax.jit(jax.vmap(jax.value_and_grad(inelastic_cross_section)))(energy)
    assert np.all(np.asarray(value)[:4] == 0.0)
    assert np.all(np.asarray(value)[4:] > 0.0)
    assert np.all(np.isfinite(slope))


def test_gradient_against_differences():
    """Logarithmic derivatives [mb] of central differences: 1e-10 from the step, 1e-9 from rounding."""
    energy = jnp.geomspace(0.3, 1e7, 40)
    up, down = inelastic_cross_section(energy * (1.0 + 1e-5)), inelastic_cross_section(energy * (1.0 - 1e-5))
    slope = energy * jax.jit(jax.vmap(jax.grad(inelastic_cross_section)))(energy)
    np.testing.assert_allclose(slope, (up - down) / 2e-5, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_keeps_dtype(dtype):
    assert inelastic_cross_section(jnp.array([1.0, 10.0], dtype)).dtype == dtype


def test_lowers_for_cuda():
    jax.export.export(inelastic_cross_section, platforms=["cuda"])(jnp.array([1.0, 10.0]))
