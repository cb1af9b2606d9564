"""Fits of gamma-ray profiles and spectra with jaxcrc: data, priors, likelihood, inference, reports."""

import jax as _jax

_jax.config.update("jax_enable_x64", True)

from fitting.cases.case import CaseError as CaseError  # noqa: E402
from fitting.cases.case import cases as cases  # noqa: E402
from fitting.cases.case import load as load  # noqa: E402
from fitting.cases.case import write_case as write_case  # noqa: E402
from fitting.inference.fit import fit as fit  # noqa: E402
from fitting.inference.maximum import find_map as find_map  # noqa: E402
from fitting.inference.scan import scan as scan  # noqa: E402
from fitting.problem.priors import Prior as Prior  # noqa: E402
from fitting.problem.priors import PriorError as PriorError  # noqa: E402
from fitting.problem.problem import Problem as Problem  # noqa: E402
from fitting.report.compare import side_by_side as side_by_side  # noqa: E402
from fitting.runs.run import Run as Run  # noqa: E402
from fitting.setup.assemble import assemble as assemble  # noqa: E402
from fitting.setup.options import AssemblyError as AssemblyError  # noqa: E402
from fitting.setup.options import Options as Options  # noqa: E402
from fitting.tables.table import Table as Table  # noqa: E402
from fitting.tables.table import TableError as TableError  # noqa: E402
from fitting.tables.table import read_table as read_table  # noqa: E402
from fitting.tables.table import write_table as write_table  # noqa: E402
