//! The do-template library: load, validate, index, rank, render.
