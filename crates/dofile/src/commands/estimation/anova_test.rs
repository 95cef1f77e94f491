//! `test term [/ term]` after `anova`: a term of the model against the residual or another term ([R] anova postestimation).

use super::anova::{head, rule, shown_name};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::value::MISSING;
use estimators::distributions::f_tail;

/// Sum of squares and degrees of freedom of a term, with its name.
struct Line {
    name: String,
    ss: f64,
    df: f64,
}

/// Tests a term; `None` where the text names no terms of an active `anova`.
pub(super) fn of_term(session: &mut Session, body: &str) -> Result<Option<()>> {
    if session.e.cmd() != "anova" {
        return Ok(None);
    }
    let (above, below) = body.split_once('/').map_or((body, None), |(a, b)| (a, Some(b)));
    let Some(tested) = terms(session, above) else { return Ok(None) };
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let error = match below.map(|text| terms(session, text)) {
        None => vec![Line { name: "Residual".to_string(), ss: scalar("rss"), df: scalar("df_r") }],
        Some(Some(found)) => found,
        Some(None) => return Err(StataError::invalid("a term of the model is needed behind /")),
    };
    let ([tested], [error]) = (&tested[..], &error[..]) else {
        return Err(StataError::unsupported_option("test", "several terms of anova"));
    };
    let sequential = e.get_text("sstype") == Some("sequential");
    let f = stata(tested.ss / tested.df / (error.ss / error.df));
    let p = stata(f_tail(tested.df, error.df, f));
    let rule = rule([&tested.name, &error.name].into_iter().cloned());
    let left = |line: &Line| {
        let number = |x: f64| format::bare("%10.0g", x);
        let ms = number(line.ss / line.df);
        format!("{:>24} |{:>11}{:>11}{ms:>12}", shown_name(&line.name), number(line.ss), number(line.df))
    };
    let lines = [
        String::new(),
        head(sequential),
        rule,
        format!("{}{:>10}{:>8}", left(tested), format::bare("%8.2f", f), format::bare("%6.4f", p)),
        left(error),
    ];
    let mut results = Results::default();
    results.scalar("df", tested.df).scalar("df_r", error.df).scalar("F", f).scalar("p", p);
    results.scalar("ss", tested.ss).scalar("rss", error.ss).scalar("drop", 0.0);
    lines.iter().for_each(|line| session.print(line));
    session.r = results;
    Ok(Some(()))
}

/// The terms of the model that a text names, `None` where one of its words is no term.
fn terms(session: &Session, text: &str) -> Option<Vec<Line>> {
    let e = &session.e.results;
    let count = e.get_scalar("k_terms").unwrap_or(0.0) as usize;
    let of = |word: &str| {
        let k = (1..=count)
            .find(|k| e.get_text(&format!("term_{k}")).is_some_and(|name| factors(name) == factors(word)))?;
        let scalar = |what: &str| e.get_scalar(&format!("{what}_{k}")).unwrap_or(MISSING);
        let name = e.get_text(&format!("term_{k}"))?.to_string();
        Some(Line { name, ss: scalar("ss"), df: scalar("df") })
    };
    let found: Option<Vec<Line>> = text.split_whitespace().map(of).collect();
    found.filter(|lines| !lines.is_empty())
}

/// The factors of a term in one order, without `i.` and `c.`; older versions write `*` for `#`.
fn factors(term: &str) -> Vec<&str> {
    let mut parts: Vec<&str> =
        term.split(['#', '*']).map(|part| part.trim_start_matches("c.").trim_start_matches("i.")).collect();
    parts.sort_unstable();
    parts
}
