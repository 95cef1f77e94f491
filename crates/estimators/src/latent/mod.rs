//! Models of several responses of one person through a latent variable: item response models with a standard normal
//! trait ([IRT] irt), and latent classes ([SEM] gsem with `lclass()`).
//!
//! Persons with the same responses form a pattern; the likelihood is a sum over patterns with their weights.

pub mod classes;
pub mod item;
pub mod patterns;
pub mod trait_model;
