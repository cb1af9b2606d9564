"""What particles meet on their way besides gas, and shine by: radiation and magnetic field."""

from __future__ import annotations

import equinox as eqx

from jaxcrc._types import Scalar, choice, facts, gate, param
from jaxcrc.interactions.photon_fields import photon_field

_DENSITY = facts("eV / cm3", "energy density of the radiation", low=0.0)


class PhotonField(eqx.Module):
    """Isotropic radiation with a Planck spectrum of a temperature [K], diluted to an energy density."""

    # By `field` itself: with `param` a type checker takes it for a field with a default, which `temperature` is not.
    energy_density: Scalar = eqx.field(converter=gate(_DENSITY), metadata=_DENSITY)
    temperature: float = choice("of the Planck spectrum", quantity="K")

    def __check_init__(self) -> None:
        if not self.temperature > 0.0:
            raise ValueError(f"temperature {self.temperature!r} K of a photon field is not positive")

    @classmethod
    def named(cls, name: str) -> PhotonField:
        """A field that has a name, see `jaxcrc.interactions.photon_fields.FIELDS`. ValueError for an unknown one."""
        body = photon_field(name)
        return cls(energy_density=body.energy_density, temperature=body.temperature)


def _cmb() -> dict[str, PhotonField]:
    return {"cmb": PhotonField.named("cmb")}


class Light(eqx.Module):
    """Radiation and magnetic field around the source.

    photons — fields by a name of one's own.
    """

    magnetic_field: Scalar = param("uG", "strength of the magnetic field, in random directions", low=0.0, default=3.0)
    photons: dict[str, PhotonField] = eqx.field(default_factory=_cmb, kw_only=True)
