"""DiET: spectrograms of a station -> probabilities of noise, tremor and earthquake.

An independent re-implementation after the public description of Sagae et al. (2025,
doi:10.1029/2025JB031348), whose authors gave the name (Discriminator for Earthquake and Tremor): not their
model, and not endorsed by them.
"""
