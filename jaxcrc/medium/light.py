"""What particles meet on their way and shine by, besides gas: radiation, magnetic field, and the models of pp."""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from jaxcrc._types import Scalar, as_parameter, facts, param
from jaxcrc.interactions.photon_fields import photon_field


class PhotonField(eqx.Module):
    """Isotropic radiation with a Planck spectrum of a temperature [K], diluted to an energy density."""

    # By `field` itself: with `param` a type checker takes it for a field with a default, which `temperature` is not.
    energy_density: Scalar = eqx.field(
        converter=as_parameter, metadata=facts("eV / cm3", "energy density of the radiation", low=0.0)
    )
    temperature: float = eqx.field(static=True, metadata={"quantity": "K"})

    def __check_init__(self) -> None:
        if not self.temperature > 0.0:
            raise ValueError(f"temperature {self.temperature!r} K of a photon field is not positive")

    @classmethod
    def named(cls, name: str) -> PhotonField:
        """A field that has a name, see `jaxcrc.interactions.photon_fields.FIELDS`. ValueError for an unknown one."""
        body = photon_field(name)
        return cls(body.energy_density, body.temperature)


class Share(eqx.Module):
    """How much one of several hadronic models counts, against the others."""

    weight: Scalar = param("", "weight of the hadronic model; the weights' sum counts as one", low=0.0, default=1.0)


def _cmb() -> dict[str, PhotonField]:
    return {"cmb": PhotonField.named("cmb")}


class Light(eqx.Module):
    """Radiation and magnetic field around the source, and how protons shine.

    photons — fields by a name of one's own; hadronic_scale — factor on all that protons emit; models — {full name of a
    hadronic model: its share} for a mixture, none for the single model that the options name.
    """

    magnetic_field: Scalar = param("uG", "strength of the magnetic field, in random directions", low=0.0, default=3.0)
    hadronic_scale: Scalar = param("", "factor on the emission of protons", low=0.0, default=1.0)
    photons: dict[str, PhotonField] = eqx.field(default_factory=_cmb)
    models: dict[str, Share] = eqx.field(default_factory=dict)

    def shares(self) -> Float[Array, " model"]:
        """Weights of the hadronic models, in the order of their names, with the sum one."""
        weight = jnp.stack([self.models[name].weight for name in sorted(self.models)])
        return weight / jnp.sum(weight)
