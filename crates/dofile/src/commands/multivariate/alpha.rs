//! `alpha`: Cronbach's coefficient and item statistics. Formulas: [MV] alpha; statistics of an item come from
//! the covariance matrix of the (signed) items, with pairwise rows unless `casewise` is given.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::frame::{Column, Variable};
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::components::{Factoring, correlation, factors};
use estimators::matrix::Mat;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("ASis"),
    OptSpec::flag("CAsewise"),
    OptSpec::flag("Detail"),
    OptSpec::flag("Item"),
    OptSpec::flag("Std"),
    OptSpec::text("Reverse"),
    OptSpec::text("Generate"),
    OptSpec::int("MIn"),
    OptSpec::flag("Label"),
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "alpha",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "alpha varlist [if] [in] [, asis casewise detail item label std reverse(varlist) generate(newvar) min(#)]",
    notes: "stores r(alpha) r(k) r(cov) or r(rho), r(ItemTestCorr) r(ItemRestCorr) r(MeanInterItemCov|Corr) r(Alpha) with item; label lists the labels of the items under their table; [MV] alpha",
    examples: &[Example {
        // equal items: the scale is perfectly reliable
        run: "set obs 5\ngenerate x = _n\ngenerate y = _n\nalpha x y, asis",
        expect: &[("r(alpha)", 1.0), ("r(k)", 2.0), ("r(cov)", 2.5)],
    }],
};

/// Pairwise moments: number of rows and covariance of two columns.
fn pair(a: &[f64], b: &[f64], rows: &[usize]) -> (f64, f64) {
    let used: Vec<usize> =
        rows.iter().copied().filter(|r| !is_missing(a[*r]) && !is_missing(b[*r])).collect();
    let n = used.len() as f64;
    let mean = |c: &[f64]| used.iter().map(|r| c[*r]).sum::<f64>() / n;
    let (ma, mb) = (mean(a), mean(b));
    (n, used.iter().map(|r| (a[*r] - ma) * (b[*r] - mb)).sum::<f64>() / (n - 1.0))
}

/// Cronbach's alpha of a covariance (or correlation) matrix over some items, and the mean off-diagonal element.
fn reliability(c: &Mat, items: &[usize]) -> (f64, f64) {
    let k = items.len() as f64;
    let variance = items.iter().map(|i| c[(*i, *i)]).sum::<f64>() / k;
    let pairs: f64 =
        items.iter().flat_map(|i| items.iter().filter(move |j| *j != i).map(move |j| c[(*i, *j)])).sum();
    let mean = pairs / (k * (k - 1.0));
    (k * mean / (variance + (k - 1.0) * mean), mean)
}

fn signs(session: &Session, cmd: &ParsedCommand, names: &[String], r: &Mat) -> Result<Vec<f64>> {
    let mut signs = vec![1.0; names.len()];
    if let Some(list) = cmd.options.text("reverse") {
        for variable in session.varlist(list)? {
            let name = &session.frame.var(variable).name;
            let at = names
                .iter()
                .position(|n| n == name)
                .ok_or_else(|| StataError::invalid(format!("reverse(): {name} is no item")))?;
            signs[at] = -1.0;
        }
    } else if !cmd.has("asis") && names.len() > 1 {
        // the sense of an item is the sign of its loading on the first principal factor
        let fit = factors(r, Factoring::Principal, 1, 0.0);
        if let Some(fit) = fit.filter(|f| f.loadings.cols() == 1) {
            for (i, sign) in signs.iter_mut().enumerate() {
                if fit.loadings[(i, 0)] < 0.0 {
                    *sign = -1.0;
                }
            }
        }
    }
    Ok(signs)
}

/// The items and their pairwise moments.
struct Items {
    names: Vec<String>,
    /// Values of each item in all rows of the data.
    columns: Vec<Vec<f64>>,
    /// Rows of the sample.
    rows: Vec<usize>,
    /// Rows of each pair.
    counts: Mat,
    covariance: Mat,
}

impl Items {
    fn read(session: &Session, cmd: &ParsedCommand) -> Result<Self> {
        let variables = session.varlist(&cmd.list)?;
        if variables.len() < 2 {
            return Err(StataError::standard(if variables.is_empty() { 100 } else { 102 }));
        }
        if let Some(text) = variables.iter().find(|v| session.frame.var(**v).is_string()) {
            let name = &session.frame.var(*text).name;
            return Err(StataError::new(
                109,
                format!("string variables not allowed in varlist;\n{name} is a string variable"),
            ));
        }
        let mut touse = session.rows(cmd)?;
        if cmd.has("casewise") {
            session.markout(&variables, &mut touse, false)?;
        }
        let k = variables.len();
        let mut items = Self {
            names: variables.iter().map(|v| session.frame.var(*v).name.clone()).collect(),
            columns: variables
                .iter()
                .map(|v| Ok(session.frame.numeric(*v)?.to_vec()))
                .collect::<Result<_>>()?,
            rows: (0..touse.len()).filter(|i| touse[*i]).collect(),
            counts: Mat::zeros(k, k),
            covariance: Mat::zeros(k, k),
        };
        items.count()?;
        Ok(items)
    }

    /// Computes the pairwise moments.
    fn count(&mut self) -> Result<()> {
        for a in 0..self.names.len() {
            for b in 0..=a {
                let (n, c) = pair(&self.columns[a], &self.columns[b], &self.rows);
                if n == 0.0 {
                    return Err(StataError::no_observations());
                }
                if n < 2.0 {
                    return Err(StataError::insufficient_observations());
                }
                for at in [(a, b), (b, a)] {
                    self.counts[at] = n;
                    self.covariance[at] = c;
                }
            }
            if self.covariance[(a, a)] <= 0.0 {
                return Err(StataError::new(459, format!("{} has zero variance", self.names[a])));
            }
        }
        Ok(())
    }

    /// The mean of the signed (and, if `standard`, standardized) items that a row has; missing with fewer than `least` items.
    fn scale(&self, signs: &[f64], standard: bool, least: usize) -> Vec<f64> {
        let mean = |i: usize| {
            let used: Vec<f64> =
                self.rows.iter().map(|r| self.columns[i][*r]).filter(|v| !is_missing(*v)).collect();
            used.iter().sum::<f64>() / used.len() as f64
        };
        let units = |i: usize| if standard { (mean(i), self.covariance[(i, i)].sqrt()) } else { (0.0, 1.0) };
        let units: Vec<(f64, f64)> = (0..self.names.len()).map(units).collect();
        let mut scale = vec![MISSING; self.columns[0].len()];
        for row in &self.rows {
            let known: Vec<usize> =
                (0..self.names.len()).filter(|i| !is_missing(self.columns[*i][*row])).collect();
            if known.len() >= least {
                let value = |i: &usize| signs[*i] * (self.columns[*i][*row] - units[*i].0) / units[*i].1;
                scale[*row] = known.iter().map(value).sum::<f64>() / known.len() as f64;
            }
        }
        scale
    }
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let data = Items::read(session, cmd)?;
    let (names, k) = (&data.names, data.names.len());
    let r = correlation(&data.covariance);
    let signs = signs(session, cmd, names, &r)?;
    let standard = cmd.has("std");
    let base = if standard { &r } else { &data.covariance };
    let c = Mat::from_fn(k, k, |a, b| signs[a] * signs[b] * base[(a, b)]);
    let all: Vec<usize> = (0..k).collect();
    let (alpha, mean) = reliability(&c, &all);
    session.print("");
    let kind = if standard { "standardized" } else { "unstandardized" };
    session.print(format!("Test scale = mean({kind} items)"));
    let reversed: Vec<&str> = (0..k).filter(|i| signs[*i] < 0.0).map(|i| names[i].as_str()).collect();
    if !reversed.is_empty() {
        let s = if reversed.len() == 1 { "" } else { "s" };
        session.print(format!("Reversed item{s}:  {}", reversed.join(" ")));
    }
    let mut results = Results::default();
    results.scalar("k", k as f64).scalar("alpha", alpha).scalar(if standard { "rho" } else { "cov" }, mean);
    let what = if standard { "correlation:" } else { "covariance: " };
    if cmd.has("item") {
        items(session, &mut results, names, &c, &data.counts, &signs, (alpha, mean), standard);
        if cmd.has("label") {
            super::alpha_detail::labels(session, names);
        }
    } else {
        session.print("");
        session.print(format!("Average interitem {what}{:>13}", format::bare("%9.0g", mean)));
        session.print(format!("Number of items in the scale:{:>13}", k));
        session.print(format!("Scale reliability coefficient:{:>12}", format::bare("%9.4f", alpha)));
    }
    if cmd.has("detail") {
        super::alpha_detail::show(session, names, &c, &data.counts, standard);
    }
    if let Some(name) = cmd.options.text("generate") {
        let least = cmd.options.int("min").unwrap_or(1).max(1) as usize;
        let scale = data.scale(&signs, standard, least);
        let mut variable =
            Variable::new(name.trim(), Column::from_f64(session.settings.default_type, &scale));
        variable.label = "Test scale = mean of items".to_string();
        session.frame.add(variable)?;
    }
    session.r = results;
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "the columns of one table and where its results go")]
fn items(
    session: &mut Session,
    results: &mut Results,
    names: &[String],
    c: &Mat,
    counts: &Mat,
    signs: &[f64],
    (alpha, mean): (f64, f64),
    standard: bool,
) {
    let k = names.len();
    let total: f64 = (0..k).map(|a| (0..k).map(|b| c[(a, b)]).sum::<f64>()).sum();
    let what = if standard { "correlation" } else { "covariance " };
    session.print("");
    session.print(format!("{:>67}", "Average"));
    session.print(format!("{:>38}{:>14}{:>16}", "Item-test", "Item-rest", "interitem"));
    session.print(format!("Item         |  Obs  Sign   correlation   correlation     {what}     Alpha"));
    session.print(format!("-------------+{}", "-".repeat(65)));
    let mut columns: [Vec<f64>; 4] = Default::default();
    for i in 0..k {
        let own = c[(i, i)];
        let with: f64 = (0..k).map(|j| c[(i, j)]).sum();
        let test = with / (own * total).sqrt();
        let rest = (with - own) / (own * (total - 2.0 * with + own)).sqrt();
        let others: Vec<usize> = (0..k).filter(|j| *j != i).collect();
        let (without, average) =
            if k > 2 { reliability(c, &others) } else { (MISSING, c[(others[0], others[0])]) };
        let average = if k > 2 { average } else { MISSING };
        let cell = |fmt: &str, x: f64, width: usize| format::right(&format::bare(fmt, x), width);
        session.print(format!(
            "{:<12} |{}{:>5}{}{}{}{}",
            format::abbrev(&names[i], 12),
            cell("%6.0f", counts[(i, i)], 5),
            if signs[i] < 0.0 { "-" } else { "+" },
            cell("%6.4f", test, 13),
            cell("%6.4f", rest, 14),
            cell(if standard { "%9.4f" } else { "%9.0g" }, average, 16),
            cell("%6.4f", without, 12)
        ));
        for (column, value) in columns.iter_mut().zip([test, rest, average, without]) {
            column.push(value);
        }
    }
    session.print(format!("-------------+{}", "-".repeat(65)));
    session.print(format!(
        "{:<12} |{:>53}{:>12}",
        "Test scale",
        format::bare(if standard { "%9.4f" } else { "%9.0g" }, mean),
        format::bare("%6.4f", alpha)
    ));
    session.print("-".repeat(79));
    let labels = [
        "ItemTestCorr",
        "ItemRestCorr",
        if standard { "MeanInterItemCorr" } else { "MeanInterItemCov" },
        "Alpha",
    ];
    for (label, values) in labels.into_iter().zip(columns) {
        let mut matrix = Matrix::new(1, k, values);
        matrix.col_names = names.iter().map(Stripe::term).collect();
        results.matrix(label, matrix);
    }
    let mut sense = Matrix::new(1, k, signs.to_vec());
    sense.col_names = names.iter().map(Stripe::term).collect();
    results.matrix("Signs", sense);
}
