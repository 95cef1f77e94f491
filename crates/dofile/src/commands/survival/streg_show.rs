//! The header and the table of `streg` ([ST] streg).

use super::streg_frailty as frailty;
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::header::{Fact, show as show_header};
use crate::estimation::likelihood;
use crate::estimation::table::Table;
use crate::format;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::wald;

pub(super) fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    let results = s.e.results.clone();
    let text = |name: &str| results.get_text(name).unwrap_or("").to_string();
    let time = text("frm2") == "time";
    if (time && (cmd.has("hr") || cmd.has("nohr"))) || (!time && cmd.has("tratio")) {
        return Err(StataError::invalid("this display does not fit the metric of the estimates"));
    }
    if !cmd.has("noheader") {
        header(s, &text("title"));
    }
    let (b, v) = s.e.b_and_v()?;
    let eform = if time { cmd.has("tratio") } else { !cmd.has("nohr") };
    let heading = match (eform, time) {
        (false, _) => "Coefficient",
        (true, true) => "Time ratio",
        (true, false) => "Haz. ratio",
    };
    let se: Vec<f64> = (0..b.cols()).map(|i| v.get(i, i).sqrt()).collect();
    let ancillary = b.col_names.iter().position(|n| n.eq != "_t");
    let blocks = ancillary.is_some_and(|i| b.col_names[i].eq != "/");
    let clusters = s.e.results.get_scalar("N_clust");
    let clustvar = text("clustvar");
    Table {
        title: "_t",
        heading,
        vce_title: &text("vcetype"),
        eform,
        ancillary_from: ancillary,
        clusters: clusters.map(|c| (c, clustvar.as_str())),
        equations: blocks,
        ..Table::of_equations(&b.col_names, b.values(), &se, s.e.results.get_scalar("df_r"), level)
    }
    .show(s);
    if let Some(i) = ancillary.filter(|_| !blocks) {
        transformed(s, &b.col_names[i].name, b.get(0, i), se[i], level);
    }
    if s.e.results.get_scalar("theta").is_some() {
        frailty::show_variance(s, level, !cmd.has("nolrtest"));
    }
    let constant = b.col_names.iter().any(|n| n.eq == "_t" && n.name == "_cons");
    if eform && constant {
        let what = if time { "time" } else { "hazard" };
        s.print(format!("Note: _cons estimates baseline {what}."));
    }
    Ok(())
}

/// The ancillary parameter on its own scale, with limits from the log scale.
fn transformed(s: &mut Session, name: &str, b: f64, se: f64, level: f64) {
    let half = wald::critical(level, s.e.results.get_scalar("df_r")) * se;
    let rows: &[(&str, f64)] = match name {
        "ln_p" => &[("p", 1.0), ("1/p", -1.0)],
        "lnsigma" => &[("sigma", 1.0)],
        "lngamma" => &[("gamma", 1.0)],
        _ => &[],
    };
    for (label, sign) in rows {
        let x = (sign * b).exp();
        let numbers = [x, x * se, (sign * b - half).exp(), (sign * b + half).exp()];
        let [x, se, low, high] = numbers.map(|x| format::number("%9.0g", x));
        s.print(format!("{label:>12} |  {x}  {se}{:21}{low}   {high}", ""));
    }
    // the variance of the frailty follows without a rule
    if !rows.is_empty() && s.e.results.get_scalar("theta").is_none() {
        s.print("-".repeat(78));
    }
}

fn header(s: &mut Session, title: &str) {
    let e = &s.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let ll = likelihood::ll_line(s);
    let left = crate::estimation::survival::counts(&[scalar("N_sub"), scalar("N_fail"), scalar("risk")]);
    let kind = e.get_text("chi2type").unwrap_or("Wald").to_string();
    let facts = [
        Fact::observations(scalar("N")),
        Fact::statistic(&format!("{kind} chi2"), &[scalar("df_m")], scalar("chi2")),
        Fact::probability("Prob > chi2", scalar("p")),
    ];
    let own = e.get_text("fr_title").unwrap_or("").to_string();
    s.print("");
    s.print(title);
    if frailty::shared_header(s, &left, &facts) {
        return;
    }
    if !own.is_empty() {
        s.print(own);
    }
    s.print("");
    let width = facts.iter().map(Fact::width).max().unwrap_or(0);
    show_header(s, &left[..1], &facts[..1], 13, width);
    show_header(s, &left[1..], &[], 13, width);
    show_header(s, &[String::new()], &facts[1..2], 13, width);
    show_header(s, &[ll], &facts[2..], 13, width);
    s.print("");
}
