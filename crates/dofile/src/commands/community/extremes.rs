//! `extremes`: the lowest and the highest values of a variable. Written from the help file of Cox and from
//! printed output.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format::{self, Format};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;
use estimators::descriptive::Sample;
use unicode_width::UnicodeWidthStr;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::int("n"),
    OptSpec::flag("FREQuencies"),
    OptSpec::flag_or_text("iqr"),
    OptSpec::flag("HIgh"),
    OptSpec::flag("LOw"),
    OptSpec::int("SEParator"),
    OptSpec::flag("noLabel"),
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "extremes",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "extremes numvar [varlist] [if] [in] [, n(#) frequencies iqr[(#)] high low separator(#) nolabel]",
    notes: "of the options of list only separator() and nolabel are known; no results; a community command (Cox)",
    examples: &[Example {
        run: "set obs 12\ngenerate x = _n^2\ntempfile f\nquietly log using `f', text\nextremes x, high n(2)\nquietly log close\nfile open h using `f', read text\nfile read h line\nscalar found = 0\nwhile r(eof) == 0 {\nif strpos(`\"`line'\"', \"11.   121\") scalar found = 1\nfile read h line\n}\nfile close h",
        expect: &[("found", 1.0)],
    }],
};

/// A column: its title, its texts, and whether they stand on the left.
type Column = (String, Vec<String>, bool);

/// Where the rows lie: ascending ones of the low tail and of the high tail, with their distance from the quartile in
/// interquartile ranges under `iqr`.
struct Tails {
    low: Vec<usize>,
    high: Vec<usize>,
    distance: Option<Vec<f64>>,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = s.varlist(&cmd.list)?;
    let Some((&main, others)) = vars.split_first() else { return Err(StataError::standard(102)) };
    if s.frame.var(main).is_string() {
        return Err(StataError::type_mismatch());
    }
    let count = cmd.options.int("n").unwrap_or(5);
    if count < 1 {
        return Err(StataError::invalid("n() must be positive"));
    }
    let count = count as usize;
    let touse = s.rows(cmd)?;
    let mut rows: Vec<usize> =
        (0..touse.len()).filter(|r| touse[*r] && !is_missing(s.frame.num_at(main, *r))).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    rows.sort_by(|a, b| s.frame.num_at(main, *a).total_cmp(&s.frame.num_at(main, *b)));
    let (frequencies, by_range) = (cmd.has("frequencies"), cmd.has("iqr"));
    if frequencies && by_range {
        return Err(StataError::invalid("options frequencies and iqr may not be combined"));
    }
    if frequencies && !others.is_empty() {
        return Err(StataError::invalid("frequencies may not be combined with other variables"));
    }
    let both = cmd.has("low") == cmd.has("high");
    let separator = cmd.options.int("separator").unwrap_or(5).max(0) as usize;
    let parts: Vec<Vec<Column>> = if frequencies {
        let groups: Vec<&[usize]> =
            rows.chunk_by(|a, b| s.frame.num_at(main, *a) == s.frame.num_at(main, *b)).collect();
        let kept = count.min(groups.len());
        let ends = [&groups[..kept], &groups[groups.len() - kept..]];
        ends.map(|g| frequency_columns(s, cmd, main, g)).into()
    } else {
        let tails = tails(s, cmd, main, &rows, count)?;
        let range = |r: &usize| tails.distance.as_ref().map_or(0.0, |d| d[*r]);
        [&tails.low, &tails.high]
            .map(|rows| {
                let distance: Option<Vec<f64>> =
                    tails.distance.as_ref().map(|_| rows.iter().map(range).collect());
                row_columns(s, cmd, &vars, rows, distance.as_deref())
            })
            .into()
    };
    let asked = [both || cmd.has("low"), both || cmd.has("high")];
    let shown = parts.into_iter().zip(asked).filter(|p| p.1 && p.0.iter().all(|c| !c.1.is_empty()));
    for (k, (columns, _)) in shown.enumerate() {
        boxed(s, &columns, k == 0, separator);
    }
    s.r = Results::default();
    Ok(())
}

/// The rows of the tails; under `iqr` those whose distance from their quartile reaches the given number.
fn tails(s: &Session, cmd: &ParsedCommand, v: usize, rows: &[usize], count: usize) -> Result<Tails> {
    if !cmd.has("iqr") {
        let kept = count.min(rows.len());
        let (low, high) = (rows[..kept].to_vec(), rows[rows.len() - kept..].to_vec());
        return Ok(Tails { low, high, distance: None });
    }
    let least = match cmd.options.text("iqr").map(str::trim).filter(|t| !t.is_empty()) {
        None => 1.5,
        Some(text) => crate::syntax::options::parse_number(text)
            .filter(|x| *x >= 0.0)
            .ok_or_else(|| StataError::invalid("iqr() must be a number from zero on"))?,
    };
    let sample = Sample::plain(rows.iter().map(|r| s.frame.num_at(v, *r)));
    let (lower, upper) = (sample.percentile(25.0), sample.percentile(75.0));
    let width = upper - lower;
    let mut distance = vec![0.0; s.frame.n_rows()];
    let mut out = Tails { low: Vec::new(), high: Vec::new(), distance: None };
    for &r in rows {
        let x = s.frame.num_at(v, r);
        let (d, side) = match x {
            x if x <= lower => ((x - lower) / width, &mut out.low),
            x if x >= upper => ((x - upper) / width, &mut out.high),
            _ => continue,
        };
        distance[r] = d;
        if d.abs() >= least {
            side.push(r);
        }
    }
    out.distance = Some(distance);
    Ok(out)
}

/// Columns of rows: their numbers, distances and values.
fn row_columns(
    s: &Session,
    cmd: &ParsedCommand,
    vars: &[usize],
    rows: &[usize],
    distance: Option<&[f64]>,
) -> Vec<Column> {
    let first = s.range().0;
    let mut out =
        vec![("obs:".to_string(), rows.iter().map(|r| format!("{}.", r + 1 - first)).collect(), false)];
    if let Some(distance) = distance {
        let texts = distance.iter().map(|d| format::bare("%6.3f", *d).trim().to_string()).collect();
        out.push(("iqr:".to_string(), texts, false));
    }
    for &v in vars {
        let var = s.frame.var(v);
        let texts = rows.iter().map(|r| s.cell_text(v, *r, cmd.has("nolabel"))).collect();
        let left = Format::parse(&var.format).is_some_and(|f| f.is_string()) && var.format.starts_with("%-");
        out.push((format::abbrev(&var.name, 8), texts, left));
    }
    out
}

/// Columns of distinct values and their frequencies.
fn frequency_columns(s: &Session, cmd: &ParsedCommand, v: usize, groups: &[&[usize]]) -> Vec<Column> {
    let values = groups.iter().map(|g| s.cell_text(v, g[0], cmd.has("nolabel"))).collect();
    let counts = groups.iter().map(|g| g.len().to_string()).collect();
    vec![(format::abbrev(&s.frame.var(v).name, 8), values, false), ("freq:".to_string(), counts, false)]
}

/// Prints columns in a box, with a line after every so many rows.
fn boxed(s: &mut Session, columns: &[Column], header: bool, separator: usize) {
    let width = |c: &Column| {
        let own = c.1.iter().map(|t| t.width()).max().unwrap_or(0);
        if header { own.max(c.0.width()) } else { own }
    };
    // numbers of observations stand below their title in both boxes
    let widths: Vec<usize> =
        columns.iter().map(|c| if c.0 == "obs:" { width(c).max(4) } else { width(c) }).collect();
    let rule = "-".repeat(widths.iter().sum::<usize>() + 3 * (widths.len() - 1) + 2);
    let line = |texts: Vec<&str>| -> String {
        let cells = texts.iter().zip(&widths).zip(columns);
        let cells: Vec<String> =
            cells.map(|((t, w), c)| if c.2 { format::left(t, *w) } else { format::right(t, *w) }).collect();
        format!("  | {} |", cells.join("   "))
    };
    s.print("");
    s.print(format!("  +{rule}+"));
    if header {
        s.print(line(columns.iter().map(|c| c.0.as_str()).collect()));
        s.print(format!("  |{rule}|"));
    }
    for k in 0..columns[0].1.len() {
        if separator > 0 && k > 0 && k.is_multiple_of(separator) {
            s.print(format!("  |{rule}|"));
        }
        s.print(line(columns.iter().map(|c| c.1[k].as_str()).collect()));
    }
    s.print(format!("  +{rule}+"));
}
