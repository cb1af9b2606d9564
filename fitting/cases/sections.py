"""What the sections of a case hold besides parts of a scene: {key: what it is}."""

from __future__ import annotations

import math
from typing import NamedTuple

from fitting.setup.options import ENERGIES, FINEST, REACH
from fitting.tables.kinds import KINDS
from jaxcrc.emission.hadronic import AAFRAG, MODELS
from jaxcrc.interactions.photon_fields import FIELDS
from jaxcrc.medium.damping import DAMPINGS
from jaxcrc.medium.diffusion import REFERENCES, SuppressedDiffusion
from jaxcrc.medium.dispersion import EVANESCENT
from jaxcrc.source.sea import SEAS, LocalSea
from jaxcrc.transport.cloud.escapes import RELEASES
from jaxcrc.transport.cloud.fluxtube import CosmicRayCloud


class Entry(NamedTuple):
    """A key of a case: what it is, its types in TOML, its default as people read it, the names it may be given, and
    between what its numbers lie."""

    words: str
    types: tuple[type, ...]
    default: str = "none"
    known: tuple[str, ...] = ()
    span: tuple[float, float] = (-math.inf, math.inf)


SECTIONS = {
    "title": "what the fit is called",
    "text": "what it is about, in paragraphs",
    "options": "what is chosen rather than fitted",
    "view": "from where one looks, and at which clouds",
    "components": "what is there: a table for each, named by what it is (escaped, trapped, halo, sea …)",
    "tables": "what was measured: a table for each",
    "priors": "what is free: a table for each path, in quotes",
    "ties": "parameters that follow others",
    "sampling": "how long to sample, where the command line does not say",
    "report": "what to tell besides",
    "gas": "hydrogen around the source",
    "light": "radiation and magnetic field around the source",
    "hadronic": "how protons shine: a factor, and a mixture of models under `models`",
}
"""In the order in which one writes them."""

TYPES: dict[str, tuple[type, ...]] = {"title": (str,), "text": (str,), "gas": (str, dict)}
"""Of the sections that are no tables."""

CHOICES: dict[tuple[type, str], tuple[str, ...]] = {
    (LocalSea, "reference"): SEAS,
    (SuppressedDiffusion, "reference"): tuple(REFERENCES),
    (CosmicRayCloud, "damping"): DAMPINGS,
    (CosmicRayCloud, "release"): RELEASES,
    (CosmicRayCloud, "evanescent"): EVANESCENT,
}
"""Names that a field of a part may be given."""

OPTIONS = {
    "hadronic": Entry("pp model by its full name", (str,), "kafexhiu14-pythia8", (*MODELS, AAFRAG)),
    "nuclear": Entry(
        'nuclei in cosmic rays and gas: "none", "kafexhiu14", a factor, or a composition such as '
        "{cosmic_rays = {He = 0.07}, gas = {He = 0.1}}",
        (str, float, int, dict),
        "kafexhiu14",
    ),
    "leptonic": Entry(
        "what electrons shine by",
        (list,),
        '["inverse-compton"]',
        ("inverse-compton", "synchrotron", "bremsstrahlung"),
    ),
    "absorption": Entry("{photon field = way through it, such as '4 kpc'}: pairs take photons on the way", (dict,)),
    "points_per_decade": Entry("energies per decade of the energy grids", (int,), "20", span=(1, FINEST)),
    "energy_max": Entry(
        "end of the energy grids, with unit or [GeV]",
        (float, int, str),
        "far enough above the photons",
        span=(ENERGIES.low, ENERGIES.high),
    ),
    "reach": Entry("how far nodes go, in outer radii of a table", (float, int), "105", span=(REACH.low, REACH.high)),
    "sea": Entry("name of a local spectrum to add as component `sea`", (str,), known=SEAS),
}
TABLE_KEYS = {
    "file": Entry("ECSV file beside the case, or a shipped table", (str,)),
    "layout": Entry("where a simulation looks, instead of a file", (dict,)),
    "cloud": Entry("name of the cloud in [view.clouds] that the table looks at, and nothing else", (str,)),
}
VIEW_KEYS = {"centre": Entry("[RA, Dec] of the source [deg]", (list,))}
CLOUD_KEYS = {
    "centre": Entry("[RA, Dec] [deg]; gives offset and azimuth where the view has a centre", (list,)),
    "shape": Entry("how its gas is spread", (str,), "gaussian", ("gaussian", "ball")),
}
PLACE_KEYS = {"centre": Entry("[RA, Dec] [deg]; gives north and east where the view has a centre", (list,))}
PHOTON_KEYS = {
    "reference": Entry(
        "a known field, from which temperature and energy density come; a table that bears a known field's name needs "
        "no reference",
        (str,),
        known=tuple(FIELDS),
    )
}
EXTRAS = {
    "place": PLACE_KEYS,
    "view": VIEW_KEYS,
    "cloud": CLOUD_KEYS,
    "nuisance": TABLE_KEYS,
    "photon field": PHOTON_KEYS,
}
"""Keys besides the fields of a part, by role."""

REPLACED = {"cloud": ("offset",), "photon field": ("energy_density", "temperature")}
"""Fields that need not be given, since one of these keys may stand for them."""

MAPPINGS = {"light": ("photons", "photon field"), "hadronic": ("models", "share"), "view": ("clouds", "cloud")}
"""Roles with tables by name: the key, and the role of each table."""

LAYOUT_KEYS = {
    "kind": Entry("kind of the table", (str,), "required", tuple(KINDS)),
    "unit": Entry("unit of its values", (str,), "required"),
    "r_edges": Entry("edges of the annuli, with unit or [deg]; none for a spectrum", (list,)),
    "e_edges": Entry("edges of the bands, with unit or [GeV]", (list,)),
    "e_ref": Entry("or energies that values are at, with unit or [GeV]", (list,)),
    "psf": Entry("σ of a Gaussian, with unit or [deg]", (str, float, int)),
    "centre": Entry("[RA, Dec] of the annuli [deg]", (list,), "that of the view, or of the cloud"),
    "region": Entry("of a spectrum: {shape, centre, radius or width, height, angle}", (dict,), "{shape = 'total'}"),
    "error": Entry("relative error of each point", (float, int), "0.1", span=(1e-9, 1e9)),
    "distance": Entry("of the source, kept with the table, with unit or [kpc]", (str, float, int)),
}
SAMPLING = {
    "chains": Entry("at least 4, or R-hat means nothing", (int,), "4", span=(1, 1000)),
    "warmup": Entry("draws of each chain that are thrown away", (int,), "500", span=(1, 10**7)),
    "draws": Entry("draws of each chain that are kept", (int,), "1000", span=(1, 10**7)),
    "target_accept": Entry("acceptance that step sizes aim at", (float,), "0.98", span=(0.01, 0.9999)),
    "chunk": Entry("draws between two writes to the disk", (int,), "100", span=(1, 10**5)),
    "max_tree_depth": Entry("log2 of the most steps for one draw", (int,), "9", span=(1, 15)),
}
REPORT = {
    "energies": Entry("energies pc at which κ and χ are told, with unit or [GeV], such as ['100 TeV']", (list,)),
}
