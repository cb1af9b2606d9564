"""How particles move: from a source and a medium to a field."""
