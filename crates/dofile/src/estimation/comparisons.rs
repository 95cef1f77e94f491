//! Tables of comparisons that `contrast`, `pwcompare` and `margins` print alike.

use super::comparison_names::Names;
pub use super::comparison_tests::{joint, show_tests, tests_of};
use crate::estimation::column_names::column_names;
use crate::estimation::exponents;
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::value::MISSING;
use estimators::contrasts::{Adjustment, letters, pairs};
use estimators::matrix::Mat;

/// Estimates with their covariance, ready to be shown.
pub struct Compared {
    /// Equation above the blocks; empty for results without equations.
    pub equation: String,
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

impl Compared {
    /// Nothing yet.
    pub fn empty(equation: String) -> Self {
        Self { equation, blocks: vec![], labels: vec![], names: vec![], b: vec![], v: Mat::zeros(0, 0) }
    }
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

/// Numbers beside the standard errors.
#[derive(Clone, Copy)]
pub struct Columns {
    /// Test statistics and p-values.
    pub tests: bool,
    /// Confidence limits.
    pub limits: bool,
}

impl Columns {
    /// From what the options ask for: limits alone, tests alone or both.
    pub fn of(effects: bool, limits: bool, tests: bool) -> Self {
        Self { tests: effects || tests, limits: effects || limits || !tests }
    }

    /// Limits alone.
    pub const LIMITS: Self = Self { tests: false, limits: true };
}

/// Heading of the standard errors; below another heading it is in lower case.
fn error_title(look: &Look<'_>) -> &'static str {
    if look.vce_title.is_empty() { "Std. err." } else { "std. err." }
}

/// Format of the table of estimates.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// Heading of the estimates.
    pub heading: &'a str,
    /// Name above the comparisons: the variable whose means are compared; empty where the estimates have other sources.
    pub outcome: &'a str,
    /// Line above the standard errors.
    pub vce_title: &'a str,
    /// Which numbers stand beside the standard errors.
    pub columns: Columns,
    /// Pairs are compared: the head says so where nothing is adjusted.
    pub versus: bool,
    /// Adjustment for several comparisons.
    pub adjustment: Adjustment,
    /// Confidence level in percent.
    pub level: f64,
    /// Residual degrees of freedom.
    pub df_r: Option<f64>,
    /// Exponents of the estimates and limits are shown.
    pub eform: bool,
    /// The tables list the estimates of each block in ascending order.
    pub sorted: bool,
}

impl Look<'_> {
    /// Positions of the estimates in the order of the table.
    fn order(&self, found: &Compared) -> Vec<usize> {
        let mut all: Vec<usize> = (0..found.b.len()).collect();
        if self.sorted {
            let first = |i: usize| found.blocks.iter().position(|b| *b == found.blocks[i]);
            all.sort_by(|i, j| first(*i).cmp(&first(*j)).then(found.b[*i].total_cmp(&found.b[*j])));
        }
        all
    }
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
            let row = [b, se, ratio, look.adjustment.p(ratio, look.df_r, m, rank), b - half, b + half];
            if look.eform { exponents::of_row(row) } else { row }
        };
        let rows = (0..count).map(|i| found.b[i].is_finite().then(|| numbers(i))).collect();
        let all = joint(&found.b, &found.v, &known).df;
        Self { rows, critical: stata(look.adjustment.critical(look.level, look.df_r, count, all)) }
    }

    fn store(&self, found: &Compared, look: &Look<'_>, names: [&str; 3], results: &mut Results) {
        let count = self.rows.len();
        let cell = |row: &Option<[f64; 6]>, k: usize| row.map_or(MISSING, |numbers| stata(numbers[k]));
        let mut data: Vec<f64> = (0..6).flat_map(|k| self.rows.iter().map(move |row| cell(row, k))).collect();
        for last in [look.df_r.unwrap_or(MISSING), self.critical, f64::from(u8::from(look.eform))] {
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
    let names = Names::of(
        session,
        &margins.equation,
        35,
        margins.blocks.iter().map(String::as_str).zip(margins.labels.iter().map(String::as_str)),
    );
    session.print(names.frame(35));
    let name = look.adjustment.name();
    session.print(names.line("", &format!("{:>24}{name:>11}", look.vce_title)));
    session.print(names.line("", &format!("{:>11}   {}{:>12}", look.heading, error_title(look), "Groups")));
    session.print(names.rule(35));
    names.print_equation(session);
    let formats = session.settings.table.clone();
    let mut block: Option<&String> = None;
    let mut all = Vec::new();
    for i in look.order(margins) {
        let code = &codes[i];
        if block != Some(&margins.blocks[i]) {
            if block.is_some() {
                session.print(names.line("", ""));
            }
            session.print(names.line(&margins.blocks[i], ""));
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
        let wide = |x: f64| formats.wide(stata(x));
        let cells = format!("  {}   {}{spaced:>12}", wide(margins.b[i]), wide(se));
        names.print_level(session, &margins.labels[i], cells.trim_end());
        results.text(&format!("groups{}", i + 1), code.clone());
    }
    session.print(names.frame(35));
    session.print("Note: Margins sharing a letter in the group label");
    let percent = format::bare("%5.0g", 100.0 - look.level);
    session.print(format!("      are not significantly different at the {percent}%"));
    session.print("      level.");
}

/// Prints how many comparisons each term has, which the adjustments depend on.
fn show_counts(session: &mut Session, found: &Compared) {
    // as wide as the terms alone
    let terms = found.blocks.iter().map(|block| (block.as_str(), ""));
    let names = Names::of(session, &found.equation, 13, terms);
    session.print(names.frame(13));
    session.print(names.line("", "    Number of"));
    session.print(names.line("", "  comparisons"));
    session.print(names.rule(13));
    names.print_equation(session);
    let mut blocks: Vec<&String> = found.blocks.iter().collect();
    blocks.dedup();
    for block in blocks {
        let count = found.blocks.iter().filter(|b| *b == block).count();
        session.print(names.line(block, &format!("{count:>13}")));
    }
    session.print(names.frame(13));
    session.print("");
}

/// The lines above the estimates: what the standard errors and the adjustments are, and the headings.
fn headings(look: &Look<'_>) -> (String, String) {
    let adjusted =
        if look.versus || look.adjustment != Adjustment::None { look.adjustment.name() } else { "" };
    let mut above = String::new();
    let mut put = |text: &str, centre: usize| {
        let start = centre - text.chars().count().div_ceil(2);
        above = format!("{above:<start$}{text}");
    };
    if !look.vce_title.is_empty() {
        put(look.vce_title, 18);
    }
    if look.columns.tests && !adjusted.is_empty() {
        put(adjusted, 33);
    }
    if look.columns.limits && !adjusted.is_empty() {
        put(adjusted, if look.columns.tests { 54 } else { 38 });
    }
    let letter = if look.df_r.is_some() { "t" } else { "z" };
    let mut line = format!("{:>11}   {}", look.heading, error_title(look));
    if look.columns.tests {
        line += &format!("{letter:>7}{:>9}", format!("P>|{letter}|"));
    }
    if look.columns.limits {
        line += &format!("{:>25}", format!("[{}% conf. interval]", format::bare("%5.0g", look.level)));
    }
    (above, line)
}

/// Prints estimates by block and stores them as [`store_estimates`] does.
pub fn show_estimates(
    session: &mut Session,
    found: &Compared,
    asked: &Look<'_>,
    stored: [&str; 3],
    results: &mut Results,
) {
    let Columns { tests, limits } = asked.columns;
    let width = 23 + if tests { 16 } else { 0 } + if limits { 25 } else { 0 };
    let pairs = found.blocks.iter().map(String::as_str).zip(found.labels.iter().map(String::as_str));
    let names = Names::of(session, &found.equation, width, pairs);
    session.print("");
    let one = asked.versus && found.labels.len() == 1 && asked.adjustment != Adjustment::None;
    let plain = Look { adjustment: Adjustment::None, ..*asked };
    let look = if one { &plain } else { asked };
    if one {
        // one comparison has nothing to be adjusted for
        let option =
            asked.adjustment.name().to_lowercase().replace('š', "s").replace('á', "a").replace('é', "e");
        session.print(format!("note: option {option} ignored since there is only one comparison"));
    } else if look.adjustment != Adjustment::None {
        show_counts(session, found);
    }
    session.print(names.frame(width));
    let (above, heading) = headings(look);
    if !above.is_empty() {
        session.print(names.line("", &above));
    }
    session.print(names.line(look.outcome, &heading));
    session.print(names.rule(width));
    names.print_equation(session);
    let estimates = Estimates::of(found, look);
    let formats = session.settings.table.clone();
    let statistic = formats.statistics.as_deref().unwrap_or("%8.2f");
    let p_value = formats.p_values.as_deref().unwrap_or("%5.3f");
    let wide = |x: f64| formats.wide(stata(x));
    let mut block: Option<&String> = None;
    for i in look.order(found) {
        if block != Some(&found.blocks[i]) {
            if block.is_some() {
                session.print(names.line("", ""));
            }
            session.print(names.line(&found.blocks[i], ""));
            block = Some(&found.blocks[i]);
        }
        let Some([b, se, ratio, p, low, high]) = estimates.rows[i] else {
            names.print_level(session, &found.labels[i], &format!("  {:>9}  (not estimable)", "."));
            continue;
        };
        let mut cells = format!("  {}  {}", wide(b), wide(se));
        if tests {
            let (ratio, p) = (format::bare(statistic, stata(ratio)), format::bare(p_value, stata(p)));
            let p = p.trim();
            cells += &format!(" {ratio:>8}   {p:>5}");
        }
        if limits {
            cells += &format!("{}{}   {}", if tests { "    " } else { "     " }, wide(low), wide(high));
        }
        names.print_level(session, &found.labels[i], &cells);
    }
    session.print(names.frame(width));
    estimates.store(found, look, stored, results);
}
