"""What a table was understood to be, in words."""

from __future__ import annotations

from typing import Any

import numpy as np

MEANINGS = {
    "surface_brightness": "photons {per} per solid angle, averaged over {where}",
    "flux": "photons {per}, summed over {where}",
    "excess": "counts {per}, {mean} {where}, up to a common factor that has to be fitted",
    "dnde": "photons {per}, summed over {where}",
    "e2dnde": "photons {per}, times the energy squared, summed over {where}",
    "energy_flux": "energy of photons {per}, summed over {where}",
    "cr_energy_density": "energy density of cosmic rays between e_min and e_max, averaged over the gas seen in {where}",
    "photon_index": "mean slope of the spectrum of {where} between e_min and e_max, positive where it falls",
}


def describe(table: Any) -> str:
    """A Table in lines of label and text, and a paragraph on what its numbers are compared with."""
    lines = [
        ("table", f"{table.name}{' (SIMULATED)' if table.simulated else ''}"),
        ("kind", f"{table.kind}, {'profile' if table.is_profile else 'spectrum'}"),
        ("unit", f"{table.unit}" or "none"),
        ("energies", _energies(table)),
        ("annuli", _annuli(table)),
        ("region", _region(table)),
        ("psf", _psf(table)),
        ("points", _points(table)),
        ("errors", _errors(table)),
        ("distance", "" if table.distance is None else f"{table.distance:g} kpc"),
        ("gas within", "" if table.gas_radius is None else f"{table.gas_radius:g} deg"),
        ("reference", " ".join(part for part in (table.reference, table.doi and f"doi:{table.doi}") if part) or "none"),
        ("licence", table.licence or "not stated"),
        *(("note", note) for note in table.notes),
    ]
    width = max(len(label) for label, _ in lines)
    return (
        "\n".join(f"{label:{width}}  {text}" for label, text in lines if text) + f"\n\nTaken to mean: {_meaning(table)}"
    )


def _energy(energy: float) -> str:
    return "inf" if np.isinf(energy) else f"{energy / 1000.0:g} TeV" if energy >= 1000.0 else f"{energy:g} GeV"


def _energies(table: Any) -> str:
    if table.differential:
        return f"{table.e_ref.size} energies e_ref, {_energy(table.e_ref[0])} to {_energy(table.e_ref[-1])}"
    return f"{table.e_min.size} bands, {_energy(table.e_min[0])} to {_energy(table.e_max[-1])}"


def _at(centre: tuple[float, float]) -> str:
    return f"RA {centre[0]:g}, Dec {centre[1]:g} deg"


def _annuli(table: Any) -> str:
    if not table.is_profile:
        return ""
    return f"{table.r_min.size} from {table.r_min[0]:g} to {table.r_max[-1]:g} deg around {_at(table.centre)}"


def _region(table: Any) -> str:
    if table.region is None:
        return ""
    region = table.region
    sizes = ", ".join(f"{key} {region[key]:g} deg" for key in ("radius", "width", "height", "angle") if key in region)
    return " ".join(
        part for part in (region["shape"], sizes, _at(region["centre"]) if "centre" in region else "") if part
    )


def _psf(table: Any) -> str:
    if table.psf is None:
        return "none"
    entries = [f"{shape}, {'sigma' if shape == 'gaussian' else 'radius'} {width:g} deg" for shape, width in table.psf]
    return entries[0] if len(set(entries)) == 1 else "; ".join(entries)


def _points(table: Any) -> str:
    limits, missing = int(np.sum(table.used & table.is_ul)), int(np.sum(~table.used))
    parts = [f"{int(np.sum(table.measured))} measured"]
    if limits:
        parts.append(f"{limits} upper limit{'s' * (limits > 1)} at {100.0 * table.confidence:g} % confidence")
    if missing:
        parts.append(f"{missing} missing from the grid")
    return ", ".join(parts)


def _errors(table: Any) -> str:
    text = "symmetric" if np.array_equal(table.error_lo, table.error_hi, equal_nan=True) else "lower and upper"
    if table.correlation_length is not None:
        return f"{text}, correlated between annuli over {table.correlation_length:g} deg"
    return text if table.covariance is None else f"{text}, with a covariance"


def _meaning(table: Any) -> str:
    if table.is_profile:
        where = "each annulus"
    elif table.region["shape"] == "total":
        where = "the whole source"
    else:
        where = f"a {table.region['shape']} on the sky"
    per = "per area, time and energy at e_ref" if table.differential else "per area and time with e_min < E < e_max"
    mean = "relative to the solid angle, averaged over" if table.is_mean else "summed over"
    sentences = [MEANINGS[table.kind].format(per=per, where=where, mean=mean)]
    if table.psf is None:
        sentences.append("the model is not blurred by a point-spread function")
    else:
        sentences.append("the model is blurred by the point-spread function before it is compared")
    if np.any(table.is_ul):
        sentences.append("a limit is the value that the true one stays below with the stated probability")
    if table.simulated:
        sentences.append("the numbers are simulated, not measured")
    return "; ".join(sentences) + "."
