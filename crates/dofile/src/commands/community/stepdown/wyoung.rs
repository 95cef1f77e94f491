//! `wyoung`: free step-down p-values of Westfall and Young (1993) from bootstrapped models. Written from the published
//! description of the command (Jones, Molitor and Reif 2019, Quarterly Journal of Economics 134, appendix). Draws are not
//! Stata's stream.

use super::resample::{Coefficient, Plan, Runs, Side, run as run_models};
use super::rwolf::reps;
use super::steps::{holm, sidak, stepdown};
use crate::commands::{CommandSpec, Example};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::options::Options;
use crate::syntax::split::{ParsedCommand, unquote};

const OWN: &[OptSpec] = &[
    OptSpec::text("cmd"),
    OptSpec::text("FAMILYP"),
    OptSpec::int("BOOTstraps"),
    OptSpec::int("seed"),
    OptSpec::text("strata"),
    OptSpec::text("cluster"),
];

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    notes: "OUTCOMEVAR in cmd() stands for each outcome; p-values of resamples test the estimates of the sample; pwyoung is the share of resamples whose smallest p-value among the outcomes not more significant is as small; pbonf and psidak are step-down corrections; with cluster() clusters are resampled; draws are not Stata's stream; stores r(table)",
    examples: &[Example {
        run: "set obs 30\nset seed 4\ngenerate x = _n\ngenerate y = 5*x + rnormal()\ngenerate z = rnormal()\nwyoung y z, cmd(regress OUTCOMEVAR x) familyp(x) bootstraps(20) seed(1)",
        expect: &[("el(r(table), 1, 4)", 0.0), ("el(r(table), 2, 5) - el(r(table), 2, 3)", 0.0)],
    }],
    ..CommandSpec::raw(
        "wyoung",
        6,
        run,
        "wyoung outcomes, cmd(model with OUTCOMEVAR) familyp(varname) bootstraps(#) [seed(#) strata(varlist) cluster(varlist)]",
    )
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let split = ParsedCommand::whole("wyoung", &cmd.raw)?;
    let refused = &[
        "subgroup",
        "controls",
        "familypexp",
        "permute",
        "permuteprogram",
        "strict",
        "singlestep",
        "detail",
        "noresampling",
        "familyexp",
        "weights",
        "force",
        "replace",
    ];
    let o = Options::parse("wyoung", &split.option_text, OWN, refused)?;
    let outcomes: Vec<String> =
        s.varlist(&split.list)?.into_iter().map(|v| s.frame.var(v).name.clone()).collect();
    let pattern = o.text("cmd").ok_or_else(|| StataError::invalid("option cmd() required"))?;
    let pattern = unquote(pattern.trim());
    if outcomes.is_empty() || !pattern.contains("OUTCOMEVAR") {
        return Err(StataError::invalid("wyoung needs outcomes, and OUTCOMEVAR in cmd()"));
    }
    let tested = o.text("familyp").ok_or_else(|| StataError::invalid("option familyp() required"))?;
    let [tested] = tested.split_whitespace().collect::<Vec<_>>()[..] else {
        return Err(StataError::unsupported_option("wyoung", "familyp() of several parameters"));
    };
    let models: Vec<String> = outcomes.iter().map(|y| pattern.replace("OUTCOMEVAR", y)).collect();
    let wanted: Vec<Coefficient> =
        (0..models.len()).map(|model| Coefficient { model, name: tested.to_string(), null: 0.0 }).collect();
    if o.int("bootstraps").is_none() {
        return Err(StataError::invalid("option bootstraps() required"));
    }
    let text = |name: &str| o.text(name).unwrap_or("").trim().to_string();
    let plan = Plan {
        reps: reps(o.int("bootstraps"))?,
        strata: text("strata"),
        cluster: text("cluster"),
        idcluster: String::new(),
        dots: false,
        verbose: false,
        use_valid: false,
    };
    if let Some(seed) = o.int("seed") {
        s.reseed(seed);
    }
    let runs = run_models(s, &models, &wanted, &plan)?;
    let m = table(&outcomes, &runs);
    print(s, &outcomes, tested, &m);
    let mut r = Results::default();
    r.matrix("table", m);
    s.r = r;
    Ok(())
}

/// Coefficients, standard errors and p-values: of the model, of Westfall and Young, step-down Bonferroni and Sidak.
fn table(outcomes: &[String], runs: &Runs) -> Matrix {
    let p: Vec<f64> = runs.sample.iter().map(|e| e.p(0.0, Side::Both)).collect();
    // small p-values speak against a hypothesis: their negatives are the statistics
    let statistics: Vec<f64> = p.iter().map(|p| -p).collect();
    let draws: Vec<Vec<f64>> = runs
        .draws
        .iter()
        .map(|d| d.iter().zip(&runs.sample).map(|(e, own)| -e.p(own.b, Side::Both)).collect())
        .collect();
    let young = stepdown(&statistics, &draws, false).stepdown;
    let (bonferroni, sidak) = (holm(&p), sidak(&p));
    let data: Vec<f64> = (0..p.len())
        .flat_map(|j| {
            let e = &runs.sample[j];
            [e.b, e.se, p[j], young[j], bonferroni[j], sidak[j]]
        })
        .collect();
    let mut m = Matrix::new(p.len(), 6, data);
    m.row_names = outcomes.iter().map(|y| Stripe::term(y.as_str())).collect();
    m.col_names =
        ["coef", "stderr", "p", "pwyoung", "pbonf", "psidak"].iter().map(|n| Stripe::term(*n)).collect();
    m
}

fn print(s: &mut Session, outcomes: &[String], tested: &str, m: &Matrix) {
    let heads = ["coef", "stderr", "p", "pwyoung", "pbonf", "psidak"];
    s.print("");
    s.print(format!("Westfall-Young free step-down p-values of {tested}"));
    s.print("");
    let line: String = heads.iter().map(|h| format!("{h:>11}")).collect();
    s.print(format!("{:>12} |{line}", "outcome"));
    s.print(format!("-------------+{}", "-".repeat(66)));
    for (i, y) in outcomes.iter().enumerate() {
        let cells: String = (0..6)
            .map(|j| {
                let fmt = if j < 2 { "%9.0g" } else { "%6.4f" };
                format!("{:>11}", format::bare(fmt, m.get(i, j)).trim())
            })
            .collect();
        s.print(format!("{:>12} |{cells}", format::abbrev(y, 12)));
    }
}
