//! `sts test, cox`: the test of equal survivor functions by a Cox regression on the groups ([ST] sts test).

use crate::error::{Result, StataError};
use crate::estimation::survival::Records;
use crate::format;
use crate::frame::{Column, Variable};
use crate::ops::record_groups::Grouping;
use crate::ops::run::quietly;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::survivor::Equality;

/// Names of the variables of the regression; no user's variable begins like this.
const GROUP: &str = "__sts_group";

/// Hazards relative to the first group, and the test.
struct Fit {
    hazards: Vec<f64>,
    chi2: f64,
    df: f64,
    p: f64,
    wald: bool,
}

/// Refuses what the test has not, where it is asked for.
pub(super) fn check(cmd: &ParsedCommand) -> Result<()> {
    if !cmd.has("cox") {
        return Ok(());
    }
    let others = ["logrank", "wilcoxon", "tware", "peto", "fh"];
    if others.iter().any(|o| cmd.has(o)) {
        return Err(StataError::invalid("only one test may be specified"));
    }
    match ["trend", "detail", "mat"].into_iter().find(|o| cmd.has(o)) {
        Some(option) => Err(StataError::invalid(format!("option {option} not allowed with cox"))),
        None => Ok(()),
    }
}

/// Fits the regression on the records; the active estimates stay.
fn fit(s: &mut Session, records: &Records, groups: &Grouping, strata: Option<&str>) -> Result<Fit> {
    let mut numbers = vec![MISSING; s.frame.n_rows()];
    records.rows.iter().zip(&groups.of).for_each(|(row, g)| numbers[*row] = *g as f64 + 1.0);
    s.frame.add(Variable::new(GROUP, Column::Double(numbers)))?;
    let held = s.hold_estimates();
    let strata = strata.map_or(String::new(), |list| format!(", strata({list})"));
    let done = quietly(s, &format!("stcox i.{GROUP} if {GROUP} < .{strata}"));
    let found = done.and_then(|()| {
        let scalar = |name: &str| s.e.results.get_scalar(name).filter(|x| !is_missing(*x));
        let b = s.e.b().map(|b| b.values().to_vec()).unwrap_or_default();
        let wald = s.e.results.get_text("chi2type") == Some("Wald");
        match (scalar("chi2"), scalar("df_m"), scalar("p")) {
            (Some(chi2), Some(df), Some(p)) if b.len() == groups.count() => {
                Ok(Fit { hazards: b.iter().map(|x| x.exp()).collect(), chi2, df, p, wald })
            }
            _ => Err(StataError::new(430, "the Cox regression on the groups could not be fitted")),
        }
    });
    s.restore_estimates(held);
    let place: Vec<usize> = s.frame.find(GROUP).into_iter().collect();
    s.frame.drop_vars(&place);
    found
}

/// Shows and stores the test; `total` has the observed and expected events.
pub(super) fn run(
    s: &mut Session,
    cmd: &ParsedCommand,
    records: &Records,
    groups: &Grouping,
    total: &Equality,
) -> Result<()> {
    let strata = cmd.options.text("strata");
    let found = fit(s, records, groups, strata)?;
    if !cmd.has("notitle") {
        s.print("");
        s.print(if strata.is_some() {
            "Stratified Cox regression–based test"
        } else {
            "Cox regression–based test"
        });
        s.print("Equality of survivor functions");
    }
    let name = groups.variables.join(" ");
    let label = |g: usize| groups.labels[g].join(" ");
    let width = (0..groups.count()).map(|g| label(g).chars().count()).chain([name.chars().count(), 5]);
    let width = width.max().unwrap_or(5).min(24);
    let rule = format!("{}-+-{}", "-".repeat(width), "-".repeat(36));
    let cell = |text: &str| format::left(&format::abbrev(text, width), width);
    s.print("");
    s.print(format!("{} |  Observed       Expected    Relative", " ".repeat(width)));
    s.print(format!("{} |    events         events      hazard", cell(&name)));
    s.print(&rule);
    for g in 0..groups.count() {
        let (observed, expected) =
            (format::number("%9.0g", total.observed[g]), format::number("%14.2f", total.expected[g]));
        s.print(format!(
            "{} | {observed} {expected} {}",
            cell(&label(g)),
            format::number("%11.4f", found.hazards[g])
        ));
    }
    s.print(&rule);
    let (observed, expected) = (total.observed.iter().sum(), total.expected.iter().sum());
    s.print(format!(
        "{:>width$} | {} {}",
        "Total",
        format::number("%9.0g", observed),
        format::number("%14.2f", expected)
    ));
    let kind = if found.wald { "Wald" } else { "LR" };
    let indent = " ".repeat(width + 8);
    s.print("");
    s.print(format!("{indent}{kind:>5} chi2({}) = {}", found.df, format::number("%6.2f", found.chi2)));
    s.print(format!("{indent}     Pr>chi2 = {}", format::number("%6.4f", found.p)));
    let mut r = Results::default();
    r.scalar("df", found.df).scalar("chi2", found.chi2);
    s.r = r;
    Ok(())
}
