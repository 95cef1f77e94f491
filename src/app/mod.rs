//! The composition root; owns start and shutdown.
