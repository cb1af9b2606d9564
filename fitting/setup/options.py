"""What is chosen rather than fitted, and the error of parts that do not fit together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fitting.tables.gates import Gate, Span, gated, named, one, pass_gates, position, rising, whole, word, words
from jaxcrc.emission.composition import Composition

FINEST = 200  # energies per decade
ENERGIES = Span("GeV", 1.0, 1e12)
REACH = Span("", 1e-3, 1e6)
"""Between what the numbers of options lie."""


class AssemblyError(ValueError):
    """A scene and a table that do not fit together, with the remedy."""


class OptionError(AssemblyError):
    """An option that is none: `place` names it, the message says what is wrong and the remedy."""

    def __init__(self, place: str, message: str) -> None:
        super().__init__(f"{place}: {message}")
        self.place, self.message = place, message


def _nuclear(value: Any) -> str | float | Composition:
    """A name, a composition, or a factor."""
    return value if isinstance(value, str | Composition) else one(Span("", 0.0, 1e6, above=True))(value)


GATES: dict[str, Gate] = {
    "hadronic": word,
    "nuclear": _nuclear,
    "leptonic": words,
    "points_per_decade": whole(1, FINEST),
    "energy_max": one(ENERGIES),
    "reach": one(REACH),
    "clouds": named(word),
    "cloud_shape": named(word),
    "centres": named(position),
    "spans": named(rising),
    "absorption": named(one(Span("kpc", 0.0, 1e8))),
    "sea": word,
    "ties": named(word),
}
"""What each field goes through."""


@gated(GATES)
@dataclass(frozen=True)
class Options:
    """What is chosen rather than fitted.

    hadronic — the pp model by its full name, unless the scene names several; nuclear — "none", "kafexhiu14", a factor
    or a composition, for nuclei in both partners; leptonic — what electrons shine by; points_per_decade — of the energy
    grids; energy_max — their end [GeV], by default far enough above the photons' energies; reach — how far the nodes
    go, in outer radii of the table; clouds — {table: cloud it looks at}; cloud_shape — {cloud: "gaussian" or "ball"};
    centres — {"source" or cloud: (RA, Dec) [deg]}; spans — {path: (lowest, highest)} of parameters that bend matrices
    (a PSF's width, the magnetic field, positions), over which these have to hold; what priors leave free is added;
    absorption — {photon field: way through it [kpc]} on which pair production takes photons; sea — name of the
    local spectrum to add as a component `sea`; ties — {path that follows: path that leads}. Where a unit is named, what
    has one of its own is converted. Errors: AssemblyError naming the option.
    """

    hadronic: str = "kafexhiu14-pythia8"
    nuclear: str | float | Composition = "kafexhiu14"
    leptonic: tuple[str, ...] = ("inverse-compton",)
    points_per_decade: int = 20
    energy_max: float | None = None
    reach: float = 105.0
    clouds: Mapping[str, str] = field(default_factory=dict)
    cloud_shape: Mapping[str, str] = field(default_factory=dict)
    centres: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    spans: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    absorption: Mapping[str, float] = field(default_factory=dict)
    sea: str | None = None
    ties: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        pass_gates(self, GATES, lambda name, what: OptionError(f"options.{name}", what))
