//! Meta-analyses of the Stata Journal: `metan` (Harris et al. 2008, 8: 3-28), `metareg` (Harbord and Higgins 2008, 8: 493-519),
//! `metabias` (Harbord, Harris and Sterne 2009, 9: 197-210) and `metafunnel` (Sterne and Harbord 2004, 4: 127-141). Written
//! from the articles and help files; numbers: `estimators::meta_analysis` and `estimators::meta_effects`.

mod command;
mod forest;
mod metabias;
mod metafunnel;
mod metareg;
mod pools;
mod request;
mod show;

pub(super) use command::SPEC as METAN;
pub(super) use metabias::SPEC as METABIAS;
pub(super) use metafunnel::SPEC as METAFUNNEL;
pub(super) use metareg::SPEC as METAREG;
