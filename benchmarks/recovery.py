"""Twenty noisy mock halos of each kind, fitted one by one: do the chains meet, does the interval cover the truth?

Run by hand: `python benchmarks/recovery.py [burst] [continuous]`. One line for each data set, then how often the 95 %
intervals covered.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import fitting
from tests.fitting.halos import mock_halo

SEEDS = range(100, 120)
SAMPLING = {"warmup": 500, "draws": 1000}


def main(kinds: list[str]) -> None:
    """Print a line for each fit."""
    for kind in kinds:
        covered: dict[str, int] = {}
        for seed in SEEDS:
            problem = mock_halo(kind, seed)
            run = fitting.fit(problem, seed=seed, **SAMPLING)
            table, about = run.summary(), run.about
            for path, truth in problem.tables["profile"].truth.items():
                low, high = np.quantile(run.draws[path], (0.025, 0.975))
                covered[path] = covered.get(path, 0) + int(low <= truth <= high)
            print(
                f"{kind:10s} {seed} R-hat {np.max(table['r_hat']):.4f} ESS {np.min(table['ess_bulk']):5.0f} "
                f"divergences {about['divergences']} of {about['draws']} steps {about['steps_per_draw']:.1f}",
                flush=True,
            )
        print(f"{kind}: covered of {len(SEEDS)}:", ", ".join(f"{p} {n}" for p, n in covered.items()))


if __name__ == "__main__":
    main(sys.argv[1:] or ["burst", "continuous"])
