//! The table of `iebaltab` as text and as a matrix.

use super::balance::{Estimate, Groups};
use super::balance_show::{label, stars};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::collection::Sheet;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::split::{matching_paren, words};
use crate::value::is_missing;

/// What the cells show.
struct Look {
    desc: String,
    pair: String,
    f: String,
    feq: String,
    levels: Vec<f64>,
    format: String,
    total: bool,
    labels: bool,
    equal: bool,
}

/// Parts `name(statistic)` of `stats()`.
fn parts(text: &str) -> Vec<(String, String)> {
    let mut rest = text.trim();
    let mut out = Vec::new();
    while let Some(open) = rest.find('(') {
        let Some(close) = matching_paren(rest, open) else { break };
        out.push((rest[..open].trim().to_string(), rest[open + 1..close].trim().to_string()));
        rest = rest[close + 1..].trim();
    }
    out
}

impl Look {
    fn parse(cmd: &ParsedCommand) -> Result<Self> {
        let o = &cmd.options;
        let given = parts(o.text("stats").unwrap_or(""));
        let statistic = |part: &str, known: &[&str]| -> Result<String> {
            match given.iter().find(|g| g.0 == part) {
                None => Ok(known[0].to_string()),
                Some((_, name)) if known.contains(&name.as_str()) => Ok(name.clone()),
                Some((_, name)) => {
                    Err(StataError::unsupported_option("iebaltab", &format!("stats({part}({name}))")))
                }
            }
        };
        let levels = match o.text("starlevels") {
            _ if cmd.has("nostars") => Vec::new(),
            None => vec![0.1, 0.05, 0.01],
            Some(text) => words(text).iter().filter_map(|w| w.parse().ok()).collect(),
        };
        Ok(Self {
            desc: statistic("desc", &["se", "sd", "var"])?,
            pair: statistic("pair", &["diff", "t", "p", "se", "nrmd", "none"])?,
            f: statistic("f", &["f", "p"])?,
            feq: statistic("feq", &["f", "p"])?,
            levels,
            format: o.text("format").unwrap_or("%9.3f").to_string(),
            total: cmd.has("total"),
            labels: cmd.has("rowvarlabels"),
            equal: cmd.has("feqtest"),
        })
    }

    fn show(&self, x: f64) -> String {
        if is_missing(x) { String::new() } else { format::bare(&self.format, x) }
    }

    /// An F statistic with stars, or its p-value.
    fn test(&self, kind: &str, f: f64, p: f64) -> String {
        if kind == "f" { self.show(f) + &stars(&self.levels, p) } else { self.show(p) }
    }

    fn head(&self, groups: &Groups, pairs: &[(usize, usize)]) -> Vec<Vec<String>> {
        let mut head = vec![vec![String::new()], vec![String::new()], vec!["Variable".to_string()]];
        let titles = groups.names.iter().cloned().chain(self.total.then(|| "Total".to_string()));
        for (k, name) in titles.enumerate() {
            head[0].extend([format!("({})", k + 1), String::new()]);
            head[1].extend([name, String::new()]);
            head[2].extend(["N".to_string(), format!("Mean/({})", self.desc.to_uppercase())]);
        }
        let name = match self.pair.as_str() {
            "diff" => "Mean difference",
            "nrmd" => "Normalized difference",
            "t" => "T-statistics",
            "p" => "P-value",
            _ => "Standard error",
        };
        for (a, b) in pairs.iter().filter(|_| self.pair != "none") {
            head[0].extend([format!("({})-({})", a + 1, b + 1), String::new()]);
            head[1].extend(["Pairwise t-test".to_string(), String::new()]);
            head[2].extend(["N".to_string(), name.to_string()]);
        }
        if self.equal {
            head[1].push("F-test for balance".to_string());
            head[2].push(if self.feq == "f" { "F-stat".to_string() } else { "P-value".to_string() });
        }
        head
    }

    /// The line of a variable and the one below it.
    fn lines(
        &self,
        name: String,
        means: &[Estimate],
        pairs: &[(usize, usize)],
        differences: &[Estimate],
    ) -> [Vec<String>; 2] {
        let (mut line, mut below) = (vec![name], vec![String::new()]);
        for m in means {
            let spread = match self.desc.as_str() {
                "se" => m.se,
                "sd" => m.sd,
                _ => m.sd * m.sd,
            };
            line.extend([format!("{}", m.n), self.show(m.value)]);
            let clusters = if is_missing(m.clusters) { String::new() } else { format!("[{}]", m.clusters) };
            below.extend([clusters, format!("({})", self.show(spread))]);
        }
        for ((a, b), d) in pairs.iter().zip(differences).filter(|_| self.pair != "none") {
            let value = match self.pair.as_str() {
                "diff" => d.value,
                "t" => d.value / d.se,
                "p" => d.p,
                "se" => d.se,
                _ => d.value / ((means[*a].sd.powi(2) + means[*b].sd.powi(2)) / 2.0).sqrt(),
            };
            line.extend([format!("{}", d.n), self.show(value) + &stars(&self.levels, d.p)]);
            below.extend([String::new(), String::new()]);
        }
        [line, below]
    }
}

/// The table and its matrix.
pub(super) fn build(
    s: &mut Session,
    cmd: &ParsedCommand,
    groups: &Groups,
    list: &[String],
    pairs: &[(usize, usize)],
) -> Result<(Sheet, Matrix)> {
    let look = Look::parse(cmd)?;
    let count = groups.names.len();
    let mut sheet = Sheet { head: look.head(groups, pairs), ..Sheet::default() };
    let (mut data, mut columns) = (Vec::new(), Vec::new());
    for variable in list {
        let mut means: Vec<Estimate> =
            (0..count).map(|k| groups.mean(s, variable, Some(k))).collect::<Result<_>>()?;
        if look.total {
            means.push(groups.mean(s, variable, None)?);
        }
        let differences: Vec<Estimate> =
            pairs.iter().map(|p| groups.difference(s, variable, *p)).collect::<Result<_>>()?;
        let [mut line, below] = look.lines(label(s, variable, look.labels), &means, pairs, &differences);
        if look.equal {
            let (f, p) = groups.equal(s, variable)?;
            line.push(look.test(&look.feq, f, p));
        }
        sheet.rows.extend([line, below]);
        columns.clear();
        for (k, m) in means[..count].iter().enumerate() {
            columns.extend([format!("n_{}", k + 1), format!("mean_{}", k + 1)]);
            data.extend([m.n, m.value]);
        }
        for ((a, b), d) in pairs.iter().zip(&differences) {
            columns.extend(["diff", "se", "p"].map(|n| format!("{n}_{}_{}", a + 1, b + 1)));
            data.extend([d.value, d.se, d.p]);
        }
    }
    if cmd.has("ftest") && look.pair != "none" {
        let blank = 1 + 2 * (count + usize::from(look.total));
        let kind = if look.f == "f" { "F-stat" } else { "P-value" };
        let mut row = vec![format!("F-test of joint significance ({kind})")];
        let mut number = vec!["F-test, number of observations".to_string()];
        row.resize(blank, String::new());
        number.resize(blank, String::new());
        for pair in pairs {
            let (f, p, n) = groups.joint(s, list, *pair)?;
            row.extend([String::new(), look.test(&look.f, f, p)]);
            number.extend([String::new(), format!("{n}")]);
        }
        sheet.rows.extend([row, number]);
    }
    if !cmd.has("nonote") && look.levels == [0.1, 0.05, 0.01] {
        sheet.notes.push("Significance: ***=.01, **=.05, *=.1.".to_string());
    }
    let mut table = Matrix::new(list.len(), columns.len(), data);
    table.row_names = list.iter().map(|v| Stripe::term(v.as_str())).collect();
    table.col_names = columns.into_iter().map(Stripe::term).collect();
    Ok((sheet, table))
}
