"""What is chosen rather than fitted, and the error of parts that do not fit together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jaxcrc.emission.composition import Composition


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
    local spectrum to add as a component `sea`; ties — {path that follows: path that leads}.
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


class AssemblyError(ValueError):
    """A scene and a table that do not fit together, with the remedy."""
