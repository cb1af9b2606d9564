"""What can be drawn or written of a run. The front door fills this in, so that a run need not know who draws it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

VIEWS: dict[str, Callable[..., Any]] = {}
"""{method of a Run: function that takes the run and its arguments}."""
