"""Make hadronic_naima.json: emissivities of naima's PionDecay for power laws in total energy, exact cross-sections.

Run: python tests/reference/make_hadronic_naima.py
"""

from __future__ import annotations

import json
from pathlib import Path

import astropy.units as u
import naima

T_MIN, T_MAX = 0.2797, 1.0e7  # kinetic energies [GeV]
POINTS_PER_DECADE = 6000
PHOTON = [0.1, 0.15, 0.3, 0.5, 0.7, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0, 1e3, 1e4, 1e5]  # [GeV]
MODELS = ["Geant4", "Pythia8", "SIBYLL", "QGSJET"]
INDICES = [2.0, 2.2, 2.7]


def emissivity(model: str, index: float, nuclei: bool) -> list[float]:
    """q [GeV⁻¹ cm⁻³ s⁻¹] for n_p = (E_tot/GeV)^-index GeV⁻¹ cm⁻³ and one hydrogen nucleus per cm³."""
    mass = naima.models.PionDecay._m_p
    pions = naima.models.PionDecay(
        naima.models.PowerLaw(1 / u.GeV, 1 * u.GeV, index),
        nh=1 / u.cm**3,
        nuclear_enhancement=nuclei,
        hiEmodel=model,
        useLUT=False,
        Epmin=(mass + T_MIN) * u.GeV,
        Epmax=(mass + T_MAX) * u.GeV,
        nEpd=POINTS_PER_DECADE,
    )
    q = pions._spectrum(PHOTON * u.GeV).to_value("1/(s GeV)")
    return [float(f"{value:.9e}") for value in q]


def main() -> None:
    """Write the file beside this script."""
    rows = [
        {
            "model": f"kafexhiu14-{model.lower()}",
            "index": slope,
            "nuclei": nuclei,
            "q": emissivity(model, slope, nuclei),
        }
        for model in MODELS
        for slope in INDICES
        for nuclei in (False, True)
    ]
    head = {"made_by": f"naima {naima.__version__}, nEpd = {POINTS_PER_DECADE}", "t_min": T_MIN, "t_max": T_MAX}
    lines = ",\n  ".join(json.dumps(row) for row in rows)
    text = json.dumps({**head, "photon": PHOTON})[:-1] + f',\n "rows": [\n  {lines}\n]}}\n'
    Path(__file__).with_name("hadronic_naima.json").write_text(text)


if __name__ == "__main__":
    main()
