"""Neutrinos, electrons and positrons that protons make along with gamma rays."""

from __future__ import annotations

from typing import NamedTuple

from jax import Array
from jax.tree_util import Partial
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc._types import plain_numbers
from jaxcrc.emission import kelner06
from jaxcrc.emission.hadronic import AAFRAG, HadronicModel, Nuclear, kernel_of, scale, tabulated
from jaxcrc.emission.inputs import check_name, energies, grid
from jaxcrc.emission.product import product_matrix

KELNER = {
    "electron": HadronicModel(
        Partial(kelner06.electron_cross_section), Partial(kelner06.minimum_proton_energy), (kelner06.JOIN,)
    ),
    "muon neutrino": HadronicModel(
        Partial(kelner06.muon_neutrino_cross_section), Partial(kelner06.minimum_proton_energy), (kelner06.JOIN,)
    ),
}
KELNER["electron neutrino"] = KELNER["electron"]
MODELS = ("kelner06", AAFRAG)


class Neutrinos(NamedTuple):
    """Matrices [cm³ s⁻¹] from the density of protons to the emissivity of neutrinos, antineutrinos counted with them.

    At the source there are no ν_τ; after full mixing on the way each of the three flavours has a third of all.
    """

    electron: Float[Array, "photon energy"]
    muon: Float[Array, "photon energy"]
    each_at_earth: Float[Array, "photon energy"]

    @property
    def total(self) -> Float[Array, "photon energy"]:
        """All flavours."""
        return self.electron + self.muon


@plain_numbers
def hadronic_neutrinos(
    photon: ArrayLike, energy: ArrayLike, model: str = "kelner06", nuclear: Nuclear = "none"
) -> Neutrinos:
    """Matrices from the density of protons to the emissivity of neutrinos of each flavour [cm³ s⁻¹].

    q = c n_H ∫ dσ/dE_ν n_p(T) dT = n_H M @ n_p(energy).

    Source: Kelner et al. 2006, Eqs. 62–69 (ν_e as e±, within 5 %), or AAfrag.
    Arguments: photon — energies of the neutrinos [GeV]; energy — kinetic energies of protons [GeV], increasing;
    model — "kelner06" or "aafrag"; nuclear — as in `hadronic_emission`.
    Errors: ValueError for unknown names, and as in `hadronic_emission`.
    Validity: kelner06 for protons from 1e2 to 1e8 GeV, below which the shape of 100 GeV is kept; aafrag from 3.1 GeV.
    The two differ by up to 35 % (AAfrag, with its kaons, is higher).
    """
    electron = _lepton("electron neutrino", photon, energy, model, nuclear)
    muon = _lepton("muon neutrino", photon, energy, model, nuclear)
    return Neutrinos(electron, muon, (electron + muon) / 3.0)


@plain_numbers
def hadronic_electrons(
    electron: ArrayLike, energy: ArrayLike, model: str = "kelner06", nuclear: Nuclear = "none"
) -> Float[Array, "electron energy"]:
    """Matrix from the density of protons to the rate at which electrons and positrons are made [cm³ s⁻¹].

    Arguments: electron — their total energies [GeV]; the rest, errors and validity as in `hadronic_neutrinos`.
    Source: Kelner et al. 2006, Eqs. 62–65, or AAfrag.
    """
    return _lepton("electron", electron, energy, model, nuclear)


def _lepton(name: str, lepton: ArrayLike, energy: ArrayLike, model: str, nuclear: Nuclear) -> Array:
    check_name("model of leptons from protons", model, MODELS)
    lepton, energy = energies("photon", lepton), grid(energy)
    if model == AAFRAG:
        return scale(nuclear, tabulated(name, lepton, energy, nuclear))
    kernel, least, joins = kernel_of(KELNER[name], nuclear)
    return scale(nuclear, product_matrix(lepton, energy, kernel, least, joins))
