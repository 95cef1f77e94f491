//! `oneway`: one-way analysis of variance, with comparisons of all pairs of means. Formulas: [R] oneway.

use super::tabulate_summary::{Shown, print_all, title_of};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::WeightKind;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;
use estimators::distributions::{chi2_tail, f_tail, t_tail};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("Tabulate"),
    OptSpec::flag("noANOVA"),
    OptSpec::flag("Bonferroni"),
    OptSpec::flag("SCheffe"),
    OptSpec::flag("SIdak"),
    OptSpec::flag("Missing"),
    OptSpec::flag("noLABel"),
    // long labels are never wrapped
    OptSpec::flag("Wrap"),
    OptSpec::flag("MEANs"),
    OptSpec::flag("noMEANs"),
    OptSpec::flag("STandard"),
    OptSpec::flag("noSTandard"),
    OptSpec::flag("Freq"),
    OptSpec::flag("noFreq"),
    OptSpec::flag("OBS"),
    OptSpec::flag("noOBS"),
])
.weights(&[WeightKind::Analytic, WeightKind::Frequency]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "oneway",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "oneway response_var factor_var [if] [in] [aweight fweight] [, tabulate noanova bonferroni scheffe sidak missing nolabel [no]means [no]standard [no]freq [no]obs]",
    notes: "stores r(N) r(F) r(df_m) r(mss) r(df_r) r(rss) r(chi2bart) r(df_bart); [R] oneway",
    examples: &[Example {
        // scipy: f_oneway([1,2,3],[2,3,4],[5,6,7]) = 13, bartlett = 0
        run: "set obs 9\ngenerate g = ceil(_n/3)\ngenerate x = mod(_n - 1, 3) + cond(g == 1, 1, cond(g == 2, 2, 5))\noneway x g",
        expect: &[("r(F)", 13.0), ("r(df_m)", 2.0), ("r(df_r)", 6.0), ("r(mss)", 26.0), ("r(chi2bart)", 0.0)],
    }],
};

/// Size (the sum of weights), mean and sum of squares about the mean of one group.
struct Group {
    row: usize,
    n: f64,
    mean: f64,
    ss: f64,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if let Some(option) = ["tabulate", "bonferroni", "scheffe", "sidak"].iter().find(|o| cmd.has(o))
        && cmd.weight.as_ref().is_some_and(|w| w.kind != Some(WeightKind::Frequency))
    {
        return Err(StataError::unsupported_option("oneway", &format!("{option} with analytic weights")));
    }
    let words: Vec<&str> = cmd.list.split_whitespace().collect();
    let [response, factor] = words[..] else { return Err(StataError::syntax()) };
    let y = s.numeric_variable(response)?;
    let g = s.variable(factor)?;
    let mut touse = s.rows(cmd)?;
    s.markout(&[y], &mut touse, false)?;
    if !cmd.has("missing") {
        s.markout(&[g], &mut touse, true)?;
    }
    // names of groups are labels where the options of tables do not say otherwise
    let numbers = std::mem::replace(&mut s.settings.table.no_labels, cmd.has("nolabel"));
    let result = analysis(s, cmd, (y, g), (response, factor), touse);
    s.settings.table.no_labels = numbers;
    result
}

/// The analysis of variance of the rows in use.
fn analysis(
    s: &mut Session,
    cmd: &ParsedCommand,
    (y, g): (usize, usize),
    (response, factor): (&str, &str),
    mut touse: Vec<bool>,
) -> Result<()> {
    let weights = s.weights(cmd, WeightKind::Analytic, &mut touse)?;
    let order: Vec<usize> = s.frame.sorted_order(&[(g, false)]).into_iter().filter(|&i| touse[i]).collect();
    if order.is_empty() {
        return Err(StataError::no_observations());
    }
    let mut parts: Vec<Vec<usize>> = Vec::new();
    for i in order {
        match parts.last_mut() {
            Some(p) if s.frame.rows_equal(&[g], p[0], i) => p.push(i),
            _ => parts.push(vec![i]),
        }
    }
    // Analytic weights are normalised to sum to the number of rows.
    let analytic = weights.as_ref().is_some_and(|w| w.kind == WeightKind::Analytic);
    let scale = match &weights {
        Some(w) if analytic => {
            let used = || parts.iter().flatten();
            used().count() as f64 / used().map(|&i| w.values[i]).sum::<f64>()
        }
        _ => 1.0,
    };
    let weight = |i: usize| weights.as_ref().map_or(1.0, |w| scale * w.values[i]);
    let groups: Vec<Group> = parts
        .iter()
        .map(|p| {
            let n = p.iter().map(|&i| weight(i)).sum::<f64>();
            let mean = p.iter().map(|&i| weight(i) * s.frame.num_at(y, i)).sum::<f64>() / n;
            let ss = p.iter().map(|&i| weight(i) * (s.frame.num_at(y, i) - mean).powi(2)).sum();
            Group { row: p[0], n, mean, ss }
        })
        .collect();
    let n: f64 = groups.iter().map(|x| x.n).sum();
    let mean = groups.iter().map(|x| x.n * x.mean).sum::<f64>() / n;
    let between: f64 = groups.iter().map(|x| x.n * (x.mean - mean).powi(2)).sum();
    let within: f64 = groups.iter().map(|x| x.ss).sum();
    let (df_m, df_r) = (groups.len() as f64 - 1.0, n - groups.len() as f64);
    if df_r <= 0.0 || df_m <= 0.0 {
        return Err(StataError::insufficient_observations());
    }
    let f = between / df_m / (within / df_r);
    // Sums of analytic weights are no numbers of rows: the parts that need those are left out.
    let (bartlett, df_b) = if analytic { (MISSING, MISSING) } else { bartlett(&groups) };
    if cmd.has("tabulate") {
        print_groups(s, &Shown::read(cmd, false)?, &groups, (g, y), (n, mean, between + within));
    }
    if !cmd.has("noanova") {
        print_anova(s, (between, df_m), (within, df_r), f, (bartlett, df_b));
    }
    for (option, adjustment) in ADJUSTMENTS {
        if cmd.has(option) {
            print_pairs(s, &groups, g, (response, factor), (within / df_r, df_r), adjustment);
        }
    }
    let mut r = Results::default();
    r.scalar("N", n).scalar("F", f).scalar("df_m", df_m).scalar("mss", between).scalar("df_r", df_r);
    r.scalar("rss", within);
    if !analytic {
        r.scalar("chi2bart", bartlett).scalar("df_bart", df_b);
    }
    s.r = r;
    Ok(())
}

/// Bartlett's test over the groups with at least two rows and some spread ([R] oneway).
fn bartlett(groups: &[Group]) -> (f64, f64) {
    let used: Vec<&Group> = groups.iter().filter(|g| g.n > 1.0 && g.ss > 0.0).collect();
    let k = used.len() as f64;
    if k < 2.0 {
        return (MISSING, MISSING);
    }
    let df: f64 = used.iter().map(|g| g.n - 1.0).sum();
    let pooled = used.iter().map(|g| g.ss).sum::<f64>() / df;
    let logs: f64 = used.iter().map(|g| (g.n - 1.0) * (g.ss / (g.n - 1.0)).ln()).sum();
    let inverse: f64 = used.iter().map(|g| 1.0 / (g.n - 1.0)).sum();
    let correction = 1.0 + (inverse - 1.0 / df) / (3.0 * (k - 1.0));
    (((df * pooled.ln() - logs) / correction).max(0.0), k - 1.0)
}

/// The group of a row as output names it.
fn name_of(s: &Session, g: usize, row: usize) -> String {
    let var = s.frame.var(g);
    if var.is_string() {
        return var.data.str(row).to_string();
    }
    let value = var.data.num(row);
    let labels = s.frame.labels_of(g).filter(|_| !s.settings.table.no_labels).and_then(|l| l.get(value));
    labels.map_or_else(|| format::bare(&var.format, value), str::to_string)
}

/// How the p-values of pairs allow for their number.
#[derive(Clone, Copy)]
enum Adjustment {
    Bonferroni,
    Scheffe,
    Sidak,
}

const ADJUSTMENTS: [(&str, Adjustment); 3] =
    [("bonferroni", Adjustment::Bonferroni), ("scheffe", Adjustment::Scheffe), ("sidak", Adjustment::Sidak)];

impl Adjustment {
    fn name(self) -> &'static str {
        match self {
            Self::Bonferroni => "Bonferroni",
            Self::Scheffe => "Scheffe",
            Self::Sidak => "Sidak",
        }
    }

    /// The p-value of one of the pairs of `k` groups from its t statistic.
    fn p(self, t: f64, k: f64, df: f64) -> f64 {
        let pairs = k * (k - 1.0) / 2.0;
        let single = 2.0 * t_tail(df, t.abs());
        match self {
            Self::Bonferroni => (pairs * single).min(1.0),
            Self::Scheffe => f_tail(k - 1.0, df, t * t / (k - 1.0)),
            Self::Sidak => -f64::exp_m1(pairs * f64::ln_1p(-single)),
        }
    }
}

/// Differences of all pairs of means with their p-values: rows less columns.
fn print_pairs(
    s: &mut Session,
    groups: &[Group],
    g: usize,
    (response, factor): (&str, &str),
    (variance, df): (f64, f64),
    adjustment: Adjustment,
) {
    let label = |s: &Session, name: &str| {
        let text = s.frame.find(name).map(|i| s.frame.var(i).label.clone()).unwrap_or_default();
        if text.is_empty() { name.to_string() } else { text }
    };
    let title = format!("Comparison of {} by {}", label(s, response), label(s, factor));
    let names: Vec<String> = groups.iter().map(|x| format::abbrev(&name_of(s, g, x.row), 8)).collect();
    let k = groups.len();
    // six columns fit a line
    for first in (0..k - 1).step_by(6) {
        let columns: Vec<usize> = (first..(first + 6).min(k - 1)).collect();
        s.print("");
        s.print(format!("{title:^75}").trim_end());
        s.print(format!("{:^75}", format!("({})", adjustment.name())).trim_end());
        s.print("Row Mean-|");
        let heads: String = columns.iter().map(|j| format::right(&names[*j], 11)).collect();
        s.print(format!("Col Mean |{heads}"));
        s.print(format!("---------+{}", "-".repeat(11 * columns.len())));
        for i in first + 1..k {
            let (mut differences, mut values) = (String::new(), String::new());
            for j in columns.iter().filter(|j| **j < i) {
                let difference = groups[i].mean - groups[*j].mean;
                let error = (variance * (1.0 / groups[i].n + 1.0 / groups[*j].n)).sqrt();
                let p = adjustment.p(difference / error, k as f64, df);
                differences.push_str(&format::right(&format::bare("%8.0g", difference), 11));
                values.push_str(&format::right(&format::bare("%5.3f", p), 11));
            }
            s.print(format!("{} |{differences}", format::right(&names[i], 8)));
            s.print(format!("         |{values}"));
            if i + 1 < k {
                s.print("         |");
            }
        }
    }
}

fn print_groups(
    s: &mut Session,
    shown: &Shown,
    groups: &[Group],
    (g, y): (usize, usize),
    total: (f64, f64, f64),
) {
    let sd = |ss: f64, n: f64| if n > 1.0 { (ss / (n - 1.0)).sqrt() } else { 0.0 };
    let cell = |x: &Group| (name_of(s, g, x.row), (x.mean, sd(x.ss, x.n), x.n));
    let mut lines: Vec<_> = groups.iter().map(cell).collect();
    lines.push(("Total".to_string(), (total.1, sd(total.2, total.0), total.0)));
    let titles = (title_of(s, g), title_of(s, y));
    print_all(s, (&titles.0, &titles.1), shown, &lines);
}

fn print_anova(s: &mut Session, between: (f64, f64), within: (f64, f64), f: f64, bartlett: (f64, f64)) {
    let right = |x: f64, w: usize| format::right(&format::bare("%11.0g", x), w);
    let line = |name: &str, (ss, df): (f64, f64), tail: String| {
        format!("{}{}{}{}{tail}", format::left(name, 17), right(ss, 14), right(df, 7), right(ss / df, 13))
    };
    let p = f_tail(between.1, within.1, f);
    s.print("");
    s.print("                        Analysis of variance");
    s.print("    Source              SS         df      MS            F     Prob > F");
    s.print("-".repeat(72));
    s.print(line(
        "Between groups",
        between,
        format!(
            "{}{}",
            format::right(&format::bare("%8.2f", f), 10),
            format::right(&format::bare("%6.4f", p), 11)
        ),
    ));
    s.print(line(" Within groups", within, String::new()));
    s.print("-".repeat(72));
    s.print(line("    Total", (between.0 + within.0, between.1 + within.1), String::new()));
    if !crate::value::is_missing(bartlett.0) {
        s.print("");
        s.print(format!(
            "Bartlett's equal-variances test: chi2({}) = {}    Prob>chi2 = {}",
            bartlett.1,
            format::number("%8.4f", bartlett.0),
            format::bare("%5.3f", chi2_tail(bartlett.1, bartlett.0))
        ));
    }
}
