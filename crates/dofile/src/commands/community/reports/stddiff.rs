//! `stddiff`: standardised differences of two groups (Bayoumi, SSC). Numbers: mean difference over the root of the mean
//! variance; categories: Yang and Dalton (2012, SAS Global Forum, paper 335). Written from the help file.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::groups::{grouped, level_name};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::words;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};
use estimators::descriptive::Sample;
use estimators::matrix::Mat;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("by"),
    OptSpec::flag("COHensd"),
    OptSpec::flag("HEDgesg"),
    OptSpec::flag("abs"),
]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "stddiff",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "stddiff [i.]varlist [if] [in], by(groupvar) [cohensd hedgesg abs]",
    notes: "the first group minus the second; i. marks categories, whose difference is the root of a quadratic form and not negative; stores r(stddiff), a row for each variable; Yang and Dalton (2012)",
    examples: &[Example {
        // the means differ by 3, both variances are 1
        run: "set obs 6\ngenerate g = _n > 3\ngenerate x = _n\ngenerate c = inlist(_n, 1, 4, 5)\nstddiff x, by(g)\nmatrix d = r(stddiff)\nstddiff i.c x, by(g) abs\nmatrix e = r(stddiff)",
        expect: &[("d[1,1]", -3.0), ("e[2,1]", 3.0), ("e[1,1]", 0.707_106_781_186_547_5)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let by = cmd.options.text("by").ok_or_else(|| StataError::invalid("option by() required"))?;
    let by = s.variable(by.trim())?;
    let mut keep = s.rows(cmd)?;
    s.markout(&[by], &mut keep, true)?;
    let groups = grouped(s, &[by], (0..keep.len()).filter(|r| keep[*r]).collect());
    let [one, two] = &groups[..] else {
        return Err(StataError::new(420, format!("{} groups found, 2 required", groups.len())));
    };
    let names = [one, two].map(|g| level_name(s, by, g[0]));
    let mut found: Vec<(String, f64)> = Vec::new();
    let mut lines: Vec<(String, [String; 4], String)> = Vec::new();
    for word in words(&cmd.list) {
        let (factor, list) = word.strip_prefix("i.").map_or((false, word), |rest| (true, rest));
        for v in s.varlist(list)? {
            let name = s.frame.var(v).name.clone();
            let d = match factor {
                true => categories(s, v, one, two, &name, &mut lines),
                false => numbers(s, cmd, v, one, two, &name, &mut lines)?,
            };
            found.push((name, d));
        }
    }
    if found.is_empty() {
        return Err(StataError::standard(100));
    }
    show(s, by, &names, &lines);
    let mut m = Matrix::new(found.len(), 1, found.iter().map(|f| f.1).collect());
    m.row_names = found.iter().map(|f| Stripe::term(f.0.as_str())).collect();
    m.col_names = vec![Stripe::term("Std_Diff")];
    let mut r = Results::default();
    r.matrix("stddiff", m);
    s.r = r;
    Ok(())
}

type Lines = Vec<(String, [String; 4], String)>;

fn shown(x: f64) -> String {
    format::bare("%9.5g", x)
}

fn numbers(
    s: &Session,
    cmd: &ParsedCommand,
    v: usize,
    one: &[usize],
    two: &[usize],
    name: &str,
    lines: &mut Lines,
) -> Result<f64> {
    if s.frame.var(v).is_string() {
        return Err(StataError::type_mismatch());
    }
    let sample = |g: &[usize]| Sample::plain(g.iter().map(|r| s.frame.num_at(v, *r)));
    let (a, b) = (sample(one), sample(two));
    let df = a.n() + b.n() - 2.0;
    let pooled = ((a.n() - 1.0) * a.variance() + (b.n() - 1.0) * b.variance()) / df;
    let spread = match cmd.has("cohensd") || cmd.has("hedgesg") {
        true => pooled.sqrt(),
        false => ((a.variance() + b.variance()) / 2.0).sqrt(),
    };
    let mut d = (a.mean() - b.mean()) / spread;
    if cmd.has("hedgesg") {
        d *= 1.0 - 3.0 / (4.0 * df - 1.0);
    }
    if cmd.has("abs") {
        d = d.abs();
    }
    let d = if d.is_finite() { d } else { MISSING };
    let cells = [a.mean(), a.sd(), b.mean(), b.sd()].map(shown);
    lines.push((name.to_string(), cells, format::bare("%9.5f", d)));
    Ok(d)
}

fn categories(s: &Session, v: usize, one: &[usize], two: &[usize], name: &str, lines: &mut Lines) -> f64 {
    let present = |g: &[usize]| -> Vec<usize> {
        let kept = |r: &usize| s.frame.var(v).is_string() || !is_missing(s.frame.num_at(v, *r));
        g.iter().copied().filter(kept).collect()
    };
    let (one, two) = (present(one), present(two));
    let all: Vec<usize> = one.iter().chain(&two).copied().collect();
    let levels = grouped(s, &[v], all);
    let share = |level: &[usize], group: &[usize]| {
        level.iter().filter(|r| group.contains(r)).count() as f64 / group.len() as f64
    };
    let (p, q): (Vec<f64>, Vec<f64>) = levels.iter().map(|l| (share(l, &one), share(l, &two))).unzip();
    let k = levels.len().saturating_sub(1);
    let covariance = Mat::from_fn(k, k, |i, j| {
        let (i, j) = (i + 1, j + 1);
        match i == j {
            true => (p[i] * (1.0 - p[i]) + q[i] * (1.0 - q[i])) / 2.0,
            false => -(p[i] * p[j] + q[i] * q[j]) / 2.0,
        }
    });
    let gap: Vec<f64> = (1..levels.len()).map(|i| p[i] - q[i]).collect();
    let d = covariance.inverse_definite().map_or(MISSING, |inverse| inverse.quadratic(&gap).sqrt());
    let d = if k == 0 { 0.0 } else { d };
    lines.push((name.to_string(), [const { String::new() }; 4], format::bare("%9.5f", d)));
    for (i, level) in levels.iter().enumerate() {
        let cell = |p: f64, n: usize| {
            [format!("{}", (p * n as f64).round()), format!("({})", format::bare("%4.1f", 100.0 * p))]
        };
        let ([a, b], [c, e]) = (cell(p[i], one.len()), cell(q[i], two.len()));
        lines.push((format!("  {}", level_name(s, v, level[0])), [a, b, c, e], String::new()));
    }
    d
}

fn show(s: &mut Session, by: usize, names: &[String; 2], lines: &Lines) {
    let title = s.frame.var(by).name.clone();
    let rule = format!("{}+{}", "-".repeat(19), "-".repeat(59));
    s.print("");
    s.print(&rule);
    s.print(format!(
        "{:>18} | {:^22} {:^22} {:>11}",
        "",
        format!("{title}={}", names[0]),
        format!("{title}={}", names[1]),
        ""
    ));
    s.print(format!(
        "{:>18} | {:>11}{:>11} {:>11}{:>11} {:>11}",
        "", "Mean or N", "SD or (%)", "Mean or N", "SD or (%)", "Std. diff."
    ));
    s.print(&rule);
    for (name, cells, d) in lines {
        let [a, b, c, e] = cells;
        s.print(format!("{:<18} | {a:>11}{b:>11} {c:>11}{e:>11} {d:>11}", format::abbrev(name, 18)));
    }
    s.print(&rule);
}
