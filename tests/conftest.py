"""Double precision throughout; shape checks of jaxcrc's annotations while testing."""

import jax

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")
