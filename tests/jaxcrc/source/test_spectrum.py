"""Released spectra and kinematics against quadrature and closed forms."""

from __future__ import annotations

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export
from scipy.integrate import quad

from jaxcrc.source.spectrum import AbstractSpectrum, PowerLaw, beta, momentum, power_law
from jaxcrc.units import PROTON_MASS

VALUE = jax.jit(power_law)


def shape(kinetic: float, index: float, cutoff: float) -> float:
    """N(p) dp/dT without its norm, written out in total energy."""
    total = kinetic + PROTON_MASS
    p = np.sqrt(total**2 - PROTON_MASS**2)
    return p**-index * np.exp(-p / cutoff) * total / p


def log_quad(integrand, low: float, high: float) -> float:
    """∫ integrand d ln T, piece by piece."""
    edges = np.append(np.arange(np.log(low), np.log(high), 2.0), np.log(high))
    return sum(quad(lambda u: integrand(np.exp(u)), a, b, epsabs=1e-300, epsrel=1e-12)[0] for a, b in pairwise(edges))


def test_kinematics():
    kinetic = np.geomspace(1e-3, 1e6, 10)
    total = kinetic + PROTON_MASS
    np.testing.assert_allclose(momentum(kinetic) ** 2, total**2 - PROTON_MASS**2, rtol=1e-9)
    np.testing.assert_allclose(beta(kinetic), np.sqrt(1.0 - (PROTON_MASS / total) ** 2), rtol=1e-9)
    np.testing.assert_allclose(jax.vmap(jax.grad(momentum))(kinetic), 1.0 / beta(kinetic), rtol=1e-13)
    # The electron: βγ = pc/mc².
    np.testing.assert_allclose(momentum(1.0, 0.51099895e-3), np.sqrt(1.00051099895**2 - 0.51099895e-3**2), rtol=1e-14)


@pytest.mark.parametrize("index", [1.5, 2.0, 2.2, 2.7, 3.5])
@pytest.mark.parametrize("cutoff", [1e2, 3e3, 1e5, 1e7])
def test_releases_one_gev_between_its_limits(index, cutoff):
    norm = log_quad(lambda t: t * t * shape(t, index, cutoff), 1.0, 5e6)
    kinetic = np.array([0.01, 1.0, 30.0, 1e3])
    np.testing.assert_allclose(VALUE(kinetic, index, cutoff), shape(kinetic, index, cutoff) / norm, rtol=1e-9)


@pytest.mark.parametrize(("index", "factor"), [(2.2, 1.22), (2.4, 1.43)])
def test_amplitude_against_a_law_in_total_energy(index, factor):
    # The same released energy in E^−α from E = 1 GeV to 5 PeV gives fewer particles at high energy, printed to 1 %.
    in_total_energy = 1.0 / quad(lambda u: np.exp((2.0 - index) * u), 0.0, np.log(5e6), epsrel=1e-12)[0]
    high = 1e5
    ours = float(VALUE(high, index, 1e300)) * high**index
    np.testing.assert_allclose(ours / in_total_energy, factor, atol=0.005)


@pytest.mark.parametrize(("index", "cutoff"), [(2.2, 3e5), (1.7, 2e3)])
def test_slopes_match_differences(index, cutoff):
    by_index, by_cutoff = jax.grad(power_law, argnums=(1, 2))(50.0, index, cutoff)
    h = 1e-5
    difference = (VALUE(50.0, index + h, cutoff) - VALUE(50.0, index - h, cutoff)) / (2.0 * h)
    np.testing.assert_allclose(by_index, difference, rtol=1e-8)
    difference = (VALUE(50.0, index, cutoff * (1.0 + h)) - VALUE(50.0, index, cutoff * (1.0 - h))) / (2.0 * h * cutoff)
    # A small difference of large numbers where the cut-off lies far above: rounding over the step.
    np.testing.assert_allclose(by_cutoff, difference, rtol=1e-6)


def test_power_law_module_carries_the_function():
    kinetic = jnp.geomspace(0.1, 1e6, 8)
    spectrum = PowerLaw(index=2.3, log10_cutoff=2.5)
    np.testing.assert_allclose(spectrum(kinetic), power_law(kinetic, 2.3, 10.0**5.5), rtol=1e-12)
    assert isinstance(spectrum, AbstractSpectrum)
    slopes = jax.tree.leaves(jax.grad(lambda s: jnp.sum(s(kinetic) * kinetic**2))(spectrum))
    assert len(slopes) == 2
    assert all(abs(float(slope)) > 0.0 for slope in slopes)


def test_broadcasts():
    kinetic = jnp.geomspace(1.0, 1e5, 4)
    index, cutoff = jnp.array([[2.0], [2.4]]), jnp.array([[[1e3]], [[1e5]], [[1e6]]])
    grid = power_law(kinetic, index, cutoff)
    assert grid.shape == (3, 2, 4)
    np.testing.assert_allclose(grid[2, 1, 3], power_law(1e5, 2.4, 1e6), rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_lowers_for_cuda_and_keeps_the_dtype(dtype):
    kinetic, spectrum = jnp.geomspace(0.1, 1e6, 5, dtype=dtype), PowerLaw(index=dtype(2.2), log10_cutoff=dtype(2.0))
    lowered = export.export(jax.jit(lambda s, t: (s(t), momentum(t), beta(t))), platforms=["cuda"])(spectrum, kinetic)
    assert {leaf.dtype for leaf in lowered.out_avals} == {np.dtype(dtype)}


def test_single_precision_agrees_with_double():
    kinetic = np.geomspace(0.1, 1e6, 20).astype(np.float32)
    single = np.asarray(VALUE(kinetic, np.float32(2.4), np.float32(1e5)))
    double = np.asarray(VALUE(kinetic.astype(float), float(np.float32(2.4)), 1e5))
    # The exponent α ln p reaches 33 in float32.
    np.testing.assert_allclose(single, double, rtol=1e-5)
