//! `tabulate, summarize()`: means, standard deviations and frequencies by the levels of one or two variables
//! ([R] tabulate, summarize()). Tables of counts are in `tabulate`.

use super::tabulate_two_way;
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::groups::grouped;
use crate::session::Session;
use crate::syntax::{ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};
use estimators::descriptive::Sample;

/// Statistics of a cell: mean, standard deviation and frequency.
pub(super) type Cell = (f64, f64, f64);

/// The statistics of a cell and its number of rows, which is not the frequency under analytic weights.
type Counted = (Cell, f64);

/// Which statistics are shown: mean, standard deviation, frequency, number of rows.
pub(super) struct Shown([bool; 4]);

impl Shown {
    pub(super) const ALL: Self = Self([true, true, true, false]);

    /// The statistics that are asked for, or all but those that are not wanted; numbers of rows under analytic weights.
    pub(super) fn read(cmd: &ParsedCommand, analytic: bool) -> Result<Self> {
        let asked = ["means", "standard", "freq", "obs"].iter().any(|o| cmd.has(o));
        let shown = |of: &[&str], not: &[&str]| {
            if asked { of.iter().any(|o| cmd.has(o)) } else { !not.iter().any(|o| cmd.has(o)) }
        };
        // Without weights both are the same number.
        let (freq, obs): (&[&str], &[&str]) =
            if analytic { (&["freq"], &["nofreq"]) } else { (&["freq", "obs"], &["nofreq", "noobs"]) };
        let out = [
            shown(&["means"], &["nomeans"]),
            shown(&["standard"], &["nostandard"]),
            shown(freq, obs),
            analytic && shown(&["obs"], &["noobs"]),
        ];
        if out == [false; 4] {
            return Err(StataError::invalid("no statistic is left to show"));
        }
        Ok(Self(out))
    }

    /// The statistics of a cell as text; an empty cell has a frequency only.
    fn texts(&self, ((mean, sd, n), rows): Counted) -> Vec<String> {
        let number =
            |x: f64| if n == 0.0 || is_missing(x) { ".".to_string() } else { format::bare("%10.0g", x) };
        let freq = format::bare(if self.0[3] { "%10.0g" } else { "%9.0fc" }, n);
        let all = [number(mean), number(sd), freq, format::bare("%9.0fc", rows)];
        all.into_iter().zip(self.0).filter(|(_, shown)| *shown).map(|(text, _)| text).collect()
    }

    /// The statistics in words: `Means, Standard Deviations and Frequencies`.
    fn words(&self) -> String {
        let names = ["Means", "Standard Deviations", "Frequencies", "Number of Observations"];
        let words: Vec<&str> = names.into_iter().zip(self.0).filter(|(_, s)| *s).map(|(n, _)| n).collect();
        match words.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => words.concat(),
        }
    }
}

/// The tables of a numeric variable.
pub(super) fn run(s: &mut Session, cmd: &ParsedCommand, variable: &str) -> Result<()> {
    let by = s.varlist(&cmd.list)?;
    if by.is_empty() || by.len() > 2 {
        return Err(StataError::standard(if by.is_empty() { 100 } else { 103 }));
    }
    refuse_other_options(cmd)?;
    let of = s.numeric_variable(variable.trim())?;
    let mut touse = s.rows(cmd)?;
    s.markout(&[of], &mut touse, false)?;
    if !cmd.has("missing") {
        s.markout(&by, &mut touse, true)?;
    }
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    if rows.is_empty() {
        s.print("no observations");
        return Ok(());
    }
    let kind = weights.as_ref().map(|w| w.kind);
    let analytic = kind == Some(WeightKind::Analytic);
    let shown = Shown::read(cmd, analytic)?;
    let weight = |r: usize| weights.as_ref().map_or(1.0, |w| w.values[r]);
    let cell = |own: &[usize]| -> Counted {
        if own.is_empty() {
            return ((MISSING, MISSING, 0.0), 0.0);
        }
        let sample = Sample::new(own.iter().map(|r| (s.frame.num_at(of, *r), weight(*r))), kind);
        let sd = if sample.rows() > 1 { sample.sd() } else { 0.0 };
        let freq = if analytic { sample.sum_w() } else { sample.n() };
        ((sample.mean(), sd, freq), sample.rows() as f64)
    };
    let name = |v: usize, r: usize| s.cell_text(v, r, cmd.has("nolabel"));
    let outer = grouped(s, &[by[0]], rows.clone());
    let title = title_of(s, of);
    if let [v] = by[..] {
        let mut lines: Vec<(String, Counted)> = outer.iter().map(|g| (name(v, g[0]), cell(g))).collect();
        lines.push(("Total".to_string(), cell(&rows)));
        print_one(s, (&title_of(s, v), &title), &shown, &lines);
        return Ok(());
    }
    let inner = grouped(s, &[by[1]], rows.clone());
    let both = |a: &[usize], b: &[usize]| -> Vec<usize> {
        a.iter().copied().filter(|r| b.binary_search(r).is_ok()).collect()
    };
    let sorted: Vec<Vec<usize>> = inner
        .iter()
        .map(|g| {
            let mut g = g.clone();
            g.sort_unstable();
            g
        })
        .collect();
    let line = |own: &[usize]| -> Vec<Counted> {
        sorted.iter().map(|g| cell(&both(own, g))).chain([cell(own)]).collect()
    };
    let mut lines: Vec<(String, Vec<Counted>)> = outer.iter().map(|g| (name(by[0], g[0]), line(g))).collect();
    lines.push(("Total".to_string(), line(&rows)));
    let heads: Vec<String> = inner.iter().map(|g| name(by[1], g[0])).collect();
    let titles = (title_of(s, by[0]), title_of(s, by[1]), title);
    print_two(s, &titles, &shown, &heads, &lines);
    Ok(())
}

/// The label of a variable, or its name.
pub(super) fn title_of(s: &Session, v: usize) -> String {
    let var = s.frame.var(v);
    if var.label.is_empty() { var.name.clone() } else { var.label.clone() }
}

/// The table by one variable; the last line is the total.
pub(super) fn print_all(s: &mut Session, titles: (&str, &str), shown: &Shown, lines: &[(String, Cell)]) {
    let lines: Vec<(String, Counted)> =
        lines.iter().map(|(name, cell)| (name.clone(), (*cell, cell.2))).collect();
    print_one(s, titles, shown, &lines);
}

/// A text of the stub: a longer one ends with two periods.
fn stub_text(text: &str, width: usize) -> String {
    let cut = |n: usize| text.chars().take(n).collect::<String>();
    let text = if text.chars().count() > width { format!("{}..", cut(width - 2)) } else { text.to_string() };
    format::right(&text, width)
}

fn print_one(s: &mut Session, (row_title, title): (&str, &str), shown: &Shown, lines: &[(String, Counted)]) {
    let left = lines.iter().map(|l| l.0.chars().count()).max().unwrap_or(0).clamp(11, 12);
    let heads = ["        Mean", "   Std. dev.", "       Freq.", "        Obs."];
    let heads: String = heads.into_iter().zip(shown.0).filter(|(_, s)| *s).map(|(h, _)| h).collect();
    let rule = format!("{}+{}", "-".repeat(left + 1), "-".repeat(heads.len()));
    s.print("");
    tabulate_two_way::heads(s, &(row_title, &format!("Summary of {title}")), left, heads.len());
    let bottom = tabulate_two_way::wrap(row_title, left).pop().unwrap_or_default();
    s.print(format!("{bottom:>left$} |{heads}"));
    s.print(&rule);
    for (i, (name, cell)) in lines.iter().enumerate() {
        if i + 1 == lines.len() {
            s.print(&rule);
        }
        let cells: String = shown.texts(*cell).iter().map(|t| format::right(t, 12)).collect();
        s.print(format!("{} |{cells}", stub_text(name, left)));
    }
}

fn print_two(
    s: &mut Session,
    (row_title, column_title, title): &(String, String, String),
    shown: &Shown,
    heads: &[String],
    lines: &[(String, Vec<Counted>)],
) {
    let left = 10;
    let per_page = (s.settings.linesize.saturating_sub(left + 15) / 11).max(1);
    s.print("");
    let title = format!("{} of {title}", shown.words());
    s.print(format!("{}{title}", " ".repeat(75_usize.saturating_sub(title.chars().count()) / 2)));
    let all = lines.first().map_or(0, |l| l.1.len() - 1);
    for first in (0..all).step_by(per_page) {
        let page: Vec<usize> = (first..(first + per_page).min(all)).collect();
        let span = 11 * page.len();
        s.print("");
        // the title stands in the middle of the columns, rounded to the left
        tabulate_two_way::heads(s, &(row_title, column_title), left, span - 1);
        let names: String =
            page.iter().map(|j| format!("{:>10} ", heads[*j].chars().take(9).collect::<String>())).collect();
        let bottom = tabulate_two_way::wrap(row_title, left).pop().unwrap_or_default();
        s.print(format!("{bottom:>left$} |{names}|     Total"));
        let rule = format!("{}+{}+{}", "-".repeat(left + 1), "-".repeat(span), "-".repeat(10));
        s.print(&rule);
        for (i, (name, cells)) in lines.iter().enumerate() {
            let texts: Vec<Vec<String>> = cells.iter().map(|c| shown.texts(*c)).collect();
            for (k, total) in texts[all].iter().enumerate() {
                let name = if k == 0 { stub_text(name, left) } else { " ".repeat(left) };
                let body: String = page.iter().map(|j| format!("{:>10} ", texts[*j][k])).collect();
                s.print(format!("{name} |{body}|{total:>10}"));
            }
            if i + 1 < lines.len() && (texts[all].len() > 1 || i + 2 == lines.len()) {
                s.print(&rule);
            }
        }
    }
    s.print("");
}

fn refuse_other_options(cmd: &ParsedCommand) -> Result<()> {
    let allowed = [
        "summarize",
        "missing",
        "nolabel",
        "means",
        "nomeans",
        "standard",
        "nostandard",
        "freq",
        "nofreq",
        "obs",
        "noobs",
    ];
    if let Some((other, _)) = cmd.options.iter().find(|o| !allowed.contains(&o.0)) {
        return Err(StataError::invalid(format!("option {other} may not be combined with summarize()")));
    }
    Ok(())
}
