"""The suppression χ of W28 by each hadronic model: the shipped case sampled once for each, printed as a table.

Run by hand: `python benchmarks/hadronic_w28.py [MODEL ...]`, all models by default; minutes for each. χ is κ at 10 GeV
over κ₀ named as the case says. Medians with 16 and 84 %.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import fitting
from jaxcrc.emission.hadronic import AAFRAG, MODELS

PATHS = {
    "χ": "components.escaped.medium.log10_chi",
    "δ": "components.escaped.medium.delta",
    "index": "components.escaped.source.spectrum.index",
    "log₁₀ W": "components.escaped.source.release.log10_energy",
}
DRAWS = 400


def main(names: list[str]) -> None:
    """Print the table."""
    shipped = fitting.load("w28")
    reference = shipped.scene.components["escaped"].medium.reference
    print(f"χ at 10 GeV against {reference}; 4 chains of {DRAWS} draws")
    for name in names:
        options = replace(shipped.options, hadronic=name)
        problem = fitting.Problem(shipped.scene, shipped.tables, shipped.priors, options, sampling=shipped.sampling)
        begun = time.perf_counter()
        run = fitting.fit(problem, seed=0, draws=DRAWS)
        found = {row["parameter"]: row for row in run.summary()}
        cells = []
        for label, path in PATHS.items():
            low, middle, high = (found[path][key] for key in ("q16", "q50", "q84"))
            if label == "χ":
                low, middle, high = 10.0**low, 10.0**middle, 10.0**high
            cells.append(f"{label} {middle:.3g} ({low:.3g} to {high:.3g})")
        worst = max(found[path]["r_hat"] for path in problem.paths)
        print(f"{name:20s} {'; '.join(cells)}; R-hat {worst:.3f}; {time.perf_counter() - begun:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:] or [*MODELS, AAFRAG])
