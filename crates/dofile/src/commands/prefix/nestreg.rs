//! `nestreg`: models with one block of regressors more at a time, and the test of each block ([R] nestreg).

use super::parts;
use super::terms::TermModel;
use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::run::quietly;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;
use estimators::distributions::chi2_tail;

pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "all models use the rows of the full one; the test of a block is its Wald test in the model that it completes; stores r(wald), with lrtable r(lr), and the results of the last model; [R] nestreg",
    examples: &[Example {
        run: "set obs 40\ngenerate x = _n\ngenerate z = mod(_n*7, 5)\ngenerate w = mod(_n*11, 9)\ngenerate y = 3*x + z + mod(_n*13, 8)\nreplace w = . in 3\nnestreg, waldtable lrtable: regress y (x) (z w)\nmatrix m = r(wald)\nmatrix l = r(lr)\nscalar n = e(N)\ntest z w",
        expect: &[
            ("n", 39.0),
            ("reldif(m[2,1], r(F)) < 1e-12", 1.0),
            ("m[2,2]", 2.0),
            ("l[2,1] - e(ll)", 0.0),
            ("abs(m[2,5] - e(r2)) < 1e-14", 1.0),
        ],
    }],
    ..CommandSpec::raw(
        "nestreg",
        7,
        run,
        "nestreg [, waldtable lrtable quietly store(stub)] : command depvar (varlist) [(varlist) ...] [if] [in] [weight] [, options]",
    )
};

const OPTIONS: &[OptSpec] =
    &[OptSpec::flag("WALDtable"), OptSpec::flag("LRtable"), OptSpec::flag("QUIetly"), OptSpec::text("STOre")];

/// The fit after a block, and the test of the block.
struct Step {
    /// F or chi-squared.
    statistic: f64,
    df: f64,
    df_r: Option<f64>,
    p: f64,
    r2: Option<f64>,
    ll: Option<f64>,
    rank: f64,
    n: f64,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (mut head, command) = parts("nestreg", cmd.raw.trim())?;
    if !head.list.is_empty() {
        return Err(StataError::syntax());
    }
    head.check_options(OPTIONS, &[])?;
    let search = TermModel::read(s, "nestreg", &command)?;
    let with_lr = head.has("lrtable");
    let with_wald = head.has("waldtable") || !with_lr;
    let mut steps: Vec<Step> = Vec::new();
    let mut null = None;
    search.in_common_sample(s, |s| {
        if with_lr {
            quietly(s, &search.text(&[]))?;
            null = s.e.results.get_scalar("ll").zip(s.e.results.get_scalar("rank"));
        }
        for block in 0..search.terms.len() {
            s.print("");
            s.print(format!("Block {}: {}", block + 1, search.terms[block]));
            let text = search.text(&(0..=block).collect::<Vec<_>>());
            if head.has("quietly") {
                quietly(s, &text)?;
            } else {
                s.run_expanded(&text)?;
            }
            if let Some(stub) = head.options.text("store") {
                s.run_expanded(&format!("estimates store {}{}", stub.trim(), block + 1))?;
            }
            steps.push(step(s, &search, block)?);
        }
        Ok(())
    })?;
    let mut results = Results::default();
    if with_wald {
        results.matrix("wald", wald_table(s, &steps));
    }
    if with_lr {
        let Some(lr) = lr_rows(&steps, null) else {
            return Err(StataError::new(198, "lrtable needs a command with a log likelihood"));
        };
        results.matrix("lr", lr_table(s, &lr));
    }
    s.r = results;
    Ok(())
}

fn step(s: &Session, search: &TermModel, block: usize) -> Result<Step> {
    let test = search.test(s, block)?;
    let scalar = |name: &str| s.e.results.get_scalar(name);
    let df_r = scalar("df_r");
    Ok(Step {
        statistic: if df_r.is_some() { test.f() } else { test.chi2 },
        df: test.df as f64,
        df_r,
        p: test.p(df_r),
        r2: scalar("r2"),
        ll: scalar("ll"),
        rank: scalar("rank").unwrap_or(MISSING),
        n: scalar("N").unwrap_or(MISSING),
    })
}

fn wald_table(s: &mut Session, steps: &[Step]) -> Matrix {
    let linear = steps.iter().all(|x| x.df_r.is_some());
    let fit = steps.iter().all(|x| x.r2.is_some());
    s.print("");
    let name = if linear { "F" } else { "chi2" };
    let mut heading = format!(" Block | {name:>10}   Block df");
    if linear {
        heading.push_str("  Resid. df");
    }
    heading.push_str(&format!("   Pr > {name:<4}"));
    if fit {
        heading.push_str("        R2   Change");
    }
    let rule = format!("-------+{}", "-".repeat(heading.len() - 8));
    s.print(&heading);
    s.print(&rule);
    let cell = |x: f64, fmt: &str, width: usize| format::right(&format::bare(fmt, x), width);
    let mut values = Vec::new();
    let mut before = None;
    for (i, x) in steps.iter().enumerate() {
        let mut line = format!("{:>6} |{}{}", i + 1, cell(x.statistic, "%9.2f", 11), cell(x.df, "%9.0g", 11));
        let mut row = vec![x.statistic, x.df];
        if linear {
            line.push_str(&cell(x.df_r.unwrap_or(MISSING), "%9.0g", 11));
            row.push(x.df_r.unwrap_or(MISSING));
        }
        line.push_str(&cell(x.p, "%6.4f", 12));
        row.push(x.p);
        if fit {
            let r2 = x.r2.unwrap_or(MISSING);
            let change = before.map_or(MISSING, |b| r2 - b);
            line.push_str(&cell(r2, "%6.4f", 10));
            if before.is_some() {
                line.push_str(&cell(change, "%6.4f", 9));
            }
            row.extend([r2, change]);
            before = Some(r2);
        }
        s.print(line);
        values.extend(row);
    }
    let mut names = vec![name, "df"];
    if linear {
        names.push("df_r");
    }
    names.push("p");
    if fit {
        names.extend(["r2", "dr2"]);
    }
    named(steps.len(), &names, values)
}

/// Log likelihood, statistic, degrees of freedom, p, AIC and BIC after each block.
fn lr_rows(steps: &[Step], null: Option<(f64, f64)>) -> Option<Vec<[f64; 6]>> {
    let mut before = null?;
    steps
        .iter()
        .map(|x| {
            let ll = x.ll?;
            let (lr, df) = (2.0 * (ll - before.0), x.rank - before.1);
            before = (ll, x.rank);
            let (aic, bic) = (2.0 * x.rank - 2.0 * ll, x.rank * x.n.ln() - 2.0 * ll);
            Some([ll, lr, df, chi2_tail(df, lr.max(0.0)), aic, bic])
        })
        .collect()
}

fn lr_table(s: &mut Session, rows: &[[f64; 6]]) -> Matrix {
    s.print("");
    s.print(" Block |        LL         LR     df   Pr > LR       AIC       BIC");
    s.print(format!("-------+{}", "-".repeat(58)));
    let cell = |x: f64, fmt: &str, width: usize| format::right(&format::bare(fmt, x), width);
    for (i, [ll, lr, df, p, aic, bic]) in rows.iter().enumerate() {
        s.print(format!(
            "{:>6} |{}{}{}{}{}{}",
            i + 1,
            cell(*ll, "%9.0g", 11),
            cell(*lr, "%9.2f", 10),
            cell(*df, "%9.0g", 7),
            cell(*p, "%6.4f", 10),
            cell(*aic, "%9.0g", 11),
            cell(*bic, "%9.0g", 10)
        ));
    }
    named(rows.len(), &["LL", "LR", "df", "p", "AIC", "BIC"], rows.concat())
}

fn named(rows: usize, names: &[&str], values: Vec<f64>) -> Matrix {
    let mut m = Matrix::new(rows, names.len(), values);
    m.row_names = (1..=rows).map(|i| Stripe::term(format!("block_{i}"))).collect();
    m.col_names = names.iter().map(|n| Stripe::term(*n)).collect();
    m
}
