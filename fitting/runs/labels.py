"""Short names of parameters for people, and numbers as people write them."""

from __future__ import annotations

import math
import re
from collections import Counter

import numpy as np

from fitting.problem.problem import Problem
from jaxcrc.medium.diffusion import SuppressedDiffusion
from jaxcrc.scene import describe

SYMBOLS = {
    "log10_chi": "log₁₀ χ",
    "log10_kappa": "log₁₀ κ",
    "delta": "δ",
    "index": "index α",
    "log10_cutoff": "log₁₀ E_cut",
    "log10_energy": "log₁₀ W",
    "log10_power": "log₁₀ L",
    "log10_age": "log₁₀ age",
    "log10_mass": "log₁₀ M",
    "log10_efficiency": "log₁₀ η",
    "log10_tau0": "log₁₀ τ₀",
    "braking_index": "braking index n",
    "period": "P",
    "period_derivative": "Ṗ",
    "expansion": "wind gradient H",
    "density": "n_H",
    "growth_factor": "growth factor g",
    "field": "field B",
    "ionised": "ionised fraction X",
    "inclination": "inclination i",
    "injection_scale": "injection scale L",
    "psf_scale": "PSF width factor",
    "magnetic_field": "B",
    "energy_density": "U",
    "hadronic_scale": "hadronic scale",
}
UNITS = {"M_sun": "M☉", "cm-3": "cm⁻³", "cm2 / s": "cm² s⁻¹", "erg / s": "erg s⁻¹", "uG": "µG", "eV / cm3": "eV cm⁻³"}
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
UNKNOWN, MINUS = "unknown", "−"


def symbols(problem: Problem) -> dict[str, str]:
    """{path: symbol} of the free parameters, told apart where two would read the same. A χ always bears its κ₀."""
    plain = {path: _symbol(problem, path) for path in problem.paths}
    count = Counter(plain.values())
    return {path: text if count[text] == 1 else f"{text}, {path.split('.')[1]}" for path, text in plain.items()}


def labels(problem: Problem) -> dict[str, str]:
    """{path: symbol with its unit} of the free parameters."""
    units = {path: unit_of(str(describe(problem.scene, path).get("unit", ""))) for path in problem.paths}
    return {path: f"{text} [{units[path]}]" if units[path] else text for path, text in symbols(problem).items()}


def label_of(problem: Problem, path: str) -> str:
    """Symbol with unit of any parameter of the scene, free or not."""
    unit = unit_of(str(describe(problem.scene, path).get("unit", "")))
    return f"{_symbol(problem, path)} [{unit}]" if unit else _symbol(problem, path)


def unit_of(text: str) -> str:
    """A unit as printed: the unit inside of a dex(...), nothing for a bare number."""
    inner = re.sub(r"^dex\((.*)\)$", r"\1", text)
    return "" if inner == "dex" else UNITS.get(inner, inner)


def _symbol(problem: Problem, path: str) -> str:
    room, name, leaf = path.split(".")[0], path.split(".")[1], path.rsplit(".", 1)[-1]
    text = SYMBOLS.get(leaf, leaf.replace("_", " "))
    if leaf in ("log10_chi", "log10_kappa"):
        medium = problem.scene.components[name].medium
        against = f"; {medium.reference}" if isinstance(medium, SuppressedDiffusion) else ""
        return f"{text} ({energy(medium.pivot)}{against})"
    if room == "data":
        return f"{text} of {name}"
    if room == "light" and name in ("photons", "models"):
        return f"{text} of {path.split('.')[2]}"
    if ".place." in path:
        return f"{name} offset {text}"
    if path.startswith("view.clouds."):
        return f"{text} of cloud {path.split('.')[2]}"
    return text


def energy(value: float) -> str:
    """An energy given in GeV, in the unit that keeps it short."""
    if not math.isfinite(value):
        return "infinity"
    scale, unit = next((s, u) for s, u in ((1e6, "PeV"), (1e3, "TeV"), (1.0, "GeV"), (0.0, "MeV")) if value >= s)
    return f"{value / (scale or 1e-3):.3g} {unit}"


def number(value: float, digits: int = 3) -> str:
    """A number with a power of ten where it is far from one, or 'unknown' for NaN."""
    if not math.isfinite(value):
        return UNKNOWN
    if value == 0.0 or 1e-3 <= abs(value) < 1e5:
        form = ".0f" if abs(value) >= 10.0**digits else f".{digits}g"
        return f"{value:{form}}".replace("-", MINUS)
    exponent = math.floor(math.log10(abs(value)))
    return f"{value / 10.0**exponent:.{digits - 1}f} × 10{str(exponent).translate(RAISED)}".replace("-", MINUS)


def short(value: float) -> str:
    """A number in few characters, for narrow columns."""
    if not math.isfinite(value):
        return UNKNOWN
    mantissa, _, exponent = f"{value:.3g}".partition("e")
    return (f"{mantissa}e{int(exponent)}" if exponent else mantissa).replace("-", MINUS)


def interval(low: float, high: float) -> str:
    """Two ends of an interval, with a common power of ten where they share one."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return UNKNOWN
    exponent = math.floor(math.log10(max(abs(low), abs(high), 1e-300)))
    if -3 <= exponent < 5 or min(abs(low), abs(high)) < 0.01 * 10.0**exponent:
        return f"{number(low)} to {number(high)}"
    scale = 10.0**exponent
    return f"({low / scale:.2g} to {high / scale:.2g}) × 10{str(exponent).translate(RAISED)}"


def with_error(value: float, error: float) -> str:
    """value ± error, rounded to two digits of the error."""
    if not (math.isfinite(value) and math.isfinite(error) and error > 0.0):
        return number(value)
    places = max(0, 1 - math.floor(math.log10(error)))
    return f"{value:.{places}f} ± {error:.{places}f}".replace("-", MINUS)


def percent(fraction: float) -> str:
    """A fraction as a percentage that never rounds to 0 or 100 unless it is."""
    if np.isnan(fraction):
        return UNKNOWN
    if 0.0 < fraction < 0.001:
        return "less than 0.1 %"
    if 0.999 < fraction < 1.0:
        return "more than 99.9 %"
    return f"{100.0 * fraction:.3g} %"
