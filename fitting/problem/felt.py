"""Which parameters the tables of a problem feel: what its program, traced but never run, makes use of."""

from __future__ import annotations

import jax

from fitting.problem.posterior import Posterior
from jaxcrc.scene import get, paths


def felt(posterior: Posterior) -> frozenset[str]:
    """Paths that the likelihood depends on, or that a matrix was made for.

    What a tie overwrites is not among them. A part of the program that uses any of its inputs is taken to use all.
    """
    values = {path: get(posterior.scene, path) for path in paths(posterior.scene)}
    program = jax.make_jaxpr(posterior.log_likelihood)(values).jaxpr
    used = {id(variable) for variable in program.outvars}
    for equation in reversed(program.eqns):
        if any(id(variable) in used for variable in equation.outvars):
            used |= {id(variable) for variable in equation.invars}
    inputs = zip(sorted(values), program.invars, strict=True)
    return frozenset(path for path, variable in inputs if id(variable) in used).union(posterior.setup.ranges)
