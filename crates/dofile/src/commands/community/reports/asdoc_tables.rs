//! Tables of `asdoc` for statistics: summaries, correlations, tests of means.

use super::asdoc::Call;
use crate::error::{Result, StataError};
use crate::ops::collection::Sheet;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::split::words;
use crate::value::{MISSING, is_missing};
use estimators::descriptive::{Sample, by_name};
use estimators::distributions::t_two_sided;

/// The note about stars.
pub(super) const STARS: &str = "*** p<.01, ** p<.05, * p<.1";

/// Stars of a p-value.
pub(super) fn stars(p: f64) -> &'static str {
    match p {
        p if p < 0.01 => "***",
        p if p < 0.05 => "**",
        p if p < 0.1 => "*",
        _ => "",
    }
}

/// Whether the active estimates are of this command.
pub(super) fn is_estimation(s: &Session, call: &Call) -> bool {
    s.e.cmd() == call.name || s.e.results.get_text("cmdline").is_some_and(|line| line.starts_with(&call.name))
}

/// Numeric variables and rows of the command.
fn chosen(s: &Session, call: &Call) -> Result<(Vec<usize>, Vec<bool>)> {
    let parsed = ParsedCommand::split(&call.name, &call.front, false)?;
    if parsed.weight.is_some() {
        return Err(StataError::unsupported_option("asdoc", "weights with this table"));
    }
    let vars = match parsed.list.trim() {
        "" => (0..s.frame.n_vars()).collect(),
        list => s.varlist(list)?,
    };
    Ok((vars, s.rows(&parsed)?))
}

fn name(s: &Session, call: &Call, v: usize) -> String {
    let var = s.frame.var(v);
    if call.own.has("label") && !var.label.is_empty() { var.label.clone() } else { var.name.clone() }
}

/// Descriptive statistics.
pub(super) fn summary(s: &Session, call: &Call) -> Result<Sheet> {
    let (vars, keep) = chosen(s, call)?;
    let default =
        if call.has("detail") { "N mean sd min max p1 p99 skewness kurtosis" } else { "N mean sd min max" };
    let wanted: Vec<&str> = words(call.own.text("stat").unwrap_or(default));
    let mut sheet = Sheet { title: "Descriptive Statistics".into(), ..Sheet::default() };
    let title = |stat: &&str| {
        match *stat {
            "N" => "Obs",
            "mean" => "Mean",
            "sd" => "Std. Dev.",
            "min" => "Min",
            "max" => "Max",
            "skewness" => "Skew.",
            "kurtosis" => "Kurt.",
            "median" => "Median",
            other => other,
        }
        .to_string()
    };
    sheet.head.push(["Variable".to_string()].into_iter().chain(wanted.iter().map(title)).collect());
    for v in vars {
        let numeric = !s.frame.var(v).is_string();
        let values = (0..keep.len()).filter(|r| keep[*r] && numeric).map(|r| s.frame.num_at(v, r));
        let sample = Sample::plain(values);
        let mut row = vec![name(s, call, v)];
        for stat in &wanted {
            let x = match *stat {
                "tstat" => sample.mean() / (sample.sd() / sample.n().sqrt()),
                stat => by_name(&sample, stat)
                    .ok_or_else(|| StataError::invalid(format!("unknown statistic {stat} in stat()")))?,
            };
            row.push(if *stat == "N" || *stat == "count" { format!("{x}") } else { call.number(x) });
        }
        sheet.rows.push(row);
    }
    Ok(sheet)
}

/// A lower triangle of correlations; `None` for options that change the table.
pub(super) fn correlations(s: &Session, call: &Call) -> Result<Option<Sheet>> {
    let pairwise = call.name == "pwcorr";
    let known = |n: &str| n == "star" && pairwise;
    if call.rest.iter().any(|(n, _)| !known(n)) {
        return Ok(None);
    }
    let (mut vars, mut keep) = chosen(s, call)?;
    vars.retain(|v| !s.frame.var(*v).is_string());
    if !pairwise {
        s.markout(&vars, &mut keep, false)?;
    }
    let star = call.rest.iter().find(|(n, _)| n == "star").and_then(|(_, v)| v.clone());
    let level = star.as_ref().and_then(|text| text.trim().parse::<f64>().ok());
    let mut sheet = Sheet {
        title: if pairwise { "Pairwise correlations" } else { "Matrix of correlations" }.into(),
        ..Sheet::default()
    };
    sheet.head.push(
        ["Variables".to_string()].into_iter().chain((1..=vars.len()).map(|k| format!("({k})"))).collect(),
    );
    for (i, a) in vars.iter().enumerate() {
        let mut row = vec![format!("({}) {}", i + 1, name(s, call, *a))];
        for b in &vars[..=i] {
            let (r, n) = correlation(s, *a, *b, &keep);
            let df = n - 2.0;
            let p = if a == b { 1.0 } else { t_two_sided(df, r * (df / (1.0 - r * r)).sqrt()) };
            let mark = match (&star, level) {
                (None, _) => "",
                (Some(_), Some(level)) => {
                    if p < level {
                        "*"
                    } else {
                        ""
                    }
                }
                (Some(_), None) => stars(p),
            };
            row.push(format!("{}{mark}", call.number(r)));
        }
        sheet.rows.push(row);
    }
    match (star, level) {
        (Some(_), Some(level)) => sheet.notes.push(format!("* shows significance at p<{level}")),
        (Some(_), None) => sheet.notes.push(STARS.to_string()),
        _ => {}
    }
    Ok(Some(sheet))
}

fn correlation(s: &Session, a: usize, b: usize, keep: &[bool]) -> (f64, f64) {
    let pairs: Vec<(f64, f64)> = (0..keep.len())
        .filter(|r| keep[*r])
        .map(|r| (s.frame.num_at(a, r), s.frame.num_at(b, r)))
        .filter(|(x, y)| !is_missing(*x) && !is_missing(*y))
        .collect();
    let n = pairs.len() as f64;
    let (mx, my) = pairs.iter().fold((0.0, 0.0), |m, p| (m.0 + p.0 / n, m.1 + p.1 / n));
    let sum = |f: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|(x, y)| f(x - mx, y - my)).sum::<f64>();
    (sum(&|x, y| x * y) / (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt(), n)
}

/// The line of a two-sample test, from the stored results; `None` for the other tests.
pub(super) fn ttest(s: &Session, call: &Call) -> Option<Sheet> {
    let get = |name: &str| s.r.get_scalar(name).unwrap_or(MISSING);
    let by = call.rest.iter().find(|(n, _)| n == "by").and_then(|(_, v)| v.clone())?;
    let variable = words(&call.front).first().map(|w| (*w).to_string())?;
    let mut sheet = Sheet { title: "Two-sample t test".into(), ..Sheet::default() };
    let unequal = call.has("unequal") || call.has("welch");
    sheet.title.push_str(if unequal { " with unequal variances" } else { " with equal variances" });
    let heads = ["", "obs1", "obs2", "Mean1", "Mean2", "dif", "St Err", "t value", "p value"];
    sheet.head.push(heads.map(str::to_string).to_vec());
    let mut row = vec![format!("{variable} by {}", by.trim())];
    row.extend(["N_1", "N_2"].map(|n| format!("{}", get(n))));
    row.extend(
        [get("mu_1"), get("mu_2"), get("mu_1") - get("mu_2"), get("se"), get("t"), get("p")]
            .map(|x| call.number(x)),
    );
    sheet.rows.push(row);
    Some(sheet)
}
