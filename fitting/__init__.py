"""Fits of gamma-ray profiles and spectra with jaxcrc: data, priors, likelihood, inference, reports."""

import jax as _jax

_jax.config.update("jax_enable_x64", True)

from fitting.assembly import assemble as assemble  # noqa: E402
from fitting.case import CaseError as CaseError  # noqa: E402
from fitting.case import cases as cases  # noqa: E402
from fitting.case import load as load  # noqa: E402
from fitting.case import write_case as write_case  # noqa: E402
from fitting.compare import side_by_side as side_by_side  # noqa: E402
from fitting.inference import fit as fit  # noqa: E402
from fitting.optimize import find_map as find_map  # noqa: E402
from fitting.options import AssemblyError as AssemblyError  # noqa: E402
from fitting.options import Options as Options  # noqa: E402
from fitting.priors import Prior as Prior  # noqa: E402
from fitting.priors import PriorError as PriorError  # noqa: E402
from fitting.problem import Problem as Problem  # noqa: E402
from fitting.run import Run as Run  # noqa: E402
from fitting.scans import scan as scan  # noqa: E402
from fitting.tables import Table as Table  # noqa: E402
from fitting.tables import TableError as TableError  # noqa: E402
from fitting.tables import read_table as read_table  # noqa: E402
from fitting.tables import write_table as write_table  # noqa: E402
