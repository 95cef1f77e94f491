//! Tables of comparisons that `contrast`, `pwcompare` and `margins` print alike.

use crate::estimation::column_names::column_names;
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::value::MISSING;
use estimators::contrasts::{Adjustment, letters, pairs};
use estimators::matrix::Mat;
use estimators::wald::{self, Wald};

/// Estimates with their covariance, ready to be shown.
pub struct Compared {
    /// Block (term) of each estimate.
    pub blocks: Vec<String>,
    /// Label of each estimate within its block.
    pub labels: Vec<String>,
    /// Names for the columns of results.
    pub names: Vec<String>,
    /// Estimates; NaN where they cannot be estimated.
    pub b: Vec<f64>,
    /// Covariance.
    pub v: Mat,
}

/// `L b` and `L V L'`; rows that are absent cannot be estimated.
pub fn apply(b: &[f64], v: &Mat, rows: &[Option<Vec<f64>>]) -> (Vec<f64>, Mat) {
    let filled = Mat::from_fn(rows.len(), b.len(), |i, j| rows[i].as_ref().map_or(0.0, |r| r[j]));
    let estimates = filled
        .times_vector(b)
        .into_iter()
        .zip(rows)
        .map(|(x, row)| if row.is_some() { x } else { f64::NAN })
        .collect();
    (estimates, filled.sandwich(v))
}

/// Joint test that estimates are zero.
pub fn joint(b: &[f64], v: &Mat, positions: &[usize]) -> Wald {
    let known: Vec<usize> = positions.iter().copied().filter(|i| b[*i].is_finite()).collect();
    let mut wald = wald::test_zero(b, v, &known);
    wald.dropped.clear();
    wald
}

/// One line of the table of joint tests: block, label, test.
pub struct TestLine {
    /// Term.
    pub block: String,
    /// Label within the term; empty for the term itself.
    pub label: String,
    /// The test.
    pub test: Wald,
}

/// Prints the table of tests and stores r(df), r(F) or r(chi2), r(p).
pub fn show_tests(session: &mut Session, lines: &[TestLine], df_r: Option<f64>, results: &mut Results) {
    let statistic = if df_r.is_some() { "F" } else { "chi2" };
    let p_label = if df_r.is_some() { "P>F" } else { "P>chi2" };
    session.print("-".repeat(48));
    session.print(format!("             |{:>11}{:>12}{:>11}", "df", statistic, p_label));
    session.print(format!("-------------+{}", "-".repeat(34)));
    let mut block = "";
    for line in lines {
        if block != line.block && !block.is_empty() {
            session.print("             |");
        }
        if block != line.block && !line.label.is_empty() {
            session.print(format!("{:>12} |", format::abbrev(&line.block, 12)));
        }
        block = &line.block;
        let name = if line.label.is_empty() { &line.block } else { &line.label };
        let value = if df_r.is_some() { line.test.f() } else { line.test.chi2 };
        session.print(format!(
            "{:>12} |{:>11}{:>12}{:>11}",
            format::abbrev(name, 12),
            line.test.df,
            format::bare("%9.2f", stata(value)),
            format::bare("%6.4f", stata(line.test.p(df_r)))
        ));
    }
    if let Some(df) = df_r {
        session.print("             |");
        session.print(format!(" Denominator |{:>11}", format::bare("%9.0g", df)));
    }
    session.print("-".repeat(48));
    let row = |values: Vec<f64>| {
        let names = lines
            .iter()
            .map(|l| {
                Stripe::term(if l.label.is_empty() {
                    l.block.clone()
                } else {
                    format!("{} {}", l.label, l.block)
                })
            })
            .collect();
        Matrix::row_vector(values, names)
    };
    results.matrix("df", row(lines.iter().map(|l| l.test.df as f64).collect()));
    let values = lines.iter().map(|l| stata(if df_r.is_some() { l.test.f() } else { l.test.chi2 })).collect();
    results.matrix(statistic, row(values));
    results.matrix("p", row(lines.iter().map(|l| stata(l.test.p(df_r))).collect()));
}

/// Format of the table of estimates.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// Heading of the estimates.
    pub heading: &'a str,
    /// Line above the standard errors.
    pub vce_title: &'a str,
    /// Tests beside the intervals.
    pub effects: bool,
    /// Adjustment for several comparisons.
    pub adjustment: Adjustment,
    /// Confidence level in percent.
    pub level: f64,
    /// Residual degrees of freedom.
    pub df_r: Option<f64>,
}

/// The numbers of each estimate: value, standard error, ratio, p-value, limits; absent where it is not estimable.
struct Estimates {
    rows: Vec<Option<[f64; 6]>>,
    /// Critical value of the intervals.
    critical: f64,
}

impl Estimates {
    fn of(found: &Compared, look: &Look<'_>) -> Self {
        let count = found.b.len();
        let known: Vec<usize> = (0..count).filter(|i| found.b[*i].is_finite()).collect();
        let rank = |block: &String| {
            let mine: Vec<usize> = known.iter().copied().filter(|i| found.blocks[*i] == *block).collect();
            (mine.len(), joint(&found.b, &found.v, &mine).df)
        };
        let numbers = |i: usize| {
            let (m, rank) = rank(&found.blocks[i]);
            let b = found.b[i];
            let se = found.v[(i, i)].max(0.0).sqrt();
            let ratio = b / se;
            let half = look.adjustment.critical(look.level, look.df_r, m, rank) * se;
            [b, se, ratio, look.adjustment.p(ratio, look.df_r, m, rank), b - half, b + half]
        };
        let rows = (0..count).map(|i| found.b[i].is_finite().then(|| numbers(i))).collect();
        let all = joint(&found.b, &found.v, &known).df;
        Self { rows, critical: stata(look.adjustment.critical(look.level, look.df_r, count, all)) }
    }

    fn store(&self, found: &Compared, look: &Look<'_>, names: [&str; 3], results: &mut Results) {
        let count = self.rows.len();
        let cell = |row: &Option<[f64; 6]>, k: usize| row.map_or(MISSING, |numbers| stata(numbers[k]));
        let mut data: Vec<f64> = (0..6).flat_map(|k| self.rows.iter().map(move |row| cell(row, k))).collect();
        for last in [look.df_r.unwrap_or(MISSING), self.critical, 0.0] {
            data.extend(std::iter::repeat_n(last, count));
        }
        let plain: Vec<Stripe> = found.names.iter().map(|n| Stripe::term(n.clone())).collect();
        let stripe = column_names(&plain);
        let letter = if look.df_r.is_some() { "t" } else { "z" };
        let mut table = Matrix::new(9, count, data);
        table.row_names =
            ["b", "se", letter, "pvalue", "ll", "ul", "df", "crit", "eform"].map(Stripe::term).to_vec();
        table.col_names = stripe.clone();
        let b = found.b.iter().map(|x| stata(*x)).collect();
        results.matrix(names[0], Matrix::row_vector(b, stripe.clone()));
        results.matrix(names[1], Matrix::square(found.v.data().to_vec(), stripe));
        results.matrix(names[2], table).scalar("level", look.level);
    }
}

/// Stores r(b), r(V) and r(table) of estimates under the given names (`b`, `V` or `b_vs`, `V_vs`).
pub fn store_estimates(found: &Compared, look: &Look<'_>, names: [&str; 3], results: &mut Results) {
    Estimates::of(found, look).store(found, look, names, results);
}

/// Group codes of margins: those that share a letter do not differ significantly by the comparisons of all pairs
/// ([R] pwcompare, option `groups`).
pub fn group_codes(margins: &Compared, versus: &Compared, look: &Look<'_>) -> Vec<String> {
    let rows = Estimates::of(versus, look).rows;
    let alpha = 1.0 - look.level / 100.0;
    let mut codes = vec![String::new(); margins.b.len()];
    let mut blocks: Vec<&String> = margins.blocks.iter().collect();
    blocks.dedup();
    let mut pair = 0;
    for block in blocks {
        let mine: Vec<usize> = (0..margins.b.len()).filter(|i| margins.blocks[*i] == *block).collect();
        let first = pair;
        let order = pairs(mine.len());
        pair += order.len();
        let alike = |a: usize, b: usize| {
            let at = order.iter().position(|p| *p == (a.max(b), a.min(b)));
            at.and_then(|at| rows.get(first + at).copied().flatten()).is_some_and(|row| row[3] > alpha)
        };
        let means: Vec<f64> = mine.iter().map(|i| margins.b[*i]).collect();
        for (i, code) in mine.iter().zip(letters(&means, alike)) {
            codes[*i] = code;
        }
    }
    codes
}

/// Prints margins with their group codes, each letter in a place of its own, and stores the codes in r(groups1),
/// r(groups2) ...
pub fn show_groups(
    session: &mut Session,
    margins: &Compared,
    codes: &[String],
    look: &Look<'_>,
    results: &mut Results,
) {
    session.print("");
    session.print("-".repeat(49));
    let name = look.adjustment.name();
    session.print(format!("             |{:>24}{name:>11}", look.vce_title));
    session.print(format!("             |{:>11}   Std. err.{:>12}", look.heading, "Groups"));
    session.print(format!("-------------+{}", "-".repeat(35)));
    let mut block: Option<&String> = None;
    let mut all = Vec::new();
    for (i, code) in codes.iter().enumerate() {
        if block != Some(&margins.blocks[i]) {
            if block.is_some() {
                session.print("             |");
            }
            session.print(format!("{:>12} |", format::abbrev(&margins.blocks[i], 12)));
            block = Some(&margins.blocks[i]);
            all = codes
                .iter()
                .zip(&margins.blocks)
                .filter(|c| Some(c.1) == block)
                .flat_map(|c| c.0.chars())
                .collect();
            all.sort_unstable();
            all.dedup();
        }
        let spaced: String = all.iter().map(|c| if code.contains(*c) { *c } else { ' ' }).collect();
        let spaced = if code.len() > all.len() { code.clone() } else { spaced };
        let se = margins.v[(i, i)].max(0.0).sqrt();
        let wide = |x: f64| format::number("%9.0g", stata(x));
        let label = format::abbrev(&margins.labels[i], 12);
        session.print(format!("{label:>12} |  {}   {}{spaced:>12}", wide(margins.b[i]), wide(se)).trim_end());
        results.text(&format!("groups{}", i + 1), code.clone());
    }
    session.print("-".repeat(49));
    session.print("Note: Margins sharing a letter in the group label");
    let percent = format::bare("%5.0g", 100.0 - look.level);
    session.print(format!("      are not significantly different at the {percent}%"));
    session.print("      level.");
}

/// Prints estimates by block and stores them as [`store_estimates`] does.
pub fn show_estimates(
    session: &mut Session,
    found: &Compared,
    look: &Look<'_>,
    names: [&str; 3],
    results: &mut Results,
) {
    let letter = if look.df_r.is_some() { "t" } else { "z" };
    let width = if look.effects { 65 } else { 48 };
    let level = format::bare("%5.0g", look.level);
    session.print("");
    session.print("-".repeat(14 + width));
    if !look.vce_title.is_empty() || look.adjustment != Adjustment::None {
        let name = if look.adjustment == Adjustment::None { "" } else { look.adjustment.name() };
        session.print(format!("             |{:>23}{name:>24}", look.vce_title).trim_end());
    }
    let tests =
        if look.effects { format!("{letter:>9}{:>8}", format!("P>|{letter}|")) } else { String::new() };
    session.print(format!(
        "             |{:>11}   Std. err.{tests}{:>25}",
        look.heading,
        format!("[{level}% conf. interval]")
    ));
    session.print(format!("-------------+{}", "-".repeat(width)));
    let estimates = Estimates::of(found, look);
    let mut block: Option<&String> = None;
    for (i, row) in estimates.rows.iter().enumerate() {
        if block != Some(&found.blocks[i]) {
            if block.is_some() {
                session.print("             |");
            }
            session.print(format!("{:>12} |", format::abbrev(&found.blocks[i], 12)));
            block = Some(&found.blocks[i]);
        }
        let label = format!("{:>12} |", format::abbrev(&found.labels[i], 12));
        let Some([b, se, ratio, p, low, high]) = *row else {
            session.print(format!("{label}  {:>9}  (not estimable)", "."));
            continue;
        };
        let wide = |x: f64| format::number("%9.0g", stata(x));
        let tests = if look.effects {
            format!("{:>9}{:>8}", format::bare("%8.2f", stata(ratio)), format::bare("%5.3f", stata(p)))
        } else {
            String::new()
        };
        session.print(format!(
            "{label}  {}   {}{tests}    {}   {}",
            wide(b),
            wide(se),
            wide(low),
            wide(high)
        ));
    }
    session.print("-".repeat(14 + width));
    estimates.store(found, look, names, results);
}
