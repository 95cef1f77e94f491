//! `meta esize`: effects from the summaries of two groups: means, or counts of 2 x 2 tables ([META] meta esize).

use super::declare::{DECLARE, Declaration, declare};
use super::show::fact;
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::options::parse_number;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::distributions::ln_gamma;
use estimators::meta_effects::{Binary, binary};

const OPTIONS: &[OptSpec] =
    concat_lists!(OptSpec; DECLARE, &[OptSpec::text("ESize"), OptSpec::text("ZEROcells")]);

/// Kinds of effects with their abbreviation and their names in output.
const KINDS: [(&str, usize, &str); 7] = [
    ("hedgesg", 6, "Hedges's g"),
    ("cohend", 5, "Cohen's d"),
    ("mdiff", 3, "Mean diff."),
    ("lnoratio", 4, "Log odds-ratio"),
    ("lnrratio", 4, "Log risk-ratio"),
    ("rdiff", 5, "Risk diff."),
    ("lnorpeto", 8, "Peto's log odds-ratio"),
];

/// Runs the command.
pub(super) fn run(s: &mut Session, rest: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("meta esize", rest, false)?;
    cmd.check_options(OPTIONS, &[])?;
    let variables = s.varlist(&cmd.list)?;
    for v in &variables {
        s.numeric_variable(&s.frame.var(*v).name)?;
    }
    let counts = match variables.len() {
        4 => true,
        6 => false,
        1 | 2 => return Err(StataError::unsupported_option("meta esize", "effects of one group")),
        _ => return Err(StataError::syntax()),
    };
    let asked = cmd.options.text("esize").unwrap_or(if counts { "lnoratio" } else { "hedgesg" });
    let (word, detail) =
        asked.trim().split_once(|c: char| c == ',' || c.is_whitespace()).unwrap_or((asked.trim(), ""));
    let detail = detail.trim_matches(|c: char| c == ',' || c.is_whitespace());
    let kind = KINDS.iter().find(|k| word.len() >= k.1 && k.0.starts_with(word));
    let (kind, _, label) =
        kind.ok_or_else(|| StataError::unsupported_option("meta esize", &format!("esize({word})")))?;
    let of_counts = KINDS[3..].iter().any(|k| k.0 == *kind);
    let known = detail.is_empty()
        || (*kind == "hedgesg" && detail == "exact")
        || (*kind == "mdiff" && detail == "unequal");
    if of_counts != counts || !known {
        return Err(StataError::invalid(format!("esize({asked}) not allowed")));
    }
    let asked_zero = cmd.options.text("zerocells").map(|t| t.trim().trim_end_matches(", only0").trim());
    let zero = match asked_zero {
        None | Some("only0") => 0.5,
        Some("none") => 0.0,
        Some(text) => parse_number(text)
            .filter(|x| *x >= 0.0)
            .ok_or_else(|| StataError::unsupported_option("meta esize", &format!("zerocells({text})")))?,
    };
    let mut touse = s.rows(&cmd)?;
    s.markout(&variables, &mut touse, false)?;
    let mut effects = vec![(MISSING, MISSING); touse.len()];
    let mut rows: Vec<Option<Vec<f64>>> = vec![None; touse.len()];
    for i in (0..touse.len()).filter(|i| touse[*i]) {
        let row: Vec<f64> = variables.iter().map(|v| s.frame.num_at(*v, i)).collect();
        if let Some(found) = effect(kind, detail, &row, zero)? {
            effects[i] = found;
        }
        rows[i] = Some(row);
    }
    let total = |row: &[f64]| if counts { row.iter().sum() } else { row[0] + row[3] };
    let pooled = matches!(*kind, "lnoratio" | "lnrratio");
    let empty = pooled && rows.iter().flatten().any(|row| row.contains(&0.0));
    let query = match *kind {
        "hedgesg" => fact("Bias correction", if detail == "exact" { "Exact" } else { "Approximate" }),
        _ if empty && zero > 0.0 => fact("Zero-cells adj.", &format!("{zero}, only0")),
        _ if empty => fact("Zero-cells adj.", "None"),
        _ if pooled => fact("Zero-cells adj.", "None; no zero cells"),
        _ => String::new(),
    };
    let sizes = rows.iter().map(|row| row.as_deref().map_or(MISSING, total)).collect();
    let declaration = Declaration {
        cmd: &cmd,
        kind,
        label,
        variables,
        counts: pooled,
        query,
        names: ["_meta_es", "_meta_se"].map(String::from),
        zero,
        sizes: Some(sizes),
    };
    declare(s, &declaration, &effects)
}

/// Effect and standard error of one study; nothing when it has none.
fn effect(kind: &str, detail: &str, row: &[f64], zero: f64) -> Result<Option<(f64, f64)>> {
    let bad = |text: &str| Err(StataError::new(459, text.to_string()));
    let found = match row {
        [n1, m1, s1, n2, m2, s2] => {
            if *n1 < 2.0 || *n2 < 2.0 || *s1 <= 0.0 || *s2 <= 0.0 {
                return bad("group sizes and standard deviations must be positive");
            }
            let df = n1 + n2 - 2.0;
            let pooled = (((n1 - 1.0) * s1 * s1 + (n2 - 1.0) * s2 * s2) / df).sqrt();
            let difference = m1 - m2;
            if kind == "mdiff" {
                let variance = if detail == "unequal" {
                    s1 * s1 / n1 + s2 * s2 / n2
                } else {
                    pooled * pooled * (1.0 / n1 + 1.0 / n2)
                };
                return Ok(Some((difference, variance.sqrt())));
            }
            let factor = match (kind, detail) {
                ("cohend", _) => 1.0,
                (_, "exact") => {
                    (ln_gamma(df / 2.0) - 0.5 * (df / 2.0).ln() - ln_gamma((df - 1.0) / 2.0)).exp()
                }
                _ => 1.0 - 3.0 / (4.0 * df - 1.0),
            };
            let d = factor * difference / pooled;
            (d, 1.0 / n1 + 1.0 / n2 + d * d / (2.0 * (n1 + n2)))
        }
        [a, b, c, d] => {
            if [a, b, c, d].iter().any(|x| **x < 0.0) || a + b <= 0.0 || c + d <= 0.0 {
                return bad("counts must not be negative, and groups not empty");
            }
            return Ok(of_table(kind, [*a, *b, *c, *d], zero));
        }
        _ => return Ok(None),
    };
    Ok(Some((found.0, found.1.sqrt())))
}

/// Effect of a 2 x 2 table: events and others of the treated, then of the controls.
fn of_table(kind: &str, cells: [f64; 4], zero: f64) -> Option<(f64, f64)> {
    let ratio = matches!(kind, "lnoratio" | "lnrratio");
    let add = if ratio && cells.contains(&0.0) { zero } else { 0.0 };
    let measure = match kind {
        "lnoratio" => Binary::OddsRatio,
        "lnrratio" => Binary::RiskRatio,
        "rdiff" => Binary::RiskDifference,
        _ => Binary::Peto,
    };
    let (effect, se) = binary(measure, cells.map(|x| x + add));
    (effect.is_finite() && se.is_finite() && se > 0.0).then_some((effect, se))
}
