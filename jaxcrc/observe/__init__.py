"""What an instrument sees of a radial profile: lines of sight, point spread functions, annuli and apertures."""
