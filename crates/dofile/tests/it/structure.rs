//! The structure of the engine's sources.
