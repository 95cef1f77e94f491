//! The coefficient table that estimation commands print, and `r(table)` behind it.
//! Layout as in the manuals' examples at a line size of 80.

use super::derived::UNTESTED;
use super::table_bases;
use super::table_cells::{cells, columns_width, hidden, mark_empty};
use super::table_effects::random_effect;
pub use super::table_rows::{Layout, level_text};
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::session::{Session, TableLook};
use crate::syntax::{Atom, Term};
use crate::value::{MISSING, is_missing};
use estimators::wald;

/// The kind of the errors where nothing else of the bootstrap is named, as over the errors of `sqreg`; the blank tells it
/// from the title that names the observed coefficients and the kind of the limits too.
pub const BOOTSTRAP_ERRORS: &str = "Bootstrap ";

/// Content of a coefficient table.
pub struct Table<'a> {
    /// Name above the parameters (the outcome).
    pub title: &'a str,
    /// Heading of the estimates, `Coefficient` or `Odds ratio`.
    pub heading: &'a str,
    /// Line above the standard errors, `Robust`, or empty.
    pub vce_title: &'a str,
    /// Names of the parameters.
    pub stripe: &'a [Stripe],
    /// Estimates.
    pub b: &'a [f64],
    /// Standard errors.
    pub se: &'a [f64],
    /// Residual degrees of freedom: t instead of z.
    pub df_r: Option<f64>,
    /// Confidence level in percent.
    pub level: f64,
    /// Estimates are exponentiated (equations by position; absent means none).
    pub eform: bool,
    /// Parameters that are not exponentiated or are shown after a rule (ancillary ones), from here on.
    pub ancillary_from: Option<usize>,
    /// Ancillary parameters are standard deviations: no test, limits on the log scale.
    pub deviations: bool,
    /// Number of clusters and their variable.
    pub clusters: Option<(f64, &'a str)>,
    /// Whether equations are shown as blocks.
    pub equations: bool,
    /// Standardised coefficients, shown instead of the limits.
    pub beta: Option<&'a [f64]>,
}

impl<'a> Table<'a> {
    /// A plain table of coefficients in blocks of equations, without a title.
    pub fn of_equations(
        stripe: &'a [Stripe],
        b: &'a [f64],
        se: &'a [f64],
        df_r: Option<f64>,
        level: f64,
    ) -> Self {
        Self {
            title: "",
            heading: "Coefficient",
            vce_title: "",
            stripe,
            b,
            se,
            df_r,
            level,
            eform: false,
            ancillary_from: None,
            deviations: false,
            clusters: None,
            equations: true,
            beta: None,
        }
    }
}

/// One row of numbers of a table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Estimate, exponentiated if so asked.
    pub b: f64,
    /// Standard error on the same scale.
    pub se: f64,
    /// t or z.
    pub ratio: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// Lower limit.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
}

/// Numbers of one parameter. A zero standard error means an omitted or fixed parameter.
pub fn row(b: f64, se: f64, df_r: Option<f64>, level: f64, eform: bool) -> Row {
    if se.is_nan() || se <= 0.0 || crate::value::is_missing(se) {
        let b = if eform { b.exp() } else { b };
        return Row { b, se: MISSING, ratio: MISSING, p: MISSING, low: MISSING, high: MISSING };
    }
    let critical = wald::critical(level, df_r);
    let ratio = b / se;
    let (low, high) = (b - critical * se, b + critical * se);
    let p = stata(wald::p_value(ratio, df_r));
    if eform {
        let shown = b.exp();
        return Row { b: shown, se: shown * se, ratio, p, low: stata(low.exp()), high: stata(high.exp()) };
    }
    Row { b, se, ratio, p, low: stata(low), high: stata(high) }
}

impl Table<'_> {
    fn exponentiated(&self, i: usize) -> bool {
        self.eform && self.ancillary_from.is_none_or(|from| i < from)
    }

    /// Whether a parameter is a variance: no test, limits on the log scale.
    pub(super) fn is_variance(&self, i: usize) -> bool {
        self.stripe[i].eq.starts_with('/') && (self.deviations || self.stripe[i].name.starts_with("var("))
    }

    /// Whether a parameter is a correlation: limits on the scale of `atanh`.
    pub(super) fn is_correlation(&self, i: usize) -> bool {
        self.stripe[i].eq.starts_with('/') && self.stripe[i].name.starts_with("corr(")
    }

    fn correlation_row(&self, i: usize, row: Row) -> Row {
        let half = wald::critical(self.level, self.df_r) * self.se[i] / (1.0 - self.b[i].powi(2));
        let at = self.b[i].atanh();
        Row { low: stata((at - half).tanh()), high: stata((at + half).tanh()), ..row }
    }

    fn variance_row(&self, i: usize, row: Row) -> Row {
        let half = wald::critical(self.level, self.df_r) * self.se[i] / self.b[i];
        let (low, high) = (stata(self.b[i] * (-half).exp()), stata(self.b[i] * half.exp()));
        Row { ratio: MISSING, p: MISSING, low, high, ..row }
    }

    /// Whether a parameter of a model of time series is tested against zero, its bound: the test is one sided, and the limits
    /// stay above zero ([TS] arima, [TS] ucm).
    fn is_bounded(&self, i: usize, cmd: &str) -> bool {
        let Stripe { eq, name } = &self.stripe[i];
        match cmd {
            "arima" => eq == "/" && name == "sigma",
            "arfima" => eq == "/" && name == "sigma2",
            "ucm" => eq == "Variance",
            _ => false,
        }
    }

    fn rows(&self, session: &Session) -> Vec<Row> {
        let (cmd, table) = (session.e.cmd(), &session.settings.table);
        let given = table.limits.as_ref().map(|l| &l.1);
        (0..self.b.len())
            .map(|i| {
                let df = table.degrees.as_ref().map_or(self.df_r, |d| d.get(i).copied().flatten());
                let row = row(self.b[i], self.se[i], df, self.level, self.exponentiated(i));
                if let Some((low, high)) = given.and_then(|g| g.get(i)).filter(|_| !is_missing(row.se)) {
                    Row { low: *low, high: *high, ..row }
                } else if self.is_bounded(i, cmd) && !is_missing(row.p) {
                    Row { p: row.p / 2.0, low: row.low.max(0.0), ..row }
                } else if self.is_variance(i) {
                    self.variance_row(i, row)
                } else if self.is_correlation(i) {
                    self.correlation_row(i, row)
                } else {
                    row
                }
            })
            .collect()
    }

    /// Stores `r(table)`.
    pub fn store(&self, session: &mut Session) {
        let rows = self.rows(session);
        let each = session.settings.table.degrees.clone();
        let df = |i: usize| each.as_ref().map_or(self.df_r, |d| d.get(i).copied().flatten());
        let mut data = Vec::with_capacity(rows.len() * 9);
        let pick: [fn(&Row) -> f64; 6] = [|r| r.b, |r| r.se, |r| r.ratio, |r| r.p, |r| r.low, |r| r.high];
        for get in pick {
            data.extend(rows.iter().map(get));
        }
        data.extend((0..rows.len()).map(|i| df(i).unwrap_or(MISSING)));
        data.extend((0..rows.len()).map(|i| stata(wald::critical(self.level, df(i)))));
        data.extend((0..rows.len()).map(|i| f64::from(u8::from(self.exponentiated(i)))));
        let mut matrix = Matrix::new(9, rows.len(), data);
        let ratio = if self.df_r.is_some() { "t" } else { "z" };
        matrix.row_names =
            ["b", "se", ratio, "pvalue", "ll", "ul", "df", "crit", "eform"].map(Stripe::term).to_vec();
        matrix.col_names = self.stripe.to_vec();
        session.r.matrix("table", matrix).scalar("level", self.level);
    }

    /// Prints the table and stores `r(table)`.
    pub fn show(&self, session: &mut Session) {
        session.r.clear();
        if session.e.b().is_some_and(|b| b.col_names == self.stripe) {
            super::constraints::show(session);
        }
        self.print(session);
        self.store(session);
    }

    /// The rows with the tests that the table shows.
    fn shown_rows(&self, session: &Session) -> Vec<Row> {
        let mut rows = self.rows(session);
        if UNTESTED.contains(&session.e.cmd()) && self.is_active(session) {
            let untested = |s: &Stripe| s.eq.starts_with('/') && !s.name.starts_with("cov(");
            let ancillary = rows.iter_mut().zip(self.stripe).filter(|(_, s)| untested(s));
            ancillary.for_each(|(row, _)| (row.ratio, row.p) = (MISSING, MISSING));
        }
        rows
    }

    /// Prints the table. The name of an equation such as `/mills` stands above its rows, those of `/` have a slash instead.
    pub fn print(&self, session: &mut Session) {
        let mut terms: Vec<Option<Term>> = self.stripe.iter().map(|s| parse_term(&s.name)).collect();
        mark_empty(session, &mut terms);
        let look = session.settings.table.clone();
        let names = self.names_width(session, &terms, &look);
        self.heading_of_width(session, names);
        let rows = self.shown_rows(session);
        let width = columns_width(&look);
        let rule = || format!("{}+{}", "-".repeat(names + 1), "-".repeat(width));
        let base = self.base_outcome(session);
        let without = table_bases::lines(session, self.stripe, &rule());
        let above = |session: &mut Session, at: usize| {
            let lines = without.iter().filter(|w| w.0 == at).flat_map(|w| &w.1);
            lines.for_each(|line| session.print(line.clone()));
        };
        let equation_name = |name: &str| format!("{:<room$}", format::abbrev(name, names), room = names + 1);
        let mut layout = Layout::of_width(names);
        let mut equation: Option<&str> = None;
        for i in 0..rows.len() {
            self.print_offset(session, i, names);
            if terms[i].as_ref().is_some_and(|term| hidden(&look, term)) {
                continue;
            }
            let eq = self.stripe[i].eq.as_str();
            let opens_free = eq == "/" && i > 0 && self.stripe[i - 1].eq != "/";
            if !opens_free {
                above(session, i);
            }
            let free = self.is_free(i);
            if self.equations && equation != Some(eq) {
                if equation.is_some() {
                    session.print(rule());
                }
                if let Some(shown) = table_bases::without_rows(base.as_deref(), eq) {
                    session.print(format!("{}|  (base outcome)", equation_name(&shown)));
                } else if !free {
                    session.print(format!("{}|", equation_name(eq)));
                }
                layout = Layout::of_width(names);
                if free && equation.is_some() {
                    layout.plain_before = true;
                }
            } else if self.ancillary_from == Some(i) {
                session.print(rule());
                layout = Layout::of_width(names);
            }
            if opens_free {
                above(session, i);
            }
            equation = Some(if free { "/" } else { eq });
            if table_bases::without_rows(base.as_deref(), eq).is_some() {
                continue;
            }
            let numbers = self.numbers(session, i, &rows[i], terms[i].as_ref(), free, &look);
            if let Some(effect) = random_effect(session, &self.stripe[i]) {
                effect.print(session, i.checked_sub(1).map(|k| &self.stripe[k]), &rule(), &numbers);
                continue;
            }
            let label = self.label(i, free);
            let alone = !free && self.stands_alone(session, &terms, &look, i);
            let label = if alone { label.replacen("o.", ".", 1) } else { label };
            let term = terms[i].as_ref().filter(|_| !free && !alone);
            let lagged = term.and_then(|_| self.operated(&terms, &look, i));
            match lagged {
                Some((variable, operators)) => {
                    layout.print_operated(session, &variable, &operators, &numbers)
                }
                None if term.is_none() && layout.print_contrast(session, &label, &numbers) => {}
                None => layout.print(session, &label, term, &numbers),
            }
        }
        self.print_offset(session, rows.len(), names);
        above(session, rows.len());
        let open = self.is_open(session, &look);
        session.print(if open { rule() } else { "-".repeat(names + 2 + width) });
    }

    /// The row of an offset, whose coefficient is one, below the last row of the first equation.
    fn print_offset(&self, session: &mut Session, end: usize, names: usize) {
        let first = self.stripe.first().map_or("", |s| s.eq.as_str());
        let ancillary = self.ancillary_from.unwrap_or(usize::MAX);
        let own = |i: usize| self.stripe[i].eq == first && !first.starts_with('/') && i < ancillary;
        if end == 0 || !own(end - 1) || (end < self.stripe.len() && own(end)) || !self.is_active(session) {
            return;
        }
        let look = &session.settings.table;
        let Some(name) = session.e.results.get_text("offset").filter(|_| !look.legend) else { return };
        let what = if name.starts_with("ln(") { "exposure" } else { "offset" };
        let line = format!("{:>names$} |          1  ({what})", format::abbrev(name, names));
        session.print(line);
    }

    /// Whether the table is that of the active results.
    pub(super) fn is_active(&self, session: &Session) -> bool {
        session.e.b().is_some_and(|b| b.col_names == self.stripe)
    }

    /// Whether a row is the only level of its factor variable that its equation shows, of a variable without value
    /// labels: such a row has the name `1.variable` and no heading.
    pub(super) fn stands_alone(
        &self,
        session: &Session,
        terms: &[Option<Term>],
        look: &TableLook,
        row: usize,
    ) -> bool {
        let factor = |i: usize| match terms[i].as_ref().map(|t| t.atoms.as_slice()) {
            Some([Atom::Level { var, ts, .. }]) if ts.prefix().is_empty() => Some(var.as_str()),
            _ => None,
        };
        let Some(variable) = factor(row) else {
            return false;
        };
        let labelled = session.frame.find(variable).is_some_and(|v| session.frame.labels_of(v).is_some());
        let shown = |i: &usize| {
            self.stripe[*i].eq == self.stripe[row].eq
                && factor(*i) == Some(variable)
                && terms[*i].as_ref().is_none_or(|t| !hidden(look, t))
        };
        !labelled && (0..terms.len()).filter(shown).count() == 1
    }

    /// The equation of the base outcome of a multinomial model, which has no rows.
    fn base_outcome(&self, session: &Session) -> Option<String> {
        let number = session.e.results.get_scalar("ibaseout").filter(|_| session.e.cmd() == "mlogit")?;
        if session.e.b()?.col_names != self.stripe {
            return None;
        }
        let mut names: Vec<&String> = self.stripe.iter().map(|s| &s.eq).collect();
        names.dedup();
        names.get((number as usize).checked_sub(1)?).map(|n| (*n).clone())
    }

    /// The variable and the operators of a row under the name of its variable.
    pub(super) fn operated(
        &self,
        terms: &[Option<Term>],
        look: &TableLook,
        row: usize,
    ) -> Option<(String, String)> {
        let shown = |i: &usize| {
            self.stripe[*i].eq == self.stripe[row].eq && terms[*i].as_ref().is_none_or(|t| !hidden(look, t))
        };
        let near = [(0..row).rev().find(shown), (row + 1..terms.len()).find(shown)];
        let beside: Vec<Term> = near.into_iter().flatten().filter_map(|i| terms[i].clone()).collect();
        terms[row].as_ref()?.operated(&beside)
    }

    /// Prints the table of plain variables with lines of text above some of them (`headings` by position).
    pub fn print_under(&self, session: &mut Session, headings: &[(usize, &str)]) {
        self.print_heading(session);
        let look = session.settings.table.clone();
        for (i, row) in self.rows(session).iter().enumerate() {
            for (_, text) in headings.iter().filter(|h| h.0 == i) {
                session.print(format!("{text:<13}|"));
            }
            let term = parse_term(&self.stripe[i].name);
            let cells = cells(row, term.as_ref(), &self.stripe[i], &look);
            session.print(format!("{:>12} |{cells}", format::abbrev(&self.stripe[i].name, 12)));
        }
        session.print(format!("-------------+{}", "-".repeat(columns_width(&look))));
    }
}

/// A term from a name, if it is one (`_cons` is not).
pub fn parse_term(name: &str) -> Option<Term> {
    if name == "_cons" || name.starts_with('/') { None } else { Term::parse(name).ok() }
}

/// The outcome above the parameters: one with operators that is too long has them in the line above.
pub(super) fn title_lines(title: &str) -> (String, &str) {
    match title.rsplit_once('.') {
        Some((operators, variable)) if title.chars().count() > 12 && !title.contains(' ') => {
            (format!("{operators}."), variable)
        }
        _ => (String::new(), title),
    }
}
