"""What a table may hold, one row for each kind: units, mean or sum, per energy or band, and its words."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import NamedTuple

import astropy.units as u

from fitting.tables.checks import TableError
from fitting.words import suggest

_PER_AREA = u.cm**-2 / u.s


class Compared(enum.Enum):
    """What a table's rows are compared with."""

    LIGHT = "light of a region, at e_ref or integrated over bands"
    INDEX = "the mean slope of that light between the ends of bands"
    DENSITY = "energy density of cosmic rays in bands of their energy"


class Native(NamedTuple):
    """A unit in GeV, cm, s and sr in which predictions are made; whether it is per energy, and a mean over a region."""

    unit: u.UnitBase
    per_energy: bool = False
    mean: bool = False


@dataclass(frozen=True)
class Kind:
    """A kind of table: the natives it may be given in; an example of its unit; in words, and on an axis.

    power — of the photon energy that weights the light; spectral — whether it can be drawn as E² dN/dE.
    """

    natives: tuple[Native, ...]
    example: str
    words: str
    label: str
    compared: Compared = Compared.LIGHT
    power: int = 0
    spectral: bool = False


def _photons(unit: u.UnitBase, per_energy: bool = False, mean: bool = False) -> tuple[Native, Native]:
    """A unit with and without the word for photons."""
    return Native(unit, per_energy, mean), Native(unit * u.ph, per_energy, mean)


KINDS: dict[str, Kind] = {
    "surface_brightness": Kind(
        (*_photons(_PER_AREA / u.sr, mean=True), *_photons(_PER_AREA / u.sr / u.GeV, per_energy=True, mean=True)),
        "'1 / (cm2 s sr)', '1 / (cm2 s deg2)' or '1 / (TeV cm2 s sr)'",
        "photons {per} per solid angle, averaged over {where}",
        "surface brightness",
        spectral=True,
    ),
    "flux": Kind(
        _photons(_PER_AREA),
        "'1 / (cm2 s)'",
        "photons {per}, summed over {where}",
        "flux",
        spectral=True,
    ),
    "excess": Kind(
        (
            Native(u.dimensionless_unscaled, mean=True),
            Native(u.ct),
            Native(u.sr**-1, mean=True),
            Native(u.ct / u.sr, mean=True),
        ),
        "'ct', 'ct / deg2' or '' for a bare number",
        "counts {per}, {mean} {where}, up to a common factor that has to be fitted",
        "excess",
    ),
    "dnde": Kind(
        _photons(_PER_AREA / u.GeV, per_energy=True),
        "'1 / (TeV cm2 s)'",
        "photons {per}, summed over {where}",
        "dN/dE",
        spectral=True,
    ),
    "e2dnde": Kind(
        _photons(_PER_AREA * u.GeV, per_energy=True),
        "'erg / (cm2 s)'",
        "photons {per}, times the energy squared, summed over {where}",
        "E² dN/dE",
        power=2,
        spectral=True,
    ),
    "energy_flux": Kind(
        _photons(_PER_AREA * u.GeV),
        "'erg / (cm2 s)'",
        "energy of photons {per}, summed over {where}",
        "energy flux",
        power=1,
        spectral=True,
    ),
    "cr_energy_density": Kind(
        (Native(u.GeV / u.cm**3, mean=True),),
        "'eV / cm3'",
        "energy density of cosmic rays between e_min and e_max, averaged over the gas seen in {where}",
        "CR energy density",
        Compared.DENSITY,
    ),
    "photon_index": Kind(
        (Native(u.dimensionless_unscaled, mean=True),),
        "'', a bare number",
        "mean slope of the spectrum of {where} between e_min and e_max, positive where it falls",
        "photon index",
        Compared.INDEX,
    ),
}


def kind_of(name: str) -> Kind:
    """The row of a kind. Errors: TableError with the nearest name."""
    if name not in KINDS:
        raise TableError(f"unknown kind '{name}'; {suggest(name, KINDS)}")
    return KINDS[name]


def native_of(name: str, unit: u.UnitBase) -> Native:
    """The native that a table's unit is measured in.

    Photons (ph), and counts (ct) of an excess, may be named in the unit or not.
    Errors: TableError if the unit does not fit the kind.
    """
    kind = kind_of(name)
    for native in kind.natives:
        if unit.is_equivalent(native.unit):
            return native
    lacks = any(unit.is_equivalent(native.unit * u.sr) for native in kind.natives)
    beyond = any(unit.is_equivalent(native.unit / u.sr) for native in kind.natives)
    why = "lacks a solid angle" if lacks else "has a solid angle too many" if beyond else "does not fit"
    raise TableError(f"unit '{unit}' of column 'value' {why} for kind '{name}'; use one like {kind.example}")
