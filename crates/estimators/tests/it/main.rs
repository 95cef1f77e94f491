//! Kernels against certified values.

mod epidemiology;
mod nist;
