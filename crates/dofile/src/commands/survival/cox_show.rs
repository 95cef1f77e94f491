//! Output of `stcox`.

use crate::error::{Result, StataError};
use crate::estimation::display::{level, show_active};
use crate::estimation::header::{Fact, show as show_header};
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Look};
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;

/// Prints the active results.
pub(super) fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    if cmd.has("hr") && cmd.has("nohr") {
        return Err(StataError::invalid("only one of hr and nohr is allowed"));
    }
    if !cmd.has("noheader") {
        header(s);
    }
    if cmd.has("notable") {
        return Ok(());
    }
    if s.e.b().is_none_or(|b| b.cols() == 0) {
        s.print("(no regressors)");
        return Ok(());
    }
    let ratio = (!cmd.has("nohr")).then_some("Haz. ratio");
    if let Some(texp) = s.e.results.get_text("texp").map(str::to_string) {
        ml_command::table(s, cmd, &Look { eform: ratio, equations: true, ..Look::default() })?;
        s.print(format!("Note: Variables in tvc equation interacted with {}.", texp.replace(' ', "")));
    } else {
        // the variance of the frailty follows in the same table
        let open = s.settings.table.open_end;
        s.settings.table.open_end = open || s.e.results.get_text("shared").is_some();
        let shown = show_active(s, level, ratio);
        s.settings.table.open_end = open;
        shown?;
    }
    if s.e.results.get_text("shared").is_some() {
        super::cox_shared::show(s, cmd)?;
    }
    if let Some(strata) = s.e.results.get_text("strata").filter(|t| !t.is_empty()) {
        let line = format!("Stratified by {strata}");
        s.print(format!("{line:>78}"));
    }
    Ok(())
}

fn header(s: &mut Session) {
    let e = &s.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| e.get_text(name).unwrap_or("");
    let ties = match text("ties") {
        "efron" => "Efron",
        "exactm" => "exact marginal-likelihood",
        "exactp" => "exact partial-likelihood",
        _ => "Breslow",
    };
    let stratified = if text("strata").is_empty() { "Cox" } else { "Stratified Cox" };
    let title = format!("{stratified} regression with {ties} method for ties");
    let left = crate::estimation::survival::counts(&[scalar("N_sub"), scalar("N_fail"), scalar("risk")]);
    let ll = [likelihood::ll_line(s)];
    let facts = [
        Fact::observations(scalar("N")),
        Fact::statistic(&format!("{} chi2", text("chi2type")), &[scalar("df_m")], scalar("chi2")),
        Fact::probability("Prob > chi2", scalar("p")),
    ];
    s.print("");
    s.print(title);
    if super::streg_frailty::shared_header(s, &left[..3], &facts) {
        return;
    }
    s.print("");
    // The facts stand beside the first line and the last two.
    let width = facts.iter().map(Fact::width).max().unwrap_or(0);
    show_header(s, &left[..1], &facts[..1], 13, width);
    show_header(s, &left[1..3], &[], 13, width);
    show_header(s, &[String::new()], &facts[1..2], 13, width);
    show_header(s, &ll, &facts[2..], 13, width);
    s.print("");
}
