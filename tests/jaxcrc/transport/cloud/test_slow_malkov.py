"""The cloud against Malkov's exact results: its invariant converges, its late profiles are self-similar."""

import numpy as np
import pytest

from jaxcrc.transport.cloud.tube import Resolution
from tests.jaxcrc.transport.cloud.clouds import combination_error, history, numbers

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("pi", [1.0, 10.0])
def test_conserved_combination_converges_with_second_order(pi):
    """Steps halved up to the half-life, at the start too (growth to the root, first step to a fourth); later ones are
    5 %.
    """
    n = numbers(pi, 0.0, 0.0, 0.0)
    finer = [Resolution(steps=250 * 2**k, growth=1.6 ** (0.5**k), first_step=1e-8 * 0.25**k) for k in range(1, 4)]
    errors = [combination_error(history(n, r), pi, until=0.5) for r in finer]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(orders > 1.8), (errors, orders)


# Malkov et al. 2013, self-similar: y'' + (ζ/2) e^y y' = 0, y(0) = Π, y(∞) = 0; 𝒫 = −y' at ζ
ZETA = (0.03, 0.1, 0.3, 1.0, 2.0, 3.0, 5.0)
MALKOV = {
    0.1: (0.0574473, 0.0573036, 0.0560662, 0.0440210, 0.0203624, 5.77776e-3, 1.05521e-4),
    1.0: (0.686090, 0.682061, 0.650770, 0.436356, 0.169375, 0.0448772, 8.04041e-4),
    3.0: (3.32382, 3.20576, 2.60837, 1.09583, 0.330813, 0.0817282, 1.43851e-3),
    5.0: (9.83462, 8.27378, 4.72566, 1.36950, 0.377545, 0.0914737, 1.60257e-3),
    8.0: (34.7224, 16.7242, 6.08222, 1.46270, 0.391567, 0.0943240, 1.65027e-3),
    10.0: (53.6738, 18.9305, 6.26887, 1.47283, 0.393040, 0.0946215, 1.65524e-3),
}


@pytest.mark.parametrize("pi", MALKOV)
def test_self_similar_profiles(pi):
    """A16: 𝒫 = Π p √τ at ζ = x/√τ ≫ 1/√τ, 1 % for ζ ≥ 0.03. No damping, no advection, g = 1."""
    late, extent = 0.02, 4e3 if pi < 4 else 2e4
    resolution = Resolution(
        cells=800, steps=500, after=round((12 if pi < 4 else 10.5) / late), extent=extent, late=late
    )
    record = history(numbers(pi, 0.0, 0.0, 0.0), resolution)
    faces, p, _ = (np.asarray(x) for x in record.extra)
    tau = np.asarray(record.time)
    # late enough that the release is small against ζ = 0.1, early enough that ζ = 5 lies well inside the mesh
    k = int(np.argmin(np.abs(np.sqrt(tau) - resolution.extent / 12.0)))
    root = np.sqrt(tau[k])
    assert root > 300.0
    zeta = 0.5 * (faces[k, 1:] + faces[k, :-1]) / root
    found = np.exp(np.interp(np.log(ZETA), np.log(zeta), np.log(np.maximum(pi * p[k] * root, 1e-300))))
    np.testing.assert_allclose(found, MALKOV[pi], rtol=1e-2)
