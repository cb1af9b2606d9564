"""Where a table looks, and how what is there shines into it."""
