"""Diffusion references against the values printed for them, and the laws built on them."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import export

from jaxcrc.medium.diffusion import (
    REFERENCES,
    AbstractMedium,
    PowerLawDiffusion,
    SuppressedDiffusion,
    bohm,
    kappa,
    kappa_0,
)

PC2_KYR = 3.0856775815e18**2 / 3.15576e10  # [cm² s⁻¹]
# κ₀ [cm² s⁻¹] at 10 GeV, 10 TeV and 100 TeV, as printed: half a unit of the last digit is the tolerance.
PRINTED = {
    "nava16": (1.0e28, 3.16e29, 1.0e30),
    "halo18": (7.5e28, 7.47e29, 1.61e30),
    "ml22": (7.4e28, 7.2e29, 1.55e30),
    "bc18": (6.35e28, 1.40e30, None),
    "craic_slow": (9.5e26, 3e28, 9.5e28),
    "craic_fast": (9.5e27, 3e29, 9.5e29),
    "sp4e28": (8.6e28, 8.6e29, 1.86e30),
}
UNIT = {
    7.47e29: 0.01e29,
    6.35e28: 0.01e28,
    3.16e29: 0.01e29,
    1.61e30: 0.01e30,
    1.55e30: 0.01e30,
    1.86e30: 0.01e30,
    1.40e30: 0.01e30,
}


@pytest.mark.parametrize("name", PRINTED)
def test_references_match_the_printed_table(name):
    values = np.asarray(kappa_0(name, jnp.array([10.0, 1e4, 1e5]))) * PC2_KYR
    for value, printed in zip(values, PRINTED[name], strict=True):
        if printed is not None:
            last_digit = UNIT.get(printed, 0.1 * 10.0 ** np.floor(np.log10(printed)))
            assert abs(value - printed) <= 0.5 * last_digit


def test_every_reference_is_tested():
    assert set(PRINTED) == set(REFERENCES)


def test_broken_reference_against_its_published_form():
    rigidity = np.array([3.0, 100.0, 290.0, 1e3, 1e6])
    form = 1.75e28 * rigidity**0.56 / (1.0 + (rigidity / 290.0) ** (0.22 / 0.09)) ** 0.09
    np.testing.assert_allclose(np.asarray(kappa_0("bc18", rigidity)) * PC2_KYR, form, rtol=1e-13)


@pytest.mark.parametrize("name", [name for name, law in REFERENCES.items() if law.break_change == 0.0])
def test_no_suppression_and_no_change_of_slope_returns_the_reference(name):
    momentum = jnp.geomspace(1.0, 1e6, 13)
    got = kappa(momentum, 0.0, REFERENCES[name].delta, name, 10.0)
    np.testing.assert_allclose(got, kappa_0(name, momentum), rtol=1e-13)


@pytest.mark.parametrize("name", REFERENCES)
@pytest.mark.parametrize("pivot", [10.0, 1e4])
def test_suppression_is_counted_at_the_pivot(name, pivot):
    np.testing.assert_allclose(kappa(pivot, -1.3, 0.7, name, pivot), 10.0**-1.3 * kappa_0(name, pivot), rtol=1e-13)
    np.testing.assert_allclose(
        kappa(3.0 * pivot, -1.3, 0.7, name, pivot) / kappa(pivot, -1.3, 0.7, name, pivot), 3.0**0.7, rtol=1e-13
    )


def test_geminga_needs_strong_suppression():
    # 4.5e27 cm² s⁻¹ at 100 TeV (HAWC 2017) is χ = 4.5e-3 of nava16 and 2.4e-3 of sp4e28.
    wanted = 4.5e27 / PC2_KYR
    np.testing.assert_allclose(wanted / kappa_0("nava16", 1e5), 4.5e-3, rtol=1e-3)
    np.testing.assert_allclose(wanted / kappa_0("sp4e28", 1e5), 2.4e-3, rtol=2e-2)


def test_bohm():
    # r_L = 3.3356e12 cm (pc/GeV)(B/µG)⁻¹; c r_L/3 = 3.3333e22 cm² s⁻¹ per GeV and µG⁻¹.
    np.testing.assert_allclose(bohm(1.0, 1.0) * PC2_KYR, 2.99792458e10 * 3.33564e12 / 3.0, rtol=1e-5)
    np.testing.assert_allclose(bohm(jnp.array([10.0, 100.0]), 5.0), [2.0 * bohm(1.0, 1.0), 20.0 * bohm(1.0, 1.0)])


def test_unknown_reference():
    with pytest.raises(ValueError, match=r"'nava61'.*did you mean 'nava16'\?.*halo18"):
        kappa_0("nava61", 10.0)
    with pytest.raises(ValueError, match="known are nava16"):
        kappa(10.0, 0.0, 0.5, "slow", 10.0)
    with pytest.raises(ValueError, match="unknown diffusion reference"):
        SuppressedDiffusion(log10_chi=0.0, delta=0.5, reference="none of these")


@pytest.mark.parametrize("pivot", [0.0, -10.0, float("nan")])
def test_pivot_must_be_positive(pivot):
    with pytest.raises(ValueError, match="not positive"):
        SuppressedDiffusion(log10_chi=0.0, delta=0.5, reference="nava16", pivot=pivot)
    with pytest.raises(ValueError, match="not positive"):
        PowerLawDiffusion(log10_kappa=28.0, delta=0.5, pivot=pivot)


def test_media_carry_their_functions():
    momentum = jnp.geomspace(1.0, 1e6, 7)
    suppressed = SuppressedDiffusion(log10_chi=-1.5, delta=0.4, reference="halo18", pivot=100.0)
    np.testing.assert_allclose(suppressed.kappa(momentum), kappa(momentum, -1.5, 0.4, "halo18", 100.0), rtol=1e-15)
    direct = PowerLawDiffusion(log10_kappa=28.0, delta=0.5)
    np.testing.assert_allclose(direct.kappa(momentum), kappa_0("nava16", momentum), rtol=1e-13)
    assert isinstance(suppressed, AbstractMedium)


@pytest.mark.parametrize(
    "medium",
    [SuppressedDiffusion(log10_chi=-1.0, delta=0.3, reference="bc18"), PowerLawDiffusion(log10_kappa=27.0, delta=0.3)],
)
def test_every_parameter_has_an_effect(medium):
    slopes = jax.grad(lambda m: jnp.sum(jnp.log(m.kappa(jnp.array([1e3, 1e5])))))(medium)
    # d ln κ = ln 10 d(log10), and ln(pc/E₀) dδ.
    expected = [2.0 * np.log(10.0), np.log(1e2) + np.log(1e4)]
    np.testing.assert_allclose(jax.tree.leaves(slopes), expected, rtol=1e-13)
    assert all(field.metadata["doc"] for field in medium.__dataclass_fields__.values() if "unit" in field.metadata)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_lowers_for_cuda_and_keeps_the_dtype(dtype):
    momentum = jnp.geomspace(1.0, 1e6, 5, dtype=dtype)
    media = [
        SuppressedDiffusion(log10_chi=dtype(-1.0), delta=dtype(0.3), reference="bc18"),
        PowerLawDiffusion(log10_kappa=dtype(27.0), delta=dtype(0.3)),
    ]
    for medium in media:
        lowered = export.export(jax.jit(lambda m, p: m.kappa(p)), platforms=["cuda"])(medium, momentum)
        assert lowered.out_avals[0].dtype == dtype
    for function in (lambda p: kappa_0("bc18", p), lambda p: bohm(p, 3.0)):
        assert export.export(jax.jit(function), platforms=["cuda"])(momentum).out_avals[0].dtype == dtype


def test_single_precision_agrees_with_double():
    momentum = np.geomspace(1.0, 1e6, 9)
    single = kappa(jnp.asarray(momentum, jnp.float32), -1.0, 0.4, "bc18", 10.0)
    # ln κ reaches 15, whose rounding is 1e-6.
    np.testing.assert_allclose(single, kappa(momentum, -1.0, 0.4, "bc18", 10.0), rtol=3e-6)


def test_names_and_pivots_are_not_leaves():
    leaves = jax.tree.leaves(eqx.filter(SuppressedDiffusion(log10_chi=-1.0, delta=0.3, reference="bc18"), eqx.is_array))
    assert len(leaves) == 2
