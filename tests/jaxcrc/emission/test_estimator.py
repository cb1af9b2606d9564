"""The energy density that gamma rays and gas mass give, against the published relation and a density put in."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from jaxcrc import cr_energy_density, hadronic_emission, published_energy_density, units


def test_the_published_factor():
    """1.8e-2 eV cm⁻³ within 15 % for E^-2.2 to E^-2.4 with cut-offs of 1 to 10 PeV, M/m_H and η = 1.5 as published."""
    settings = {"models": ("kafexhiu14-pythia8",), "indices": (2.2, 2.3, 2.4), "mass_per_hydrogen": 1.0}
    found = cr_energy_density(1e34, 1e6, 1.5, **settings)
    assert float(published_energy_density(1e34, 1e6)) == pytest.approx(1.8e-2)
    assert 0.85 * 1.8e-2 < found.low < found.value < found.high < 1.15 * 1.8e-2
    assert found.low == pytest.approx(0.0160, abs=4e-4)
    assert found.high == pytest.approx(0.0178, abs=4e-4)


@pytest.mark.slow
def test_gives_back_what_was_put_in():
    """A cloud filled with E^-2.3 up to 3 PeV: L by plain sums on a fine grid, and w by the integral of the law."""
    energy = np.geomspace(1e3, 1e8, 401)
    density = 1e-12 * (energy + units.PROTON_MASS) ** -2.3 * np.exp(-energy / 3e6)
    photon = np.geomspace(1e3, 3e6, 400)
    emissivity = np.asarray(hadronic_emission(photon, energy, "kafexhiu14-sibyll", 1.7) @ density)
    hydrogen = 1e5 * units.HYDROGEN_PER_SOLAR_MASS
    luminosity = hydrogen * np.trapezoid(photon**2 * emissivity, np.log(photon)) * units.ERG_PER_GEV
    inside = energy >= 1e4
    held = np.trapezoid((energy**2 * density)[inside], np.log(energy[inside])) * 1e9
    found = cr_energy_density(luminosity, 1e5, 1.7, ("kafexhiu14-sibyll",), (2.3,), (3e6,))
    assert float(found.value) == pytest.approx(held, rel=5e-3)
    np.testing.assert_allclose([found.low, found.high], found.value, rtol=1e-12)


@pytest.mark.slow
def test_systematic_and_scaling():
    """Over models, indices and cut-offs the estimate spreads by a factor of two; it goes as L/M, and is traced."""
    found = cr_energy_density(3e34, 2e6)
    assert 1.5 < found.high / found.low < 2.2
    assert found.low < found.value < found.high
    slope = jax.grad(lambda mass: cr_energy_density(3e34, mass, models=("kelner06",), indices=(2.3,)).value)(2e6)
    value = cr_energy_density(3e34, 2e6, models=("kelner06",), indices=(2.3,)).value
    assert float(slope) == pytest.approx(-float(value) / 2e6, rel=1e-9)
