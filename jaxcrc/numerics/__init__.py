"""Numerical tools that know no cosmic rays."""
