"""Shipped cases: read, written and read again the same; finite over their priors, no parameter idle."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import fitting
from fitting.cases.case import load, write_case
from fitting.cases.files import shipped_cases
from jaxcrc.transport.cloud.fluxtube import CosmicRayCloud

NAMES = [name for name in shipped_cases() if name != "template" and not name.endswith("layout")]
# Two are read and tried in the fast suite elsewhere.
SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in NAMES if name not in ("w28", "demo")]


@pytest.mark.parametrize("name", SLOW)
def test_finite_over_the_prior_and_no_parameter_without_effect(name):
    problem = load(name)
    # A cloud is solved on a mesh for each draw; everything else is a closed form.
    solved = any(isinstance(model.transport, CosmicRayCloud) for model in problem.scene.components.values())
    draws = problem.sample_prior(jax.random.key(3), 20 if solved else 2000)
    look = jax.jit(lambda q, d: jax.lax.map(jax.value_and_grad(q.log_likelihood), d))
    value, slope = look(problem.posterior, draws)
    assert np.all(np.isfinite(value))
    for path, column in slope.items():
        assert np.all(np.isfinite(column)), path
        assert np.any(np.asarray(column) != 0.0), path


@pytest.mark.parametrize("name", ["w28/dynamics", "w28/nava13"])
def test_a_case_written_and_read_again_is_the_same(name, tmp_path):
    problem = load(name)
    again = load(write_case(problem, tmp_path / "again"))
    assert again.paths == problem.paths
    assert again.options.ties == problem.options.ties
    for one, two in zip(jax.tree.leaves(problem.scene), jax.tree.leaves(again.scene), strict=True):
        np.testing.assert_array_equal(one, two)
    assert jax.tree.structure(problem.scene) == jax.tree.structure(again.scene)


def test_a_preset_fills_in_what_is_not_given():
    shipped = fitting.load("w28/ohira11").scene.components["escaped"].source.release.ceiling
    assert float(shipped.slope) == 2.6
    from fitting.cases.files import CaseError
    from fitting.cases.parts import build

    assert float(build("ceiling", {"kind": "ohira11-review", "slope": 2.0}, "c").log10_max_momentum) == 3.0
    assert float(build("ceiling", {"kind": "celli19", "slope": 3, "max_momentum": "2 PeV"}, "c").slope) == 3.0
    with pytest.raises(CaseError, match="'slope' is missing"):
        build("ceiling", "celli19", "c")
    with pytest.raises(CaseError, match="did you mean 'ohira11'"):
        build("ceiling", "ohira", "c")
