//! `xtivreg`: panel regressions with endogenous regressors: within, between, first differences, random effects.
//!
//! Stores in `e()`: N N_g g_min g_avg g_max df_m df_r df_rz chi2 (F) p r2_w r2_b r2_o sigma_u sigma_e sigma rho theta rmse
//! rss, b, V, cmd depvar instd insts ivar model. Formulas: [XT] xtivreg.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::clogit::{group_rows, store_sizes};
use super::unit_variable;
use super::xtivreg_first::{self, First};
use super::xtivreg_show;
use crate::error::{Result, StataError};
use crate::estimation::cluster_rows::ClusterRows;
use crate::estimation::display::fit_error;
use crate::estimation::model::{Model, Reading, VceSpec, first_word, number_groups, single_column};
use crate::estimation::post::{self, Parameters, plain_stripe, stata};
use crate::estimation::sample::{OpenSample, Side};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::syntax::{Design, FvList, InstrumentList};
use estimators::distributions::{chi2_tail, f_tail};
use estimators::ols::total_squares;
use estimators::panel::{self, Units};
use estimators::panel_iv::{self, PanelIv};
use estimators::qr::{Design as Columns, choose_columns, choose_in_blocks};
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("fe"),
    OptSpec::flag("re"),
    OptSpec::flag("be"),
    OptSpec::flag("fd"),
    OptSpec::flag("SMall"),
    OptSpec::flag("REGress"),
    OptSpec::text("I"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::flag("noCONstant"),
    OptSpec::flag("nosa"),
    OptSpec::flag("EC2sls"),
    OptSpec::flag("FIRst"),
])
.coefficient_table()
.unsupported(&["THeta"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtivreg",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "xtivreg depvar [varlist1] (varlist2 = varlist_iv) [if] [in] [, fe|re [nosa ec2sls]|be|fd small first vce(conventional|robust|cluster v) level(#)]",
    notes: "vce(robust) is by unit, with fe and re; the chi-squared statistic of fe is that of the slopes and the constant on the degrees of freedom of the slopes, as Stata prints it; stores e(N N_g df_m chi2 (F) p r2_w r2_b r2_o sigma_u sigma_e rho theta rmse, with fe corr F_f df_a), e(b), e(V), r(table); formulas: [XT] xtivreg, Balestra and Varadharajan-Krishnakumar (1987), Baltagi (1981)",
    examples: &[Example {
        // Within each unit y moves by 2 for a move of x by 1 that z causes.
        run: "input id t y x z\n1 1 1 1 0\n1 2 5 3 1\n2 1 2 2 0\n2 2 6 4 1\n3 1 0 1 0\n3 2 4 3 1\n3 3 0 1 0\n1 3 1 1 0\nend\nxtset id t\nxtivreg y (x = z), fe",
        expect: &[("_b[x]", 2.0), ("e(N_g)", 3.0)],
    }],
};

/// The sample: exogenous regressors as a design, the rest as named columns.
pub(super) struct Sample {
    pub(super) model: Model,
    pub(super) endogenous: Vec<(String, Vec<f64>)>,
    pub(super) instruments: Vec<(String, Vec<f64>)>,
    pub(super) units: Units,
    rows: Vec<Vec<usize>>,
}

/// A list whose terms are differenced: `x L.y` becomes `D.x LD.y`.
fn differenced(session: &Session, text: &str) -> Result<String> {
    let list = FvList::parse(&session.frame, text, session.settings.varabbrev)?;
    if !list.factors().is_empty() {
        return Err(StataError::unsupported_option("xtivreg", "fd with factor variables"));
    }
    let terms = list.expand(&session.frame, &vec![true; session.frame.n_rows()])?;
    let name = |name: String| match name.split_once('.') {
        Some((operators, variable)) => format!("{operators}D.{variable}"),
        None => format!("D.{name}"),
    };
    Ok(terms.iter().map(|t| name(t.name())).collect::<Vec<_>>().join(" "))
}

fn read(session: &mut Session, cmd: &ParsedCommand, kind: &str) -> Result<(Sample, usize)> {
    let InstrumentList { rest, endogenous, instruments } = InstrumentList::parse(&cmd.list)?;
    let (depvar, exogenous) = first_word(&rest);
    let mut texts = [depvar, exogenous, endogenous, instruments].map(str::to_string);
    if kind == "fd" {
        for text in &mut texts {
            *text = differenced(session, text)?;
        }
    }
    let unit = unit_variable(session, cmd.options.text("i"))?;
    let abbrev = session.settings.varabbrev;
    let [outcome, exogenous, endogenous, instruments] =
        texts.map(|t| FvList::parse(&session.frame, &t, abbrev));
    let (outcome, exogenous, endogenous, instruments) = (outcome?, exogenous?, endogenous?, instruments?);
    let vce = VceSpec::parse("xtivreg", &cmd.options, &["conventional"])?;
    if vce != VceSpec::Default && !matches!(kind, "fe" | "re") {
        return Err(StataError::unsupported_option("xtivreg", "vce(robust) and vce(cluster) with be and fd"));
    }
    let reading = Reading { further: vec![unit], vce: Some(vce), weight_kinds: &[], ..Reading::new(cmd) };
    let mut open = OpenSample::open(session, cmd, &reading)?;
    for list in [&outcome, &exogenous, &endogenous, &instruments] {
        list.markout(&session.frame, &mut open.touse)?;
    }
    let rows: Vec<usize> = (0..open.touse.len()).filter(|i| open.touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let named = |list: &FvList| -> Result<Vec<(String, Vec<f64>)>> {
        let design = Design::build(&session.frame, list, &open.touse)?;
        let values = |i: usize| design.column(i).map(<[f64]>::to_vec).unwrap_or_default();
        Ok(design.active().into_iter().map(|i| (design.terms[i].name(), values(i))).collect())
    };
    let (endogenous, instruments) = (named(&endogenous)?, named(&instruments)?);
    let (depvar, y) = single_column(&session.frame, &outcome, &open.touse, &rows)?;
    let (side, omitted) = Side::build(session, &exogenous, &open.touse, true)?;
    post::note_omitted(session, &omitted);
    let mut all = vec![0.0; open.touse.len()];
    rows.iter().zip(&y).for_each(|(row, y)| all[*row] = *y);
    let mut model = open.close(session, depvar, &all, side.design, true).enough()?;
    if model.is_robust() && model.clusters.is_none() {
        // A robust covariance of a panel is by unit.
        model.vce = VceSpec::Cluster(session.frame.var(unit).name.clone());
        model.clusters = Some(ClusterRows::of(&session.frame, unit, &model.design.rows));
    }
    let (of_row, _) = number_groups(&session.frame, unit, &model.design.rows);
    let rows = group_rows(session, unit, &model);
    Ok((Sample { endogenous, instruments, units: Units::new(of_row), rows, model }, unit))
}

/// Leaves out regressors and instruments that are collinear after the transformation of the estimator.
fn drop_collinear(session: &mut Session, sample: &mut Sample, kind: &str) -> Result<()> {
    let transform = |c: &[f64]| match kind {
        "fe" => sample.units.within(c),
        "be" => sample.units.means(c, None),
        _ => c.to_vec(),
    };
    let moved = |columns: Vec<&[f64]>| -> Vec<Vec<f64>> { columns.into_iter().map(transform).collect() };
    let exogenous = moved(sample.model.columns());
    let endogenous = moved(sample.endogenous.iter().map(|c| c.1.as_slice()).collect());
    let instruments = moved(sample.instruments.iter().map(|c| c.1.as_slice()).collect());
    let views = |parts: [&[Vec<f64>]; 2]| -> Vec<Vec<f64>> { parts.concat() };
    let choose = |columns: &[Vec<f64>], sizes: &[usize]| {
        let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let design = Columns { columns: &slices, weights: None, constant: true };
        if sizes.is_empty() { choose_columns(design).1 } else { choose_in_blocks(design, sizes).1 }
    };
    let gone = choose(&exogenous, &[]);
    let first = exogenous.len();
    let lost_z: Vec<usize> = choose(&views([&exogenous, &instruments]), &[first, instruments.len()])
        .into_iter()
        .filter_map(|j| j.checked_sub(first))
        .collect();
    let lost_x = choose(&views([&exogenous, &endogenous]), &[first, endogenous.len()]);
    if lost_x.iter().any(|j| *j >= first) {
        return Err(StataError::new(498, "an endogenous regressor is collinear with the others"));
    }
    let mut at = 0;
    sample.instruments.retain(|_| {
        at += 1;
        !lost_z.contains(&(at - 1))
    });
    let names = sample.model.omit(&gone);
    post::note_omitted(session, &names);
    if sample.instruments.len() < sample.endogenous.len() {
        return Err(StataError::new(
            481,
            "equation not identified; must have at least as many instruments not in\nthe regression as there are instrumented variables",
        ));
    }
    Ok(())
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "xtivreg" {
        return xtivreg_show::show(session, cmd);
    }
    if cmd.has("noconstant") || cmd.has("regress") {
        return Err(StataError::unsupported_option("xtivreg", "noconstant and regress"));
    }
    let kinds: Vec<&str> = ["fe", "re", "be", "fd"].into_iter().filter(|k| cmd.has(k)).collect();
    if kinds.len() > 1 {
        return Err(StataError::invalid(format!("options {} may not be combined", kinds.join(" and "))));
    }
    let kind = kinds.first().copied().unwrap_or("re");
    let ec2sls = cmd.has("ec2sls");
    if ec2sls && kind != "re" {
        return Err(StataError::invalid(format!("options {kind} and ec2sls may not be combined")));
    }
    let (mut sample, unit) = read(session, cmd, kind)?;
    if cmd.has("first") && sample.model.clusters.is_some() {
        return Err(StataError::unsupported_option("xtivreg", "first with vce(robust) and vce(cluster)"));
    }
    if ec2sls && sample.units.sizes.iter().any(|n| *n != sample.units.sizes[0]) {
        return Err(StataError::unsupported_option("xtivreg", "ec2sls with panels of several lengths"));
    }
    drop_collinear(session, &mut sample, kind)?;
    let own = |columns: &[(String, Vec<f64>)]| columns.iter().map(|c| c.1.clone()).collect();
    let columns = panel_iv::Model {
        y: sample.model.y.clone(),
        endogenous: own(&sample.endogenous),
        exogenous: sample.model.columns().into_iter().map(<[f64]>::to_vec).collect(),
        instruments: own(&sample.instruments),
    };
    let units = &sample.units;
    let mut sigmas = None;
    let clusters = sample.model.clusters.as_ref().map(ClusterRows::kernel);
    let fit = match kind {
        "fe" => panel_iv::within(&columns, units, clusters),
        "be" => panel_iv::between(&columns, units),
        "fd" => panel_iv::pooled(&columns),
        _ => panel_iv::random(&columns, units, clusters, (cmd.has("nosa"), ec2sls)).map(|found| {
            sigmas = Some((found.sigma_u, found.sigma_e, found.theta));
            found.fit
        }),
    }
    .map_err(fit_error)?;
    if kind == "fe" {
        sigmas = Some((effects_deviation(&columns, units, &fit), fit.fit.rmse, Vec::new()));
    }
    if cmd.has("first") {
        let theta = sigmas.as_ref().map_or(&[][..], |s| s.2.as_slice());
        xtivreg_first::show(session, cmd, &First { sample: &sample, columns: &columns, kind, theta })?;
    }
    post_results(session, cmd, &sample, &columns, &fit, kind, sigmas);
    let name = session.frame.var(unit).name.clone();
    session.e.results.text("ivar", name);
    xtivreg_show::show(session, cmd)
}

/// Standard deviation of the unit means of the residuals.
fn effects_deviation(columns: &panel_iv::Model, units: &Units, fit: &PanelIv) -> f64 {
    let xb = columns.linear_prediction(&fit.fit.b);
    let raw: Vec<f64> = columns.y.iter().zip(&xb).map(|(y, f)| y - f).collect();
    let means = units.means(&raw, None);
    let n = means.len() as f64;
    let centre = means.iter().sum::<f64>() / n;
    (means.iter().map(|m| (m - centre).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
}

fn post_results(
    session: &mut Session,
    cmd: &ParsedCommand,
    sample: &Sample,
    columns: &panel_iv::Model,
    fit: &PanelIv,
    kind: &str,
    sigmas: Option<(f64, f64, Vec<f64>)>,
) {
    let model = &sample.model;
    let mut names: Vec<String> = sample.endogenous.iter().map(|c| c.0.clone()).collect();
    let first = names.len();
    names.extend(model.names());
    let estimated: Vec<usize> = (0..first).chain(model.estimated().iter().map(|p| p + first)).collect();
    let parameters = Parameters::spread(plain_stripe(names), &estimated, &fit.fit.b, &fit.fit.v);
    let mut est = post::begin("xtivreg", &post::command_line(cmd), &parameters, model);
    let results = &mut est.results;
    store_test(results, cmd, (kind, columns.slopes()), fit);
    results.scalar("N", model.y.len() as f64).scalar("df_rz", fit.df);
    store_sizes(results, &sample.rows);
    results.scalar("rss", fit.fit.rss).scalar("rmse", fit.fit.rmse).scalar("rank", fit.fit.b.len() as f64);
    if kind != "fd" {
        let xb = columns.linear_prediction(&fit.fit.b);
        let mut r2 = panel::r_squared(&columns.y, &xb, &sample.units);
        // The R-squared of the estimator's own model is that of its residuals.
        let own = |y: &[f64]| 1.0 - fit.fit.rss / total_squares(y, None, true);
        match kind {
            "fe" => r2[0] = own(&sample.units.within(&columns.y)),
            "be" => r2[1] = own(&sample.units.means(&columns.y, None)),
            _ => {}
        }
        for (name, value) in ["r2_w", "r2_b", "r2_o"].iter().zip(r2) {
            results.scalar(name, stata(value));
        }
    }
    if let Some((u, e, theta)) = sigmas {
        let total = u * u + e * e;
        results.scalar("sigma_u", u).scalar("sigma_e", e).scalar("sigma", total.sqrt());
        results.scalar("rho", u * u / total);
        if kind == "re" {
            super::xtreg::store_theta(results, theta);
        }
    }
    if kind == "fe" {
        let effects = panel_iv::effects(columns, &sample.units, fit);
        results.scalar("corr", stata(effects.correlation));
        if model.clusters.is_none() {
            results.scalar("F_f", stata(effects.f)).scalar("df_a", effects.df);
        }
    }
    let ec2sls = cmd.has("ec2sls");
    let listed =
        |columns: &[(String, Vec<f64>)]| columns.iter().map(|c| c.0.as_str()).collect::<Vec<_>>().join(" ");
    results.text("instd", listed(&sample.endogenous)).text(
        "model",
        match kind {
            "re" if ec2sls => "ec2sls",
            "re" => "g2sls",
            kind => kind,
        },
    );
    let exogenous = model.names().into_iter().filter(|n| n != "_cons").collect::<Vec<_>>().join(" ");
    results.text("insts", format!("{exogenous} {}", listed(&sample.instruments)).trim());
    results.text("title", title(kind, ec2sls));
    if results.get_text("vce").is_none() {
        results.text("vce", "conventional");
    }
    results.text("predict", "xtivp_1").text("properties", "b V");
    session.post_estimation(est, model.touse.clone());
}

/// Stores the test of the slopes: F on residual degrees of freedom with `small`, chi-squared without.
fn store_test(results: &mut Results, cmd: &ParsedCommand, (kind, slopes): (&str, usize), fit: &PanelIv) {
    let slopes: Vec<usize> = (0..slopes).collect();
    let mut test = wald::test_zero(&fit.fit.b, &fit.fit.v, &slopes);
    let df_m = test.df as f64;
    if kind == "fe" && !cmd.has("small") {
        // The chi-squared statistic is that of the constant as well, on the degrees of freedom of the slopes.
        let all: Vec<usize> = (0..fit.fit.b.len()).collect();
        test.chi2 = wald::test_zero(&fit.fit.b, &fit.fit.v, &all).chi2;
    }
    results.scalar("df_m", df_m);
    if cmd.has("small") {
        results.scalar("df_r", fit.df).scalar("F", stata(test.f()));
        results.scalar("p", stata(f_tail(df_m, fit.df, test.f()))).text("small", "small");
    } else {
        results.scalar("chi2", stata(test.chi2)).scalar("p", stata(chi2_tail(df_m, test.chi2)));
        results.text("chi2type", "Wald");
    }
}

fn title(kind: &str, ec2sls: bool) -> &'static str {
    match kind {
        "fe" => "Fixed-effects (within) IV regression",
        "be" => "Between-effects IV regression",
        "fd" => "First-differenced IV regression",
        _ if ec2sls => "EC2SLS random-effects IV regression",
        _ => "G2SLS random-effects IV regression",
    }
}
