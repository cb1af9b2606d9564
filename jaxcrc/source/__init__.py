"""What is released, when and from where."""
