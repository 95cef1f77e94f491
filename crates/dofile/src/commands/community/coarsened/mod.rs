//! Coarsened exact matching: `cem` and `imb` (Blackwell, Iacus, King and Porro 2009, Stata Journal 9: 524-546). Written from
//! the article and the help files; numbers: `estimators::coarsening`.

mod cem;
mod imb;
mod imbalance;
mod request;

pub(super) use cem::SPEC as CEM;
pub(super) use imb::SPEC as IMB;
