"""What shines: matrices [photon, energy] that turn particle densities into photon emissivities."""
