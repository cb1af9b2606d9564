"""Log-densities of the shipped cases stay what they were: no move of code may change a number.

The stored points are each case's own values and draws from its priors. Where a calculation became more exact, its
numbers were stored anew: the clouds of W28, the youngest electrons of pulsars (by 1e-5), and rays that start at us on
a sky that is a sphere (about a per cent of the light 6 deg from the nearest pulsar, far less elsewhere; the simulated
halo was simulated again), and clouds beside or in what is thin: field lines, whose fixed nodes missed light far from
the best fit, and the flux tube, whose edge they blurred (0.5 % of the
light; it was simulated again when its remnant took the mass of gas that its waves have).
"""

import json
from pathlib import Path

import pytest

from fitting.cases.case import load

STORED = json.loads((Path(__file__).parents[2] / "reference" / "log_densities.json").read_text(encoding="utf-8"))
QUICK = ("w28", "demo")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in QUICK)) for name in STORED]
)
def test_a_case_has_its_stored_log_densities(name):
    problem = load(name)
    for point in STORED[name]:
        found = float(problem.log_density(point["values"]))
        assert found == pytest.approx(point["log_density"], rel=1e-10, abs=1e-10)
