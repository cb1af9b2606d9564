"""Numbers of nature that losses and emission share: cross-sections and photon fields."""
