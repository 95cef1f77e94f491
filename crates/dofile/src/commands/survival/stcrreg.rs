//! `stcrreg`: regression of the subhazard of one kind of event in the presence of others. The likelihood is in
//! `estimators::subhazard`, what follows an estimation in `stcrreg_post`.

use super::stset::event_codes;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::display::{level, show_active};
use crate::estimation::header::{Fact, show as show_header};
use crate::estimation::likelihood::{MAXIMIZE, iteration, label, limits};
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::estimation::post::{self, Parameters, plain_stripe};
use crate::estimation::survival::{Records, Settings, show};
use crate::format;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::numlist;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::cox_after::robust;
use estimators::distributions::chi2_tail;
use estimators::matrix::Mat;
use estimators::subhazard::{End, SubhazardFit, Subjects, fit, scores};
use estimators::vce::Clusters;
use estimators::wald;

const OPTIONS: &[OptSpec] = concat_lists!(
    OptSpec;
    &[
        OptSpec::text("COMPete"),
        OptSpec::text("CLuster"),
        OptSpec::flag("Robust"),
        OptSpec::text("vce"),
        OptSpec::flag("noADJust"),
        OptSpec::real("Level"),
        OptSpec::flag("noSHR"),
        OptSpec::flag("noShow"),
        OptSpec::flag("noHEader"),
        OptSpec::flag("noTABle"),
    ],
    MAXIMIZE,
);

const SYNTAX: StandardSyntax = StandardSyntax::new(OPTIONS).searched().unsupported(&[
    "tvc",
    "texp",
    "OFFset",
    "CONSTraints",
    "COLlinear",
    "NODISPLAY",
    "noCNSReport",
]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "stcrreg",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "stcrreg [varlist] [if] [in], compete(crvar[==numlist]) [vce(robust|cluster v) noadjust noshr level(#) noshow maximize_options]",
    notes: "one record for each subject, from time zero on, without weights; stores e(N N_sub N_fail N_compete N_cens k k_eq df_m ll chi2 p rank ic converged N_clust fmult crmult fnz crnz), e(cmd) e(crevent) e(compete) e(mainvars), e(b), e(V), e(V_modelbased), r(table); robust covariance with the part of the estimated censoring; predict: shr xb stdp basecif basecshazard; formulas: Fine and Gray (1999), [ST] stcrreg",
    examples: &[Example {
        // No competing and no censored subject: the model of stcox, whose maximum is at exp(b) = 1/sqrt(2).
        run: "set obs 3\ngenerate t = _n\ngenerate x = mod(_n, 2)\ngenerate c = 0\nstset t\nstcrreg x, compete(c)",
        expect: &[("exp(_b[x])^2", 0.5), ("e(N_fail)", 3.0), ("e(N_compete)", 0.0)],
    }],
};

/// The model with its subjects.
struct Competing {
    model: Model,
    records: Records,
    settings: Settings,
    end: Vec<End>,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && cmd.options.text("compete").is_none() {
        if s.e.cmd() != "stcrreg" {
            return Err(StataError::no_estimates());
        }
        return display(s, cmd);
    }
    let mut own = read(s, cmd)?;
    if !cmd.has("noshow") {
        show(s, &own.settings);
    }
    if !own.end.contains(&End::Event) {
        return Err(StataError::new(2000, "no failures; cannot estimate"));
    }
    drop_collinear(s, &mut own.model);
    estimate(s, cmd, &own)?;
    display(s, cmd)?;
    crate::estimation::likelihood::finish(&s.e)
}

/// Variable and values of `compete()`; no values means any other than zero.
fn competing(cmd: &ParsedCommand) -> Result<(String, Vec<f64>)> {
    let text = cmd.options.text("compete").ok_or_else(|| StataError::invalid("option compete() required"))?;
    let Some((name, values)) = event_codes(text) else { return Ok((text.trim().to_string(), Vec::new())) };
    let values = numlist::expand(values)?;
    Ok((name.trim().to_string(), values))
}

fn read(s: &Session, cmd: &ParsedCommand) -> Result<Competing> {
    let settings = Settings::of(&s.frame)?;
    let (name, values) = competing(cmd)?;
    let variable = s.numeric_variable(&name)?;
    let vce = match VceSpec::parse("stcrreg", &cmd.options, &[])? {
        VceSpec::Default | VceSpec::Robust => VceSpec::Robust,
        VceSpec::Cluster(name) => VceSpec::Cluster(name),
        VceSpec::Hc2 | VceSpec::Hc3 | VceSpec::OuterProducts => {
            return Err(StataError::invalid("invalid vce() option"));
        }
    };
    let list = format!("_t {}", cmd.list);
    let id = s.frame.find(&settings.id);
    let reading = Reading {
        list: &list,
        further: id.into_iter().collect(),
        vce: Some(vce),
        weight_kinds: &[],
        ..Reading::new(cmd)
    };
    let (model, records) = Records::of_model(s, &settings, &reading)?;
    let refuse = |what: &str| {
        Err(StataError::new(199, format!("{what} in stcrreg is not supported by the open engine")))
    };
    if records.weights.is_some() {
        return refuse("a weight of stset");
    }
    if records.t0.iter().any(|t| *t != 0.0) {
        return refuse("delayed entry or a further record of a subject");
    }
    if records.subjects(&s.frame, &settings) < records.rows.len() as f64 {
        return refuse("more than one record of a subject");
    }
    let mut end = Vec::with_capacity(records.rows.len());
    for (row, failed) in records.rows.iter().zip(&records.d) {
        let x = s.frame.num_at(variable, *row);
        let other = !is_missing(x) && if values.is_empty() { x != 0.0 } else { values.contains(&x) };
        end.push(match (failed, other) {
            (true, true) => {
                return Err(StataError::new(459, "failures of stset are competing events in compete()"));
            }
            (true, false) => End::Event,
            (false, true) => End::Competing,
            (false, false) => End::Censored,
        });
    }
    Ok(Competing { model, records, settings, end })
}

fn estimate(s: &mut Session, cmd: &ParsedCommand, own: &Competing) -> Result<()> {
    let subjects = Subjects::new(&own.records.t, &own.end, &own.model.columns());
    let fit = fit(&subjects, limits(&cmd.options)).ok_or_else(StataError::not_converged)?;
    let n = own.end.len();
    let parts = scores(&subjects, &fit.b);
    let (groups, count): (Vec<u32>, usize) = match &own.model.clusters {
        Some(c) => (c.of_row.clone(), c.count),
        None => ((0..).take(n).collect(), n),
    };
    if count < 2 {
        return Err(StataError::standard(460));
    }
    let mut v = robust(&fit.v, &parts, None, Clusters::new(&groups, count));
    if cmd.has("noadjust") {
        v = v.scaled((count as f64 - 1.0) / count as f64);
    }
    if s.shows_log(|o| cmd.has(o)) {
        s.print("");
        for (i, step) in fit.log.iter().enumerate() {
            let remark = if step.remark.is_empty() { String::new() } else { format!("  ({})", step.remark) };
            s.print(format!(
                "{}{} = {:>10}{remark}",
                iteration(i),
                label(true),
                format::bare("%10.0g", step.ll)
            ));
        }
    }
    post_results(s, cmd, own, &fit, &v);
    Ok(())
}

fn post_results(s: &mut Session, cmd: &ParsedCommand, own: &Competing, fit: &SubhazardFit, v: &Mat) {
    let model = &own.model;
    let names: Vec<String> = model.design.terms.iter().map(crate::syntax::Term::name).collect();
    let active = model.design.active();
    let parameters = Parameters::spread(plain_stripe(names), &active, &fit.b, v);
    let mut est = post::begin("stcrreg", &post::command_line(cmd), &parameters, model);
    let r = &mut est.results;
    let k = fit.b.len();
    let all: Vec<usize> = (0..k).collect();
    let chi2 = wald::test_zero(&fit.b, v, &all).chi2;
    let number = |end: End| own.end.iter().filter(|e| **e == end).count() as f64;
    r.scalar("N", own.end.len() as f64)
        .scalar("N_sub", own.end.len() as f64)
        .scalar("N_fail", number(End::Event))
        .scalar("N_compete", number(End::Competing))
        .scalar("N_cens", number(End::Censored))
        .scalar("df_m", k as f64)
        .scalar("ll", fit.ll)
        .scalar("chi2", if k == 0 { MISSING } else { chi2 })
        .scalar("p", if k == 0 { MISSING } else { chi2_tail(k as f64, chi2) })
        .scalar("rank", k as f64)
        .scalar("k", parameters.b.len() as f64)
        .scalar("k_eq", 1.0)
        .scalar("k_eq_model", 1.0)
        .scalar("k_dv", 1.0)
        .scalar("ic", fit.log.len().saturating_sub(1) as f64)
        .scalar("converged", f64::from(u8::from(fit.converged)));
    let full = post::spread_square(model.design.terms.len(), &active, &fit.v);
    let stripe = parameters.stripe.clone();
    r.matrix("V_modelbased", crate::matrix::Matrix::square(full.data().to_vec(), stripe));
    let (event, values) = (own.settings.event_text(), own.settings.events.as_str());
    let compete = cmd.options.text("compete").unwrap_or("").trim().to_string();
    let (variable, codes) = event_codes(&compete).unwrap_or((compete.as_str(), ""));
    let flag = |x: bool| f64::from(u8::from(x));
    r.scalar("fmult", flag(values.split_whitespace().count() > 1)).scalar("fnz", flag(values.is_empty()));
    r.scalar("crmult", flag(codes.split(',').count() > 1)).scalar("crnz", flag(codes.is_empty()));
    let (variable, codes) = (variable.trim(), codes.trim());
    let shown = if codes.is_empty() {
        format!("{variable} nonzero, nonmissing")
    } else {
        format!("{variable} == {codes}")
    };
    r.text("title", "Competing-risks regression").text("depvar", "_t").text("compete", shown);
    r.text("crevent", variable).text("fevent", event.replace("==", " == ")).text("mainvars", cmd.list.trim());
    r.text("chi2type", "Wald").text("predict", "stcrreg_p").text("properties", "b V");
    s.post_estimation(est, model.touse.clone());
}

fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    if !cmd.has("noheader") {
        header(s);
    }
    if cmd.has("notable") {
        return Ok(());
    }
    if s.e.b().is_none_or(|b| b.cols() == 0) {
        s.print("(no regressors)");
        return Ok(());
    }
    show_active(s, level, (!cmd.has("noshr")).then_some("SHR"))
}

fn header(s: &mut Session) {
    let e = &s.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| e.get_text(name).unwrap_or("");
    let count = |label: &str, name: &str| Fact::new(label, "%10.0fc", scalar(name));
    let left = [
        text("title").to_string(),
        String::new(),
        format!("Failure event:   {}", text("fevent")),
        format!("Competing event: {}", text("compete")),
    ];
    let facts = [
        count("No. of obs", "N"),
        count("No. of subjects", "N_sub"),
        count("No. failed", "N_fail"),
        count("No. competing", "N_compete"),
        count("No. censored", "N_cens"),
    ];
    let end = [String::new(), format!("{} = {}", label(true), format::bare("%10.0g", scalar("ll")))];
    let tests = [
        Fact::statistic("Wald chi2", &[scalar("df_m")], scalar("chi2")),
        Fact::probability("Prob > chi2", scalar("p")),
    ];
    s.print("");
    show_header(s, &left, &facts, 15, 10);
    s.print("");
    show_header(s, &end, &tests, 15, 10);
    s.print("");
}
