"""Nuclear enhancement of a composition: limits, sums by hand, and the published form for local abundances."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxcrc import Composition, hadronic_emission, units
from jaxcrc.emission.composition import enhancement, proton_nucleus_cross_section
from jaxcrc.emission.kafexhiu14 import nuclear_enhancement
from jaxcrc.interactions.inelastic import inelastic_cross_section

ENERGY = np.geomspace(0.28, 1e7, 152)


def test_protons_on_hydrogen_are_not_enhanced():
    np.testing.assert_allclose(enhancement(ENERGY, Composition()), 1.0)


def test_helium_by_hand():
    """One pair more for each partner: ε = 1 + (X + Y)(4 + σ_pHe/σ_pp)/2 + 4 X Y σ_pHe/σ_pp."""
    ratio = np.asarray(proton_nucleus_cross_section(ENERGY, 4) / inelastic_cross_section(np.maximum(ENERGY, 1.0)))
    ratio = np.where(ENERGY < 1.0, float(proton_nucleus_cross_section(1.0, 4) / inelastic_cross_section(1.0)), ratio)
    expected = 1.0 + 0.5 * (0.07 + 0.1) * (4.0 + ratio) + 4.0 * 0.07 * 0.1 * ratio
    np.testing.assert_allclose(enhancement(ENERGY, Composition.of({"He": 0.07}, {"He": 0.1})), expected, rtol=1e-12)


def test_proton_helium_cross_section():
    """1 + 4^{1/3} − β₀(1 + 4^{−1/3}) = 1.355 and π(1.36 fm)² = 58.1 mb: 106.7 mb."""
    assert float(proton_nucleus_cross_section(100.0, 4)) == pytest.approx(106.7, rel=2e-3)


def test_local_abundances_give_nearly_the_published_factor():
    """Helium and heavier nuclei near the Sun (gas: He 0.096; cosmic rays: a few per cent): the factor and its fall with
    energy as published, for abundances that are not quite the same, within 5 %.
    """
    gas = {"He": 0.096, "O": 1.38e-3, "Si": 2.1e-4, "Fe": 3.25e-5}
    local = Composition.of({"He": 0.05, "O": 3e-3, "Si": 1e-3, "Fe": 3e-4}, gas)
    energy = np.geomspace(1.0, 1e6, 13)
    np.testing.assert_allclose(enhancement(energy, local), nuclear_enhancement(energy), rtol=0.05)


@pytest.mark.slow
def test_in_a_matrix():
    local = Composition.of({}, {"He": 0.1})
    photon, law = np.array([1.0, 100.0]), (ENERGY + units.PROTON_MASS) ** -2.2
    ratio = hadronic_emission(photon, ENERGY, nuclear=local) @ law / (hadronic_emission(photon, ENERGY) @ law)
    edges = np.asarray(enhancement(np.array([1.0, 1e7]), local))
    assert np.all((ratio > edges.min()) & (ratio < edges.max()))


def test_gradient_and_precision():
    local = Composition.of({"He": 0.07}, {"He": 0.1})
    energy = jnp.array([0.0, 0.28, 1.0, 1e3, 1e6])
    assert np.all(np.isfinite(jax.jit(jax.vmap(jax.grad(lambda e: enhancement(e, local))))(energy)))
    assert enhancement(energy.astype(jnp.float32), local).dtype == jnp.float32


@pytest.mark.parametrize(
    ("nuclei", "message"), [({"Xx": 0.1}, "unknown nucleus 'Xx'"), ({"He": -0.1}, "is no number of He")]
)
def test_bad_compositions(nuclei, message):
    with pytest.raises(ValueError, match=message):
        Composition.of({}, nuclei)
