"""Solutions in closed form, and sums of them."""
