"""Rates against Marcowith 2025's phases, the dispersion relation against NumPy's roots."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxcrc.medium.damping import DAMPINGS, damping_rate, mach_factor, turbulent
from jaxcrc.medium.diffusion import larmor_radius
from jaxcrc.medium.dispersion import alfven_mode, band_entry
from jaxcrc.medium.phases import Neutral, phase
from jaxcrc.units import S_PER_KYR

PARTLY_IONISED = ("wim", "wnm", "cnm", "dim", "dc")
ENERGY = np.logspace(0.0, 5.0, 61)

# Γ_in [1/s] at 10 GeV, 100 GeV, 1 TeV, 10 TeV; None in the evanescent band
RATES = {
    "hism": (0.0, 0.0, 0.0, 0.0),
    "wim": (2.72e-10, 2.63e-10, 5.38e-11, 6.43e-13),
    "wnm": (2.67e-9, 2.67e-9, 2.67e-9, None),
    "cnm": (3.06e-8, 3.06e-8, 1.55e-10, 1.55e-12),
    "dim": (3.15e-7, None, 1.22e-11, 1.22e-13),
    "dc": (1.05e-5, None, None, 4.55e-11),
}


def roots(medium, energy, extra=()):
    """(Γ, ω_r, whether evanescent) from the polynomial's roots."""
    w = float(medium.alfven_ion / larmor_radius(energy, medium.field))
    species = [(float(medium.ion_collisions), float(medium.neutral_collisions)), *extra]
    whole = np.poly1d([1.0, 0.0, w * w])
    for _, back in species:
        whole = whole * np.poly1d([1.0, back])
    for i, (rate, _) in enumerate(species):
        term = np.poly1d([rate, 0.0, 0.0])
        for j, (_, back) in enumerate(species):
            term = term if i == j else term * np.poly1d([1.0, back])
        whole = whole + term
    found = whole.roots
    wave = found[np.argmax(found.imag)]
    if abs(wave.imag) < 1e-9 * abs(wave):
        return -found.real.max(), 0.0, True
    return -wave.real, wave.imag, False


@pytest.mark.parametrize("name", PARTLY_IONISED)
def test_one_neutral_species_against_numpy(name):
    medium = phase(name)
    mode = alfven_mode(medium, jnp.asarray(ENERGY))
    for k, energy in enumerate(ENERGY):
        rate, frequency, evanescent = roots(medium, energy)
        assert bool(mode.evanescent[k]) == evanescent
        # NumPy's own roots lose seven digits where damping is weak
        assert float(mode.damping[k]) == pytest.approx(rate, rel=2e-7)
        if not evanescent:
            wave = float(medium.alfven_ion) / float(larmor_radius(energy, medium.field))
            assert float(mode.speed[k] / medium.alfven_ion) == pytest.approx(frequency / wave, rel=1e-7)


@pytest.mark.parametrize("name", ["wim", "wnm", "cnm"])
def test_helium_besides_hydrogen_against_numpy(name):
    medium = phase(name)
    helium = Neutral(density=0.1 * float(medium.density), mass=4.0, rate=1.1e-9)
    with_helium = dataclasses.replace(medium, neutrals=(helium, Neutral(density=0.01, mass=16.0, rate=2e-9)))
    extra = [
        (float(n.rate * n.density) * S_PER_KYR, float(n.rate * medium.ion_density / n.mass) * S_PER_KYR)
        for n in with_helium.neutrals
    ]
    mode = alfven_mode(with_helium, jnp.asarray(ENERGY))
    for k, energy in enumerate(ENERGY):
        rate, _, evanescent = roots(medium, energy, extra)
        assert bool(mode.evanescent[k]) == evanescent
        assert float(mode.damping[k]) == pytest.approx(rate, rel=1e-5)


def test_helium_of_the_warm_medium_adds_seven_per_cent():
    medium = phase("wim")
    with_helium = dataclasses.replace(medium, neutrals=(Neutral(density=0.035, mass=4.0, rate=1.1e-9),))
    ratio = alfven_mode(with_helium, 10.0).damping / alfven_mode(medium, 10.0).damping
    assert float(ratio) == pytest.approx(1.07, abs=0.005)


@pytest.mark.parametrize("name", RATES)
def test_ion_neutral_rates_of_the_phases(name):
    for energy, expected in zip((10.0, 100.0, 1e3, 1e4), RATES[name], strict=True):
        mode = alfven_mode(phase(name), jnp.asarray(energy))
        assert bool(mode.evanescent) == (expected is None)
        if expected is not None:
            assert float(mode.damping) / S_PER_KYR == pytest.approx(expected, rel=4e-3, abs=1e-20)


@pytest.mark.parametrize(
    ("name", "edges"), [("dim", (12.4, 116.0)), ("cnm", (141.0, 404.0)), ("wnm", (6390.0, 11780.0)), ("wim", None)]
)
def test_evanescent_bands(name, edges):
    """A9: DIM between 10 and 100 GeV, to 10 %; the edges of the phases to 1 %."""
    energy = jnp.logspace(0.0, 5.0, 5001)
    inside = energy[alfven_mode(phase(name), energy).evanescent]
    if edges is None:
        assert inside.size == 0
    else:
        np.testing.assert_allclose([inside[0], inside[-1]], edges, rtol=1e-2)
        k = float(band_entry(phase(name)) / phase(name).alfven_total)
        assert 1.0 / k == pytest.approx(
            float(larmor_radius(inside[-1], phase(name).field)), rel=3e-3
        )  # a step of the walk


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wnm", "cnm", "dim", "dc"])
def test_a_walk_across_both_edges_has_finite_derivatives(name):
    def speed(log_energy, density):
        return alfven_mode(dataclasses.replace(phase(name), density=density), jnp.exp(log_energy)).speed

    walk = jnp.linspace(0.0, np.log(1e5), 20001)
    density = phase(name).density
    slopes = jax.jit(jax.vmap(jax.grad(speed, argnums=(0, 1)), in_axes=(0, None)))(walk, density)
    for slope in slopes:
        assert bool(jnp.all(jnp.isfinite(slope)))
    # floored at 3 % of V_A,t: |dV/d ln E| stays below a few hundred V_A,i
    assert float(jnp.abs(slopes[0]).max()) < 300.0 * float(phase(name).alfven_ion)
    v = speed(walk, density)
    inside = alfven_mode(phase(name), jnp.exp(walk)).evanescent
    assert float(jnp.abs(v[inside]).max()) == 0.0
    # the slope is that of the function, also on the floored part
    numeric = jnp.gradient(v, walk)
    kinks = jnp.flatnonzero(jnp.diff(inside.astype(int)))
    smooth = jnp.min(jnp.abs(jnp.arange(walk.size)[:, None] - kinks), axis=1) > 30
    np.testing.assert_allclose(slopes[0][smooth], numeric[smooth], atol=2e-3 * float(phase(name).alfven_ion))


def test_strongly_driven_waves_may_cross_the_band():
    medium = phase("dim")
    mode = alfven_mode(medium, jnp.asarray(50.0), evanescent="slowest")
    assert float(mode.speed) == pytest.approx(float(medium.alfven_total))
    with pytest.raises(ValueError, match="fast"):
        alfven_mode(medium, 50.0, evanescent="fast")


def test_non_linear_and_turbulent_rates_of_the_hot_medium():
    assert float(damping_rate("hism", 10.0, 1.0, damping="nlld")) / S_PER_KYR == pytest.approx(3.41e-7, rel=3e-3)
    rate = damping_rate("hism", 10.0, damping=("turbulent",), injection_scale=100.0)
    assert float(rate) / S_PER_KYR == pytest.approx(5.53e-11, rel=3e-3)
    assert float(damping_rate("hism", 10.0, 0.0, damping="nlld")) == 0.0


def test_mach_dependence_is_continuous_and_one_at_one():
    x = 1e-6
    assert float(mach_factor(x, jnp.asarray(1.0))) == pytest.approx(1.0)
    strong_to_weak = x**0.25  # r_L = L M⁴
    below, above = (float(mach_factor(x, jnp.asarray(strong_to_weak * s))) for s in (1 - 1e-9, 1 + 1e-9))
    assert below == pytest.approx(above, rel=1e-7)
    assert float(mach_factor(x, jnp.asarray(0.5))) == pytest.approx(0.25)
    assert float(mach_factor(x, jnp.asarray(0.01))) == pytest.approx(0.01 ** (8 / 3) * x ** (-1 / 6))
    assert float(mach_factor(x, jnp.asarray(4.0))) == pytest.approx(8.0)


@pytest.mark.slow
def test_collisions_end_the_cascade_for_some_waves_only():
    medium = phase("cnm")
    energy = jnp.logspace(0.0, 5.0, 200)
    speed = alfven_mode(medium, energy).speed
    free, cut = (turbulent(medium, energy, speed, cut_off=flag) for flag in (False, True))
    above = energy > 404.0  # the upper end of the evanescent band in energy, its lower edge in k
    np.testing.assert_array_equal(cut[above], free[above])
    assert float(jnp.max(cut[~above])) == 0.0 < float(jnp.max(free[~above]))


def test_names_add_up_and_each_acts():
    total = damping_rate("wim", 50.0, 1e-3, damping=DAMPINGS)
    parts = [float(damping_rate("wim", 50.0, 1e-3, damping=(name,))) for name in DAMPINGS]
    assert all(part > 0.0 for part in parts)
    assert float(total) == pytest.approx(sum(parts), rel=1e-12)
    speed = 17.65e5  # cm/s; Γ = ½ · 0.052 k V √(I/2) and ½ · 0.052 k V I/2
    k = 1.0 / (5 * 6.67e12)
    kolmogorov, kraichnan = (p / S_PER_KYR for p in parts[-2:])
    assert kolmogorov == pytest.approx(0.026 * k * speed * np.sqrt(5e-4), rel=5e-3)
    assert kraichnan == pytest.approx(0.026 * k * speed * 5e-4, rel=5e-3)


def test_bad_input():
    with pytest.raises(ValueError, match=r"friction.*ion-neutral"):
        damping_rate("wim", 10.0, damping=("friction",))
    with pytest.raises(ValueError, match="positive"):
        damping_rate("wim", -1.0)
    with pytest.raises(ValueError, match="unknown phase"):
        damping_rate("ice", 10.0)


@pytest.mark.slow
def test_single_precision_and_cuda():
    energy = jnp.logspace(0.0, 5.0, 30).astype(jnp.float32)
    medium = jax.tree.map(lambda x: x.astype(jnp.float32), phase("cnm"))
    single = damping_rate(medium, energy)
    assert single.dtype == jnp.float32
    double = damping_rate("cnm", energy.astype(float))
    edge = jnp.abs(jnp.log(energy / 404.0)) < 0.1
    np.testing.assert_allclose(single[~edge], double[~edge], rtol=3e-5)
    jax.export.export(jax.jit(damping_rate), platforms=["cuda"])(medium, energy)
