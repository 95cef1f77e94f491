//! What `xtivreg` prints: heading, coefficients, variance components and the test of the unit effects.

use super::xtreg_show::{components, effects_line, heading};
use crate::error::Result;
use crate::estimation::display::level;
use crate::estimation::header::Fact;
use crate::format;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::distributions::f_tail;

/// Prints the results of the active fit ([XT] xtivreg).
pub(super) fn show(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let results = &session.e.results;
    let scalar = |name: &str| results.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| results.get_text(name).unwrap_or("").to_string();
    let test = if results.get_scalar("df_r").is_some() {
        [
            Fact::statistic("F", &[scalar("df_m"), scalar("df_r")], scalar("F")),
            Fact::probability("Prob > F", scalar("p")),
        ]
    } else {
        [
            Fact::statistic("Wald chi2", &[scalar("df_m")], scalar("chi2")),
            Fact::probability("Prob > chi2", scalar("p")),
        ]
    };
    let note = match text("model").as_str() {
        "fe" => format!("corr(u_i, Xb) = {}", format::bare("%6.4f", scalar("corr"))),
        "be" => format!("sd(u_i + avg(e_i.)) = {}", format::bare("%9.0g", scalar("rmse"))),
        "fd" => String::new(),
        _ => "corr(u_i, X) = 0 (assumed)".to_string(),
    };
    let effects = results.get_scalar("F_f").map(|f| (f, scalar("df_a"), scalar("df_rz")));
    let varies = results.get_scalar("sigma_u").is_some();
    let (instd, insts) = (text("instd"), text("insts"));
    heading(session, &test, note);
    super::xtreg_show::table(session, level, varies)?;
    if varies {
        components(session);
    }
    if let Some((f, df1, df2)) = effects {
        effects_line(session, (df1, df2), (f, f_tail(df1, df2, f)));
        session.print("-".repeat(session.settings.names_width + 66));
    }
    session.print(format!("Endogenous: {instd}"));
    session.print(format!("Exogenous:  {insts}"));
    Ok(())
}
