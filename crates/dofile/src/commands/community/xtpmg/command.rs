//! `xtpmg`: pooled mean group, mean group and dynamic fixed effects. Numbers: `estimators::pooled_mean_group`; syntax:
//! Blackburne and Frank (2007, Stata Journal 7, 197-208).

use super::model::{Data, Fitted, dynamic_effects, mean_group, pooled};
use super::show;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::ml_command::{self, Layout};
use crate::estimation::post;
use crate::frame::{Column, Variable};
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("LR"),
    OptSpec::text("EC"),
    OptSpec::flag("REPLACE"),
    OptSpec::flag("PMG"),
    OptSpec::flag("MG"),
    OptSpec::flag("DFE"),
    OptSpec::flag("FE"),
    OptSpec::flag("noCONStant"),
    OptSpec::text("CLuster"),
    OptSpec::real("Level"),
    OptSpec::flag("noLOg"),
    // how a step is made where the likelihood is not concave: here by eigenvalues, always
    OptSpec::flag("DIFficult"),
])
.coefficient_table()
.unsupported(&["FULL", "CONSTraints"]);

/// The command.
pub(in super::super) const SPEC: CommandSpec = CommandSpec {
    name: "xtpmg",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "xtpmg depvar [indepvars] [if] [in], lr(varlist) [ec(newvar) replace {pmg|mg|dfe} noconstant cluster(v) level(#) nolog]",
    notes: "after xtset; the first variable of lr() has the coefficient one, D.y = phi (L.y - x'theta) + short run; equations ec (the name of ec(), __ec without it) and SR; pmg: long run by maximum likelihood, covariance from the second derivatives of the concentrated likelihood, short run as means over groups; mg: means over groups, covariance from their spread; dfe: within regression, long run by the delta method, cluster() with dfe only; the error correction term is stored as a variable in the sample, and the results as pmg, mg or DFE; the search starts from the long run of dfe; not built: full constraints(); stores e(N N_g n_g g_min g_avg g_max ll sigma), e(b), e(V), model ivar tvar; Pesaran, Shin and Smith (1999), Pesaran and Smith (1995)",
    examples: &[Example {
        // The mean group is the mean of the regressions of the groups.
        run: "set obs 60\ngenerate id = 1 + (_n > 30)\nbysort id: generate t = _n\ngenerate double x = sum(mod(7*_n, 11) - 5)\ngenerate double y = x/id + mod(5*_n, 13)/2\nxtset id t\nquietly regress D.y L.y x D.x if id == 1\nscalar a = -_b[x]/_b[L.y]\nquietly regress D.y L.y x D.x if id == 2\nscalar b = -_b[x]/_b[L.y]\nxtpmg D.y D.x, lr(L.y x) ec(ec) mg",
        expect: &[
            ("reldif([ec]_b[x], (a + b)/2) < 1e-9", 1.0),
            ("reldif([ec]_se[x], abs(a - b)/2) < 1e-9", 1.0),
            ("e(n_g)", 2.0),
        ],
    }],
};

/// The estimators.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Pooled,
    Means,
    Effects,
}

fn kind(cmd: &ParsedCommand) -> Result<Kind> {
    let asked = [
        (cmd.has("pmg"), Kind::Pooled),
        (cmd.has("mg"), Kind::Means),
        (cmd.has("dfe") || cmd.has("fe"), Kind::Effects),
    ];
    let asked: Vec<Kind> = asked.into_iter().filter(|a| a.0).map(|a| a.1).collect();
    match asked.as_slice() {
        [] => Ok(Kind::Pooled),
        [one] => Ok(*one),
        _ => Err(StataError::invalid("options pmg, mg and dfe may not be combined")),
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if ml_command::replay(s, cmd, "xtpmg")? {
        return show::display(s, cmd);
    }
    let kind = kind(cmd)?;
    if kind != Kind::Effects && cmd.options.text("cluster").is_some() {
        return Err(StataError::unsupported_option("xtpmg", "cluster() without dfe"));
    }
    if kind == Kind::Effects && cmd.has("noconstant") {
        return Err(StataError::unsupported_option("xtpmg", "noconstant with dfe"));
    }
    let name = cmd.options.text("ec").unwrap_or("__ec").trim().to_string();
    let taken = s.frame.find(&name);
    if taken.is_some() && !cmd.has("replace") {
        return Err(StataError::new(110, format!("variable {name} already defined")));
    }
    if !crate::frame::is_valid_name(&name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    let data = Data::read(s, cmd)?;
    let fitted = match kind {
        Kind::Pooled => pooled(s, cmd, &data)?,
        Kind::Means => mean_group(s, &data)?,
        Kind::Effects => dynamic_effects(&data)?,
    };
    let label = match kind {
        Kind::Pooled => "pmg",
        Kind::Means => "mg",
        Kind::Effects => "DFE",
    };
    if let Some(at) = taken {
        s.frame.drop_vars(&[at]);
    }
    let mut values = vec![MISSING; s.frame.n_rows()];
    data.model.design.rows.iter().zip(&fitted.correction).for_each(|(row, x)| values[*row] = *x);
    s.frame.add(Variable::new(&name, Column::Double(values)))?;
    store(s, cmd, &data, &fitted, (label, &name));
    quietly(s, &format!("estimates store {label}"))?;
    show::display(s, cmd)?;
    if fitted.converged { Ok(()) } else { Err(StataError::not_converged()) }
}

fn store(s: &mut Session, cmd: &ParsedCommand, data: &Data, fitted: &Fitted, (label, ec): (&str, &str)) {
    let mut layout = Layout::default();
    let all = |names: &[String]| (0..names.len()).collect::<Vec<_>>();
    layout.equation(ec, data.long.clone(), &all(&data.long));
    let mut short = vec![ec.to_string()];
    short.extend(data.short.iter().cloned());
    short.extend(data.model.constant.then(|| "_cons".to_string()));
    layout.equation("SR", short.clone(), &all(&short));
    let parameters = layout.parameters(&fitted.b, &fitted.v);
    let mut est = post::begin("xtpmg", &post::command_line(cmd), &parameters, &data.model);
    let r = &mut est.results;
    let sizes: Vec<f64> = data.members.iter().map(|m| m.len() as f64).collect();
    let (n, groups) = (data.model.y.len() as f64, sizes.len() as f64);
    r.scalar("N", n).scalar("N_g", groups).scalar("n_g", groups);
    r.scalar("g_min", sizes.iter().copied().fold(f64::INFINITY, f64::min)).scalar("g_avg", n / groups);
    r.scalar("g_max", sizes.iter().copied().fold(0.0, f64::max));
    if let Some(ll) = fitted.ll {
        r.scalar("ll", ll);
    }
    if let Some(sigma) = fitted.sigma {
        r.scalar("sigma", sigma);
    }
    r.text("model", label).text("ivar", data.unit.as_str()).text("tvar", data.time.as_str());
    r.text("properties", "b V");
    s.post_estimation(est, data.model.touse.clone());
}
