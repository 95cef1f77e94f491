//! `savefirst` of `ivreg2`: the regressions of the first stage as stored results.

use crate::error::{Result, StataError};
use crate::expr::functions::valid_name;
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::syntax::split::{ParsedCommand, WeightKind};

/// Options of the model that its first stages have too.
const SHARED: [&str; 7] = ["noCONstant", "Robust", "CLuster", "SMall", "BW", "KERNEL", "DKRAAY"];

/// Regresses each endogenous variable on the instruments, in the sample and with the covariance of the active model,
/// and stores the results as `_ivreg2_x`.
pub(super) fn save(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    for option in ["partial", "fwl"] {
        if cmd.options.text(option).is_some() {
            return Err(StataError::unsupported_option("ivreg2", &format!("savefirst with {option}()")));
        }
    }
    let list = |name: &str| s.e.results.get_text(name).unwrap_or("").to_string();
    let (endogenous, instruments) = (list("instd"), list("insts"));
    let prefix = cmd.options.text("savefprefix").unwrap_or("_ivreg2_").trim().to_string();
    let mut options = String::from("noid ");
    for (name, argument) in split_options(&cmd.option_text)? {
        if SHARED.iter().any(|o| abbreviates(&name, o)) {
            options.push_str(&argument.map_or(format!("{name} "), |a| format!("{name}({a}) ")));
        }
    }
    let weight = cmd.weight.as_ref().map_or(String::new(), |w| {
        let kind = match w.kind {
            Some(WeightKind::Frequency) => "fweight",
            Some(WeightKind::Probability) => "pweight",
            Some(WeightKind::Importance) => "iweight",
            _ => "aweight",
        };
        format!("[{kind} = {}]", w.exp)
    });
    for variable in endogenous.split_whitespace() {
        let main = s.hold_estimates();
        let fitted = quietly(s, &format!("ivreg2 {variable} {instruments} if e(sample) {weight}, {options}"));
        if fitted.is_ok() {
            s.stored.set(valid_name(&format!("{prefix}{variable}")), s.e.clone());
        }
        s.restore_estimates(main);
        fitted?;
    }
    Ok(())
}
