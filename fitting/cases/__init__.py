"""Case files: TOML to a Problem and back."""
