//! Curves and indices of distributions: `conindex`, `lorenz`, `pshare` and `glcurve`.

mod conindex;
mod conindex_model;
mod conindex_show;
mod curve_model;
mod curve_show;
mod curves;
mod glcurve;
mod lorenz;

pub(super) use conindex::SPEC as CONINDEX;
pub(super) use glcurve::SPEC as GLCURVE;
pub(super) use lorenz::SPEC as LORENZ;
pub(super) use lorenz::SPEC_SHARES as PSHARE;
