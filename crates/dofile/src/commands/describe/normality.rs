//! `swilk`, `sfrancia` and `sktest`: tests of normality.
//!
//! Store in `r()`: `swilk` and `sfrancia` N W V z p (of the last variable); `sktest` N P_skew P_kurt chi2 P_chi2 and
//! the matrix Utest (one row for each variable). Formulas: [R] swilk, [R] sktest.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;
use estimators::normality::{Shapiro, shapiro_francia, shapiro_wilk, skewness_kurtosis};

const SHAPIRO: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("noTies")]).unsupported(&["Generate", "LNnormal", "BOXcox"]);

/// `swilk`.
pub(super) const SPEC_SWILK: CommandSpec = CommandSpec {
    name: "swilk",
    min: 5,
    form: Form::Standard(&SHAPIRO),
    by: ByRule::EachGroup,
    run: |s, cmd| shapiro(s, cmd, &WILK),
    syntax: "swilk varlist [if] [in] [, noties]",
    notes: "stores r(N) r(W) r(V) r(z) r(p); from 4 observations, with a note above 2,000; formulas: [R] swilk, Royston (1992)",
    examples: &[Example {
        // R: shapiro.test(c(2,4,4,5,7,9,10,15,21,30))
        run: "input x\n2\n4\n4\n5\n7\n9\n10\n15\n21\n30\nend\nswilk x, noties",
        expect: &[("r(N)", 10.0), ("r(W)", 0.857_335_492_920_145), ("r(p)", 0.070_975_911_374_914_8)],
    }],
};

/// `sfrancia`.
pub(super) const SPEC_SFRANCIA: CommandSpec = CommandSpec {
    name: "sfrancia",
    min: 8,
    form: Form::Standard(&SHAPIRO),
    by: ByRule::EachGroup,
    run: |s, cmd| shapiro(s, cmd, &FRANCIA),
    syntax: "sfrancia varlist [if] [in] [, noties]",
    notes: "stores r(N) r(W) r(V) r(z) r(p); from 5 observations, with a note below 10 and above 5,000; formulas: [R] swilk, Royston (1993)",
    examples: &[Example {
        // The values are the expected order statistics themselves.
        run: "set obs 10\ngenerate double x = invnormal((_n - .375)/10.25)\nsfrancia x",
        expect: &[("r(W)", 1.0)],
    }],
};

const SKTEST: StandardSyntax = StandardSyntax::new(&[OptSpec::flag("noADJust")]).weights(&[]);

/// `sktest`.
pub(super) const SPEC_SKTEST: CommandSpec = CommandSpec {
    name: "sktest",
    min: 6,
    form: Form::Standard(&SKTEST),
    by: ByRule::EachGroup,
    run: sktest,
    syntax: "sktest varlist [if] [in] [, noadjust]",
    notes: "stores r(N) r(P_skew) r(P_kurt) r(chi2) r(P_chi2) r(table) r(Utest); formulas: [R] sktest",
    examples: &[Example {
        // Symmetric values have no skewness.
        run: "set obs 9\ngenerate x = _n\nsktest x",
        expect: &[("r(P_skew)", 1.0), ("r(N)", 9.0)],
    }],
};

/// Differences between the two tests of the Shapiro family.
struct Kind {
    title: &'static str,
    letter: &'static str,
    least: usize,
    /// Numbers of observations for which the normal approximation is known to hold.
    valid: (usize, usize),
    test: fn(&[f64], bool) -> Shapiro,
}

const WILK: Kind = Kind {
    title: "Shapiro–Wilk W test for normal data",
    letter: "W",
    least: 4,
    valid: (4, 2000),
    test: shapiro_wilk,
};

const FRANCIA: Kind = Kind {
    title: "Shapiro–Francia W' test for normal data",
    letter: "W'",
    least: 5,
    valid: (10, 5000),
    test: shapiro_francia,
};

/// Sorted values of each variable of the list.
fn samples(s: &Session, cmd: &ParsedCommand) -> Result<Vec<(String, Vec<f64>)>> {
    let touse = s.rows(cmd)?;
    let mut out = Vec::new();
    for position in s.varlist(&cmd.list)? {
        let variable = s.frame.var(position);
        if variable.is_string() {
            return Err(StataError::type_mismatch());
        }
        let mut values: Vec<f64> = (0..touse.len())
            .filter(|i| touse[*i])
            .map(|i| s.frame.num_at(position, i))
            .filter(|v| !is_missing(*v))
            .collect();
        values.sort_by(f64::total_cmp);
        out.push((variable.name.clone(), values));
    }
    if out.is_empty() {
        return Err(StataError::standard(100));
    }
    Ok(out)
}

fn varies(values: &[f64]) -> bool {
    values.first() != values.last()
}

fn shapiro(s: &mut Session, cmd: &ParsedCommand, kind: &Kind) -> Result<()> {
    let ties = !cmd.has("noties");
    let samples = samples(s, cmd)?;
    s.print("");
    // columns as logs of Stata print them: those of W' begin one place before those of W
    let plain = kind.letter == "W";
    let obs = if plain { 11 } else { 10 };
    s.print(format!("{:>1$}", kind.title, if plain { 54 } else { 57 }));
    s.print("");
    let columns = if plain {
        "       W           V         z       Prob>z"
    } else {
        "       W'          V'        z       Prob>z"
    };
    s.print(format!("    Variable |{:>obs$}{columns}", "Obs"));
    s.print(format!("-------------+{}", "-".repeat(obs + 43)));
    let mut results = Results::default();
    for (name, values) in &samples {
        if values.is_empty() {
            return Err(StataError::no_observations());
        }
        if values.len() < kind.least {
            return Err(StataError::insufficient_observations());
        }
        if !varies(values) {
            return Err(StataError::new(459, format!("{name} does not vary")));
        }
        let found = (kind.test)(values, ties);
        s.print(format!(
            "{:>12} |{:>obs$}{:>11}{:>11}{:>10}{:>11}",
            format::abbrev(name, 12),
            format::bare("%9.0fc", found.n),
            format::bare("%8.5f", found.w),
            format::bare("%8.3f", found.v),
            format::bare("%8.3f", found.z),
            format::bare("%8.5f", found.p)
        ));
        results.scalar("N", found.n).scalar("W", found.w).scalar("V", found.v);
        results.scalar("z", found.z).scalar("p", found.p);
    }
    let (low, high) = kind.valid;
    if samples.iter().any(|(_, values)| !(low..=high).contains(&values.len())) {
        s.print("");
        s.print("Note: The normal approximation to the sampling distribution of W'");
        s.print(format!("      is valid for {low}<=n<={high}."));
    }
    s.r = results;
    Ok(())
}

fn sktest(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let adjust = !cmd.has("noadjust");
    let samples = samples(s, cmd)?;
    let joint = if adjust { "Adj chi2(2)" } else { "chi2(2)" };
    s.print("");
    s.print("Skewness and kurtosis tests for normality");
    s.print(format!("{:>79}", "----- Joint test -----"));
    s.print(format!("    Variable |       Obs   Pr(skewness)   Pr(kurtosis)   {joint:>11}  Prob>chi2"));
    s.print(format!("-------------+{}", "-".repeat(65)));
    let mut results = Results::default();
    let mut data = Vec::new();
    for (name, values) in &samples {
        if values.is_empty() {
            return Err(StataError::no_observations());
        }
        if values.len() < 8 {
            return Err(StataError::insufficient_observations());
        }
        if !varies(values) {
            return Err(StataError::new(459, format!("{name} does not vary")));
        }
        let found = skewness_kurtosis(values, adjust);
        s.print(format!(
            "{:>12} |{:>10}{:>15}{:>15}{:>14}{:>11}",
            format::abbrev(name, 12),
            format::bare("%9.0fc", found.n),
            format::bare("%6.4f", found.p_skewness),
            format::bare("%6.4f", found.p_kurtosis),
            format::bare("%9.2f", found.chi2),
            format::bare("%6.4f", found.p)
        ));
        data.extend([found.n, found.p_skewness, found.p_kurtosis, found.chi2, found.p]);
        results.scalar("N", found.n).scalar("P_skew", found.p_skewness).scalar("P_kurt", found.p_kurtosis);
        results.scalar("chi2", found.chi2).scalar("P_chi2", found.p);
        // the names of Stata 18
        results
            .scalar("p_skew", found.p_skewness)
            .scalar("p_kurt", found.p_kurtosis)
            .scalar("p_chi2", found.p);
    }
    let mut table = Matrix::new(samples.len(), 5, data);
    table.row_names = samples.iter().map(|(name, _)| Stripe::term(name.clone())).collect();
    table.col_names = ["N", "Pr_skew", "Pr_kurt", "chi2", "P_chi2"].map(Stripe::term).to_vec();
    results.matrix("Utest", table.clone()).matrix("table", table);
    s.r = results;
    Ok(())
}
