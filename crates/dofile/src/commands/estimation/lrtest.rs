//! `lrtest`: likelihood-ratio test of two nested models ([R] lrtest).

use super::super::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options, parse_number};
use crate::syntax::split::{ParsedCommand, front_and_options};
use crate::value::is_missing;
use estimators::distributions::chi2_tail;

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "lrtest",
    min: 6,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "lrtest name1 [name2|.] [, stats df(#) force] | lrtest [, saving(name) using(name) model(name) df(#)]",
    notes: "after estimates store; either order; the degrees of freedom are the difference of e(rank); r(498) for robust covariances or probability weights, different samples, other dependent variables or commands unless force; stores r(chi2) r(df) r(p); [R] lrtest",
    examples: &[Example {
        run: "set obs 6\ngen x = _n\ngen y = cond(mod(_n,2), _n+1, _n-1)\nregress y x\nestimates store m1\nscalar a = e(ll)\nregress y\nlrtest m1 .\nscalar d = 2*(a - e(ll)) - r(chi2)",
        expect: &[("round(d, 1e-9)", 0.0), ("r(df)", 1.0)],
    }],
};

fn find<'a>(session: &'a Session, name: &str) -> Result<&'a Estimation> {
    if name == "." {
        return Ok(&session.e);
    }
    let found = session.stored.get(name);
    found.ok_or_else(|| StataError::new(111, format!("estimation result {name} not found")))
}

/// Log likelihood and rank of a model; r(498) where a test is not valid.
fn read(e: &Estimation, name: &str, force: bool) -> Result<(f64, f64)> {
    let scalar = |n: &str| e.results.get_scalar(n).filter(|x| !is_missing(*x));
    let (Some(ll), Some(rank)) = (scalar("ll"), scalar("rank").or_else(|| scalar("df_m"))) else {
        return Err(StataError::new(498, format!("{name} does not contain scalar e(ll)")));
    };
    let robust = matches!(e.results.get_text("vce"), Some("robust" | "cluster"))
        || e.results.get_text("wtype") == Some("pweight");
    if robust && !force {
        return Err(StataError::new(498, "LR test likely invalid for models with robust vce"));
    }
    Ok((ll, rank))
}

/// Refuses models of different rows, outcomes or commands.
///
/// # Errors
/// r(498).
fn comparable(a: &Estimation, b: &Estimation) -> Result<()> {
    let scalar = |e: &Estimation, n: &str| e.results.get_scalar(n);
    if scalar(a, "N") != scalar(b, "N") {
        return Err(StataError::new(
            498,
            format!(
                "observations differ: {} vs. {}",
                scalar(a, "N").unwrap_or(0.0),
                scalar(b, "N").unwrap_or(0.0)
            ),
        ));
    }
    if a.results.get_text("depvar") != b.results.get_text("depvar") {
        return Err(StataError::new(498, "dependent variables differ"));
    }
    if a.cmd() != b.cmd() {
        return Err(StataError::new(
            498,
            format!("test involves different estimators: {} vs. {}", a.cmd(), b.cmd()),
        ));
    }
    Ok(())
}

/// The models of a line of version 7: `lrtest, saving(0)` keeps the results, `lrtest` and `lrtest, using(0) model(1)` compare
/// kept ones. Nothing where the line only keeps them.
fn older(session: &mut Session, body: &str, options: &Options) -> Result<Option<String>> {
    let kept = |option: &str| options.text(option).map(|name| format!("_lrtest_{}", name.trim()));
    if !body.trim().is_empty() {
        let given = ["saving", "using", "model"].into_iter().find(|o| options.has(o));
        return match given {
            Some(option) => Err(StataError::option_not_allowed(&format!("{option}()"))),
            None => Ok(Some(body.to_string())),
        };
    }
    if let Some(name) = kept("saving") {
        if session.e.b().is_none() {
            return Err(StataError::no_estimates());
        }
        let now = session.e.clone();
        session.stored.set(&name, now);
        if !options.has("using") {
            return Ok(None);
        }
    }
    let first = kept("using").unwrap_or_else(|| "_lrtest_0".to_string());
    Ok(Some(format!("{first} {}", kept("model").unwrap_or_else(|| ".".to_string()))))
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (body, options) = front_and_options(&cmd.raw);
    let specs = [
        OptSpec::flag("STats"),
        OptSpec::text("DF"),
        OptSpec::flag("force"),
        OptSpec::text("Saving"),
        OptSpec::text("Using"),
        OptSpec::text("Model"),
    ];
    let options = Options::parse("lrtest", options, &specs, &["DIr"])?;
    let Some(body) = older(session, body, &options)? else { return Ok(()) };
    let names: Vec<&str> = body.split_whitespace().collect();
    let (first, second) = match names[..] {
        [a] => (a, "."),
        [a, b] => (a, b),
        [] => return Err(StataError::syntax()),
        _ => return Err(StataError::unsupported_option("lrtest", "(lists of models)")),
    };
    let force = options.has("force");
    let (a, b) = (find(session, first)?, find(session, second)?);
    let (one, two) = (read(a, first, force)?, read(b, second, force)?);
    if !force {
        comparable(a, b)?;
    }
    // the one with fewer parameters is nested in the other
    let swap = two.1 > one.1;
    let ((full, small), names) =
        if swap { ((two, one), (second, first)) } else { ((one, two), (first, second)) };
    let df = match options.text("df") {
        Some(text) => parse_number(text).filter(|d| *d > 0.0).ok_or_else(StataError::syntax)?,
        None => full.1 - small.1,
    };
    if df <= 0.0 {
        return Err(StataError::new(
            498,
            "df(unrestricted) = df(restricted) = ".to_string() + &format!("{}", full.1),
        ));
    }
    let chi2 = 2.0 * (full.0 - small.0);
    let p = if chi2 <= 0.0 { 1.0 } else { chi2_tail(df, chi2) };
    // the active results have the name under which they were stored
    let stored = session.e.results.get_text("_estimates_name").unwrap_or(".");
    let shown = |name: &str| if name == "." { stored } else { name }.to_string();
    let assumption = format!("Assumption: {} nested within {}", shown(names.1), shown(names.0));
    session.print("");
    session.print("Likelihood-ratio test");
    session.print(assumption);
    session.print("");
    let (label, value) = (format!("LR chi2({df})"), format::bare("%6.2f", chi2));
    let (left, right) = (label.len().max(11), value.len().max(6));
    session.print(format!("{label:>left$} = {value:>right$}"));
    session.print(format!("{:>left$} = {:>right$}", "Prob > chi2", format::bare("%6.4f", p)));
    let mut r = Results::default();
    r.scalar("p", stata(p)).scalar("chi2", chi2).scalar("df", df);
    session.r = r;
    if options.has("stats") {
        let list: Vec<&str> = [names.1, names.0].to_vec();
        let kept = session.r.clone();
        super::estimates::show_stats(session, &list.join(" "))?;
        session.r = kept;
    }
    Ok(())
}
