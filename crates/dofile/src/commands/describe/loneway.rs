//! `loneway`: one-way analysis of variance with random effects of groups and the correlation within them.
//! Formulas: [R] loneway.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::model::number_groups;
use crate::estimation::post::stata;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::WeightKind;
use crate::syntax::{OptSpec, ParsedCommand};
use estimators::distributions::{f_inverse_tail, f_tail};
use estimators::variance_components::{Intraclass, OneWay};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("MEan"),
    OptSpec::flag("MEDian"),
    OptSpec::flag("EXact"),
    OptSpec::real("Level"),
])
.weights(&[WeightKind::Analytic]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "loneway",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "loneway response_var group_var [if] [in] [aweight] [, mean median exact level(#)]",
    notes: "stores r(N) r(rho) r(lb) r(ub) r(rho_t) r(se) r(sd_w) r(sd_b); [R] loneway",
    examples: &[Example {
        // mean squares 26/2 and 6/6, groups of 3: (13 - 1)/(13 - 1 + 3)
        run: "set obs 9\ngenerate g = ceil(_n/3)\ngenerate x = mod(_n - 1, 3) + cond(g == 1, 1, cond(g == 2, 2, 5))\nloneway x g",
        expect: &[("r(rho)", 0.8), ("r(sd_w)", 1.0), ("r(sd_b)", 2.0), ("r(rho_t)", 12.0 / 13.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let words: Vec<&str> = cmd.list.split_whitespace().collect();
    let [response, group] = words[..] else {
        return Err(StataError::standard(if words.len() < 2 { 102 } else { 103 }));
    };
    if cmd.has("mean") && cmd.has("median") {
        return Err(StataError::invalid("options mean and median may not be combined"));
    }
    let y = s.numeric_variable(response)?;
    let g = s.variable(group)?;
    let level = level(s, cmd)?;
    let mut touse = s.rows(cmd)?;
    s.markout(&[y], &mut touse, false)?;
    s.markout(&[g], &mut touse, true)?;
    let weights = s.weights(cmd, WeightKind::Analytic, &mut touse)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let values: Vec<f64> = rows.iter().map(|r| s.frame.num_at(y, *r)).collect();
    let raw: Vec<f64> = rows.iter().map(|r| weights.as_ref().map_or(1.0, |w| w.values[*r])).collect();
    // analytic weights sum to the number of rows
    let scale = rows.len() as f64 / raw.iter().sum::<f64>();
    let weight: Vec<f64> = raw.iter().map(|w| w * scale).collect();
    let (of_row, count) = number_groups(&s.frame, g, &rows);
    let layout = squares(&values, &weight, &of_row, count);
    if count < 2 || layout.df().1 <= 0.0 {
        return Err(StataError::insufficient_observations());
    }
    let (df1, df2) = layout.df();
    let reference = if cmd.has("mean") {
        if df2 > 2.0 { df2 / (df2 - 2.0) } else { return Err(StataError::insufficient_observations()) }
    } else if cmd.has("median") {
        f_inverse_tail(df1, df2, 0.5)
    } else {
        1.0
    };
    if cmd.has("exact") && layout.sizes.iter().any(|n| (n - layout.sizes[0]).abs() > 1e-9) {
        s.print("note: exact limits assume groups of one size.");
    }
    let found = layout.intraclass(reference, cmd.has("exact"), level);
    let names = (s.frame.var(y).name.clone(), s.frame.var(g).name.clone());
    show_anova(s, y, &names.1, &layout);
    show_correlation(s, &names.1, &found, cmd.has("exact"), level);
    let mut r = Results::default();
    r.scalar("N", layout.n()).scalar("rho", stata(found.rho));
    r.scalar("lb", stata(found.limits.0)).scalar("ub", stata(found.limits.1));
    r.scalar("rho_t", stata(found.reliability)).scalar("se", stata(found.se));
    r.scalar("sd_w", stata(found.sd_within)).scalar("sd_b", stata(found.sd_between));
    s.r = r;
    Ok(())
}

/// Sums of squares between and within groups.
fn squares(values: &[f64], weight: &[f64], of_row: &[u32], count: usize) -> OneWay {
    let (mut sizes, mut means) = (vec![0.0; count], vec![0.0; count]);
    for ((y, w), g) in values.iter().zip(weight).zip(of_row) {
        sizes[*g as usize] += w;
        means[*g as usize] += w * y;
    }
    means.iter_mut().zip(&sizes).for_each(|(m, n)| *m /= n);
    let n: f64 = sizes.iter().sum();
    let mean = means.iter().zip(&sizes).map(|(m, n)| m * n).sum::<f64>() / n;
    let between = means.iter().zip(&sizes).map(|(m, n)| n * (m - mean).powi(2)).sum();
    let rows = values.iter().zip(weight).zip(of_row);
    let within = rows.map(|((y, w), g)| w * (y - means[*g as usize]).powi(2)).sum();
    OneWay { between, within, sizes }
}

fn show_anova(s: &mut Session, y: usize, group: &str, layout: &OneWay) {
    let var = s.frame.var(y);
    let title = if var.label.is_empty() {
        format!("One-way analysis of variance for {}:", var.name)
    } else {
        format!("One-way analysis of variance for {}: {}", var.name, var.label)
    };
    let total = layout.between + layout.within;
    let (df1, df2) = layout.df();
    let right = |fmt: &str, x: f64, w: usize| format::right(&format::bare(fmt, stata(x)), w);
    s.print("");
    s.print(format!("{title:^73}").trim_end());
    s.print("");
    s.print(format!("{:46}Number of obs ={}", "", right("%10.0fc", layout.n(), 12)));
    s.print(format!("{:46}    R-squared ={}", "", right("%10.4f", layout.between / total, 12)));
    s.print("");
    s.print("    Source                SS         df      MS            F     Prob > F");
    s.print("-".repeat(73));
    let row = |name: String, ss: f64, df: f64| {
        format!(
            "{name:<19}{}{}{}",
            right("%10.0g", ss, 12),
            right("%9.0g", df, 7),
            right("%10.0g", ss / df, 13)
        )
    };
    let test =
        format!("{}{}", right("%8.2f", layout.f(), 10), right("%6.4f", f_tail(df1, df2, layout.f()), 11));
    s.print(format!("{}{test}", row(format!("Between {}", format::abbrev(group, 11)), layout.between, df1)));
    s.print(row(format!("Within {}", format::abbrev(group, 11)), layout.within, df2));
    s.print("-".repeat(73));
    s.print(row("Total".to_string(), total, df1 + df2));
}

fn show_correlation(s: &mut Session, group: &str, x: &Intraclass, exact: bool, level: f64) {
    let cell = |v: f64, w: usize| format::right(&format::bare("%8.5f", stata(v)), w);
    let mark = |v: f64| if v == 0.0 { "*" } else { "" };
    let level = format::bare("%5.0g", level);
    let group = format::abbrev(group, 12);
    s.print("");
    s.print(
        format!("         Intraclass       Asy.        {}", if exact { "       Exact" } else { "" })
            .trim_end(),
    );
    s.print(format!("         correlation      S.E.       [{level}% conf. interval]"));
    s.print("         ------------------------------------------------");
    s.print(format!(
        "         {}{:1}{}{}{:1}{}",
        cell(x.rho, 10),
        mark(x.rho),
        cell(x.se, 11),
        cell(x.limits.0, 14),
        mark(x.limits.0),
        cell(x.limits.1, 11)
    ));
    s.print("");
    let number = |v: f64| format::right(&format::bare("%9.0g", stata(v)), 12);
    s.print(format!("         {:<38}{}", format!("Estimated SD of {group} effect"), number(x.sd_between)));
    s.print(format!("         {:<38}{}", format!("Estimated SD within {group}"), number(x.sd_within)));
    s.print(format!(
        "         {:<38}{}",
        format!("Est. reliability of a {group} mean"),
        cell(x.reliability, 12)
    ));
    s.print(format!("              (evaluated at n={})", format::bare("%9.2f", x.size).trim()));
    if x.rho == 0.0 || x.limits.0 == 0.0 {
        s.print("");
        s.print("(*) Truncated at zero.");
    }
}
