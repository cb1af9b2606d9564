"""Numerical methods that know nothing of cosmic rays."""
