//! Indices of distributions: `conindex`.

mod conindex;
mod conindex_model;
mod conindex_show;

pub(super) use conindex::SPEC as CONINDEX;
