//! `pwmean`: pairwise comparisons of the means of groups, with the pooled variance.
//!
//! Stores in `r()`: b_vs V_vs table_vs (comparisons), b V table with `cimeans` (means), df_r. Formulas: [R] pwmean.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::contrast::{asks_for_differences, columns};
use crate::error::{Result, StataError};
use crate::estimation::comparisons::{
    Columns, Compared, Look, apply, group_codes, show_estimates, show_groups, store_estimates,
};
use crate::ops::groups::Grouped;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::contrasts::{Adjustment, pairs};
use estimators::matrix::Mat;
use estimators::means::Moments;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("over"),
    OptSpec::text("MCOMPare"),
    OptSpec::flag("CIeffects"),
    OptSpec::flag("PVeffects"),
    OptSpec::flag("EFFects"),
    OptSpec::flag("CIMeans"),
    OptSpec::flag("GROUPs"),
    OptSpec::flag("SORT"),
    OptSpec::real("Level"),
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "pwmean",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "pwmean varname [if] [in], over(g) [effects cimeans groups sort mcompare(noadjust|bonferroni|sidak|scheffe|tukey) level(#)]",
    notes: "stores r(b_vs) r(V_vs) r(table_vs) r(df_r), with groups r(groups1) ...; sort orders the tables, not the results; formulas: [R] pwmean",
    examples: &[Example {
        // Means 1, 2 and 6, residual variance 2, two rows each: standard error sqrt(2).
        run: "set obs 6\ngen g = ceil(_n/2)\ngen y = cond(g==1, 1, cond(g==2, 2, 6)) + cond(mod(_n,2), 1, -1)\npwmean y, over(g)\nmatrix t = r(table_vs)",
        expect: &[("t[1,3]", 4.0), ("t[2,1]^2", 2.0), ("r(df_r)", 3.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let over = cmd.options.text("over").ok_or_else(|| StataError::invalid("option over() required"))?;
    let adjustment = match cmd.options.text("mcompare") {
        None => Adjustment::None,
        Some(text) => Adjustment::parse_pairs(text)
            .ok_or_else(|| StataError::unsupported_option("pwmean", &format!("mcompare({text})")))?,
    };
    let level = crate::estimation::display::level(session, cmd)?;
    let data = Grouped::read(session, cmd, cmd.list.trim(), over.trim())?;
    let count = data.names.len();
    if count < 2 {
        return Err(StataError::new(459, format!("{over} has one level: there is nothing to compare")));
    }
    let moments: Vec<Moments> = (0..count).map(|g| Moments::of(&data.of(g))).collect();
    let n: f64 = moments.iter().map(|m| m.n).sum();
    let df = n - count as f64;
    if df <= 0.0 {
        return Err(StataError::insufficient_observations());
    }
    let within: f64 = moments.iter().filter(|m| m.n > 1.0).map(|m| (m.n - 1.0) * m.sd * m.sd).sum();
    let b: Vec<f64> = moments.iter().map(|m| m.mean).collect();
    let v = Mat::from_fn(count, count, |i, j| if i == j { within / df / moments[i].n } else { 0.0 });
    let look = Look {
        heading: "Contrast",
        outcome: cmd.list.trim(),
        vce_title: "",
        columns: columns(cmd),
        versus: true,
        adjustment,
        level,
        df_r: Some(df),
        eform: false,
        sorted: cmd.has("sort"),
    };
    let mut results = Results::default();
    session.print("");
    session.print("Pairwise comparisons of means with equal variances");
    session.print("");
    session.print(format!("Over: {over}"));
    let found = differences(over, &data.names, &b, &v);
    let means = Compared {
        equation: String::new(),
        blocks: vec![over.trim().to_string(); count],
        labels: data.names.clone(),
        names: data.names.iter().map(|l| format!("{l}.{over}")).collect(),
        b,
        v,
    };
    if cmd.has("cimeans") {
        let plain = Look {
            heading: "Mean",
            columns: Columns::LIMITS,
            versus: true,
            adjustment: Adjustment::None,
            ..look
        };
        show_estimates(session, &means, &plain, ["b", "V", "table"], &mut results);
    }
    if cmd.has("groups") {
        let codes = group_codes(&means, &found, &look);
        let own = Look { heading: "Mean", columns: Columns::LIMITS, ..look };
        show_groups(session, &means, &codes, &own, &mut results);
    }
    let names = ["b_vs", "V_vs", "table_vs"];
    if asks_for_differences(cmd) || !(cmd.has("cimeans") || cmd.has("groups")) {
        show_estimates(session, &found, &look, names, &mut results);
    } else {
        store_estimates(&found, &look, names, &mut results);
    }
    results.scalar("df_r", df).text("cmd", "pwmean").text("depvar", cmd.list.trim());
    session.r = results;
    Ok(())
}

/// The differences of all pairs of means.
fn differences(over: &str, names: &[String], b: &[f64], v: &Mat) -> Compared {
    let chosen = pairs(names.len());
    let rows: Vec<Option<Vec<f64>>> = chosen
        .iter()
        .map(|(a, c)| {
            let mut weights = vec![0.0; names.len()];
            (weights[*a], weights[*c]) = (1.0, -1.0);
            Some(weights)
        })
        .collect();
    let (estimates, covariance) = apply(b, v, &rows);
    let name = |(a, c): &(usize, usize), by: &str| format!("{}{by}{}", names[*a], names[*c]);
    Compared {
        equation: String::new(),
        blocks: vec![over.trim().to_string(); chosen.len()],
        labels: chosen.iter().map(|p| name(p, " vs ")).collect(),
        names: chosen.iter().map(|p| format!("{}.{over}", name(p, "vs"))).collect(),
        b: estimates,
        v: covariance,
    }
}
