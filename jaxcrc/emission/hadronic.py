"""Gamma rays of hadronic origin: models by name, and matrices from the density of protons to the photon emissivity."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jax.tree_util import Partial
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxcrc import units
from jaxcrc._types import plain_numbers
from jaxcrc.emission import aafrag, kafexhiu14, kelner06
from jaxcrc.emission.composition import JOINS, Composition, enhancement
from jaxcrc.emission.inputs import bands, check_name, energies, grid
from jaxcrc.emission.product import band_nodes, product_matrix, sampled_matrix, sum_bands

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
MODELS["kelner06"] = HadronicModel(
    Partial(kelner06.photon_cross_section), Partial(kelner06.minimum_proton_energy), (kelner06.JOIN,)
)
"""Every cross-section that is a formula, by its full name."""

AAFRAG = "aafrag"  # the model that is a table

NUCLEAR_MODELS: dict[str, NuclearModel | None] = {
    "none": None,
    "kafexhiu14": NuclearModel(Partial(kafexhiu14.nuclear_enhancement), kafexhiu14.NUCLEAR_JOINS),
}
"""Every nuclear enhancement that has a name."""

Nuclear = str | ArrayLike | Composition


@plain_numbers
def hadronic_cross_section(photon: ArrayLike, energy: ArrayLike, model: str) -> Array:
    """Differential cross-section dσ/dE_γ of p + p → γ [mb GeV⁻¹], zero outside the kinematic limits.

    Source: the paper that `model` names; Kafexhiu et al. 2014, Eq. 8, for "kafexhiu14-geant4", "kafexhiu14-pythia8",
    "kafexhiu14-sibyll" and "kafexhiu14-qgsjet"; Kelner et al. 2006 for "kelner06".
    Arguments: photon — photon energy [GeV]; energy — kinetic energy of the proton [GeV]; they broadcast. model — name.
    Errors: ValueError for an unknown model.
    Validity: kafexhiu14 from the threshold to 1e6 GeV (geant4 1e5 GeV), kelner06 for photons above 1 GeV, from protons
    above 100 GeV by the fit of that paper; beyond, the fits are extrapolated.
    """
    check_name("hadronic model", model, MODELS)
    return MODELS[model].cross_section(photon, energy)


@plain_numbers
def hadronic_emission(
    photon: ArrayLike, energy: ArrayLike, model: str = "kafexhiu14-pythia8", nuclear: Nuclear = "none"
) -> Float[Array, "photon energy"]:
    """Matrix from the density of protons to the emissivity of gamma rays [cm³ s⁻¹].

    q = c n_H ∫ dσ/dE_γ n_p(T) dT = n_H M @ n_p(energy), with q [GeV⁻¹ cm⁻³ s⁻¹], n_H [cm⁻³], n_p [GeV⁻¹ cm⁻³].

    Source: Kafexhiu et al. 2014, Eqs. 8 and 21–24, or the paper that the model names.
    Arguments: photon — photon energies [GeV]; energy — kinetic energies of protons [GeV], increasing: the integral runs
    from the first, or the threshold, to the last. model — name of the cross-section: those of `hadronic_cross_section`
    or "aafrag" (tables of the package aafragpy; photon and energy may then not be traced). nuclear — "none",
    "kafexhiu14" (dependent on energy, local interstellar abundances), a constant factor, or a Composition.
    Errors: ValueError for unknown names and for energies that are not positive, increasing and one-dimensional.
    Validity: on 20 energies a decade power laws within 1e-6, and within 2e-4 for photons above a hundredth of the last
    energy; exponential cut-offs within 1e-3 for photons up to five times the cut-off, 2e-2 at ten times; the result
    does not turn negative where the density falls steeply.
    """
    photon, energy = energies("photon", photon), grid(energy)
    if model == AAFRAG:
        return scale(nuclear, tabulated("photon", photon, energy, nuclear))
    kernel, least, joins = _kernel(model, nuclear)
    return scale(nuclear, product_matrix(photon, energy, kernel, least, joins))


@plain_numbers
def hadronic_band_emission(
    photon_min: ArrayLike,
    photon_max: ArrayLike,
    energy: ArrayLike,
    model: str = "kafexhiu14-pythia8",
    nuclear: Nuclear = "none",
) -> Float[Array, "band energy"]:
    """Matrix from the density of protons to the number of photons emitted in bands [GeV cm³ s⁻¹].

    ∫ q dE_γ = n_H M @ n_p(energy) [cm⁻³ s⁻¹], from photon_min to photon_max.

    Source: Kafexhiu et al. 2014, Eqs. 8 and 21–24.
    Arguments: photon_min, photon_max — edges of the bands [GeV]; the rest as in `hadronic_emission`.
    Errors: as in `hadronic_emission`, and for a band whose upper edge is not above its lower.
    Validity: bands up to two decades wide within 1e-6 of the integral of the emissivity.
    """
    low, high = bands(photon_min, photon_max)
    photon, width = band_nodes(low, high, 0.5 * units.PION_MASS)
    return sum_bands(hadronic_emission(photon.ravel(), energy, model, nuclear), width)


def tabulated(secondary: str, photon: Array, energy: Array, nuclear: Nuclear) -> Array:
    """Matrix of a secondary of AAfrag [cm³ s⁻¹], but for a constant nuclear factor."""
    if isinstance(photon, Tracer) or isinstance(energy, Tracer):
        raise ValueError("the model 'aafrag' is a table of the host; make its matrix outside of compiled functions")
    nuclei = nuclear_model(nuclear)
    wanted = np.asarray(photon, float)

    def sample(node: np.ndarray) -> np.ndarray:
        factor = np.asarray(nuclei.factor(node)) if nuclei else 1.0
        return MB_CM_S * factor * aafrag.cross_section(secondary, wanted, node)

    joins = (aafrag.LOWEST, *(nuclei.joins if nuclei else ()))
    return sampled_matrix(sample, energy, joins)


def nuclear_model(nuclear: Nuclear) -> NuclearModel | None:
    """The factor of that name or composition; None where it is a number or nothing.

    Errors: ValueError for an unknown name, and for a number that is not positive.
    """
    if isinstance(nuclear, Composition):
        return NuclearModel(Partial(composed(nuclear)), JOINS)
    if isinstance(nuclear, str):
        check_name("nuclear enhancement", nuclear, NUCLEAR_MODELS, "or a positive number")
        return NUCLEAR_MODELS[nuclear]
    if not _is_factor(nuclear):
        raise ValueError(f"nuclear = {nuclear!r} is not a factor; give one positive number or a name")
    return None


@functools.lru_cache(maxsize=32)
def composed(nuclei: Composition) -> Callable[[ArrayLike], Array]:
    """Its enhancement as a function of energy, one object for each composition: programs are known by it."""
    return functools.partial(enhancement, composition=nuclei)


def kernel_of(model: HadronicModel, nuclear: Nuclear) -> tuple[Partial, Partial, tuple[float, ...]]:
    """Kernel c dσ/dE [cm³ s⁻¹ GeV⁻¹], least energy and joins of a model with a nuclear enhancement."""
    nuclei = nuclear_model(nuclear)
    if nuclei is None:
        return Partial(_bare, model.cross_section), model.minimum_energy, model.joins
    kernel = Partial(_enhanced, model.cross_section, nuclei.factor)
    return kernel, model.minimum_energy, model.joins + nuclei.joins


def _kernel(model: str, nuclear: Nuclear) -> tuple[Partial, Partial, tuple[float, ...]]:
    """Kernel, least energy and joins of the model of that name."""
    check_name("hadronic model", model, (*MODELS, AAFRAG))
    return kernel_of(MODELS[model], nuclear)


def _is_factor(value: object) -> bool:
    """Whether a value is one positive number, as far as can be seen while tracing."""
    if isinstance(value, Tracer):
        return value.ndim == 0
    if isinstance(value, bool) or not isinstance(value, int | float | np.number | Array | np.ndarray):
        return False
    number = np.asarray(value)
    return number.ndim == 0 and bool(np.isfinite(number) and number > 0.0)


def _bare(cross_section: Partial, photon: Array, energy: Array) -> Array:
    """Kernel of protons on protons."""
    return MB_CM_S * cross_section(photon, energy)


def _enhanced(cross_section: Partial, factor: Partial, photon: Array, energy: Array) -> Array:
    """Kernel with the nuclei of cosmic rays and gas."""
    return MB_CM_S * factor(energy) * cross_section(photon, energy)


def scale(nuclear: Nuclear, matrix: Array) -> Array:
    """The matrix times the nuclear factor where that is a number."""
    return matrix if isinstance(nuclear, str | Composition) else matrix * jnp.asarray(nuclear, matrix.dtype)
