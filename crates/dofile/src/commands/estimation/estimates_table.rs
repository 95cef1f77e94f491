//! `estimates table`: coefficients of several models side by side ([R] estimates table). Columns are as wide as the
//! format of the coefficients; rows form the blocks of coefficient tables.

use super::estimates::{estimated_name, get, is_same, names, numbers, statistic, stored_table};
use super::estimates_equations::{matched, renamed};
use crate::error::{Result, StataError};
use crate::estimation::table::{Layout, parse_term};
use crate::format;
use crate::matrix::Stripe;
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::{Atom, Term};
use crate::value::is_missing;

const TABLE: &[OptSpec] = &[
    OptSpec::flag_or_text("b"),
    OptSpec::flag_or_text("se"),
    OptSpec::flag_or_text("t"),
    OptSpec::flag_or_text("p"),
    OptSpec::flag_or_text("STar"),
    OptSpec::text("STats"),
    OptSpec::text("STFmt"),
    OptSpec::text("keep"),
    OptSpec::text("drop"),
    OptSpec::text("TItle"),
    OptSpec::text("EQuations"),
    OptSpec::int("VARWidth"),
    OptSpec::int("MODELwidth"),
    OptSpec::flag("EForm"),
    OptSpec::flag("VARLabel"),
    // the name of varlabel before Stata 13
    OptSpec::flag("LABel"),
    OptSpec::flag("newpanel"),
    OptSpec::text("style"),
];

/// Options that Stata has and the engine has not.
const UNSUPPORTED: &[&str] = &[
    "coded",
    "noOMITted",
    "vsquish",
    "noEMPTYcells",
    "BASElevels",
    "ALLBASElevels",
    "noFVLABel",
    "fvwrap",
    "fvwrapon",
];

/// Formats and widths of the columns.
#[derive(Clone)]
struct Columns {
    /// Format of the coefficients, and of what has no format of its own.
    own: String,
    /// Columns of the numbers with their stars.
    width: usize,
    /// Columns of the names.
    names: usize,
    /// Limits of the stars.
    limits: Option<Vec<f64>>,
    /// Names of the models.
    models: Vec<String>,
    /// Whether rows have the labels of variables.
    labels: bool,
    /// Whether exponentiated coefficients are shown.
    exponentiated: bool,
}

impl Columns {
    fn read(options: &Options, models: Vec<String>) -> Result<Self> {
        let limits: Option<Vec<f64>> = match (options.has("star"), options.text("star")) {
            (true, None) => Some(vec![0.05, 0.01, 0.001]),
            (true, Some(text)) => Some(text.split_whitespace().filter_map(|w| w.parse().ok()).collect()),
            _ => None,
        };
        if limits.is_some() && ["se", "t", "p"].iter().any(|o| options.has(o)) {
            return Err(StataError::invalid("option star may not be combined with se, t or p"));
        }
        let own = options.text("b").unwrap_or("%10.0g").to_string();
        let digits: String =
            own.trim_start_matches(['%', '-']).chars().take_while(char::is_ascii_digit).collect();
        let width = digits.parse().unwrap_or(10);
        let asked = |option: &str| options.int(option).map(|w| w.clamp(4, 60) as usize);
        let longest = models.iter().map(|m| m.chars().count()).max().unwrap_or(0);
        let width = asked("modelwidth").map_or(width, |asked| asked.min(longest).max(width));
        let width: usize = if limits.is_some() { width + 3 } else { width };
        let labels = options.has("varlabel") || options.has("label");
        let names = asked("varwidth").unwrap_or(if labels { 24 } else { 12 });
        Ok(Self { own, width, names, limits, models, labels, exponentiated: options.has("eform") })
    }

    /// A cell of text that stands right, with stars behind it.
    fn cell(&self, text: &str, stars: &str) -> String {
        match &self.limits {
            Some(_) => format!(" {:>width$}{stars:<3}  ", text.trim(), width = self.width - 3),
            None => format!(" {:>width$}  ", text.trim(), width = self.width),
        }
    }

    /// Coefficient, standard error, ratio and p-value as the table shows them: the error of an exponentiated coefficient is
    /// that of the delta method.
    fn shown(&self, [b, se, ratio, p]: [f64; 4]) -> [f64; 4] {
        if self.exponentiated && !is_missing(b) {
            [b.exp(), b.exp() * se, ratio, p]
        } else {
            [b, se, ratio, p]
        }
    }

    fn rule(&self, corner: &str) -> String {
        let names = "-".repeat(self.names + 1);
        format!("{names}{corner}{}", "-".repeat(self.models.len() * (self.width + 3)))
    }

    /// The models in groups that fit in a line.
    fn panels(&self, linesize: usize) -> Vec<Self> {
        let room = linesize.saturating_sub(self.names + 2) / (self.width + 3);
        let panel = |models: &[String]| Self { models: models.to_vec(), ..self.clone() };
        self.models.chunks(room.max(1)).map(panel).collect()
    }

    fn heading(&self, title: &str) -> String {
        let name = |model: &String| {
            let shown = if model == "." { "Active" } else { model.as_str() };
            let short = format::abbrev(shown, self.width.max(5));
            format!(" {short:^width$}  ", width = self.width)
        };
        let line: String = self.models.iter().map(name).collect();
        let names = self.names;
        format!("{:>names$} |{line}", format::abbrev(title, names)).trim_end().to_string()
    }
}

/// Stars of a p-value for descending limits.
fn stars(p: f64, limits: &[f64]) -> String {
    "*".repeat(limits.iter().filter(|l| p < **l).count())
}

/// Parameters of all models in the order in which they come, constants after the other ones, by equation.
fn rows(session: &Session, models: &[String], options: &Options) -> Result<Vec<Stripe>> {
    let mut rows: Vec<Stripe> = Vec::new();
    for name in models {
        let b = get(session, name)?.b().cloned().ok_or_else(StataError::no_estimates)?;
        for stripe in b.col_names {
            match rows.iter_mut().find(|row| is_same(row, &stripe)) {
                // a row that one model has and another omits has the name of the estimate
                Some(row) if estimated_name(&stripe.name) == stripe.name => *row = stripe,
                Some(_) => {}
                None => rows.push(stripe),
            }
        }
    }
    let mut equations: Vec<String> = Vec::new();
    for stripe in &rows {
        if !equations.contains(&stripe.eq) {
            equations.push(stripe.eq.clone());
        }
    }
    let place = |s: &Stripe| equations.iter().position(|e| *e == s.eq).unwrap_or(0);
    rows.sort_by_key(|s| (s.eq.starts_with('/'), place(s), s.name == "_cons"));
    let listed = |option: &str, name: &str| {
        let is_meant = |w: &str| w == name || w == estimated_name(name);
        options.text(option).map(|t| t.split_whitespace().any(is_meant))
    };
    rows.retain(|s| listed("keep", &s.name).unwrap_or(true) && !listed("drop", &s.name).unwrap_or(false));
    if options.has("eform") {
        // the constant is not shown
        rows.retain(|s| s.name != "_cons");
    }
    if let Some(order) = options.text("keep") {
        let rank =
            |s: &Stripe| order.split_whitespace().position(|w| w == s.name || w == estimated_name(&s.name));
        rows.sort_by_key(|s| (s.eq.starts_with('/'), place(s), rank(s)));
    }
    Ok(rows)
}

/// Whether a model omits one of the rows.
fn has_omitted(session: &Session, models: &[String], rows: &[Stripe]) -> Result<bool> {
    for name in models {
        let estimates = get(session, name)?;
        let mut found = rows.iter().filter(|s| !is_base(s)).filter_map(|s| numbers(estimates, s));
        if found.any(|n| n[1] == 0.0) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a row is the base level of a factor variable, which the table does not show.
fn is_base(stripe: &Stripe) -> bool {
    parse_term(&stripe.name).filter(|_| stripe.eq != "/").is_some_and(|term| term.is_base())
}

/// Cells of a parameter: its coefficients, then a line for each further statistic.
fn lines(session: &Session, options: &Options, columns: &Columns, stripe: &Stripe) -> Result<Vec<String>> {
    let formats = [
        Some(columns.own.as_str()),
        options.has("se").then(|| options.text("se").unwrap_or(&columns.own)),
        options.has("t").then(|| options.text("t").unwrap_or("%7.2f")),
        options.has("p").then(|| options.text("p").unwrap_or("%7.4f")),
    ];
    let mut out = Vec::new();
    for (k, fmt) in formats.into_iter().enumerate().filter_map(|(k, f)| Some((k, f?))) {
        let mut line = String::new();
        for name in &columns.models {
            let found = numbers(get(session, name)?, stripe).map(|n| columns.shown(n));
            let text = match found {
                Some(n) if n[1] == 0.0 && k == 0 => "(omitted)".to_string(),
                Some(n) if !is_missing(n[k]) && n[1] > 0.0 => format::bare(fmt, n[k]),
                _ => String::new(),
            };
            let mark = match (&columns.limits, found) {
                (Some(limits), Some(n)) if !is_missing(n[3]) => stars(n[3], limits),
                _ => String::new(),
            };
            line.push_str(&columns.cell(&text, &mark));
        }
        out.push(line);
    }
    Ok(out)
}

fn print_rows(session: &mut Session, options: &Options, columns: &Columns, rows: &[Stripe]) -> Result<()> {
    // one equation that all models have has no heading
    let several = rows.iter().any(|s| s.eq != rows[0].eq);
    let (names, left) = (columns.names, columns.names + 1);
    let mut layout = Layout::of_width(names).labelled(columns.labels);
    let mut equation: Option<&str> = None;
    let plain = |s: &Stripe| parse_term(&s.name).filter(|_| s.eq != "/");
    let shown: Vec<_> =
        rows.iter().filter_map(|s| Some((&*s.eq, plain(s).filter(|t| !t.is_base())?))).collect();
    for (i, stripe) in rows.iter().enumerate() {
        let term = plain(stripe);
        if term.as_ref().is_some_and(crate::syntax::Term::is_base) {
            continue;
        }
        let free = stripe.eq == "/";
        if several && equation != Some(&stripe.eq) {
            if equation.is_some() {
                session.print(columns.rule("+"));
            }
            if !free {
                let name = if stripe.eq.is_empty() { "_" } else { &stripe.eq };
                session.print(format!("{:<left$}|", format::abbrev(name, names)));
            }
            layout = Layout::of_width(names).labelled(columns.labels);
            equation = Some(&stripe.eq);
        }
        let cells = lines(session, options, columns, stripe)?;
        let neighbours = [i.checked_sub(1), Some(i + 1)];
        let beside = neighbours.into_iter().flatten().filter_map(|j| rows.get(j));
        let beside: Vec<_> = beside.filter(|s| s.eq == stripe.eq).filter_map(plain).collect();
        let first = cells[0].trim_end();
        let term = term.filter(|term| !is_alone(session, term, &shown, &stripe.eq));
        match term.as_ref().and_then(|t| t.operated(&beside)) {
            Some((variable, operators)) => layout.print_operated(session, &variable, &operators, first),
            None if free => {
                let name = format!("/{}", stripe.name.trim_start_matches('/'));
                session.print(format!("{:>names$} |{first}", format::abbrev(&name, names)));
            }
            None => layout.print(session, &stripe.name, term.as_ref(), first),
        }
        for line in &cells[1..] {
            session.print(format!("{:left$}|{line}", "").trim_end());
        }
    }
    Ok(())
}

/// Whether a term is the only level of its factor variable, without value labels, that its equation shows: `1.x`.
fn is_alone(session: &Session, term: &Term, shown: &[(&str, Term)], equation: &str) -> bool {
    let [Atom::Level { var, ts, .. }] = term.atoms.as_slice() else { return false };
    let same = |other: &Term| matches!(other.atoms.as_slice(), [Atom::Level { var: v, .. }] if v == var);
    let labelled = session.frame.find(var).is_some_and(|v| session.frame.labels_of(v).is_some());
    ts.prefix().is_empty()
        && !labelled
        && shown.iter().filter(|(eq, other)| *eq == equation && same(other)).count() == 1
}

fn print_statistics(
    session: &mut Session,
    columns: &Columns,
    wanted: &[&str],
    fmt: Option<&str>,
) -> Result<()> {
    for wanted in wanted {
        let mut line = String::new();
        for name in &columns.models {
            let value = statistic(get(session, name)?, wanted);
            let text = match fmt {
                _ if is_missing(value) => String::new(),
                Some(fmt) => format::bare(fmt, value),
                None if value.fract() == 0.0 => format::bare("%10.0g", value),
                None => format::bare(&columns.own, value),
            };
            line.push_str(&columns.cell(&text, ""));
        }
        session.print(format!("{wanted:>names$} |{line}", names = columns.names).trim_end());
    }
    Ok(())
}

/// `estimates table`.
pub(super) fn table(session: &mut Session, list: &str, options: &str) -> Result<()> {
    let parsed = Options::parse("estimates table", options, TABLE, UNSUPPORTED)
        .ok()
        .and_then(|o| o.text("equations").map(str::to_string));
    let Some(text) = parsed else { return tabulate(session, list, options) };
    let models = names(session, list)?;
    let terms = matched(&text, models.len())?;
    let (stored, active) = (session.stored.clone(), session.e.clone());
    for (k, model) in models.iter().enumerate() {
        let own: Vec<(&str, usize)> = terms.iter().map(|(name, n)| (name.as_str(), n[k])).collect();
        let e = renamed(get(session, model)?, &own);
        if model == "." {
            session.e = e;
        } else {
            session.stored.set(model.clone(), e);
        }
    }
    let done = tabulate(session, list, options);
    (session.stored, session.e) = (stored, active);
    done
}

fn tabulate(session: &mut Session, list: &str, options: &str) -> Result<()> {
    let options = Options::parse("estimates table", options, TABLE, UNSUPPORTED)?;
    match options.text("style").map(str::trim) {
        None => {}
        Some(style) if style.len() >= 3 && "oneline".starts_with(style) => {}
        Some(style) => {
            return Err(StataError::unsupported_option("estimates table", &format!("style({style})")));
        }
    }
    let mut columns = Columns::read(&options, names(session, list)?)?;
    let rows = rows(session, &columns.models, &options)?;
    if has_omitted(session, &columns.models, &rows)? {
        columns.width = columns.width.max("(omitted)".len());
    }
    if let Some(title) = options.text("title") {
        session.print("");
        session.print(title);
    }
    let wanted: Vec<&str> =
        options.text("stats").unwrap_or("").split([' ', ',']).filter(|w| !w.is_empty()).collect();
    for panel in columns.panels(session.settings.linesize) {
        print_panel(session, &options, &panel, &rows, &wanted)?;
    }
    session.r = stored_table(session, &columns.models, &rows, &wanted)?;
    Ok(())
}

/// The table of as many models as fit in a line, with its legend.
fn print_panel(
    session: &mut Session,
    options: &Options,
    columns: &Columns,
    rows: &[Stripe],
    wanted: &[&str],
) -> Result<()> {
    session.print("");
    session.print(columns.rule("-"));
    session.print(columns.heading("Variable"));
    session.print(columns.rule("+"));
    print_rows(session, options, columns, rows)?;
    if !wanted.is_empty() {
        if options.has("newpanel") {
            session.print(columns.rule("-"));
            session.print("");
            session.print(columns.rule("-"));
            session.print(columns.heading("Statistics"));
        }
        session.print(columns.rule("+"));
        print_statistics(session, columns, wanted, options.text("stfmt"))?;
    }
    session.print(columns.rule("-"));
    let shown: Vec<&str> = ["se", "t", "p"].into_iter().filter(|o| options.has(o)).collect();
    let legend = match &columns.limits {
        Some(limits) => {
            let one = |(i, l): (usize, &f64)| format!("{} p<{l}", "*".repeat(i + 1));
            format!("Legend: {}", limits.iter().enumerate().map(one).collect::<Vec<_>>().join("; "))
        }
        None if shown.is_empty() => String::new(),
        None => format!("Legend: b/{}", shown.join("/")),
    };
    if !legend.is_empty() {
        session.print(format::right(&legend, columns.rule("-").len()));
    }
    Ok(())
}
