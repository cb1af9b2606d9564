"""Double precision throughout, and every annotation of type and shape checked while testing."""

from pathlib import Path

import pytest
from jaxtyping import install_import_hook

import tests.shapes

# Before anything of the packages is imported: their functions and classes are made with their checks.
install_import_hook(["jaxcrc", "fitting"], f"{tests.shapes.__name__}.checked")

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")

MAPS = Path("/proc/self/maps")
FULL = 20_000  # of the 65 530 memory maps that Linux grants a process, beyond which compiling ends in a fault


@pytest.fixture(autouse=True, scope="module")
def _room_for_programs():
    """Compiled programs hold memory maps: they go before there are too many for one process."""
    yield
    if MAPS.exists() and len(MAPS.read_bytes().splitlines()) > FULL:
        jax.clear_caches()
