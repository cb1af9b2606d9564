"""Short names of parameters for people."""

from __future__ import annotations

import re
from collections import Counter

from fitting.problem.problem import Problem
from fitting.words import energy
from jaxcrc.medium.diffusion import PowerLawDiffusion, SuppressedDiffusion
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
}
UNITS = {"M_sun": "M☉", "cm-3": "cm⁻³", "cm2 / s": "cm² s⁻¹", "erg / s": "erg s⁻¹", "uG": "µG", "eV / cm3": "eV cm⁻³"}


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
    medium = problem.scene.components[name].medium if room == "components" else None
    if leaf == "log10_chi" and isinstance(medium, SuppressedDiffusion):
        return f"{text} ({energy(medium.pivot)}; {medium.reference})"
    if leaf == "log10_kappa" and isinstance(medium, PowerLawDiffusion):
        return f"{text} ({energy(medium.pivot)})"
    if room == "data":
        return f"{text} of {name}"
    if path.startswith(("light.photons.", "hadronic.models.")):
        return f"{text} of {path.removesuffix(f'.{leaf}').split('.', 2)[2]}"
    if path == "hadronic.scale":
        return "hadronic scale"
    if ".place." in path:
        return f"{name} offset {text}"
    if path.startswith("view.clouds."):
        return f"{text} of cloud {path.split('.')[2]}"
    return text
