//! `margeff`: average marginal effects after binary and count models, discrete changes for 0/1 variables. Written from
//! the documentation of Bartus (2005), Stata Journal 5(3).

use super::model::{Kind, Margins, Model};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::post::kernel;
use crate::estimation::table::Table;
use crate::matrix::{Matrix, Stripe};
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::text("at"),
    OptSpec::flag("Replace"),
    OptSpec::flag("Percent"),
    OptSpec::flag("noDIScrete"),
    OptSpec::real("Level"),
])
.unsupported(&["DUMmies", "COunt", "Outcome", "EForm", "MODel", "NOOFFset", "NOWght", "CONStant"]);

/// The command.
pub(in super::super) const SPEC: CommandSpec = CommandSpec {
    name: "margeff",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "margeff [compute] [, at(mean) percent nodiscrete replace level(#)]",
    notes: "after logit, logistic, probit, cloglog, poisson and nbreg without factor variables; effects are means over the sample, at(mean) gives them at the means; a 0/1 variable has the change from 0 to 1; stores r(table), r(margeff_b) r(margeff_V), with replace e(b) e(V); Bartus (2005)",
    examples: &[Example {
        run: "set obs 40\ngenerate x = mod(_n, 7)\ngenerate d = mod(_n, 3) == 1\ngenerate y = mod(_n * 7, 11) + x > 7\nlogit y x d\nmargins, dydx(x)\nmatrix m = r(b)\nmargeff\nmatrix b = r(margeff_b)",
        expect: &[("reldif(b[1,1], m[1,1]) < 1e-12", 1.0), ("colsof(b)", 2.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !["", "compute"].contains(&cmd.list.trim()) {
        return Err(StataError::syntax());
    }
    let model = Model::of(s, "margeff")?;
    if !matches!(model.kind, Kind::Binary | Kind::Count) {
        return Err(StataError::new(
            322,
            format!("margeff after {} is not supported by the open engine", model.command),
        ));
    }
    if model.parameters.terms.iter().flatten().any(|t| t.name().contains('.') || t.name().contains('#')) {
        return Err(StataError::new(198, "margeff does not work with factor variables: margins does"));
    }
    let means = match cmd.options.text("at").map(str::trim) {
        None => "",
        Some("mean" | "means") => " atmeans",
        Some(other) => return Err(StataError::unsupported_option("margeff", &format!("at({other})"))),
    };
    let scale = if cmd.has("percent") { 100.0 } else { 1.0 };
    let names = model.regressors();
    let (mut b, mut jacobian) = (Vec::new(), Vec::new());
    for name in &names {
        let v = s.variable(name)?;
        let binary = model.rows.iter().all(|r| [0.0, 1.0].contains(&s.frame.num_at(v, *r)));
        if binary && !cmd.has("nodiscrete") {
            let found = Margins::run(s, &format!(", at({name}=0) at({name}=1){means}"))?;
            b.push(scale * (found.b[1] - found.b[0]));
            let j = &found.jacobian;
            jacobian.push((0..j.cols()).map(|k| scale * (j.get(1, k) - j.get(0, k))).collect::<Vec<_>>());
        } else {
            let found = Margins::run(s, &format!(", dydx({name}){means}"))?;
            b.push(scale * found.b[0]);
            jacobian.push((0..found.jacobian.cols()).map(|k| scale * found.jacobian.get(0, k)).collect());
        }
    }
    let k = names.len();
    let covariance = &model.parameters.v;
    let mut v = Matrix::new(k, k, vec![0.0; k * k]);
    for i in 0..k {
        for j in 0..k {
            let sum = (0..jacobian[i].len())
                .map(|p| {
                    jacobian[i][p]
                        * (0..jacobian[j].len()).map(|q| covariance[(p, q)] * jacobian[j][q]).sum::<f64>()
                })
                .sum();
            v.set(i, j, sum);
        }
    }
    let stripe: Vec<Stripe> = names.iter().map(|n| Stripe::term(n.as_str())).collect();
    v.row_names = stripe.clone();
    v.col_names = stripe.clone();
    let what = match (model.kind, means.is_empty()) {
        (Kind::Binary, true) => format!("Average marginal effects on Prob({}==1)", model.outcome),
        (Kind::Binary, false) => format!("Marginal effects on Prob({}==1) at the means", model.outcome),
        (_, true) => format!("Average marginal effects on E({})", model.outcome),
        (_, false) => format!("Marginal effects on E({}) at the means", model.outcome),
    };
    s.print("");
    s.print(format!("{what} after {}", model.command));
    s.print("");
    finish(s, cmd, &model, (b, v), stripe)
}

/// Prints the table, stores the effects and with `replace` makes them the active estimates.
fn finish(
    s: &mut Session,
    cmd: &ParsedCommand,
    model: &Model,
    (b, v): (Vec<f64>, Matrix),
    stripe: Vec<Stripe>,
) -> Result<()> {
    let level = level(s, cmd)?;
    let se: Vec<f64> = kernel(&v).diagonal().iter().map(|x| x.max(0.0).sqrt()).collect();
    let table = Table {
        title: &model.outcome,
        equations: false,
        ..Table::of_equations(&stripe, &b, &se, None, level)
    };
    s.r = Results::default();
    table.print(s);
    table.store(s);
    let b = Matrix::row_vector(b, stripe);
    s.r.matrix("margeff_b", b.clone()).matrix("margeff_V", v.clone());
    if cmd.has("replace") {
        let sample = s.required_estimation_sample()?.to_vec();
        let mut results = Results::default();
        results.scalar("N", s.e.results.get_scalar("N").unwrap_or(f64::NAN));
        results.text("cmd", "margeff").text("depvar", model.outcome.as_str()).text("properties", "b V");
        results.matrix("b", b).matrix("V", v);
        s.post_estimation(Estimation { results, ..Estimation::default() }, sample);
    }
    Ok(())
}
