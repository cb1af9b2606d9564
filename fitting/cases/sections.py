"""What the sections of a case hold besides parts of a scene: {key: what it is}."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    """A key of a case: what it is, its types in TOML, its default as people read it."""

    words: str
    types: tuple[type, ...]
    default: str = "none"


SECTIONS = {
    "title": "what the fit is called",
    "text": "what it is about, in paragraphs",
    "components": "what is there: a table for each, named by what it is (escaped, trapped, halo, sea …)",
    "gas": "hydrogen around the source",
    "light": "radiation and magnetic field around the source",
    "hadronic": "how protons shine: a factor, and a mixture of models under `models`",
    "view": "from where one looks, and at which clouds",
    "tables": "what was measured: a table for each",
    "priors": "what is free: a table for each path, in quotes",
    "ties": '"path that follows" = "path that leads"',
    "options": "what is chosen rather than fitted",
    "sampling": "how long to sample, where the command line does not say",
}
OPTIONS = {
    "hadronic": Entry("pp model by its full name", (str,), "kafexhiu14-pythia8"),
    "nuclear": Entry(
        'nuclei in cosmic rays and gas: "none", "kafexhiu14", a factor, or a composition such as '
        "{cosmic_rays = {He = 0.07}, gas = {He = 0.1}}",
        (str, float, int, dict),
        "kafexhiu14",
    ),
    "leptonic": Entry(
        'what electrons shine by: "inverse-compton", "synchrotron", "bremsstrahlung"', (list,), '["inverse-compton"]'
    ),
    "absorption": Entry("{photon field = way through it, such as '4 kpc'}: pairs take photons on the way", (dict,)),
    "points_per_decade": Entry("of the energy grids", (int,), "20"),
    "energy_max": Entry("end of the energy grids [GeV]", (float, int), "far enough above the photons"),
    "reach": Entry("how far nodes go, in outer radii of a table", (float, int), "105"),
    "sea": Entry("name of a local spectrum to add as component `sea`", (str,)),
}
TABLE_KEYS = {
    "file": Entry("ECSV file beside the case, or a shipped table", (str,)),
    "layout": Entry("where a simulation looks, instead of a file", (dict,)),
    "cloud": Entry("name of the cloud in [view.clouds] that the table looks at", (str,)),
}
VIEW_KEYS = {
    "centre": Entry("[RA, Dec] of the source [deg]", (list,)),
    "clouds": Entry("a table for each cloud", (dict,)),
}
CLOUD_KEYS = {
    "centre": Entry("[RA, Dec] [deg]; gives offset and azimuth where the view has a centre", (list,)),
    "shape": Entry('"gaussian" or "ball"', (str,), "gaussian"),
}
PLACE_KEYS = {"centre": Entry("[RA, Dec] [deg]; gives north and east where the view has a centre", (list,))}
LAYOUT_KEYS = {
    "kind": Entry("of the table", (str,)),
    "unit": Entry("of its values", (str,)),
    "r_edges": Entry("edges of the annuli, with unit or [deg]; none for a spectrum", (list,)),
    "e_edges": Entry("edges of the bands, with unit or [GeV]", (list,)),
    "e_ref": Entry("or energies that values are at, with unit or [GeV]", (list,)),
    "psf": Entry("σ of a Gaussian, with unit or [deg]", (str, float, int)),
    "centre": Entry("[RA, Dec] of the annuli [deg]", (list,), "[0, 0]"),
    "region": Entry("of a spectrum: {shape, centre, radius or width, height, angle}", (dict,), "{shape = 'total'}"),
    "error": Entry("relative error of each point", (float, int), "0.1"),
    "distance": Entry("of the source, kept with the table, with unit or [kpc]", (str, float, int)),
}
SAMPLING = {
    "chains": Entry("at least 4, or R-hat means nothing", (int,), "4"),
    "warmup": Entry("draws of each chain that are thrown away", (int,), "500"),
    "draws": Entry("draws of each chain that are kept", (int,), "1000"),
    "target_accept": Entry("acceptance that step sizes aim at", (float,), "0.98"),
    "chunk": Entry("draws between two writes to the disk", (int,), "100"),
    "max_tree_depth": Entry("log2 of the most steps for one draw", (int,), "9"),
}
