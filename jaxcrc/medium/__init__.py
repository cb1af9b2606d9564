"""The medium in which particles move: diffusion, gas phases, damping, targets, losses."""
