"""How cosmic rays move: from a source and a medium to a density in space."""
