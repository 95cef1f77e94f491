//! Panel data: descriptions of the panel and estimators for units that are observed repeatedly.

mod xtdescribe;
mod xtsum;
mod xttest0;

use super::CommandSpec;
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::tsset::Panel;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[xtdescribe::SPEC, xtsum::SPEC, xttest0::SPEC];

/// The panel variable: of an option `i()`, or as declared; r(459) without one.
fn unit_variable(session: &Session, option: Option<&str>) -> Result<usize> {
    match option {
        Some(name) => session.variable(name),
        None => Panel::of(&session.frame)?
            .panel
            .ok_or_else(|| StataError::new(459, "panel variable not set; use xtset varname ...")),
    }
}
