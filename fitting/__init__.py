"""Fits of gamma-ray profiles and spectra with jaxcrc: data, priors, likelihood, inference, reports.

Importing it turns on JAX's double precision. Its names are imported when they are first asked for.
"""

import os
import sys
from collections.abc import Callable
from typing import Any

import lazy_loader

from fitting.runs.views import VIEWS

if "jax" in sys.modules:
    sys.modules["jax"].config.update("jax_enable_x64", True)
else:  # JAX reads it when it is imported, which a command that needs no JAX does not wait for
    os.environ["JAX_ENABLE_X64"] = "1"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


def _view(name: str) -> Callable[..., Any]:
    return lambda run, *arguments, **options: __getattr__(name)(run, *arguments, **options)


VIEWS.update({name: _view(name) for name in ("plot_profile", "plot_spectrum", "plot_density", "plot_corner")})
VIEWS["report"] = _view("write_report")
