//! `oglm`: ordered categories with a choice of links and a modelled scale (Williams 2010, Stata Journal 10). Written from its
//! help file.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::likelihood;
use crate::estimation::linear::Parameters;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{Model, Reading};
use crate::estimation::post::note_omitted;
use crate::estimation::sample::Side;
use crate::estimation::{response_models, response_shares};
use crate::matrix::{Matrix, Stripe};
use crate::ml_options;
use crate::ops::predict::{Own, Prediction, add, new_names};
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::ml::Equation;
use estimators::ml_ordered_scale::{OrderedScale, ScaledLink};

const WEIGHTS: &[WeightKind] = &[WeightKind::Frequency, WeightKind::Importance, WeightKind::Probability];
const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::text("LInk"),
    OptSpec::text("HETero"),
    OptSpec::text("scale"),
    OptSpec::text("eq2"),
    OptSpec::flag("or"),
    OptSpec::flag("hc"),
    OptSpec::flag("ls"),
    OptSpec::text("STOre"),
])
.weights(WEIGHTS)
.maximised()
.unsupported(&["force", "trustme", "LRForce", "flip", "startvals", "irr", "rrr", "eform", "hr"]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "oglm",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "oglm depvar [indepvars] [if] [in] [weight] [, link(logit|probit|cloglog|loglog|cauchit) hetero(varlist) scale(varlist) eq2(varlist) hc ls vce(oim|robust|cluster v) robust cluster(v) or store(name) level(#) log]",
    notes: "the probability of a category above a cut is F((x - cut)/sigma); the log of sigma is the equation lnsigma (hc: variance, ls: scale); the likelihood-ratio test is of all parameters but the cuts; the iteration log needs log; stores e(N k_cat ll ll_0 chi2 p df_m r2_p), e(link), e(cat), e(b), e(V); predict: pr with outcome(), xb, sigma; margins takes the same",
    examples: &[Example {
        // The outcome does not depend on x: the limits are logits of 1/4 and 3/4.
        run: "input y x\n1 0\n1 1\n2 0\n2 1\n2 0\n2 1\n3 0\n3 1\nend\noglm y x\npredict double p, outcome(2)",
        expect: &[
            ("abs(_b[x]) < 1e-6", 1.0),
            ("abs(_b[/cut1] + ln(3)) < 1e-6", 1.0),
            ("abs(p - .5) < 1e-6", 1.0),
        ],
    }],
};

const LINKS: &[(&str, ScaledLink, &str)] = &[
    ("logit", ScaledLink::Logit, "Logistic"),
    ("probit", ScaledLink::Probit, "Probit"),
    ("cloglog", ScaledLink::Cloglog, "Cloglog"),
    ("loglog", ScaledLink::Loglog, "Loglog"),
    ("cauchit", ScaledLink::Cauchit, "Cauchit"),
];

type Linked = &'static (&'static str, ScaledLink, &'static str);

fn chosen(text: Option<&str>) -> Result<Linked> {
    let asked = match text.map_or("logit", str::trim) {
        "ll" => "loglog",
        text => text,
    };
    if asked == "log" {
        return Err(StataError::unsupported_option("oglm", "link(log)"));
    }
    let least = if asked.starts_with("ca") { 2 } else { 1 };
    LINKS
        .iter()
        .find(|l| asked.len() >= least && l.0.starts_with(asked))
        .ok_or_else(|| StataError::invalid(format!("link({asked}) invalid")))
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let cuts = |s: &Session| s.e.results.get_scalar("k_aux").unwrap_or(0.0) as usize;
    let look = |s: &Session| Look {
        eform: cmd.has("or").then_some("Odds ratio"),
        ancillary: cuts(s),
        equations: s.e.results.get_text("scale_eq").is_some(),
        ..Look::default()
    };
    let header = |s: &mut Session| {
        let title = s.e.results.get_text("title").unwrap_or("").to_string();
        likelihood::header(s, &title);
    };
    let estimate = |s: &mut Session| estimate(s, cmd);
    let command =
        MlCommand { name: "oglm", estimate: &estimate, header: &header, look: &look, footer: &|_| {} };
    ml_command::run(session, cmd, &command)?;
    match cmd.options.text("store") {
        Some(name) => crate::ops::run::quietly(session, &format!("estimates store {}", name.trim())),
        None => Ok(()),
    }
}

/// Values of the outcome, ascending, and the number of the value of each row.
fn categories(model: &Model) -> Result<(Vec<f64>, Vec<usize>)> {
    let mut values = model.y.clone();
    values.sort_by(f64::total_cmp);
    values.dedup();
    if values.len() < 2 {
        return Err(StataError::new(148, "too few categories: the outcome does not vary"));
    }
    if values.len() > 20 {
        return Err(StataError::new(149, "too many categories: more than 20 outcomes"));
    }
    let of_row = model.y.iter().map(|y| values.partition_point(|v| v < y)).collect();
    Ok((values, of_row))
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (name, link, shown) = *chosen(cmd.options.text("link"))?;
    let lists: Vec<&str> = ["hetero", "scale", "eq2"].iter().filter_map(|o| cmd.options.text(o)).collect();
    if lists.len() > 1 || (cmd.has("hc") && cmd.has("ls")) {
        return Err(StataError::invalid(
            "only one of hetero(), scale() and eq2(), and of hc and ls, is allowed",
        ));
    }
    let list = FvList::parse(&session.frame, lists.first().unwrap_or(&""), session.settings.varabbrev)?;
    let further = list.variables().iter().map(|v| session.variable(v)).collect::<Result<Vec<_>>>()?;
    let mut model = Reading { further, ..Reading::likelihood(cmd, WEIGHTS) }.model(session)?.enough()?;
    // the cut points are the constants: a constant regressor is collinear with them
    drop_collinear(session, &mut model);
    model.constant = false;
    let (values, of_row) = categories(&model)?;
    let (scale, omitted) = Side::build(session, &list, &model.touse, false)?;
    note_omitted(session, &omitted);
    let scaled = !scale.columns().is_empty();
    let cuts = values.len() - 1;
    let single = || Equation { columns: Vec::new(), constant: true, offset: None };
    let index = |columns| Equation { columns, constant: false, offset: None };
    let mut equations = vec![index(model.columns())];
    equations.extend(scaled.then(|| index(scale.columns())));
    equations.extend((0..cuts).map(|_| single()));
    let mut null = vec![index(Vec::new())];
    null.extend((0..cuts).map(|_| single()));
    let shares: Vec<f64> =
        (0..cuts).map(|c| of_row.iter().filter(|k| **k <= c).count() as f64 / of_row.len() as f64).collect();
    let start: Vec<f64> = shares.iter().map(|p| link.cut(*p)).collect();
    let kernel = |scaled: bool| OrderedScale { y: &of_row, categories: values.len(), link, scaled };
    let null = ml_command::quiet(&model, &kernel(false), null, &start)?;
    let (slopes, widths) = (model.columns().len(), scale.columns().len());
    let mut from = vec![0.0; slopes + widths];
    from.extend(&null.b);
    let (first, second) = match (cmd.has("hc"), cmd.has("ls")) {
        (true, _) => ("choice", "variance"),
        (_, true) => ("location", "scale"),
        _ => (model.depvar.as_str(), "lnsigma"),
    };
    let mut layout = Layout::default();
    layout.equation(first, model.names(), &model.estimated());
    if scaled {
        layout.equation(second, scale.names(), &scale.estimated());
    }
    (1..=cuts).for_each(|cut| {
        layout.ancillary(&format!("cut{cut}"));
    });
    // the iterations are shown on demand alone
    let silent = usize::from(!cmd.has("log"));
    session.out.quiet += silent;
    let fit = likelihood::maximise(session, &cmd.options, &model, &kernel(scaled), equations, &from, &layout);
    session.out.quiet -= silent;
    let fit = fit?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested: Vec<usize> = (0..slopes + widths).collect();
    let title = match scaled {
        true => format!("Heteroskedastic Ordered {shown} Regression"),
        false => format!("Ordered {shown} Regression"),
    };
    let posted = Posted {
        cmd: "oglm",
        title: &title,
        predict: "oglm_p",
        parameters: &parameters,
        fit: &fit,
        ll_0: Some(null.ll),
        tested: &tested,
        equations: 1.0 + f64::from(u8::from(scaled)) + cuts as f64,
    };
    let mut est = ml_command::begin(cmd, &model, &posted);
    let mut matrix = Matrix::new(1, values.len(), values.clone());
    matrix.row_names = vec![Stripe::term("r1")];
    est.results.scalar("k_cat", values.len() as f64).matrix("cat", matrix).text("link", name);
    if scaled {
        est.results.text("scale_eq", second);
    }
    session.post_estimation(est, model.touse.clone());
    Ok(())
}

const PREDICT: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("Pr"),
    OptSpec::text("Outcome"),
    OptSpec::flag("xb"),
    OptSpec::flag("Sigma"),
])
.unsupported(&["stdp", "SCores"]);

/// `predict` after `oglm`.
pub(super) fn predict(after: &str) -> Option<Own> {
    (after == "oglm").then_some((&PREDICT, predict_outcomes))
}

fn predict_outcomes(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (kind, names) = new_names(s, cmd)?;
    let touse = s.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let parameters = Parameters::of(&s.e)?;
    let of = |s: &Session, asked: &str| -> Result<Prediction> {
        let response = response_models::of(s, &parameters, asked).ok_or_else(StataError::syntax)??;
        let values = response_shares::values(s, &parameters, &response, &rows)?;
        Ok(Prediction { values, label: response.label })
    };
    let outcomes = s.e.results.get_scalar("k_cat").unwrap_or(0.0) as usize;
    if let [(name, false)] = &names[..] {
        let asked = match (cmd.has("xb"), cmd.has("sigma"), cmd.options.text("outcome")) {
            (true, _, _) => "xb".to_string(),
            (_, true, _) => "sigma".to_string(),
            (_, _, Some(outcome)) => format!("outcome({})", outcome.trim()),
            _ => "outcome(#1)".to_string(),
        };
        let found = of(s, &asked)?;
        return add(s, name, kind, &rows, found);
    }
    let names: Vec<String> = match names[0].1 {
        true => (1..=outcomes).map(|i| format!("{}{i}", names[0].0)).collect(),
        false => names.into_iter().map(|n| n.0).collect(),
    };
    if names.len() != outcomes {
        return Err(StataError::new(102, format!("{outcomes} new variable names needed")));
    }
    let all: Vec<Prediction> =
        (1..=outcomes).map(|i| of(s, &format!("outcome(#{i})"))).collect::<Result<_>>()?;
    for (name, prediction) in names.iter().zip(all) {
        add(s, name, kind, &rows, prediction)?;
    }
    Ok(())
}
