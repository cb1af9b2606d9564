"""Differentiable cosmic-ray transport around sources and the gamma rays it makes: arrays in, arrays out.

Its names are imported when they are first asked for.
"""

from importlib.metadata import version

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = version("jaxcrc")
