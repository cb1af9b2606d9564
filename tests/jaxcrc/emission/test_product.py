"""Product integration against closed forms."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from jax.tree_util import Partial
from scipy.special import exp1, gamma, gammaincc

from jaxcrc.emission.product import band_nodes, product_matrix, sum_bands

PHOTON = jnp.array([2.0, 3.7, 11.0, 40.0])
SLOPE = 1.5


@Partial
def threshold_law(photon, energy):
    """E^-SLOPE where the energy is above three times the photon's."""
    return jnp.where(energy > 3.0 * photon, energy**-SLOPE, 0.0)


@Partial
def three_photons(photon):
    return 3.0 * photon


@Partial
def stair(photon, energy):
    return jnp.where(energy < 20.0, 1.0, 2.0) * jnp.ones_like(photon * energy)


@Partial
def nowhere(photon):
    return 0.0 * photon + 1e-3


def grid(per_decade: int, low: float = 1.0, high: float = 1e4) -> jnp.ndarray:
    return jnp.geomspace(low, high, round(per_decade * np.log10(high / low)) + 1)


def power_integral(power, low, high):
    """∫ E^power dE."""
    return (high ** (power + 1.0) - low ** (power + 1.0)) / (power + 1.0)


@pytest.mark.parametrize("index", [0.5, 2.0, 2.7, 4.0])
def test_power_laws(index):
    """The bound (a h)⁶/43 of the interpolation; in the last two intervals, of lower order, (a h)²/8 of their part."""
    energy = grid(20)
    found = product_matrix(PHOTON, energy, threshold_law, three_photons, ()) @ energy**-index
    low, ah = 3.0 * np.asarray(PHOTON), abs(2.0 - index) * np.log(10.0) / 20.0
    expected = power_integral(-SLOPE - index, low, 1e4)
    end = power_integral(-SLOPE - index, float(energy[-3]), 1e4) / expected
    assert np.all(np.abs(found / expected - 1.0) <= 1e-12 + ah**6 / 43.0 + ah**2 / 8.0 * end)


def test_polynomials_of_degree_five_are_exact():
    """E² n a quintic in ln E is its own interpolant, on uneven energies too; not where the grid ends."""
    rng = np.random.default_rng(5)
    energy = jnp.exp(jnp.sort(jnp.asarray(np.concatenate([rng.uniform(0.0, 6.0, 40), np.arange(6.1, 7.0, 0.15)]))))
    last = float(energy[-6])

    @Partial
    def kernel(photon, energy):
        return jnp.where(energy < last, energy, 0.0) * jnp.ones_like(photon)

    found = product_matrix(PHOTON, energy, kernel, nowhere, (last,)) @ ((jnp.log(energy) - 2.0) ** 5 * energy**-2.0)
    low, high = np.log(float(energy[0])) - 2.0, np.log(last) - 2.0
    np.testing.assert_allclose(found, (high**6 - low**6) / 6.0, rtol=1e-9)


def test_exponential_cut_off():
    """∫_3ε^∞ E^-2.5 e^(-E/30) dE by incomplete gamma functions, for photons whose protons begin at 6, 11, 33, 120."""
    energy, cut = grid(20), 30.0
    found = product_matrix(PHOTON, energy, threshold_law, three_photons, ()) @ (jnp.exp(-energy / cut) / energy)
    x = 3.0 * np.asarray(PHOTON) / cut
    # Γ(-1.5, x) from Γ(0.5, x) by two steps of its recurrence.
    upper = gamma(0.5) * gammaincc(0.5, x)
    for s in (-0.5, -1.5):
        upper = (upper - x**s * np.exp(-x)) / s
    np.testing.assert_allclose(found, cut**-SLOPE * upper, rtol=1e-4)


def test_converges_with_the_sixth_power_of_the_spacing():
    """Halving the spacing takes the error of a cut-off down by nearly 64; E₁ is the closed form."""
    cut, photon = 30.0, jnp.array([10.0])

    @Partial
    def kernel(photon, energy):
        return jnp.where(energy > 3.0 * photon, 1.0 / energy, 0.0)

    errors = []
    for per_decade in (6, 12):
        energy = grid(per_decade, high=1e5)
        found = (product_matrix(photon, energy, kernel, three_photons, ()) @ jnp.exp(-energy / cut))[0]
        errors.append(abs(float(found) / exp1(1.0) - 1.0))
    assert 20.0 < errors[0] / errors[1] < 200.0


def test_joins_are_panel_ends():
    """A kernel that jumps between two energies of the grid is integrated exactly where its join is named."""
    energy = grid(5)
    expected = power_integral(-2.0, 1.0, 20.0) + 2.0 * power_integral(-2.0, 20.0, 1e4)
    named = product_matrix(PHOTON, energy, stair, nowhere, (20.0,)) @ energy**-2.0
    unnamed = product_matrix(PHOTON, energy, stair, nowhere, ()) @ energy**-2.0
    np.testing.assert_allclose(named, expected, rtol=1e-8)
    assert abs(float(unnamed[0]) / expected - 1.0) > 1e-5


@pytest.mark.parametrize("sharpness", [1.0, 2.0, 6.0])
@pytest.mark.parametrize("cut", [5.0, 60.0, 3e3])
def test_steep_densities_stay_positive(cut, sharpness):
    """From slow exponentials to walls that fall by hundreds of orders of magnitude from one energy to the next."""
    energy, photon = grid(20), jnp.geomspace(0.01, 3e3, 150)
    density = energy**-2.2 * jnp.exp(-((energy / cut) ** sharpness))
    assert np.all(product_matrix(photon, energy, threshold_law, three_photons, ()) @ density >= 0.0)


def test_photons_beyond_the_grid_have_empty_rows():
    assert np.all(product_matrix(jnp.array([1e4, 1e8]), grid(20), threshold_law, three_photons, ()) == 0.0)


@pytest.mark.parametrize("count", [1, 31, 32, 33, 100])
def test_any_number_of_photons(count):
    """Rows do not depend on how photons fall into blocks."""
    photon, energy = jnp.geomspace(0.1, 50.0, count), grid(5)
    found = product_matrix(photon, energy, threshold_law, three_photons, ())
    alone = [product_matrix(photon[i : i + 1], energy, threshold_law, three_photons, ())[0] for i in (0, count - 1)]
    assert found.shape == (count, energy.size)
    np.testing.assert_allclose(found[jnp.array([0, -1])], jnp.stack(alone), rtol=1e-13)


def test_bands_of_a_law_with_a_kink():
    """∫ |E − 1| dE over a band that holds the corner, which costs digits unless it is the end of a panel, and over one
    that does not.
    """
    node, weight = band_nodes(jnp.array([0.2, 2.0]), jnp.array([3.0, 20.0]), 1.0)
    found = sum_bands(jnp.abs(node - 1.0).reshape(-1, 1), weight)[:, 0]
    expected = [0.5 * (0.8**2 + 2.0**2), 0.5 * (19.0**2 - 1.0**2)]
    np.testing.assert_allclose(found, expected, rtol=1e-7)
