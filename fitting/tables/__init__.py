"""What was measured: tables with their units, regions and errors, read from and written to ECSV files."""
