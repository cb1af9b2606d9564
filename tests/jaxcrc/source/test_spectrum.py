"""Released spectra and kinematics against quadrature and closed forms."""

from __future__ import annotations

import dataclasses
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export
from scipy.integrate import quad

from jaxcrc.source.pulsar import ElectronBrokenPowerLaw, ElectronLogParabola, ElectronPowerLaw
from jaxcrc.source.spectrum import (
    AbstractSpectrum,
    BrokenPowerLawInMomentum,
    LogParabolaInMomentum,
    PowerLaw,
    beta,
    momentum,
)
from jaxcrc.units import PROTON_MASS


@jax.jit
def VALUE(kinetic, index, cutoff, sharpness=1.0):
    return PowerLaw(index=index, log10_cutoff=jnp.log10(cutoff) - 3.0, sharpness=sharpness)(kinetic)


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
    by_index, by_cutoff = jax.grad(VALUE, argnums=(1, 2))(50.0, index, cutoff)
    h = 1e-5
    difference = (VALUE(50.0, index + h, cutoff) - VALUE(50.0, index - h, cutoff)) / (2.0 * h)
    np.testing.assert_allclose(by_index, difference, rtol=1e-8)
    difference = (VALUE(50.0, index, cutoff * (1.0 + h)) - VALUE(50.0, index, cutoff * (1.0 - h))) / (2.0 * h * cutoff)
    # A small difference of large numbers where the cut-off lies far above: rounding over the step.
    np.testing.assert_allclose(by_cutoff, difference, rtol=1e-6)


LAWS = {
    "super-exponential": (PowerLaw, {"index": 2.2, "log10_cutoff": 1.5, "sharpness": 3.0}),
    "broken": (
        BrokenPowerLawInMomentum,
        {"index": 1.6, "index_above": 2.7, "log10_break": -0.5, "log10_cutoff": 2.0, "sharpness": 2.0},
    ),
    "log-parabola": (LogParabolaInMomentum, {"index": 2.1, "curvature": 0.12, "log10_cutoff": 3.0}),
}


def written(name: str, energy: float) -> float:
    """The laws as papers write them."""
    law = {key: float(value) for key, value in LAWS[name][1].items()}
    cut = np.exp(-((energy / 10 ** (law["log10_cutoff"] + 3.0)) ** law.get("sharpness", 1.0)))
    if name == "broken":
        at = energy / 10 ** (law["log10_break"] + 3.0)
        return at ** -(law["index"] if at < 1.0 else law["index_above"]) * cut
    if name == "log-parabola":
        return (energy / 1e3) ** -(law["index"] + law["curvature"] * np.log(energy / 1e3)) * cut
    return energy ** -law["index"] * cut


def in_kinetic(name: str, kinetic: float) -> float:
    total = kinetic + PROTON_MASS
    p = np.sqrt(total**2 - PROTON_MASS**2)
    return written(name, p) * total / p


@pytest.mark.parametrize("name", LAWS)
def test_every_law_is_as_papers_write_it_and_releases_one_gev(name):
    kind, values = LAWS[name]
    norm = log_quad(lambda t: t * t * in_kinetic(name, t), 1.0, 5e6)
    kinetic = np.array([0.01, 1.0, 30.0, 1e3, 5e4])
    expected = np.array([in_kinetic(name, t) for t in kinetic]) / norm
    np.testing.assert_allclose(kind(**values)(kinetic), expected, rtol=1e-7)


@pytest.mark.parametrize("name", LAWS)
def test_every_parameter_of_a_law_acts(name):
    kind, values = LAWS[name]
    kinetic = jnp.geomspace(0.1, 1e6, 20)
    law = kind(**values)
    assert isinstance(law, AbstractSpectrum)
    slopes = jax.tree.leaves(jax.grad(lambda s: jnp.sum(s(kinetic) * kinetic**2))(law))
    assert len(slopes) == len(dataclasses.fields(kind)) - (name == "log-parabola")
    assert all(np.isfinite(slope) and abs(float(slope)) > 0.0 for slope in slopes)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (ElectronPowerLaw, "super-exponential"),
        (ElectronBrokenPowerLaw, "broken"),
        (ElectronLogParabola, "log-parabola"),
    ],
)
def test_electrons_release_one_gev_above_their_least_energy(kind, name):
    law = kind(**LAWS[name][1], energy_min=30.0)
    end = float(law.energy_max())
    norm = log_quad(lambda e: e * e * written(name, e), 30.0, end)
    energy = np.array([1.0, 30.0, 1e3, 5e4])
    np.testing.assert_allclose(law(energy), np.array([written(name, e) for e in energy]) / norm, rtol=1e-7)
    assert written(name, end) < 1e-15 * written(name, float(law.cutoff()))
    assert float(law.energy_knee()) < end


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
