"""From a Problem to a Run: the maximum, coordinates for sampling, chains, scans."""
