//! `ppmlhdfe`: Poisson pseudo maximum likelihood with several sets of absorbed effects (Correia, Guimarães and Zylkin
//! 2020). Numbers: `estimators::ppml`. Rows that are alone in a group and separated rows are dropped.

use super::reghdfe::NOT_DEFINITE;
use super::reghdfe_sets::{Grouping, covariance, groupings, units};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::{fit_error, level, note_weights, show_active};
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood::effective_weights;
use crate::estimation::ml_command::{offset, offset_variables};
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::estimation::post::{self, Parameters, plain_stripe, stata};
use crate::format;
use crate::frame::{Column, Variable, is_valid_name};
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::MISSING;
use estimators::absorb::Absorber;
use estimators::absorb_fit::{nested, singletons};
use estimators::distributions::chi2_tail;
use estimators::panel::Units;
use estimators::ppml::{Ppml, PpmlFit, separated_by_groups};
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Absorb"),
    OptSpec::flag("noAbsorb"),
    OptSpec::text("EXPosure"),
    OptSpec::text("OFFset"),
    OptSpec::flag_or_text("D"),
    OptSpec::text("SEParation"),
    OptSpec::text("vce"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::flag("EFORM"),
    OptSpec::flag("IRr"),
    OptSpec::flag("KEEPSINgletons"),
    OptSpec::flag("noLOg"),
    OptSpec::flag("LOg"),
    OptSpec::real("Level"),
    OptSpec::flag("noHEader"),
])
.weights(&[WeightKind::Frequency, WeightKind::Probability])
.coefficient_table()
.unsupported(&[
    "TOLerance",
    "GUESS",
    "Verbose",
    "VERSion",
    "ITERate",
    "MAXITERations",
    "ITOLerance",
    "STANDardize_data",
    "noCHECK",
    "TAGSEP",
    "ZVARname",
    "R2",
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ppmlhdfe",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "ppmlhdfe depvar [indepvars] [if] [in] [fweight pweight] [, absorb(varlist [a#b ...]) exposure(v) offset(v) d[(newvar)] separation(fe ir | none) vce(robust|cluster varlist) irr eform keepsingletons level(#) nolog noheader]",
    notes: "stores e(N N_full num_singletons num_separated N_hdfe df df_m df_a rank ll ll_0 r2_p chi2 p deviance ic converged N_clust N_clustervars), e(b), e(V), absvars clustvar; covariances with the factors N/(N-1) and G/(G-1); separation() takes fe and ir, which finds what simplex and mu find; predict gives xb; see ppmlhdfe (SSC), Correia, Guimarães and Zylkin (2020)",
    examples: &[Example {
        // The mean of each cell of a saturated model is its observed mean: the ratio of the cells is the effect.
        run: "set obs 8\ngenerate g = ceil(_n/4)\ngenerate x = mod(_n, 2)\ngenerate y = cond(x, 6, 3)*g\nppmlhdfe y x, absorb(g) d(effects)",
        expect: &[
            ("_b[x]", std::f64::consts::LN_2),
            ("e(N)", 8.0),
            ("effects[5] - effects[1]", std::f64::consts::LN_2),
            ("e(df)", 5.0),
        ],
    }],
};

/// Counts of rows that were left out.
struct Dropped {
    full: usize,
    singletons: usize,
    separated: usize,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && s.e.cmd() == "ppmlhdfe" {
        return display(s, cmd);
    }
    let absorbed = match cmd.options.text("absorb") {
        Some(text) => groupings(s, text, "ppmlhdfe", "absorb")?,
        None => Vec::new(),
    };
    let (vce, clustered) = covariance(s, &cmd.options, "ppmlhdfe")?;
    let unadjusted = cmd.options.text("vce").is_some() && vce == VceSpec::Default;
    if unadjusted {
        return Err(StataError::invalid("vcetype unadjusted not allowed"));
    }
    let effects = effects_name(s, &cmd.options)?;
    let mut further: Vec<usize> =
        absorbed.iter().chain(&clustered).flat_map(|g| g.variables.clone()).collect();
    further.extend(offset_variables(s, &cmd.options)?);
    let reading = Reading {
        further,
        vce: Some(VceSpec::Robust),
        default_weight: WeightKind::Frequency,
        weight_kinds: &[WeightKind::Frequency, WeightKind::Probability],
        ..Reading::new(cmd)
    };
    let mut model = reading.model(s)?.enough()?;
    if model.y.iter().any(|y| *y < 0.0) {
        return Err(StataError::new(459, format!("{} must be greater than or equal to zero", model.depvar)));
    }
    let dropped = drop_rows(s, cmd, &mut model, &absorbed)?;
    note_weights(s, &model);
    let sets = sets(s, &model, &absorbed);
    let clusters: Vec<Units> = clustered.iter().map(|g| units(s, g, &model.design.rows)).collect();
    let known = offset(s, &cmd.options, &model.design.rows)?;
    let (weights, n) = effective_weights(&model);
    let fit = {
        let columns = model.columns();
        problem(&model, &columns, &sets, &weights, known.as_ref().map(|o| o.0.as_slice()), n)
            .fit(&clusters)
            .map_err(fit_error)?
    };
    if s.shows_log(|o| cmd.has(o)) {
        let state = if fit.converged { "Converged" } else { "Not converged" };
        s.print(format!("{state} in {} iterations", fit.iterations));
    }
    let active = model.columns().len();
    let lost: Vec<usize> = (0..active).filter(|k| !fit.kept.contains(k)).collect();
    let names = model.omit(&lost);
    post::note_omitted(s, &names);
    if fit.repaired {
        s.print(NOT_DEFINITE);
    }
    let parameters = Parameters::spread(plain_stripe(model.names()), &model.estimated(), &fit.b, &fit.v);
    let mut est = post::begin("ppmlhdfe", &post::command_line(cmd), &parameters, &model);
    if let Some((_, name)) = &known {
        est.results.text("offset", name);
    }
    store(&mut est.results, &fit, &dropped, n, &sets, &clusters);
    texts(&mut est.results, &absorbed, &clustered, &clusters);
    if let Some(name) = effects {
        save_effects(s, &model, &fit, known.as_ref().map(|o| o.0.as_slice()), &name)?;
        est.results.text("d", name);
    }
    let touse = model.touse.clone();
    s.post_estimation(est, touse);
    display(s, cmd)?;
    if fit.converged { Ok(()) } else { Err(StataError::not_converged()) }
}

/// Name of the variable of `d` or `d()`.
fn effects_name(s: &Session, options: &Options) -> Result<Option<String>> {
    if !options.has("d") {
        return Ok(None);
    }
    let name = options.text("d").map_or("_ppmlhdfe_d", str::trim).to_string();
    if !is_valid_name(&name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    if options.text("d").is_some() && s.frame.find(&name).is_some() {
        return Err(StataError::already_defined(&name));
    }
    Ok(Some(name))
}

fn sets(s: &Session, model: &Model, absorbed: &[Grouping]) -> Vec<Units> {
    match absorbed {
        [] => vec![Units::new(vec![0; model.y.len()])],
        list => list.iter().map(|g| units(s, g, &model.design.rows)).collect(),
    }
}

fn problem<'a>(
    model: &'a Model,
    columns: &'a [&'a [f64]],
    sets: &'a [Units],
    weights: &'a Option<(Vec<f64>, estimators::weights::WeightKind)>,
    offset: Option<&'a [f64]>,
    n: f64,
) -> Ppml<'a> {
    let frequency = weights.as_ref().is_some_and(|w| w.1 == WeightKind::Frequency);
    let weights = weights.as_ref().map(|w| w.0.as_slice());
    Ppml { y: &model.y, columns, sets, weights, frequency, offset, n }
}

/// Drops rows that are alone in a group and separated rows, with notes.
fn drop_rows(
    s: &mut Session,
    cmd: &ParsedCommand,
    model: &mut Model,
    absorbed: &[Grouping],
) -> Result<Dropped> {
    let (mut by_groups, mut by_rectifier) = (true, true);
    if let Some(text) = cmd.options.text("separation") {
        (by_groups, by_rectifier) = (false, false);
        for word in text.split_whitespace() {
            match word {
                "fe" => by_groups = true,
                "ir" => by_rectifier = true,
                "none" | "off" => {}
                "default" | "standard" | "on" | "all" => (by_groups, by_rectifier) = (true, true),
                _ => return Err(StataError::unsupported_option("ppmlhdfe", &format!("separation({word})"))),
            }
        }
    }
    let mut dropped = Dropped { full: model.y.len(), singletons: 0, separated: 0 };
    loop {
        let mut changed = false;
        if !cmd.has("keepsingletons") && !absorbed.is_empty() {
            let alone = singletons(&sets(s, model, absorbed));
            changed |= !alone.is_empty();
            dropped.singletons += alone.len();
            model.drop_rows(s, &alone)?;
        }
        if by_groups && !absorbed.is_empty() {
            let apart = separated_by_groups(&model.y, &sets(s, model, absorbed));
            changed |= !apart.is_empty();
            // ppmlhdfe counts these with the singletons
            dropped.singletons += apart.len();
            model.drop_rows(s, &apart)?;
        }
        if by_rectifier && !changed && !model.y.is_empty() {
            let apart = {
                let columns = model.columns();
                problem(model, &columns, &sets(s, model, absorbed), &None, None, 0.0)
                    .separated()
                    .map_err(fit_error)?
            };
            changed |= !apart.is_empty();
            dropped.separated += apart.len();
            model.drop_rows(s, &apart)?;
        }
        if model.y.is_empty() {
            return Err(StataError::insufficient_observations());
        }
        if !changed {
            break;
        }
    }
    let many = |count: usize| if count == 1 { "" } else { "s" };
    if dropped.singletons > 0 {
        let count = dropped.singletons;
        s.print(format!(
            "(dropped {count} observation{} that are either singletons or separated by a fixed effect)",
            many(count)
        ));
    }
    if dropped.separated > 0 {
        s.print(format!("(dropped {} separated observation{})", dropped.separated, many(dropped.separated)));
    }
    Ok(dropped)
}

fn store(
    results: &mut crate::results::Results,
    fit: &PpmlFit,
    dropped: &Dropped,
    n: f64,
    sets: &[Units],
    clusters: &[Units],
) {
    let slopes: Vec<usize> = (0..fit.kept.len()).collect();
    let test = wald::test_zero(&fit.b, &fit.v, &slopes);
    let redundant = Absorber::new(sets, None).redundant();
    let df_a: usize = sets
        .iter()
        .zip(&redundant)
        .filter(|(set, _)| !clusters.iter().any(|c| nested(set, c)))
        .map(|(set, lost)| set.count() - lost)
        .sum();
    results.scalar("N", n).scalar("N_full", dropped.full as f64);
    results.scalar("num_singletons", dropped.singletons as f64);
    results.scalar("num_separated", dropped.separated as f64).scalar("N_hdfe", sets.len() as f64);
    results.scalar("df_m", slopes.len() as f64).scalar("df_a", df_a as f64);
    results.scalar("df", n - slopes.len() as f64 - df_a as f64).scalar("rank", fit.b.len() as f64);
    results.scalar("ll", fit.ll.0).scalar("ll_0", fit.ll.1).scalar("r2_p", stata(1.0 - fit.ll.0 / fit.ll.1));
    let chi2 = if slopes.is_empty() { f64::NAN } else { test.chi2 };
    results.scalar("chi2", stata(chi2));
    results.scalar("p", stata(if slopes.is_empty() { f64::NAN } else { chi2_tail(test.df as f64, chi2) }));
    results.scalar("deviance", fit.deviance).scalar("ic", fit.iterations as f64);
    results.scalar("converged", f64::from(u8::from(fit.converged)));
}

fn texts(
    results: &mut crate::results::Results,
    absorbed: &[Grouping],
    clustered: &[Grouping],
    clusters: &[Units],
) {
    let list = |all: &[Grouping]| all.iter().map(|g| g.name.as_str()).collect::<Vec<_>>().join(" ");
    let absvars = if absorbed.is_empty() { "_cons".to_string() } else { list(absorbed) };
    results.text("absvars", absvars.as_str()).text("extended_absvars", absvars);
    results.text("title", "HDFE PPML regression").text("predict", "ppmlhdfe_p").text("chi2type", "Wald");
    results.text("properties", "b V").text("separation", "fe ir");
    if !clustered.is_empty() {
        results.text("vce", "cluster").text("vcetype", "Robust").text("clustvar", list(clustered));
        let smallest = clusters.iter().map(Units::count).min().unwrap_or(0);
        results.scalar("N_clust", smallest as f64).scalar("N_clustervars", clustered.len() as f64);
        for (k, (grouping, units)) in clustered.iter().zip(clusters).enumerate() {
            results.text(&format!("clustvar{}", k + 1), grouping.name.as_str());
            results.scalar(&format!("N_clust{}", k + 1), units.count() as f64);
        }
    }
}

/// The sum of the absorbed effects: the linear predictor without `xb` and the offset.
fn save_effects(
    s: &mut Session,
    model: &Model,
    fit: &PpmlFit,
    offset: Option<&[f64]>,
    name: &str,
) -> Result<()> {
    let mut values = vec![MISSING; s.frame.n_rows()];
    let columns = model.columns();
    for (i, row) in model.design.rows.iter().enumerate() {
        let xb: f64 = columns.iter().zip(&fit.b).map(|(c, b)| c[i] * b).sum::<f64>()
            + fit.b.get(columns.len()).copied().unwrap_or(0.0);
        values[*row] = fit.eta[i] - xb - offset.map_or(0.0, |o| o[i]);
    }
    if let Some(old) = s.frame.find(name) {
        s.frame.drop_vars(&[old]);
    }
    let mut variable = Variable::new(name, Column::Double(values));
    variable.label = "Sum of fixed effects".to_string();
    s.frame.add(variable).map(|_| ())
}

fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    if !cmd.has("noheader") {
        let e = &s.e.results;
        let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
        let facts = [
            Fact::observations(scalar("N")),
            Fact::new("Residual df", "%9.0gc", scalar("df")),
            Fact::statistic("Wald chi2", &[scalar("df_m")], scalar("chi2")),
            Fact::probability("Prob > chi2", scalar("p")),
            Fact::probability("Pseudo R2", scalar("r2_p")),
        ];
        let sets = scalar("N_hdfe");
        let mut left = vec![
            "HDFE PPML regression".to_string(),
            format!("Absorbing {sets} HDFE group{}", if sets == 1.0 { "" } else { "s" }),
            format!("Deviance             = {}", format::bare("%9.0g", scalar("deviance"))),
            format!("Log pseudolikelihood = {}", format::bare("%9.0g", scalar("ll"))),
        ];
        for k in 1..=scalar("N_clustervars").min(5.0) as usize {
            if let Some(name) = e.get_text(&format!("clustvar{k}")) {
                left.push(format!("Number of clusters ({name}) = {}", scalar(&format!("N_clust{k}"))));
            }
        }
        s.print("");
        show(s, &left, &facts, 17, 9);
    }
    s.print("");
    let eform = (cmd.has("irr") || cmd.has("eform")).then_some(if cmd.has("irr") { "IRR" } else { "exp(b)" });
    show_active(s, level, eform)
}
