"""Gamma rays of hadronic origin: models by name, and matrices from the density of protons to the photon emissivity."""

from __future__ import annotations

import math
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jax.tree_util import Partial
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc import units
from jaxcrc.emission import kafexhiu14
from jaxcrc.emission.inputs import bands, check_name, energies, grid
from jaxcrc.emission.product import band_nodes, product_matrix, sum_bands

MB_CM_S = units.LIGHT_SPEED_CM_S / units.MB_PER_CM2  # c · 1 mb [cm³ s⁻¹]


class HadronicModel(NamedTuple):
    """A cross-section [mb GeV⁻¹] of (photon, energy) and where it is not smooth."""

    cross_section: Partial
    minimum_energy: Partial  # least proton energy [GeV] for a photon
    joins: tuple[float, ...]  # [GeV]


class NuclearModel(NamedTuple):
    """A factor on the proton-proton cross-section, of the kinetic energy per nucleon, and where it is not smooth."""

    factor: Partial
    joins: tuple[float, ...]  # [GeV]


MODELS: dict[str, HadronicModel] = {
    f"kafexhiu14-{name}": HadronicModel(
        Partial(kafexhiu14.cross_section, generator=generator),
        Partial(kafexhiu14.minimum_proton_energy),
        kafexhiu14.joins(generator),
    )
    for name, generator in kafexhiu14.GENERATORS.items()
}
"""Every cross-section by its full name."""

NUCLEAR_MODELS: dict[str, NuclearModel | None] = {
    "none": None,
    "kafexhiu14": NuclearModel(Partial(kafexhiu14.nuclear_enhancement), kafexhiu14.NUCLEAR_JOINS),
}
"""Every nuclear enhancement that has a name."""


def hadronic_cross_section(photon: ArrayLike, energy: ArrayLike, model: str) -> Array:
    """Differential cross-section dσ/dE_γ of p + p → γ [mb GeV⁻¹], zero outside the kinematic limits.

    Source: the paper that `model` names; Kafexhiu et al. 2014, Eq. 8, for "kafexhiu14-geant4", "kafexhiu14-pythia8",
    "kafexhiu14-sibyll" and "kafexhiu14-qgsjet".
    Arguments: photon — photon energy [GeV]; energy — kinetic energy of the proton [GeV]; they broadcast. model — name.
    Errors: ValueError for an unknown model.
    Validity: kafexhiu14 from the threshold to 1e6 GeV (geant4 1e5 GeV); beyond, the fit is extrapolated.
    """
    check_name("hadronic model", model, MODELS)
    return MODELS[model].cross_section(photon, energy)


def hadronic_emission(
    photon: ArrayLike, energy: ArrayLike, model: str = "kafexhiu14-pythia8", nuclear: str | ArrayLike = "none"
) -> Float[Array, "photon energy"]:
    """Matrix from the density of protons to the emissivity of gamma rays [cm³ s⁻¹].

    q = c n_H ∫ dσ/dE_γ n_p(T) dT = n_H M @ n_p(energy), with q [GeV⁻¹ cm⁻³ s⁻¹], n_H [cm⁻³], n_p [GeV⁻¹ cm⁻³].

    Source: Kafexhiu et al. 2014, Eqs. 8 and 21–24.
    Arguments: photon — photon energies [GeV]; energy — kinetic energies of protons [GeV], increasing: the integral runs
    from the first, or the threshold, to the last. model — name of the cross-section. nuclear — "none", "kafexhiu14"
    (dependent on energy, local interstellar abundances) or a constant factor.
    Errors: ValueError for unknown names and for energies that are not positive, increasing and one-dimensional.
    Validity: on 20 energies a decade power laws within 1e-6, and within 2e-4 for photons above a hundredth of the last
    energy; exponential cut-offs within 1e-3 for photons up to five times the cut-off, 2e-2 at ten times; the result
    does not turn negative where the density falls steeply.
    """
    kernel, least, joins = _kernel(model, nuclear)
    photon, energy = energies("photon", photon), grid(energy)
    return _scale(nuclear, product_matrix(photon, energy, kernel, least, joins))


def hadronic_band_emission(
    photon_min: ArrayLike,
    photon_max: ArrayLike,
    energy: ArrayLike,
    model: str = "kafexhiu14-pythia8",
    nuclear: str | ArrayLike = "none",
) -> Float[Array, "band energy"]:
    """Matrix from the density of protons to the number of photons emitted in bands [GeV cm³ s⁻¹].

    ∫ q dE_γ = n_H M @ n_p(energy) [cm⁻³ s⁻¹], from photon_min to photon_max.

    Source: Kafexhiu et al. 2014, Eqs. 8 and 21–24.
    Arguments: photon_min, photon_max — edges of the bands [GeV]; the rest as in `hadronic_emission`.
    Errors: as in `hadronic_emission`, and for a band whose upper edge is not above its lower.
    Validity: bands up to two decades wide within 1e-6 of the integral of the emissivity.
    """
    kernel, least, joins = _kernel(model, nuclear)
    low, high = bands(photon_min, photon_max)
    energy = grid(energy)
    photon, width = band_nodes(low, high, 0.5 * units.PION_MASS)
    rows = product_matrix(photon.ravel(), energy, kernel, least, joins)
    return _scale(nuclear, sum_bands(rows, width))


def _kernel(model: str, nuclear: str | ArrayLike) -> tuple[Partial, Partial, tuple[float, ...]]:
    """Kernel c dσ/dE_γ [cm³ s⁻¹ GeV⁻¹], least energy and joins of a model with the nuclear enhancement of that name."""
    check_name("hadronic model", model, MODELS)
    bare = MODELS[model]
    if isinstance(nuclear, str):
        check_name("nuclear enhancement", nuclear, NUCLEAR_MODELS, "or a positive number")
        nuclei = NUCLEAR_MODELS[nuclear]
        if nuclei:
            joins = bare.joins + nuclei.joins
            return Partial(_enhanced, bare.cross_section, nuclei.factor), bare.minimum_energy, joins
    elif not _is_factor(nuclear):
        raise ValueError(f"nuclear = {nuclear!r} is not a factor; give one positive number or a name")
    return Partial(_bare, bare.cross_section), bare.minimum_energy, bare.joins


def _is_factor(value: object) -> bool:
    """Whether a value is one positive number, as far as can be seen while tracing."""
    if isinstance(value, Tracer):
        return value.ndim == 0
    number = isinstance(value, int | float | np.number | Array | np.ndarray) and not isinstance(value, bool)
    return bool(number and np.ndim(value) == 0 and math.isfinite(value) and value > 0.0)


def _bare(cross_section: Partial, photon: Array, energy: Array) -> Array:
    """Kernel of protons on protons."""
    return MB_CM_S * cross_section(photon, energy)


def _enhanced(cross_section: Partial, factor: Partial, photon: Array, energy: Array) -> Array:
    """Kernel with the nuclei of cosmic rays and gas."""
    return MB_CM_S * factor(energy) * cross_section(photon, energy)


def _scale(nuclear: str | ArrayLike, matrix: Array) -> Array:
    """The matrix times the nuclear factor where that is a number."""
    return matrix if isinstance(nuclear, str) else matrix * jnp.asarray(nuclear, matrix.dtype)
