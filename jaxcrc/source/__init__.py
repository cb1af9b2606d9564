"""What is released, when and from where; and the cosmic rays that are there anyway."""
