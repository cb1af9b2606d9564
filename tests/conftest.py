"""Double precision throughout, and every annotation of shape and type checked while testing."""

from jaxtyping import install_import_hook

# Before anything of the packages is imported: their functions and classes are made with their checks.
install_import_hook(["jaxcrc", "fitting"], "beartype.beartype")

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")
