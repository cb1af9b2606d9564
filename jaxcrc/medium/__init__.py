"""Where cosmic rays move: diffusion, gas and what follows from them."""
