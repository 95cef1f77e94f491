//! The table of a model of one series.

use crate::error::Result;
use crate::estimation::display::level;
use crate::estimation::header::{Fact, show as show_header};
use crate::estimation::likelihood::ll_line;
use crate::estimation::table::Table;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;

/// Shows the active estimates of a model of one series by maximum likelihood: headings, sample, test of the model, coefficients.
pub(super) fn show_sample(session: &mut Session, cmd: &ParsedCommand, headings: &[&str]) -> Result<()> {
    let level = level(session, cmd)?;
    let (b, v) = session.e.b_and_v()?;
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let mut facts = vec![Fact::observations(scalar("N"))];
    if scalar("df_m") > 0.0 {
        facts.push(Fact::statistic("Wald chi2", &[scalar("df_m")], scalar("chi2")));
        facts.push(Fact::probability("Prob > chi2", scalar("p")));
    }
    let mut left = vec![format!("Sample: {} thru {}", text("tmins"), text("tmaxs"))];
    left.extend((facts.len() == 3).then(String::new));
    let ll = ll_line(session);
    let last = facts.len() > 1;
    left.extend(last.then(|| ll.clone()));
    let depvar = text("depvar");
    session.print("");
    headings.iter().for_each(|heading| session.print(*heading));
    session.print("");
    show_header(session, &left, &facts, 17, 10);
    if !last {
        session.print(ll);
    }
    session.print("");
    let se: Vec<f64> = (0..b.cols()).map(|i| v.get(i, i).sqrt()).collect();
    Table {
        title: &depvar,
        vce_title: "OIM",
        ..Table::of_equations(&b.col_names, b.values(), &se, None, level)
    }
    .show(session);
    Ok(())
}
