//! `stem`: stem-and-leaf displays ([R] stem; Tukey 1977, Exploratory Data Analysis).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::int("Digits"),
    OptSpec::int("Lines"),
    OptSpec::real("Round"),
    OptSpec::flag("Prune"),
    OptSpec::real("Width"),
    OptSpec::text("TRUNCate"),
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "stem",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "stem varname [if] [in] [, digits(#) lines(#) | width(#) round(#) prune]",
    notes: "digits of the leaves, 1 to 3, and lines for each stem; by default the narrowest width with at most 10 log10(N) lines; stores r(width) r(digits) and the text r(round); [R] stem",
    examples: &[Example {
        // 12 to 41 in 74 values: lines of two units
        run: "set obs 74\ngenerate x = 12 + mod(_n, 30)\nstem x",
        expect: &[("r(width)", 2.0), ("r(digits)", 1.0)],
    }],
};

/// How the values are cut into lines.
struct Cut {
    /// Digits of a leaf.
    digits: u32,
    /// Units of a line.
    width: i64,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.options.text("truncate").is_some() {
        return Err(StataError::unsupported_option("stem", "truncate()"));
    }
    let v = s.numeric_variable(cmd.list.trim())?;
    let touse = s.rows(cmd)?;
    let values: Vec<f64> = (0..touse.len())
        .filter(|r| touse[*r])
        .map(|r| s.frame.num_at(v, r))
        .filter(|x| !is_missing(*x))
        .collect();
    if values.is_empty() {
        return Err(StataError::no_observations());
    }
    let unit = match cmd.options.real("round") {
        Some(u) if u > 0.0 => u,
        Some(_) => return Err(StataError::invalid("round() must be positive")),
        None => unit_of(&values),
    };
    let mut rounded: Vec<i64> = values.iter().map(|x| (x / unit).round() as i64).collect();
    rounded.sort_unstable();
    let cut = cut(cmd, &rounded)?;
    let variable = s.frame.var(v);
    let label = if variable.label.is_empty() { String::new() } else { format!(" ({})", variable.label) };
    let title = format!("Stem-and-leaf plot for {}{label}", variable.name);
    let text = format::bare("%9.0g", unit).trim().to_string();
    s.print("");
    s.print(title);
    s.print("");
    if unit != 1.0 {
        s.print(format!("{} rounded to nearest multiple of {text}", s.frame.var(v).name.clone()));
        s.print(format!("plot in units of {text}"));
        s.print("");
    }
    for line in lines(&rounded, &cut, cmd.has("prune")) {
        s.print(line);
    }
    let mut r = Results::default();
    r.scalar("width", cut.width as f64).scalar("digits", f64::from(cut.digits)).text("round", text);
    s.r = r;
    Ok(())
}

/// The greatest power of ten that all values are multiples of, as far as three digits of the range need it.
fn unit_of(values: &[f64]) -> f64 {
    let range =
        values.iter().copied().fold(f64::MIN, f64::max) - values.iter().copied().fold(f64::MAX, f64::min);
    let mut exponent = 0;
    if values.iter().any(|x| x.fract() != 0.0) {
        let largest = if range > 0.0 { range } else { values[0].abs().max(1.0) };
        let finest = largest.log10().floor() as i32 - 3;
        let whole = |e: i32| {
            values.iter().all(|x| {
                let scaled = x / 10_f64.powi(e);
                (scaled - scaled.round()).abs() < 1e-6
            })
        };
        exponent = -1;
        while exponent > finest && !whole(exponent) {
            exponent -= 1;
        }
    }
    10_f64.powi(exponent)
}

fn cut(cmd: &ParsedCommand, rounded: &[i64]) -> Result<Cut> {
    let range = rounded[rounded.len() - 1] - rounded[0];
    let most = (10.0 * (rounded.len() as f64).log10()).max(5.0);
    let asked = cmd.options.int("digits");
    if asked.is_some_and(|d| !(1..=6).contains(&d)) {
        return Err(StataError::invalid("digits() must be between 1 and 6"));
    }
    let (lines, width) = (cmd.options.int("lines"), cmd.options.real("width"));
    if lines.is_some() && width.is_some() {
        return Err(StataError::invalid("lines() and width() may not be combined"));
    }
    let span = |d: u32| 10_i64.pow(d);
    let fits = |w: i64| range as f64 / w as f64 <= most;
    if lines.is_some() || width.is_some() {
        let digits = asked.unwrap_or(1) as u32;
        let (name, number) = lines.map_or(("width()", width.unwrap_or(0.0) as i64), |l| ("lines()", l));
        if number < 1 || span(digits) % number != 0 {
            return Err(StataError::invalid(format!("{name} must divide {}", span(digits))));
        }
        let width = if lines.is_some() { span(digits) / number } else { number };
        return Ok(Cut { digits, width });
    }
    let digits: Vec<u32> = asked.map_or_else(|| (1..=6).collect(), |d| vec![d as u32]);
    let all = digits.iter().flat_map(|d| [5, 2, 1].map(|lines| Cut { digits: *d, width: span(*d) / lines }));
    let last = Cut { digits: *digits.last().unwrap_or(&6), width: span(*digits.last().unwrap_or(&6)) };
    Ok(all.into_iter().find(|c| fits(c.width)).unwrap_or(last))
}

/// The lines of the display.
fn lines(rounded: &[i64], cut: &Cut, prune: bool) -> Vec<String> {
    let span = 10_i64.pow(cut.digits);
    let per = span / cut.width;
    // negative values stand on stems of their own, -0 before 0, with leaves that grow away from zero
    let place = |x: i64| if x < 0 { -((-x) / cut.width) - 1 } else { x / cut.width };
    let (first, last) = (place(rounded[0]), place(rounded[rounded.len() - 1]));
    let stem = |line: i64| {
        let from = if line < 0 { (-line - 1) * cut.width } else { line * cut.width };
        (from / span, from % span)
    };
    let marks = ["*", "t", "f", "s", "."];
    let name = |line: i64| {
        let (stem, within) = stem(line);
        let sign = if line < 0 { "-" } else { "" };
        let mark = match (cut.digits, per) {
            (1, 1) => "*".to_string(),
            (1, 2) => if within == 0 { "*" } else { "." }.to_string(),
            (1, 5) => marks[(within / cut.width) as usize].to_string(),
            (1, _) => within.to_string(),
            (d, 1) => "*".repeat(d as usize),
            // the first digit of the leaves tells lines of one stem apart
            (d, _) => format!("{}{}", within / 10_i64.pow(d - 1), "*".repeat(d as usize - 1)),
        };
        format!("{sign}{stem}{mark}")
    };
    let names: Vec<String> = (first..=last).map(name).collect();
    let width = names.iter().map(String::len).max().unwrap_or(0) + 2;
    let mut out = Vec::new();
    for (k, label) in names.into_iter().enumerate() {
        let line = first + k as i64;
        let mut leaves: Vec<i64> =
            rounded.iter().filter(|x| place(**x) == line).map(|x| x.abs() % span).collect();
        if line < 0 {
            leaves.sort_unstable();
        }
        if prune && leaves.is_empty() {
            continue;
        }
        let d = cut.digits as usize;
        let texts: Vec<String> = leaves.iter().map(|x| format!("{x:0>d$}")).collect();
        out.push(format!("{label:>width$} | {}", texts.join(if d == 1 { "" } else { "," })));
    }
    out
}
