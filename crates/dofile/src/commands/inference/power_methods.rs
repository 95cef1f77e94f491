//! The methods of `power` by their names.

use super::{
    power_association, power_correlation, power_groups, power_paired, power_regression, power_survival,
    power_twoway, power_variances,
};
use crate::error::Result;
use crate::session::Session;

/// Methods that have files of their own.
pub(super) fn with_own_file(method: &str) -> Option<fn(&mut Session, &str) -> Result<()>> {
    Some(match method {
        "pairedmeans" => power_paired::run,
        "oneway" => power_groups::oneway,
        "twoway" => power_twoway::run,
        "onevariance" | "onevar" => power_groups::onevariance,
        "onecorrelation" | "onecorr" => power_correlation::run,
        "twocorrelations" | "twocorr" => power_correlation::two,
        "oneslope" => power_regression::oneslope,
        "pcorr" => power_regression::pcorr,
        "rsquared" => power_regression::rsquared,
        "logrank" | "log" => power_survival::logrank,
        "cox" => power_survival::cox,
        "twovariances" | "twovar" => power_variances::run,
        "mcc" => power_association::mcc,
        "cmh" => power_association::cmh,
        "trend" => power_association::trend,
        "pairedproportions" | "pairedprop" | "pairedpr" => power_association::pairedproportions,
        _ => return None,
    })
}
