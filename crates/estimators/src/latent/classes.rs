//! Latent classes.
