"""The cosmic-ray cloud: protons in a flux tube and the waves they drive."""
