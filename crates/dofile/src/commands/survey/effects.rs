//! `estat effects`: design effects after survey estimation ([SVY] estat).

use crate::error::{Result, StataError};
use crate::format;
use crate::ops::estat::Call;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;

/// The subcommand, when the active estimates are of a survey.
pub(in crate::commands) fn estat(
    s: &mut Session,
    word: &str,
    call: &dyn Fn(&str) -> Call,
) -> Option<Result<()>> {
    if s.e.results.get_text("prefix") != Some("svy") {
        return None;
    }
    match word {
        _ if word.len() >= 3 && "effects".starts_with(word) => Some(effects(s, &call("effects"))),
        // Likelihoods do not exist after svy.
        "ic" | "gof" | "classification" | "hettest" | "ovtest" | "imtest" | "vif" => {
            Some(Err(StataError::new(321, format!("estat {word} is not valid after svy"))))
        }
        _ => None,
    }
}

fn effects(s: &mut Session, call: &Call) -> Result<()> {
    let options =
        call.options(&[OptSpec::flag("DEFF"), OptSpec::flag("DEFT")], &["SRSsubpop", "MEFF", "MEFT"])?;
    let e = s.e.results.clone();
    let (Some(b), Some(v), Some(deff), Some(deft)) =
        (e.matrices.get("b"), e.matrices.get("V"), e.matrices.get("deff"), e.matrices.get("deft"))
    else {
        return Err(StataError::new(301, "last estimates not found"));
    };
    let both = !options.has("deff") && !options.has("deft");
    let (with_deff, with_deft) = (both || options.has("deff"), both || options.has("deft"));
    s.print("");
    s.print("-".repeat(60));
    s.print(format!(
        "{:>12} |{:>12}{:>12}{}{}",
        "",
        "Coefficient",
        "Std. err.",
        if with_deff { "        DEFF" } else { "" },
        if with_deft { "        DEFT" } else { "" }
    ));
    s.print(format!("-------------+{}", "-".repeat(46)));
    for j in 0..b.cols() {
        let wide = |x: f64| format!("{:>12}", format::bare("%9.0g", x));
        s.print(format!(
            "{:>12} |{}{}{}{}",
            format::abbrev(&b.col_names[j].name, 12),
            wide(b.get(0, j)),
            wide(v.get(j, j).sqrt()),
            if with_deff { wide(deff.get(0, j)) } else { String::new() },
            if with_deft { wide(deft.get(0, j)) } else { String::new() }
        ));
    }
    s.print("-".repeat(60));
    let mut r = Results::default();
    r.matrix("deff", deff.clone()).matrix("deft", deft.clone());
    s.r = r;
    Ok(())
}
