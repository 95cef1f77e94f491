//! `test term [/ errorterm]` after `anova`: the F test of a term of the model ([R] anova postestimation).

use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::value::MISSING;
use estimators::distributions::f_tail;

/// A term of the active analysis with its sum of squares.
struct Part {
    name: String,
    squares: f64,
    df: f64,
}

impl Part {
    fn line(&self, test: Option<(f64, f64)>) -> String {
        let number = |x: f64| format::bare("%10.0g", x);
        let mean = if self.df > 0.0 { self.squares / self.df } else { MISSING };
        let mut out = format!(
            "{:>24} |{:>12}{:>11}{:>13}",
            format::abbrev(&self.name, 24),
            number(self.squares),
            number(self.df),
            number(mean)
        );
        if let Some((f, p)) = test {
            out.push_str(&format!("{:>9}{:>10}", format::bare("%8.2f", f), format::bare("%6.4f", p)));
        }
        out
    }
}

/// Factors of a term in one order, without the letter of a continuous variable.
fn factors(term: &str) -> Vec<String> {
    let mut parts: Vec<String> =
        term.split(['#', '*']).map(|p| p.trim().trim_start_matches("c.").to_string()).collect();
    parts.sort();
    parts
}

/// The term of the model that the text names.
fn term(results: &Results, text: &str) -> Option<Part> {
    let wanted = factors(text);
    let count = results.get_scalar("k_terms").unwrap_or(0.0) as usize;
    (1..=count).find_map(|i| {
        let name = results.get_text(&format!("term_{i}"))?;
        let of = |what: &str| results.get_scalar(&format!("{what}_{i}"));
        (factors(name) == wanted)
            .then(|| Some(Part { name: name.to_string(), squares: of("ss")?, df: of("df")? }))
            .flatten()
    })
}

/// Tests a term where the text is one; nothing where it is a list of coefficients or an expression.
///
/// # Errors
/// r(111) for an error term that the model does not have.
pub(super) fn run(s: &mut Session, body: &str) -> Option<Result<()>> {
    if s.e.cmd() != "anova" || body.contains('=') {
        return None;
    }
    let (tested, error) = body.split_once('/').map_or((body, None), |(t, e)| (t, Some(e.trim())));
    let tested = term(&s.e.results, tested.trim())?;
    Some(test(s, &tested, error))
}

fn test(s: &mut Session, tested: &Part, error: Option<&str>) -> Result<()> {
    let of = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let below = match error {
        None => Part { name: "Residual".to_string(), squares: of("rss"), df: of("df_r") },
        Some(text) => term(&s.e.results, text)
            .ok_or_else(|| StataError::new(111, format!("{text} is not a term of the model")))?,
    };
    let f = stata(tested.squares / tested.df / (below.squares / below.df));
    let p = stata(f_tail(tested.df, below.df, f));
    let sequential = s.e.results.get_text("sstype") == Some("sequential");
    let rule = format!("{}+{}", "-".repeat(25), "-".repeat(55));
    s.print("");
    s.print(format!(
        "{:>24} |{:>12}{:>11}{:>13}{:>9}{:>10}",
        "Source",
        if sequential { "Seq. SS" } else { "Partial SS" },
        "df",
        "MS",
        "F",
        "Prob>F"
    ));
    s.print(&rule);
    s.print(tested.line(Some((f, p))));
    s.print(below.line(None));
    let mut r = Results::default();
    r.scalar("p", p).scalar("F", f).scalar("df", tested.df).scalar("df_r", below.df);
    r.scalar("ss", tested.squares).scalar("rss", below.squares).scalar("drop", 0.0);
    s.r = r;
    Ok(())
}
