"""What is to be inferred: priors, likelihood, posterior, mock data."""
