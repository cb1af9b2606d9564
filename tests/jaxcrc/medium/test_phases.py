import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from jaxcrc.medium.diffusion import larmor_radius
from jaxcrc.medium.phases import PHASES, kappa_bohm, phase
from jaxcrc.units import CM2_S_PER_PC2_KYR, CM_PER_PC, KM_S_PER_PC_KYR, S_PER_KYR

# Marcowith 2025, Table 2, and what follows: V_A,i, V_A,t [km/s]; ν_in, ν_ni [1/s]; r_L [cm] and κ_B [cm²/s] at 10 GeV
TABLE = {
    "hism": (39.7, 39.7, 0.0, None, 1.67e13, 2.12e23),
    "wim": (17.7, 16.8, 5.44e-10, 4.90e-9, 6.67e12, 8.49e22),
    "wnm": (118.5, 16.8, 5.33e-9, 1.09e-10, 6.67e12, 8.49e22),
    "cnm": (24.4, 2.16, 6.12e-8, 4.86e-10, 5.56e12, 7.07e22),
    "dim": (21.8, 0.584, 6.30e-7, 4.53e-10, 5.56e12, 7.07e22),
    "dc": (243.0, 0.899, 2.1e-5, 2.87e-10, 5.56e11, 7.07e21),
}


@pytest.mark.parametrize("name", PHASES)
def test_derived_quantities(name):
    ion, total, nu_in, nu_ni, larmor, bohm = TABLE[name]
    medium = phase(name)
    # the table gives three digits, some of them two
    assert float(medium.alfven_ion) * KM_S_PER_PC_KYR == pytest.approx(ion, rel=4e-3)
    assert float(medium.alfven_total) * KM_S_PER_PC_KYR == pytest.approx(total, rel=4e-3)
    assert float(medium.ion_collisions) / S_PER_KYR == pytest.approx(nu_in, rel=4e-3)
    if nu_ni is not None:
        assert float(medium.neutral_collisions) / S_PER_KYR == pytest.approx(nu_ni, rel=4e-3)
    assert float(larmor_radius(10.0, medium.field)) * CM_PER_PC == pytest.approx(larmor, rel=4e-3)
    assert float(kappa_bohm(10.0, medium.field)) * CM2_S_PER_PC2_KYR == pytest.approx(bohm, rel=4e-3)
    ratio = medium.neutral_collisions * medium.neutral_density, medium.ion_collisions * medium.ion_density
    np.testing.assert_allclose(*ratio, rtol=1e-12, atol=1e-12)  # momentum is conserved in collisions


def test_mass_is_one():
    """Waves, remnants and grammage carry the same mass, molecules and helium counted."""
    medium = phase("dc")
    assert float(medium.hydrogen) == pytest.approx(1.0e4 * 2.12 / 1.4, rel=1e-4)  # nearly all in molecules of 2.12 m_H
    assert float(phase("wim").hydrogen) == pytest.approx(0.35 * 1.21 / 1.4, rel=1e-12)


def test_names_in_either_case_and_unknown_ones():
    assert phase("CNM").name == "cnm"
    with pytest.raises(ValueError, match=r"lukewarm.*hism"):
        phase("lukewarm")


def test_every_field_may_be_changed():
    medium = phase("wim")
    for field in dataclasses.fields(medium):
        if field.metadata.get("unit") is None:
            continue
        changed = dataclasses.replace(medium, **{field.name: 0.9 * getattr(medium, field.name)})
        before, after = (
            jnp.stack([m.alfven_ion, m.alfven_total, m.ion_collisions, m.neutral_collisions, m.thermal_speed])
            for m in (medium, changed)
        )
        assert bool(jnp.any(before != after)), field.name
