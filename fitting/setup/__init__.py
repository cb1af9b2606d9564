"""(scene, tables, options) -> Setup: which nodes, which matrices, in which units; all on the host, once."""
