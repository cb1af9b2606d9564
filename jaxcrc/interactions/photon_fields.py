"""Radiation that electrons scatter: grey bodies of a temperature and an energy density, many of them by name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, NamedTuple

from jaxcrc import units


class GreyBody(NamedTuple):
    """A Planck spectrum of that temperature, diluted to that energy density; the latter may be traced."""

    temperature: float  # [K]
    energy_density: Any  # [eV cm⁻³]
    source: str = ""


RADIATION_EV_CM3_K4 = 4.7223e-3  # a T⁴ at 1 K [eV cm⁻³]
CMB_TEMPERATURE = 2.7255

FIELDS: dict[str, GreyBody] = {
    "cmb": GreyBody(CMB_TEMPERATURE, RADIATION_EV_CM3_K4 * CMB_TEMPERATURE**4, "Fixsen 2009; a T⁴"),
    "hawc17-infrared": GreyBody(20.0, 0.3, "around Geminga, as commonly quoted from HAWC 2017"),
    "hawc17-optical": GreyBody(5000.0, 0.3, "around Geminga, as commonly quoted from HAWC 2017"),
    "geminga-infrared": GreyBody(20.0, 0.3, "around Geminga, public code SelfTevHalos"),
    "geminga-optical": GreyBody(5000.0, 0.3, "around Geminga, public code SelfTevHalos"),
    "geminga-ultraviolet": GreyBody(20000.0, 0.1, "around Geminga, public code SelfTevHalos"),
    "ml22-infrared": GreyBody(20.0, 0.6, "Mukhopadhyay & Linden 2022, public code"),
    "ml22-optical": GreyBody(5000.0, 0.6, "Mukhopadhyay & Linden 2022, public code"),
    "naima-far-infrared": GreyBody(30.0, 0.5, "default of naima 0.10, typical of the inner Galaxy"),
    "naima-near-infrared": GreyBody(3000.0, 1.0, "default of naima 0.10, typical of the inner Galaxy"),
}
"""Every field that has a name."""


def photon_field(name: str) -> GreyBody:
    """The field of that name. Errors: ValueError with the known names."""
    if name in FIELDS:
        return FIELDS[name]
    close = difflib.get_close_matches(str(name), FIELDS, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise ValueError(f"unknown photon field {name!r}; {hint}known: {', '.join(FIELDS)}")


def grey_bodies(fields: Iterable[Any]) -> list[GreyBody]:
    """Fields from a list of names, of pairs (temperature [K], energy density [eV cm⁻³]) or of photon fields.

    Errors: ValueError for an unknown name, for a temperature that is not positive, and for an empty list.
    """
    if isinstance(fields, str):
        fields = [fields]
    bodies = [_grey_body(field) for field in fields]
    if not bodies:
        raise ValueError("no photon field is given; name at least one, such as 'cmb'")
    return bodies


def _grey_body(field: Any) -> GreyBody:
    if isinstance(field, str):
        return photon_field(field)
    if isinstance(field, tuple | list):
        if len(field) not in (2, 3):
            raise ValueError(
                f"{field!r} is no photon field; give a name or (temperature [K], energy density [eV cm⁻³])"
            )
        temperature, density = field[:2]
    else:
        temperature, density = field.temperature, field.energy_density
    if not float(temperature) > 0.0:
        raise ValueError(f"a photon field has the temperature {temperature!r} K; it must be positive")
    return GreyBody(float(temperature), density)


def thermal_energy(temperature: float) -> float:
    """kT [GeV] of a temperature [K]."""
    return units.BOLTZMANN_GEV_K * temperature
