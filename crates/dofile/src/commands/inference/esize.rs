//! `esize`: effect sizes of two means, Cohen's d and Hedges's g, with limits from the noncentral t distribution.
//! Formulas: [R] esize, Methods and formulas; Hedges (1981), Journal of Educational Statistics 6.

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::model::number_groups;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::ln_gamma;
use estimators::noncentral::t_probability;

const OPTIONS: &[OptSpec] =
    &[OptSpec::text("by"), OptSpec::flag("COHensd"), OptSpec::flag("HEDgesg"), OptSpec::real("Level")];
const UNSUPPORTED: &[&str] = &["GLAssdelta", "PBCorr", "ALL", "UNEqual", "Welch"];

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "esize",
    min: 5,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run,
    syntax: "esize twosample varname [if] [in], by(groupvar) [cohensd hedgesg level(#)] | esize unpaired var1 == var2 [if] [in] [, ...]",
    notes: "stores r(d) r(lb_d) r(ub_d) r(g) r(lb_g) r(ub_g) r(N_1) r(N_2) r(df_t) r(level); [R] esize",
    examples: &[Example {
        // Means 2 and 4, both variances 1: d = -2; the factor of g with 4 degrees of freedom is 0.797885.
        run: "input x g\n1 1\n2 1\n3 1\n3 2\n4 2\n5 2\nend\nesize twosample x, by(g)",
        expect: &[("r(d)", -2.0), ("r(g)", -1.595_769_121_605_730_7)],
    }],
};

/// Noncentrality at which `P(T <= t)` is `p`.
fn noncentrality(df: f64, t: f64, p: f64) -> f64 {
    let (mut low, mut high) = (t - 40.0 - t.abs(), t + 40.0 + t.abs());
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        // The probability falls with the noncentrality.
        if t_probability(df, middle, t) > p {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (word, rest) = cmd.raw.trim().split_once(char::is_whitespace).unwrap_or((cmd.raw.trim(), ""));
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    let two = is("twosample", 3);
    if !two && !is("unpaired", 3) {
        return Err(StataError::invalid("esize twosample or esize unpaired is required"));
    }
    let mut line = ParsedCommand::split("esize", rest, false)?;
    line.check_options(OPTIONS, UNSUPPORTED)?;
    let level = level(s, &line)?;
    let (groups, labels) = if two { by_group(s, &line)? } else { two_variables(s, &line)? };
    let [a, b] = &groups;
    if a.len() < 2 || b.len() < 2 {
        return Err(StataError::insufficient_observations());
    }
    let (n1, n2) = (a.len() as f64, b.len() as f64);
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let squares = |x: &[f64]| x.iter().map(|v| (v - mean(x)).powi(2)).sum::<f64>();
    let df = n1 + n2 - 2.0;
    let sd = ((squares(a) + squares(b)) / df).sqrt();
    let d = (mean(a) - mean(b)) / sd;
    let scale = (1.0 / n1 + 1.0 / n2).sqrt();
    let tail = 0.5 - level / 200.0;
    let low = noncentrality(df, d / scale, 1.0 - tail) * scale;
    let high = noncentrality(df, d / scale, tail) * scale;
    let factor = (ln_gamma(df / 2.0) - ln_gamma((df - 1.0) / 2.0)).exp() / (df / 2.0).sqrt();
    s.print("");
    s.print("Effect size based on mean comparison");
    s.print("");
    s.print(format!("{:>54} {:>8}", "Number of obs =", format::bare("%9.0gc", n1 + n2)));
    s.print(format!("{:>18}: {} = {}", "Obs per group", labels[0], n1));
    s.print(format!("{:>18}  {} = {}", "", labels[1], n2));
    s.print("-".repeat(57));
    s.print(format!(
        "        Effect size |   Estimate     [{}% conf. interval]",
        format::bare("%5.0g", level)
    ));
    s.print("--------------------+------------------------------------");
    let both = !line.has("cohensd") && !line.has("hedgesg");
    let mut show = |name: &str, f: f64| {
        let cell = |x: f64| format::number("%9.0g", x);
        s.print(format!("{name:>19} |  {}     {}    {}", cell(d * f), cell(low * f), cell(high * f)));
    };
    if both || line.has("cohensd") {
        show("Cohen's d", 1.0);
    }
    if both || line.has("hedgesg") {
        show("Hedges's g", factor);
    }
    s.print("-".repeat(57));
    let mut r = Results::default();
    r.scalar("d", d).scalar("lb_d", low).scalar("ub_d", high);
    r.scalar("g", d * factor).scalar("lb_g", low * factor).scalar("ub_g", high * factor);
    r.scalar("N_1", n1).scalar("N_2", n2).scalar("df_t", df).scalar("level", level);
    s.r = r;
    Ok(())
}

type TwoGroups = ([Vec<f64>; 2], [String; 2]);

fn by_group(s: &Session, line: &ParsedCommand) -> Result<TwoGroups> {
    let v = s.numeric_variable(line.list.trim())?;
    let by = line.options.text("by").ok_or_else(|| StataError::invalid("option by() required"))?;
    let by = s.variable(by.trim())?;
    let mut touse = s.rows(line)?;
    s.markout(&[v], &mut touse, false)?;
    s.markout(&[by], &mut touse, true)?;
    let mut rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    // The first group is that of the smaller value.
    rows.sort_by(|a, b| s.frame.compare(by, *a, *b));
    let (of_row, count) = number_groups(&s.frame, by, &rows);
    if count != 2 {
        return Err(StataError::new(
            420,
            format!("{count} group{} found, 2 required", if count == 1 { "" } else { "s" }),
        ));
    }
    let part = |g: u32| -> Vec<f64> {
        rows.iter().zip(&of_row).filter(|(_, o)| **o == g).map(|(r, _)| s.frame.num_at(v, *r)).collect()
    };
    let label = |g: u32| {
        let row = rows.iter().zip(&of_row).find(|(_, o)| **o == g).map_or(0, |(r, _)| *r);
        format!("{}=={}", s.frame.var(by).name, s.cell_text(by, row, false).trim())
    };
    Ok(([part(0), part(1)], [label(0), label(1)]))
}

fn two_variables(s: &Session, line: &ParsedCommand) -> Result<TwoGroups> {
    let (a, b) = line.list.split_once("==").ok_or_else(StataError::syntax)?;
    let read = |name: &str| -> Result<(Vec<f64>, String)> {
        let v = s.numeric_variable(name.trim())?;
        let mut touse = s.rows(line)?;
        s.markout(&[v], &mut touse, false)?;
        let values = (0..touse.len()).filter(|i| touse[*i]).map(|i| s.frame.num_at(v, i)).collect();
        Ok((values, s.frame.var(v).name.clone()))
    };
    let ((x, first), (y, second)) = (read(a)?, read(b)?);
    Ok(([x, y], [first, second]))
}
