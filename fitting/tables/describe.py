"""What a table was understood to be, in words."""

from __future__ import annotations

import numpy as np

from fitting.tables.regions import Annuli, Total
from fitting.tables.remarks import remarks
from fitting.tables.table import Table
from fitting.words import energy


def describe(table: Table) -> str:
    """A Table in lines of label and text, and a paragraph on what its numbers are compared with."""
    lines = [
        ("table", f"{table.name}{_mark(table)}"),
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
        *(("check", remark) for remark in remarks(table)),
    ]
    width = max(len(label) for label, _ in lines)
    return (
        "\n".join(f"{label:{width}}  {text}" for label, text in lines if text) + f"\n\nTaken to mean: {_meaning(table)}"
    )


def _mark(table: Table) -> str:
    if table.layout:
        return " (LAYOUT: where to look, without data)"
    return " (SIMULATED)" if table.simulated else ""


def _energies(table: Table) -> str:
    low, high = table.reach
    count = f"{low.size} energies e_ref" if table.differential else f"{low.size} bands"
    if table.differential:
        low = high = table.photon
    return f"{count}, {energy(low[0])} to {energy(high[-1])}"


def _annuli(table: Table) -> str:
    return table.region.words() if isinstance(table.region, Annuli) else ""


def _region(table: Table) -> str:
    return "" if isinstance(table.region, Annuli) else table.region.words()


def _psf(table: Table) -> str:
    if table.psf is None:
        return "none"
    entries = [f"{shape}, {'sigma' if shape == 'gaussian' else 'radius'} {width:g} deg" for shape, width in table.psf]
    return entries[0] if len(set(entries)) == 1 else "; ".join(entries)


def _points(table: Table) -> str:
    limits, missing = int(np.sum(table.used & table.is_ul)), int(np.sum(~table.used))
    parts = [f"{int(np.sum(table.measured))} measured"]
    if limits and table.confidence is not None:
        parts.append(f"{limits} upper limit{'s' * (limits > 1)} at {100.0 * table.confidence:g} % confidence")
    if missing:
        parts.append(f"{missing} missing from the grid")
    return ", ".join(parts)


def _errors(table: Table) -> str:
    text = "symmetric" if np.array_equal(table.error_lo, table.error_hi, equal_nan=True) else "lower and upper"
    if table.correlation_length is not None:
        return f"{text}, correlated between annuli over {table.correlation_length:g} deg"
    return text if table.covariance is None else f"{text}, with a covariance"


def _meaning(table: Table) -> str:
    if table.is_profile:
        where = "each annulus"
    else:
        where = "the whole source" if isinstance(table.region, Total) else f"a {table.region.shape} on the sky"
    per = "per area, time and energy at e_ref" if table.differential else "per area and time with e_min < E < e_max"
    mean = "relative to the solid angle, averaged over" if table.is_mean else "summed over"
    sentences = [table.quantity.words.format(per=per, where=where, mean=mean)]
    if table.psf is None:
        sentences.append("the model is not blurred by a point-spread function")
    else:
        sentences.append("the model is blurred by the point-spread function before it is compared")
    if np.any(table.is_ul):
        sentences.append("a limit is the value that the true one stays below with the stated probability")
    if table.simulated:
        sentences.append("the numbers are simulated, not measured")
    return "; ".join(sentences) + "."
