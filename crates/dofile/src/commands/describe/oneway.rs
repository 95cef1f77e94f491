//! `oneway`: one-way analysis of variance. Comparisons of pairs of means are left to `pwmean`.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use estimators::distributions::{chi2_tail, f_tail};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::flag("Tabulate"), OptSpec::flag("noANOVA")])
    .unsupported(&[
        "Bonferroni",
        "SCheffe",
        "SIdak",
        "MEANs",
        "STandard",
        "Freq",
        "OBS",
        "noLABel",
        "Wrap",
        "Missing",
    ]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "oneway",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "oneway response_var factor_var [if] [in] [, tabulate noanova]",
    notes: "stores r(N) r(F) r(df_m) r(mss) r(df_r) r(rss) r(chi2bart) r(df_bart); [R] oneway",
    examples: &[Example {
        // scipy: f_oneway([1,2,3],[2,3,4],[5,6,7]) = 13, bartlett = 0
        run: "set obs 9\ngenerate g = ceil(_n/3)\ngenerate x = mod(_n - 1, 3) + cond(g == 1, 1, cond(g == 2, 2, 5))\noneway x g",
        expect: &[("r(F)", 13.0), ("r(df_m)", 2.0), ("r(df_r)", 6.0), ("r(mss)", 26.0), ("r(chi2bart)", 0.0)],
    }],
};

/// Size, mean and sum of squares about the mean of one group.
struct Group {
    row: usize,
    n: f64,
    mean: f64,
    ss: f64,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let words: Vec<&str> = cmd.list.split_whitespace().collect();
    let [response, factor] = words[..] else { return Err(StataError::syntax()) };
    let y = s.numeric_variable(response)?;
    let g = s.variable(factor)?;
    let mut touse = s.rows(cmd)?;
    s.markout(&[y], &mut touse, false)?;
    s.markout(&[g], &mut touse, true)?;
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
    let groups: Vec<Group> = parts
        .iter()
        .map(|p| {
            let n = p.len() as f64;
            let mean = p.iter().map(|&i| s.frame.num_at(y, i)).sum::<f64>() / n;
            let ss = p.iter().map(|&i| (s.frame.num_at(y, i) - mean).powi(2)).sum();
            Group { row: p[0], n, mean, ss }
        })
        .collect();
    let n: f64 = groups.iter().map(|x| x.n).sum();
    let mean = groups.iter().map(|x| x.n * x.mean).sum::<f64>() / n;
    let between: f64 = groups.iter().map(|x| x.n * (x.mean - mean).powi(2)).sum();
    let within: f64 = groups.iter().map(|x| x.ss).sum();
    let (df_m, df_r) = (groups.len() as f64 - 1.0, n - groups.len() as f64);
    if df_r <= 0.0 || df_m <= 0.0 {
        return Err(StataError::standard(2001));
    }
    let f = between / df_m / (within / df_r);
    let (bartlett, df_b) = bartlett(&groups);
    if cmd.has("tabulate") {
        print_groups(s, &groups, g, response, factor, (n, mean, between + within));
    }
    if !cmd.has("noanova") {
        print_anova(s, (between, df_m), (within, df_r), f, (bartlett, df_b));
    }
    let mut r = Results::default();
    r.scalar("N", n).scalar("F", f).scalar("df_m", df_m).scalar("mss", between).scalar("df_r", df_r);
    r.scalar("rss", within).scalar("chi2bart", bartlett).scalar("df_bart", df_b);
    s.r = r;
    Ok(())
}

/// Bartlett's test over the groups with at least two rows and some spread ([R] oneway).
fn bartlett(groups: &[Group]) -> (f64, f64) {
    let used: Vec<&Group> = groups.iter().filter(|g| g.n > 1.0 && g.ss > 0.0).collect();
    let k = used.len() as f64;
    if k < 2.0 {
        return (crate::value::MISSING, crate::value::MISSING);
    }
    let df: f64 = used.iter().map(|g| g.n - 1.0).sum();
    let pooled = used.iter().map(|g| g.ss).sum::<f64>() / df;
    let logs: f64 = used.iter().map(|g| (g.n - 1.0) * (g.ss / (g.n - 1.0)).ln()).sum();
    let inverse: f64 = used.iter().map(|g| 1.0 / (g.n - 1.0)).sum();
    let correction = 1.0 + (inverse - 1.0 / df) / (3.0 * (k - 1.0));
    (((df * pooled.ln() - logs) / correction).max(0.0), k - 1.0)
}

fn print_groups(s: &mut Session, groups: &[Group], g: usize, y: &str, factor: &str, total: (f64, f64, f64)) {
    let right = |x: f64, w: usize| format::right(&format::bare("%9.0g", x), w);
    let mut lines = Vec::new();
    for x in groups {
        let var = s.frame.var(g);
        let name = if var.is_string() {
            var.data.str(x.row).to_string()
        } else {
            let value = var.data.num(x.row);
            s.frame
                .labels_of(g)
                .and_then(|l| l.get(value))
                .map_or_else(|| format::bare(&var.format, value), str::to_string)
        };
        let sd = if x.n > 1.0 { (x.ss / (x.n - 1.0)).sqrt() } else { 0.0 };
        lines.push(format!(
            "{} |{}{}{}",
            format::right(&format::abbrev(&name, 11), 11),
            right(x.mean, 12),
            right(sd, 12),
            right(x.n, 12)
        ));
    }
    let rule = format!("{}+{}", "-".repeat(12), "-".repeat(36));
    s.print("");
    s.print(format!("            |{:^36}", format!("Summary of {y}")));
    s.print(format!(
        "{} |{}{}{}",
        format::right(&format::abbrev(factor, 11), 11),
        format::right("Mean", 12),
        format::right("Std. dev.", 12),
        format::right("Freq.", 12)
    ));
    s.print(&rule);
    for line in lines {
        s.print(line);
    }
    s.print(&rule);
    let sd = (total.2 / (total.0 - 1.0)).sqrt();
    s.print(format!(
        "{} |{}{}{}",
        format::right("Total", 11),
        right(total.1, 12),
        right(sd, 12),
        right(total.0, 12)
    ));
}

fn print_anova(s: &mut Session, between: (f64, f64), within: (f64, f64), f: f64, bartlett: (f64, f64)) {
    let right = |x: f64, w: usize| format::right(&format::bare("%10.0g", x), w);
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
