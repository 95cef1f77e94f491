//! `mmqreg`: quantile regression via moments, with absorbed effects. Numbers: `estimators::quantile_moments`; syntax:
//! Rios-Avila (2020, help mmqreg).

use super::super::reghdfe_sets::{Grouping, groupings, units};
use super::{quantiles, warn};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::header::{Fact, show};
use crate::estimation::ml_command::{self, Layout, Look};
use crate::estimation::model::{Model, Reading};
use crate::estimation::post;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;
use crate::syntax::numlist;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::panel::Units;
use estimators::quantile_moments::{Covariance, ErrorQuantile, LocationScale, location_scale};
use estimators::vce::Vce;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Quantile"),
    OptSpec::text("Absorb"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::real("Level"),
    OptSpec::flag("LS"),
    OptSpec::flag("noHEader"),
])
.coefficient_table()
.unsupported(&["NOLS", "DENmean", "DENOPT", "DFADJ", "NOWARNing"]);

/// The command.
pub(in super::super) const SPEC: CommandSpec = CommandSpec {
    name: "mmqreg",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "mmqreg depvar [indepvars] [if] [in] [, quantile(numlist) absorb(a b a#b ...) robust cluster(v) ls level(#) noheader]",
    notes: "coefficients of location, of scale and of each quantile (equations location, scale and qtile, with several quantiles qtile_25 and so on; ls, to show the first two, is always on); quantiles in percent, the quantile of the standardised errors is the lower of two; standard errors are normal ones: those of the model, with robust the sums of squares of the influence of each row, with cluster() of each cluster times G/(G-1), nothing for degrees of freedom; density of the errors as qreg has it on a constant (fitted, hsheather); singletons of absorb() stay; not built: denopt() dfadj nols weights; stores e(N N_clust), e(b), e(V), e(q): share, quantile of the errors and their density; Machado and Santos Silva (2019), Rios-Avila, Siles and Canavire-Bacarreza (2024)",
    examples: &[Example {
        // The residuals of both halves are -4.5 to 4.5 with mean size 2.5; the 5th and 15th of 20 are -2.5 and 2.5.
        run: "set obs 20\ngenerate x = _n > 10\ngenerate y = 10*x + mod(_n - 1, 10) - 4.5\nmmqreg y x, quantile(25 75)",
        expect: &[
            ("_b[location:x]", 10.0),
            ("_b[scale:_cons]", 2.5),
            ("_b[qtile_25:_cons]", -2.5),
            ("_b[qtile_75:_cons]", 2.5),
        ],
    }],
};

/// Percentages of `quantile()` as shares.
fn shares(text: Option<&str>) -> Result<Vec<f64>> {
    let Some(text) = text else { return Ok(vec![0.5]) };
    let percent = numlist::expand(text)?;
    if percent.is_empty() || percent.iter().any(|q| !(*q > 0.0 && *q < 100.0)) {
        return Err(StataError::invalid("quantile() must be between 0 and 100"));
    }
    Ok(percent.iter().map(|q| q / 100.0).collect())
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if ml_command::replay(s, cmd, "mmqreg")? {
        return display(s, cmd);
    }
    let shares = shares(cmd.options.text("quantile"))?;
    let absorbed = match cmd.options.text("absorb") {
        Some(text) => groupings(s, text, "mmqreg", "absorb")?,
        None => Vec::new(),
    };
    let further = absorbed.iter().flat_map(|g| g.variables.iter().copied()).collect();
    let reading = Reading { further, weight_kinds: &[], ..Reading::new(cmd) };
    let mut model = reading.model(s)?.enough()?;
    let sets: Vec<Units> = absorbed.iter().map(|g| units(s, g, &model.design.rows)).collect();
    let fit = location_scale(&model.y, &model.columns(), &sets).map_err(fit_error)?;
    let omitted = model.omit(&fit.omitted);
    post::note_omitted(s, &omitted);
    let at = quantiles(&fit, &shares)?;
    warn(s, &fit);
    store(s, cmd, (&model, &absorbed), &fit, &at)?;
    display(s, cmd)
}

/// The name of the equation of a quantile.
fn equation(at: &ErrorQuantile, alone: bool) -> String {
    if alone {
        return "qtile".to_string();
    }
    format!("qtile_{}", format::bare("%9.0g", at.tau * 100.0).replace('.', "_"))
}

fn store(
    s: &mut Session,
    cmd: &ParsedCommand,
    (model, absorbed): (&Model, &[Grouping]),
    fit: &LocationScale,
    at: &[ErrorQuantile],
) -> Result<()> {
    let kind = match model.kernel_vce() {
        Vce::Cluster(clusters) if clusters.count < 2 => return Err(StataError::new(460, "only one cluster")),
        Vce::Cluster(clusters) => Covariance::Cluster(clusters),
        Vce::Robust => Covariance::Robust,
        _ => Covariance::Model,
    };
    let mut layout = Layout::default();
    let mut b: Vec<f64> = [fit.location.clone(), fit.scale.clone()].concat();
    for name in ["location", "scale"] {
        layout.equation(name, model.names(), &model.estimated());
    }
    for one in at {
        layout.equation(&equation(one, at.len() == 1), model.names(), &model.estimated());
        b.extend(fit.coefficients(one));
    }
    let parameters = layout.parameters(&b, &fit.covariance(at, &kind));
    let mut est = post::begin("mmqreg", &post::command_line(cmd), &parameters, model);
    let r = &mut est.results;
    r.scalar("N", model.y.len() as f64).text("title", "MM-QR regression").text("properties", "b V");
    if !absorbed.is_empty() {
        let names: Vec<&str> = absorbed.iter().map(|g| g.name.as_str()).collect();
        r.text("absorb", names.join(" "));
    }
    let mut q = Matrix::new(at.len(), 3, at.iter().flat_map(|a| [a.tau, a.q, 1.0 / a.sparsity]).collect());
    q.col_names = ["share", "q", "f"].map(Stripe::term).to_vec();
    r.matrix("q", q);
    s.post_estimation(est, model.touse.clone());
    Ok(())
}

fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !cmd.has("noheader") {
        let n = s.e.results.get_scalar("N").unwrap_or(MISSING);
        s.print("");
        show(s, &["MM-QR regression results".to_string()], &[Fact::observations(n)], 13, 10);
        if let Some(absorbed) = s.e.results.get_text("absorb").map(str::to_string) {
            s.print(format!("Absorbed effects: {absorbed}"));
        }
        s.print("");
    }
    ml_command::table(s, cmd, &Look { equations: true, ..Look::default() })
}
