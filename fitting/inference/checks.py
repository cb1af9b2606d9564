"""What is refused before any work: settings, seeds, grids and tables that could give nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral
from typing import Any

from fitting.cases.sections import SAMPLING
from fitting.cases.typed import check_entries
from fitting.inference.nuts import FIELDS, Settings
from fitting.problem.mocks import is_blank
from fitting.problem.problem import Problem

LARGEST_SEED = 2**63 - 1
LARGEST_DRAWS = 1.0e9  # bytes
LARGEST_GRID = 2**24  # points
POINT_BYTES = 100  # of a point of a grid, on its way to the disk


def check_data(problem: Problem) -> None:
    """Errors: ValueError where a table is a layout without data, nothing is free, or no table feels what is."""
    for name, table in problem.tables.items():
        if is_blank(table):
            raise ValueError(f"table '{name}' is a layout without data: run `jaxcrc simulate` and use what it writes")
    if not problem.priors:
        raise ValueError("nothing to fit: give at least one prior")
    for path in problem.paths:
        if path not in problem.felt:
            raise ValueError(f"{path} has a prior, but no table feels it: the posterior would be the prior; drop it")


def check_seed(seed: int) -> None:
    """Errors: ValueError for a seed that random numbers cannot start from."""
    if isinstance(seed, bool) or not isinstance(seed, Integral) or not 0 <= seed <= LARGEST_SEED:
        raise ValueError(f"seed {seed!r}: give a whole number from 0 to {LARGEST_SEED}")


def settings_of(sampling: Mapping[str, Any], parameters: int) -> Settings:
    """The settings of a sampler for so many parameters.

    Errors: ValueError for an unknown one, a wrong type, a number out of range, or draws that fill the memory.
    """
    settings = Settings(**check_entries("sampling", sampling, SAMPLING))
    count = settings.chains * max(settings.draws, settings.chunk)
    if (size := 8.0 * count * (parameters + len(FIELDS))) > LARGEST_DRAWS:
        drawn = f"{settings.chains} chains of {settings.draws} draws (chunk {settings.chunk})"
        raise ValueError(f"{drawn} take {size / 1e9:.3g} GB of memory: ask for fewer")
    return settings


def check_size(counts: Mapping[str, int]) -> None:
    """Errors: ValueError for a grid of so many values a path that it would fill the memory."""
    points = math.prod(counts.values())
    if points > LARGEST_GRID:
        size = f"{' x '.join(map(str, counts.values()))} = {points:.3g} points"
        memory = f"{points * POINT_BYTES / 1e9:.3g} GB of memory"
        raise ValueError(f"the grid of {size} takes {memory}: give at most {LARGEST_GRID} points")
