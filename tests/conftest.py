"""Double precision throughout, and every annotation of type and shape checked while testing."""

from jaxtyping import install_import_hook

import tests.shapes

# Before anything of the packages is imported: their functions and classes are made with their checks.
install_import_hook(["jaxcrc", "fitting"], f"{tests.shapes.__name__}.checked")

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")
