"""What a fit found: draws, statistics, their names; saved and reloaded."""
