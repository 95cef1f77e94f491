//! Tables of `hdidregress` and `xthdidregress`, and `estat aggregation` and `estat ptrends` after them.

use super::csdid_average::{Kind, averages};
use super::hdid_sample::Sample;
use super::hdidregress::{COHORT, HdidState};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::header::{Fact, show as show_header};
use crate::estimation::table::{Table, row};
use crate::estimation::table_cells::{cells, columns_width};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::numlist;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::did::{Effect, covariance};
use estimators::wald;

/// Prints which cohorts there are.
pub(super) fn timing(s: &mut Session, sample: &Sample) {
    let counts = sample.cohort_counts();
    let first = sample.periods.iter().min().copied().unwrap_or(0);
    let last = sample.periods.iter().max().copied().unwrap_or(0);
    for line in [
        String::new(),
        "Treatment and time information".to_string(),
        String::new(),
        format!("Time variable: {}", sample.time),
        format!("Time interval: {first} to {last}"),
        format!("Control:       {COHORT} = 0"),
        format!("Treatment:     {COHORT} > 0"),
        "-".repeat(31),
        format!("                  | {COHORT}"),
        "------------------+------------".to_string(),
        format!("Number of cohorts |{:>12}", counts.len()),
        "------------------+------------".to_string(),
        "Number of obs     |".to_string(),
    ] {
        s.print(line);
    }
    for (cohort, count) in counts {
        let label = if cohort == 0 { "Never treated".to_string() } else { cohort.to_string() };
        s.print(format!("{label:>17} |{count:>12}"));
    }
    s.print("-".repeat(31));
}

/// Prints the table of the active estimates.
pub(super) fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    let (b, v) = s.e.b_and_v()?;
    let results = s.e.results.clone();
    let text = |name: &str| results.get_text(name).unwrap_or("").to_string();
    let scalar = |name: &str| results.get_scalar(name).unwrap_or(MISSING);
    let estimator = match text("estimator").as_str() {
        "ra" => "Regression adjustment",
        "ipw" => "Inverse-probability weighting",
        _ => "Augmented IPW",
    };
    let control = if text("controlgroup") == "never" { "Never treated" } else { "Not yet treated" };
    let covariates = format!("{}{}", text("omvarlist"), text("tmvarlist"));
    let mut left = vec![format!("Estimator:       {estimator}")];
    s.print("");
    if s.e.cmd() == "xthdidregress" {
        let facts =
            [Fact::observations(scalar("N")), Fact::new("Number of panels", "%10.0fc", scalar("N_panels"))];
        left.push(format!("Panel variable:  {}", text("panelvar")));
        left.push(format!("Treatment level: {}", text("groupvar")));
        left.push(format!("Control group:   {control}"));
        show_header(s, &["Heterogeneous-treatment-effects regression".to_string()], &facts, 16, 0);
    } else {
        let facts = [Fact::observations(scalar("N"))];
        left.push(format!("Treatment level: {}", text("groupvar")));
        left.push(format!("Control group:   {control}"));
        show_header(s, &["Heterogeneous treatment-effects regression".to_string()], &facts, 13, 0);
    }
    left.iter().for_each(|line| s.print(line));
    s.print("");
    let (clustvar, common) = (text("clustvar"), text("basetime") == "common");
    let clusters = scalar("N_clust");
    let se: Vec<f64> = (0..b.cols()).map(|i| v.get(i, i).sqrt()).collect();
    Table {
        title: "Cohort      ",
        heading: "ATET",
        vce_title: "Robust",
        clusters: Some((clusters, &clustvar)),
        ..Table::of_equations(&b.col_names, b.values(), &se, None, level)
    }
    .show(s);
    if !covariates.is_empty() {
        s.print("Note: ATET computed using covariates.");
    }
    let state = state_of(s)?;
    base_note(s, &state, common);
    Ok(())
}

/// The effects of the active estimates.
fn state_of(s: &Session) -> Result<std::sync::Arc<dyn std::any::Any + Send + Sync>> {
    s.e.extra.clone().ok_or_else(StataError::no_estimates)
}

fn base_note(s: &mut Session, state: &std::sync::Arc<dyn std::any::Any + Send + Sync>, common: bool) {
    let before = state
        .downcast_ref::<HdidState>()
        .is_some_and(|state| state.effects.cells.iter().any(|c| c.period < c.group));
    if before && !common {
        s.print("Note: Base time for pretreatment ATETs is the previous period.");
    } else if before {
        s.print("Note: Base time for pretreatment ATETs is the last period before treatment.");
    }
}

/// The subcommand, when the active estimates are of these commands.
pub(super) fn estat(s: &mut Session, word: &str, call: &dyn Fn(&str) -> Call) -> Option<Result<()>> {
    if !matches!(s.e.cmd(), "hdidregress" | "xthdidregress") {
        return None;
    }
    match word {
        _ if word.len() >= 3 && "aggregation".starts_with(word) => Some(aggregation(s, &call("aggregation"))),
        _ if word.len() >= 2 && "ptrends".starts_with(word) => Some(trends(s, &call("ptrends"))),
        _ if word.len() >= 4 && "atetplot".starts_with(word) => {
            Some(Err(StataError::unsupported_command("estat atetplot")))
        }
        "sci" => Some(Err(StataError::unsupported_command("estat sci"))),
        _ => None,
    }
}

/// What the effects are averaged over, and the names of the rows.
struct Asked {
    kind: Kind,
    title: &'static str,
    heading: &'static str,
    only: Option<Vec<i64>>,
}

fn asked(call: &Call) -> Result<(Asked, Option<f64>)> {
    let specs =
        [OptSpec::flag("overall"), OptSpec::flag("COHort"), OptSpec::flag("TIme"), OptSpec::real("Level")];
    // dynamic has an optional list
    let (mut rest, mut dynamic, mut only) = (Vec::new(), false, None);
    for (name, text) in crate::syntax::options::split_options(&call.option_text)? {
        if name.len() >= 3 && "dynamic".starts_with(name.as_str()) {
            dynamic = true;
            only = text.map(|t| numlist::expand(&t)).transpose()?;
        } else {
            rest.push(text.map_or(name.clone(), |t| format!("{name}({t})")));
        }
    }
    let plain = Call { list: String::new(), option_text: rest.join(" "), name: call.name.clone() };
    let options = plain.options(&specs, &["GRaph", "post", "weights", "sci", "CONTrast"])?;
    let chosen = [options.has("overall"), options.has("cohort"), options.has("time"), dynamic];
    if chosen.iter().filter(|c| **c).count() > 1 {
        return Err(StataError::invalid("only one of overall, cohort, time and dynamic may be specified"));
    }
    let (kind, title, heading) = match chosen {
        [_, true, _, _] => (Kind::Group, "ATET over cohort", "Cohort"),
        [_, _, true, _] => (Kind::Calendar, "ATET over time", "Time"),
        [_, _, _, true] => (Kind::Event, "Duration of exposure ATET", "Exposure"),
        _ => (Kind::Simple, "Overall ATET", ""),
    };
    let only = only.map(|list| list.into_iter().map(|v| v as i64).collect());
    Ok((Asked { kind, title, heading, only }, options.real("level")))
}

/// Name of a row from the name of the average.
fn row_name(kind: Kind, name: &str) -> Option<String> {
    match kind {
        Kind::Group => name.strip_prefix('G').filter(|n| *n != "Average").map(str::to_string),
        Kind::Calendar => name.strip_prefix('T').map(str::to_string),
        Kind::Event => name
            .strip_prefix("Tm")
            .map(|n| format!("-{n}"))
            .or_else(|| name.strip_prefix("Tp").map(str::to_string)),
        _ => Some(name.to_string()),
    }
}

fn aggregation(s: &mut Session, call: &Call) -> Result<()> {
    call.no_list()?;
    let (asked, level) = asked(call)?;
    let extra = state_of(s)?;
    let state = extra.downcast_ref::<HdidState>().ok_or_else(StataError::no_estimates)?;
    let average = averages(&state.effects, asked.kind, None)?;
    let wanted = |name: &str| match &asked.only {
        Some(only) => name.parse::<i64>().is_ok_and(|v| only.contains(&v)),
        None => true,
    };
    let kept: Vec<(String, &Effect)> = average
        .stripe
        .iter()
        .zip(&average.effects)
        .filter_map(|(stripe, effect)| row_name(asked.kind, &stripe.name).map(|name| (name, effect)))
        .filter(|(name, _)| wanted(name))
        .collect();
    if kept.is_empty() {
        return Err(StataError::new(198, "dynamic() has no time of exposure of the data"));
    }
    let (names, views): (Vec<String>, Vec<&Effect>) = kept.into_iter().unzip();
    let v = covariance(&views, state.effects.clusters.as_deref());
    let text = |name: &str| s.e.results.get_text(name).unwrap_or("").to_string();
    let (outcome, treatment, clustvar) = (text("outcome"), text("treatment"), text("clustvar"));
    let common = text("basetime") == "common";
    let (n, clusters) = (s.e.results.get_scalar("N").unwrap_or(0.0), s.e.results.get_scalar("N_clust"));
    let overall = asked.kind == Kind::Simple;
    let stripe: Vec<Stripe> = if overall {
        vec![Stripe::with_eq("ATET", format!("r1vs0.{treatment}"))]
    } else {
        names.iter().map(Stripe::term).collect()
    };
    let b: Vec<f64> = views.iter().map(|e| e.value).collect();
    let se: Vec<f64> = (0..b.len()).map(|i| v[(i, i)].sqrt()).collect();
    s.print("");
    show_header(s, &[asked.title.to_string()], &[Fact::observations(n)], 13, 0);
    s.print("");
    let table = Table {
        title: if overall { &outcome } else { asked.heading },
        heading: "ATET",
        vce_title: "Robust",
        clusters: clusters.map(|c| (c, clustvar.as_str())),
        equations: false,
        ..Table::of_equations(&stripe, &b, &se, None, level.unwrap_or(s.settings.level))
    };
    s.r.clear();
    if overall {
        table.print_heading(s);
        let look = s.settings.table.clone();
        let numbers = cells(&row(b[0], se[0], None, table.level, false), None, &stripe[0], &look);
        s.print(format!("{:>12} |", format::abbrev(&treatment, 12)));
        s.print(format!("{:>11}  |{numbers}", "(1 vs 0)"));
        s.print("-".repeat(columns_width(&look) + 14));
    } else {
        table.print(s);
    }
    table.store(s);
    if asked.kind == Kind::Event {
        base_note(s, &extra, common);
        s.print("Note: Exposure is the number of periods since the first treatment time.");
    }
    s.print("Note: Aggregation weights vary across times and cohorts.");
    s.r.matrix("b", Matrix::row_vector(b, stripe.clone()));
    let square = (0..se.len()).flat_map(|i| (0..se.len()).map(move |j| (i, j))).map(|(i, j)| v[(i, j)]);
    s.r.matrix("V", Matrix::square(square.collect(), stripe));
    Ok(())
}

/// All effects before treatment are zero: a Wald test.
fn trends(s: &mut Session, call: &Call) -> Result<()> {
    call.bare()?;
    let extra = state_of(s)?;
    let state = extra.downcast_ref::<HdidState>().ok_or_else(StataError::no_estimates)?;
    let cells = &state.effects.cells;
    let before: Vec<usize> = (0..cells.len()).filter(|i| cells[*i].period < cells[*i].group).collect();
    if before.is_empty() {
        return Err(StataError::new(2000, "no effects before treatment"));
    }
    let views: Vec<&Effect> = state.effects.effects.iter().collect();
    let b: Vec<f64> = views.iter().map(|e| e.value).collect();
    let test = wald::test_zero(&b, &covariance(&views, state.effects.clusters.as_deref()), &before);
    let p = test.p(None);
    s.print("");
    s.print("Parallel-trends test (pretreatment time period)");
    s.print("H0: Treatment effects in all the pretreatment periods are zero");
    s.print("");
    let label = format!("chi2({})", test.df);
    let width = label.len().max("Prob > chi2".len());
    s.print(format!("{label:>width$} = {:>6}", format::bare("%9.2f", test.chi2)));
    s.print(format!("{:>width$} = {:>6}", "Prob > chi2", format::bare("%6.4f", p)));
    let mut r = Results::default();
    r.scalar("chi2", test.chi2).scalar("df", test.df as f64).scalar("p", p);
    s.r = r;
    Ok(())
}
