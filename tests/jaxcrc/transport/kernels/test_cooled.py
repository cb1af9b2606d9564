"""Cooling leptons against adaptive quadrature, the transport equation, closed forms and the limit without losses."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export
from scipy.integrate import quad

import jaxcrc
from jaxcrc.transport.kernels.cooling import cooling, past, rise_at
from jaxcrc.transport.kernels.spherical import burst_point, continuous_point

B0 = 3.1e-6  # b/E² [GeV⁻¹ kyr⁻¹], near that of 3 µG and the microwave background
D0 = 14.9  # κ(100 TeV) [pc² kyr⁻¹], the 4.5e27 cm² s⁻¹ of Geminga
ENERGY = jnp.geomspace(100.0, 5.0e5, 8)
RADIUS = jnp.array([1e-3, 0.1, 1.0, 5.0, 20.0, 60.0, 150.0])


def laws(slope=2.0, cutoff=1e5, delta=1.0 / 3.0, tau0=12.0):
    return (
        lambda e: D0 * (e / 1e5) ** delta,
        lambda e: B0 * e**2,
        lambda e, t: e**-slope * jnp.exp(-e / cutoff) * (1.0 + t / tau0) ** -2,
    )


HALO = jax.jit(
    lambda energy, radius, age, slope, cutoff, delta, tau0: jaxcrc.lepton_halo(
        energy, radius, age, *laws(slope, cutoff, delta, tau0)
    )
)
BURST = jax.jit(
    lambda energy, radius, time: jaxcrc.lepton_burst(
        energy, radius, time, *laws()[:2], lambda e: e**-2.0 * jnp.exp(-e / 1e5)
    )
)

PLAIN = jax.jit(  # the same source at all energies, and a loss that may vanish
    lambda energy, radius, age, rate, kappa, delta, tau0: jaxcrc.lepton_halo(
        energy,
        radius,
        age,
        lambda e: kappa * e**delta,
        lambda e: rate * e**2,
        lambda e, t: (1.0 + t / tau0) ** -2 + 0.0 * e,
    )
)


def halo_by_quadrature(energy, radius, age, slope, cutoff, delta, tau0):
    """∫ over the look-back time with Thomson losses in closed form, adaptive, logarithmic towards both ends."""
    oldest = min(age, 1.0 / (B0 * energy) * (1.0 - 1e-12))

    def integrand(log, from_birth):
        step = np.exp(log)
        back = oldest - step if from_birth else step
        rise = -np.log1p(-B0 * energy * back)
        before = energy * np.exp(rise)
        square = -4.0 * D0 * (energy / 1e5) ** delta * np.expm1((delta - 1.0) * rise) / (1.0 - delta) / (B0 * energy)
        release = before**-slope * np.exp(-before / cutoff) * (1.0 + (age - back) / tau0) ** -2
        return release * np.exp(2.0 * rise - radius**2 / square) * (np.pi * square) ** -1.5 * step

    middle = np.log(0.5 * oldest)
    nearest = np.log(radius**2 / (4.0 * D0 * (energy / 1e5) ** delta) / 700.0)
    total = 0.0
    for start, from_birth in ((min(nearest, middle), False), (np.log(oldest) - 32.0, True)):
        for a, b in zip(np.linspace(start, middle, 15)[:-1], np.linspace(start, middle, 15)[1:], strict=True):
            total += quad(integrand, a, b, args=(from_birth,), epsrel=1e-9, epsabs=0.0, limit=200)[0] if b > a else 0.0
    return total


@pytest.mark.slow
@pytest.mark.parametrize(
    "values", [(342.0, 2.0, 1e5, 1.0 / 3.0, 12.0), (20.0, 2.0, 1e6, 0.0, 0.1), (110.0, 1.5, 3e5, 0.6, 30.0)]
)
@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
def test_halo_against_adaptive_quadrature(values):
    halo = np.asarray(HALO(ENERGY, RADIUS, *values))
    direct = np.array([[halo_by_quadrature(float(e), float(r), *values) for r in RADIUS] for e in ENERGY])
    # From 0.001 pc outwards, through the cooling limit 1/(B0 age) and beyond the cut-off, over eight decades.
    seen = direct > 1e-8 * direct.max(axis=1, keepdims=True)
    assert seen.sum() > 35
    np.testing.assert_allclose(halo[seen], direct[seen], rtol=2e-5)


@pytest.mark.slow
def test_golden_number_of_the_spin_down():
    # D = t = r = 1, Q = (1 + t/0.2)^−2, no losses. By quadrature 0.0043644503987; printed as 0.00436444783.
    halo = PLAIN(jnp.array([1.0, 10.0]), jnp.ones(1), 1.0, 0.0, 1.0, 0.0, 0.2)
    np.testing.assert_allclose(halo, 0.0043644503987, rtol=1e-8)
    np.testing.assert_allclose(halo, 0.00436444783, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.0, 1e-13])
def test_without_losses_the_plain_kernels_return(rate):
    kappa, radius = 2.0 * ENERGY[:, None] ** 0.3, RADIUS[None, :]
    steady = PLAIN(ENERGY, RADIUS, 7.0, rate, 2.0, 0.3, 1e30)
    np.testing.assert_allclose(steady, continuous_point(radius, 7.0, kappa), rtol=1e-5)
    burst = jaxcrc.lepton_burst(ENERGY, RADIUS, 7.0, lambda e: 2.0 * e**0.3, lambda e: rate * e**2, lambda e: e**-2.0)
    np.testing.assert_allclose(burst, ENERGY[:, None] ** -2 * burst_point(radius, 7.0, kappa), rtol=1e-5)


@pytest.mark.slow
def test_thomson_closed_forms():
    kappa, loss, _ = laws()
    table = cooling(ENERGY, kappa, loss, 1e8)
    time = jnp.array(0.5)
    rise, inside = rise_at(table, time)
    before = ENERGY / (1.0 - B0 * ENERGY * time)
    alive = np.asarray((before > 0.0) & (before < 1e8))
    np.testing.assert_array_equal(inside, alive)
    np.testing.assert_allclose(jnp.exp(rise)[alive], (before / ENERGY)[alive], rtol=1e-7)
    back, square = past(table, rise[:, None])
    np.testing.assert_allclose(back[alive, 0], time, rtol=1e-12)
    exact = 4.0 * D0 * 1e5 ** (-1 / 3) / (B0 * 2 / 3) * (ENERGY ** (-2 / 3) - before ** (-2 / 3))
    np.testing.assert_allclose(square[alive, 0], exact[alive], rtol=1e-7)


@pytest.mark.slow
def test_the_burst_obeys_the_transport_equation():
    # ∂n/∂t = κ∇²n + ∂(bn)/∂E, every derivative by automatic differentiation, against the largest of the terms.
    kappa, loss, _ = laws()

    def density(energy, radius, time):
        return BURST(jnp.atleast_1d(energy), jnp.atleast_1d(radius), time)[0, 0]

    @jax.jit
    @jax.vmap
    def terms(energy, radius, time):
        along_time = jax.grad(density, 2)(energy, radius, time)
        outward = jax.grad(lambda r: r**2 * jax.grad(density, 1)(energy, r, time))(radius) / radius**2
        cooled = jax.grad(lambda e: loss(e) * density(e, radius, time))(energy)
        return jnp.stack([along_time, -kappa(energy) * outward, -cooled])

    energy, radius, time = (g.ravel() for g in jnp.meshgrid(ENERGY[:6], RADIUS[2:6], jnp.array([0.3, 4.0, 60.0])))
    parts = terms(energy, radius, time)
    largest = jnp.max(jnp.abs(parts), axis=1)
    residual = jnp.abs(jnp.sum(parts, axis=1)) / jnp.where(largest > 0.0, largest, 1.0)
    assert int(jnp.sum(largest > 0.0)) > 50
    assert float(jnp.max(residual)) < 1e-6


@pytest.mark.slow
def test_particles_are_conserved_without_sources():
    # ∫ n dV of a burst is N(E₀) b(E₀)/b(E): the energy integral of it is the number above the cooled threshold.
    node, weight = np.polynomial.legendre.leggauss(60)
    radius = jnp.asarray(150.0 * (0.5 + 0.5 * node))
    shell = 4.0 * np.pi * radius**2 * 75.0 * weight
    number = np.asarray(BURST(ENERGY[:5], radius, 2.0) @ shell)
    before = ENERGY[:5] / (1.0 - B0 * ENERGY[:5] * 2.0)
    np.testing.assert_allclose(number, before**-2.0 * np.exp(-before / 1e5) * (before / ENERGY[:5]) ** 2, rtol=1e-6)


@pytest.mark.slow
def test_gone_particles_and_their_derivatives_are_zero():
    late = ENERGY, RADIUS, 30.0  # 300 TeV cools within 1.1 kyr
    assert float(BURST(*late)[-1].max()) == 0.0
    assert float(BURST(ENERGY, RADIUS, -1.0).max()) == 0.0
    slopes = jax.grad(lambda *a: BURST(*a)[-1].sum(), argnums=(0, 1, 2))(*late)
    assert all(float(jnp.sum(jnp.abs(slope))) == 0.0 for slope in slopes)
    assert np.isinf(HALO(ENERGY, RADIUS.at[0].set(0.0), 342.0, 2.0, 1e5, 0.3, 12.0)[:, 0]).all()


@pytest.mark.slow
def test_derivatives_of_the_halo_against_differences():
    at = jnp.array([342.0, 2.0, 1e5, 0.4, 12.0])
    value = lambda v: jnp.log(HALO(ENERGY, RADIUS, *v))[1:6, 1:5]  # noqa: E731
    exact = np.asarray(jax.jit(jax.jacfwd(value))(at))
    for i in range(5):
        step = 1e-4 * at[i]
        numeric = (value(at.at[i].add(step)) - value(at.at[i].add(-step))) / (2.0 * step)
        np.testing.assert_allclose(exact[..., i], numeric, rtol=1e-5, atol=1e-5 * np.abs(numeric).max())
        assert np.abs(exact[..., i]).max() > 0.0


@pytest.mark.slow
def test_single_precision_stays_and_agrees():
    args = (342.0, 2.0, 1e5, 0.4, 12.0)
    double = np.asarray(HALO(ENERGY, RADIUS, *args))
    single = HALO(ENERGY.astype("float32"), RADIUS.astype("float32"), *(jnp.float32(a) for a in args))
    assert single.dtype == jnp.float32
    seen = double > 1e-6 * double.max(axis=1, keepdims=True)
    np.testing.assert_allclose(np.asarray(single)[seen], double[seen], rtol=2e-3)
    assert BURST(ENERGY.astype("float32"), RADIUS.astype("float32"), jnp.float32(3.0)).dtype == jnp.float32


def test_lowers_for_cuda():
    shapes = [jax.ShapeDtypeStruct(s, jnp.float64) for s in ((64,), (30,), (), (), (), (), ())]
    export.export(HALO, platforms=["cuda"])(*shapes)
    export.export(BURST, platforms=["cuda"])(*shapes[:3])
