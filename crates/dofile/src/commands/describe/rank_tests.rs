//! `ranksum` and `kwallis`: rank tests of two or several groups.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::exact_ranks;
use crate::ops::groups::level_name;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use estimators::descriptive::mean_ranks;
use estimators::distributions::{chi2_tail, normal_tail};
use estimators::exact_ranks::rank_sum;

const RANKSUM: StandardSyntax =
    StandardSyntax::new(&[OptSpec::text("by"), OptSpec::flag("porder"), OptSpec::flag("EXact")]);
const KWALLIS: StandardSyntax = StandardSyntax::new(&[OptSpec::text("by")]);

pub(super) const SPEC_RANKSUM: CommandSpec = CommandSpec {
    name: "ranksum",
    min: 7,
    form: Form::Standard(&RANKSUM),
    by: ByRule::EachGroup,
    run: ranksum,
    syntax: "ranksum varname [if] [in], by(groupvar) [exact porder]",
    notes: "exact distribution up to 200 observations; stores r(p_exact) r(p_l_exact) r(p_u_exact) r(N) r(N_1) r(N_2) r(z) r(p) r(p_l) r(p_u) r(Var_a) r(group1) r(sum_obs) r(sum_exp) r(porder); variance adjusted for ties, [R] ranksum",
    examples: &[Example {
        run: "set obs 8\ngenerate g = _n > 4\ngenerate x = cond(_n == 8, 1, _n)\nranksum x, by(g) porder",
        // scipy.stats.rankdata, variance of the ranks with one tie by hand
        expect: &[
            ("r(sum_obs)", 13.5),
            ("r(sum_exp)", 18.0),
            ("r(Var_a)", 11.857142857142856),
            ("r(porder)", 0.21875),
        ],
    }],
};

pub(super) const SPEC_KWALLIS: CommandSpec = CommandSpec {
    name: "kwallis",
    min: 7,
    form: Form::Standard(&KWALLIS),
    by: ByRule::EachGroup,
    run: kwallis,
    syntax: "kwallis varname [if] [in], by(groupvar)",
    notes: "stores r(df) r(chi2) r(chi2_adj); [R] kwallis",
    examples: &[Example {
        // Rank sums 6 and 15: 12/42 (6^2/3 + 15^2/3) - 21.
        run: "set obs 6\ngenerate x = _n\ngenerate g = _n > 3\nkwallis x, by(g)",
        expect: &[("r(chi2)", 27.0 / 7.0), ("r(df)", 1.0)],
    }],
};

/// A group: its name, size and rank sum.
struct Group {
    name: String,
    first_row: usize,
    rows: usize,
    n: f64,
    sum: f64,
}

/// Ranks the sample and adds the ranks up by group; also the sum of squared deviations and the ties.
fn ranked(s: &Session, cmd: &ParsedCommand) -> Result<(String, Vec<Group>, Vec<f64>, f64)> {
    let var = s.numeric_variable(cmd.list.trim())?;
    let Some(by) = cmd.options.text("by") else {
        return Err(StataError::invalid("option by() required"));
    };
    let by_name = by.trim().to_string();
    let by = s.variable(&by_name)?;
    let mut touse = s.rows(cmd)?;
    s.markout(&[var], &mut touse, true)?;
    s.markout(&[by], &mut touse, true)?;
    let rows: Vec<usize> = s.frame.sorted_order(&[(by, false)]).into_iter().filter(|&i| touse[i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let values: Vec<f64> = rows.iter().map(|&i| s.frame.num_at(var, i)).collect();
    let (rank, ties) = mean_ranks(&values);
    let mut groups: Vec<Group> = Vec::new();
    for (k, &i) in rows.iter().enumerate() {
        if groups.last().is_none_or(|g| !s.frame.rows_equal(&[by], g.first_row, i)) {
            let name = level_name(s, by, i);
            groups.push(Group { name, first_row: i, rows: 0, n: 0.0, sum: 0.0 });
        }
        let last = groups.last_mut().expect("a group was pushed for the first row");
        last.rows += 1;
        last.n += 1.0;
        last.sum += rank[k];
    }
    Ok((by_name, groups, rank, ties))
}

fn ranksum(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (by, groups, rank, _) = ranked(s, cmd)?;
    let [a, b] = &groups[..] else {
        let found = groups.len();
        return Err(StataError::new(
            420,
            format!("{found} group{} found, 2 required", if found == 1 { "" } else { "s" }),
        ));
    };
    let n = a.n + b.n;
    let centre = (n + 1.0) / 2.0;
    let spread: f64 = rank.iter().map(|r| (r - centre).powi(2)).sum();
    let variance = a.n * b.n / (n * (n - 1.0)) * spread;
    let unadjusted = a.n * b.n * (n + 1.0) / 12.0;
    let expected = a.n * centre;
    let z = (a.sum - expected) / variance.sqrt();
    let porder = (a.sum - a.n * (a.n + 1.0) / 2.0) / (a.n * b.n);
    let p = 2.0 * normal_tail(z.abs());
    s.print("");
    s.print("Two-sample Wilcoxon rank-sum (Mann–Whitney) test");
    s.print("");
    let width = 12;
    s.print(format!(
        "{} |      Obs    Rank sum    Expected",
        format::right(&format::abbrev(&by, width), width)
    ));
    s.print("-------------+---------------------------------");
    for (g, e) in [(a, expected), (b, b.n * centre)] {
        s.print(row_line(&g.name, g.n, g.sum, e));
    }
    s.print("-------------+---------------------------------");
    s.print(row_line("Combined", n, a.sum + b.sum, n * centre));
    s.print("");
    let number = |x: f64| format::right(&format::bare("%9.2f", x), 12);
    s.print(format!("Unadjusted variance {}", number(unadjusted)));
    s.print(format!("Adjustment for ties {}", number(variance - unadjusted)));
    s.print("                    ------------");
    s.print(format!("Adjusted variance   {}", number(variance)));
    s.print("");
    let name = cmd.list.trim();
    let of = |g: &Group| format!("{name}({by}=={})", g.name);
    s.print(format!("H0: {} = {}", of(a), of(b)));
    s.print(format!("         z = {}", format::number("%6.3f", z)));
    s.print(format!("Prob > |z| = {}", format::number("%6.4f", p)));
    let mut r = Results::default();
    if exact_ranks::wanted(rank.len(), cmd.has("exact"))? {
        exact_ranks::report(s, &mut r, &rank_sum(&rank, a.rows, a.sum));
    }
    if cmd.has("porder") {
        s.print("");
        s.print(format!("P{{{} > {}}} = {}", of(a), of(b), format::number("%5.3f", porder).trim()));
    }
    r.scalar("N", n).scalar("N_1", a.n).scalar("N_2", b.n).scalar("z", z).scalar("p", p);
    r.scalar("p_l", normal_tail(-z)).scalar("p_u", normal_tail(z)).scalar("Var_a", variance);
    r.scalar("sum_obs", a.sum).scalar("sum_exp", expected).scalar("porder", porder);
    let by_var = s.variable(&by)?;
    if !s.frame.var(by_var).is_string() {
        r.scalar("group1", s.frame.num_at(by_var, a.first_row));
    }
    s.r = r;
    Ok(())
}

fn row_line(name: &str, n: f64, sum: f64, expected: f64) -> String {
    format!(
        "{} |{}{}{}",
        format::right(&format::abbrev(name, 12), 12),
        format::right(&format::bare("%9.0g", n), 9),
        format::right(&format::bare("%9.0g", sum), 12),
        format::right(&format::bare("%9.0g", expected), 12)
    )
}

fn kwallis(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (by, groups, rank, ties) = ranked(s, cmd)?;
    if groups.len() < 2 {
        return Err(StataError::new(420, "1 group found, 2 required"));
    }
    let n = rank.len() as f64;
    let sums: f64 = groups.iter().map(|g| g.sum * g.sum / g.n).sum();
    let h = 12.0 / (n * (n + 1.0)) * sums - 3.0 * (n + 1.0);
    let adjusted = h / (1.0 - ties / (n * n * n - n));
    let df = (groups.len() - 1) as f64;
    s.print("");
    s.print("Kruskal–Wallis equality-of-populations rank test");
    s.print("");
    kwallis_table(s, &by, &groups);
    for (title, x) in [(format!("chi2({df})"), h), (format!("chi2({df}) with ties"), adjusted)] {
        s.print("");
        s.print(format!("  {title} = {}", format::number("%6.3f", x)));
        let width = title.len();
        s.print(format!("  {:>width$} = {}", "Prob", format::number("%6.4f", chi2_tail(df, x))));
    }
    let mut r = Results::default();
    r.scalar("df", df).scalar("chi2", h).scalar("chi2_adj", adjusted);
    s.r = r;
    Ok(())
}

/// Rows and rank sums of the groups in a table whose columns are as wide as what they hold.
fn kwallis_table(s: &mut Session, by: &str, groups: &[Group]) {
    let mut rows = vec![[by.to_string(), "Obs".to_string(), "Rank sum".to_string()]];
    for g in groups {
        let sum = format::bare("%12.2f", g.sum);
        rows.push([g.name.clone(), format::bare("%9.0f", g.n), sum].map(|text| text.trim().to_string()));
    }
    let width = |k: usize| rows.iter().map(|row| row[k].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    let rule = widths.map(|w| "-".repeat(w + 2));
    let outer = "-".repeat(rule.join("-").len());
    s.print(format!("  +{outer}+"));
    for (i, row) in rows.iter().enumerate() {
        let cells: Vec<String> =
            row.iter().zip(widths).map(|(text, w)| format!(" {} ", format::right(text, w))).collect();
        s.print(format!("  |{}|", cells.join("|")));
        if i == 0 {
            s.print(format!("  |{}|", rule.join("+")));
        }
    }
    s.print(format!("  +{outer}+"));
}
