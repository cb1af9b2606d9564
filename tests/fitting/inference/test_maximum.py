"""Errors at the MAP are told only where they can be meant."""

import numpy as np

from fitting.inference.maximum import believable


def test_absurd_errors_are_not_told():
    errors, wide = np.array([0.1, 2.9, 3.1, 1e9, np.nan, np.inf]), np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0])
    np.testing.assert_array_equal(believable(errors, wide), [0.1, 2.9, np.nan, np.nan, np.nan, np.nan])
    assert np.isfinite(believable(np.array([3.1]), np.array([2.0])))[0]
