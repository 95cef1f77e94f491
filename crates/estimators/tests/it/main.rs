//! Kernels against certified values.

mod nist;
