//! `melogit`, `meprobit`, `mecloglog`, `mepoisson`, `menbreg`, `meologit` and `meoprobit`: generalised linear models with
//! normal random effects of one grouping level.
//!
//! Store in `e()`: N N_g g_min g_avg g_max df_m ll ll_c chi2 chi2_c df_c p p_c n_quad k_f k_r rank converged, b with
//! /var(effect[group]), V, cmd depvar ivars revars covariance link family intmethod. Formulas: [ME] meglm.

use super::clogit::{panel_header, store_sizes};
use super::me_censored;
use super::me_line::{self, Grouping, Line, Sample};
use super::me_specs::{Family, KINDS, Kind};
use super::mestreg;
use super::random::{Setup, categories, cut_starts, fit, to_variances};
use crate::error::{Result, StataError};
use crate::estimation::binary::{drop_collinear, drop_perfect};
use crate::estimation::ml_command::{self, Layout, Look, Posted};
use crate::estimation::model::Model;
use crate::format;
use crate::matrix::Matrix;
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::{OptSpec, abbreviates, split_options};
use crate::syntax::split::{ParsedCommand, front_and_options};
use crate::value::MISSING;
use estimators::distributions::{chi2_tail, normal_quantile};
use estimators::ml::MlFit;
use estimators::ml_random_outcomes::{Binary, Count, Curve, Ordered};

const OPTIONS: &[OptSpec] = ml_options![
    OptSpec::text("COVariance"),
    OptSpec::int("INTPoints"),
    OptSpec::text("INTMethod"),
    OptSpec::text("EXPosure"),
    OptSpec::text("OFFset"),
    OptSpec::flag("or"),
    OptSpec::flag("IRr"),
    OptSpec::flag("noLRtest"),
];
const UNSUPPORTED: &[&str] = &["BINomial", "ASIS", "DISPersion", "STARTValues", "STARTGrid", "PWEIGHT"];

/// The command that `meglm` with `family()` and `link()` stands for, and the line without these two options.
fn named_family(session: &Session, raw: &str) -> Result<(&'static Kind, String)> {
    let (front, options) = front_and_options(raw);
    let replay = front.is_empty();
    let (mut family, mut link) = (String::from("gaussian"), String::new());
    if replay {
        let text = |name: &str| session.e.results.get_text(name).unwrap_or("").to_string();
        (family, link) = (text("family"), text("link"));
    }
    let mut others = Vec::new();
    for (name, argument) in split_options(options)? {
        let word = argument.clone().unwrap_or_default().trim().to_lowercase();
        if abbreviates(&name, "Family") {
            family = word;
        } else if abbreviates(&name, "Link") {
            link = word;
        } else {
            others.push(argument.map_or(name.clone(), |a| format!("{name}({a})")));
        }
    }
    let families = [("bernoulli", "binomial"), ("binomial", "binomial"), ("poisson", "poisson")];
    let further = [("nbinomial", "nbinomial"), ("ordinal", "ordinal")];
    let full = families.iter().chain(&further).find(|f| family.len() >= 3 && f.0.starts_with(&family));
    let of_family = |k: &&Kind| full.is_some_and(|f| k.words.0 == f.1);
    let kind = KINDS.iter().filter(of_family).find(|k| link.is_empty() || k.words.1.starts_with(&link));
    let kind = kind.ok_or_else(|| {
        let link = if link.is_empty() { String::new() } else { format!(" link({link})") };
        StataError::unsupported_option("meglm", &format!("family({family}){link}"))
    })?;
    Ok((kind, format!("{front}, {}", others.join(" "))))
}

/// Runs one of the commands.
pub(super) fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let general;
    let (kind, raw) = if cmd.name == "meglm" {
        general = named_family(session, raw)?;
        (general.0, general.1.as_str())
    } else {
        (KINDS.iter().find(|k| k.name == cmd.name).ok_or_else(StataError::syntax)?, raw)
    };
    me_line::run(session, kind, raw, (OPTIONS, UNSUPPORTED), |session, line| {
        estimate(session, line, kind, raw)
    })
}

/// The sample: rows with a group and all values.
fn read(session: &mut Session, line: &Line, kind: &Kind, grouping: &Grouping) -> Result<Model> {
    let cmd = &line.cmd;
    let reading = grouping.reading(session, line, kind)?;
    let mut model = reading.model(session)?;
    // noconstant belongs to the random effects here; a constant regressor is collinear with cut points too
    model.constant = true;
    if kind.family == Family::Zero {
        drop_perfect(session, cmd, &mut model)?;
    } else {
        drop_collinear(session, &mut model);
    }
    model.constant = kind.family != Family::Ordered;
    match kind.family {
        Family::Zero => {
            model.y.iter_mut().for_each(|y| *y = f64::from(u8::from(*y != 0.0)));
            if model.y.iter().all(|y| *y == model.y[0]) {
                return Err(StataError::new(2000, "outcome does not vary"));
            }
        }
        Family::Poisson | Family::NegativeBinomial if model.y.iter().any(|y| *y < 0.0) => {
            return Err(StataError::new(
                459,
                format!("{} must be greater than or equal to zero", model.depvar),
            ));
        }
        _ => {}
    }
    Ok(model)
}

fn estimate(session: &mut Session, line: &Line, kind: &Kind, raw: &str) -> Result<()> {
    let cmd = &line.cmd;
    let grouping = Grouping::of(session, line, kind)?;
    let model = read(session, line, kind, &grouping)?;
    let sample = grouping.sample(session, line, &model)?;
    let q = sample.names.len();
    let mean = model.y.iter().sum::<f64>() / model.y.len() as f64;
    macro_rules! fitted {
        ($outcome:expr, $further:expr, $constant:expr) => {
            fit(
                session,
                cmd,
                Setup {
                    model: &model,
                    outcome: $outcome,
                    further: $further,
                    constant: $constant,
                    effects: sample.effects(),
                    correlated: sample.correlated,
                    unit: 1.0,
                    points: sample.points,
                    rows: &sample.rows,
                    offset: sample.offset(),
                },
            )?
        };
    }
    let logit = |p: f64| (p / (1.0 - p)).ln();
    let index = |p: f64| if kind.curve == Curve::Probit { normal_quantile(p) } else { logit(p) };
    let found = match kind.family {
        Family::Zero => fitted!(Binary { y: &model.y, curve: kind.curve }, Vec::new(), index(mean)),
        Family::Poisson => fitted!(Count { y: &model.y, dispersed: false }, Vec::new(), mean.max(1e-6).ln()),
        Family::NegativeBinomial => {
            fitted!(Count { y: &model.y, dispersed: true }, vec![-0.5], mean.max(1e-6).ln())
        }
        Family::Ordered => {
            let (values, of_row) = categories(&model)?;
            let outcome = Ordered { category: &of_row, categories: values.len(), curve: kind.curve };
            fitted!(outcome, cut_starts(&of_row, values.len(), index), 0.0)
        }
        Family::Censored | Family::Survival => return Err(StataError::syntax()),
    };
    let mut best = found.fit;
    to_variances(&mut best, q, sample.correlated);
    post_results(session, line, kind, raw, (&model, &sample), &best, found.ll_c);
    Ok(())
}

/// The parameters in their order: equation, cut points and others that come before the effects, variances and covariances.
fn layout(kind: &Kind, model: &Model, sample: &Sample, group: &str, before: usize) -> Layout {
    let (names, q) = (&sample.names, sample.names.len());
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    match kind.family {
        Family::Ordered => {
            for j in 1..=before {
                layout.ancillary(&format!("cut{j}"));
            }
        }
        Family::NegativeBinomial => {
            layout.ancillary("lnalpha");
        }
        Family::Survival if !kind.words.1.is_empty() => _ = layout.ancillary(kind.words.1),
        _ => {}
    }
    let effect = |i: usize| format!("{}[{group}]", names[i]);
    for i in 0..q {
        layout.ancillary(&format!("var({})", effect(i)));
    }
    if sample.correlated {
        for i in 1..q {
            for j in 0..i {
                layout.ancillary(&format!("cov({},{})", effect(j), effect(i)));
            }
        }
    }
    if kind.family == Family::Censored {
        layout.ancillary(&format!("var(e.{})", model.depvar));
    }
    layout
}

/// Posts the results: the last parameters of the fit are the variances and covariances of the effects.
pub(super) fn post_results(
    session: &mut Session,
    line: &Line,
    kind: &Kind,
    raw: &str,
    (model, sample): (&Model, &Sample),
    fit: &MlFit,
    ll_c: f64,
) {
    let (names, group) = (&sample.names, session.frame.var(sample.unit).name.clone());
    let slopes = model.columns().len();
    let q = names.len();
    let spread = sample.spread();
    let layout = layout(kind, model, sample, &group, fit.b.len() - slopes - spread);
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested: Vec<usize> = (0..slopes).collect();
    let posted = Posted {
        cmd: kind.name,
        title: kind.title,
        predict: "meglm_p",
        parameters: &parameters,
        fit,
        ll_0: None,
        tested: &tested,
        equations: 1.0,
    };
    let mut est = ml_command::begin(&line.cmd, model, &posted);
    let results = &mut est.results;
    results.text("cmdline", format!("{} {raw}", kind.name));
    store_sizes(results, &sample.rows);
    let chi2_c = (2.0 * (fit.ll - ll_c)).max(0.0);
    let half = if spread == 1 && chi2_c > 0.0 { 2.0 } else { 1.0 };
    results.scalar("ll_c", ll_c).scalar("chi2_c", chi2_c).scalar("df_c", spread as f64);
    results.scalar("p_c", chi2_tail(spread as f64, chi2_c) / half).scalar("n_quad", sample.points as f64);
    results.scalar("k_f", (fit.b.len() - spread) as f64).scalar("k_r", spread as f64);
    results
        .scalar("k_rs", q as f64)
        .text("ivars", &group)
        .text("ivar", &group)
        .text("revars", names.join(" "));
    results.text("covariance", if sample.correlated { "unstructured" } else { "independent" });
    if kind.family == Family::Ordered
        && let Ok((values, _)) = categories(model)
    {
        results.scalar("k_cat", values.len() as f64).matrix("cat", Matrix::new(1, values.len(), values));
    }
    if results.get_scalar("df_m") == Some(0.0) {
        // there is nothing to test
        results.scalar("chi2", MISSING).scalar("p", MISSING);
    }
    results.text("intmethod", "mvaghermite").text("family", kind.words.0).text("link", kind.words.1);
    if let Some((_, text)) = &sample.offset {
        results.text("offset", text);
    }
    session.post_estimation(est, model.touse.clone());
}

/// What the exponentiated estimates are.
fn print_scale(session: &mut Session, (ratios, baseline): (&str, &str)) {
    session.print(format!("Note: Estimates are transformed only in the first equation to {ratios}."));
    if session.e.b().is_some_and(|b| b.col_names.iter().any(|n| n.name == "_cons")) {
        session.print(format!(
            "Note: _cons estimates baseline {baseline} (conditional on zero random effects)."
        ));
    }
}

pub(super) fn display(session: &mut Session, cmd: &ParsedCommand, kind: &Kind) -> Result<()> {
    if !cmd.has("noheader") {
        if kind.family == Family::Censored {
            me_censored::header(session, kind);
        } else {
            let points = session.e.results.get_scalar("n_quad");
            panel_header(session, kind.title, "", points);
        }
    }
    let (eform, words) = match (cmd.has("or"), cmd.has("irr")) {
        (true, _) if kind.curve == Curve::Logit => (Some("Odds ratio"), ("odds ratios", "odds")),
        (_, true) => (Some("IRR"), ("incidence-rate ratios", "incidence rate")),
        _ => mestreg::scale(session, cmd),
    };
    let ancillary = session.e.b().map_or(0, |b| b.col_names.iter().filter(|s| s.eq == "/").count());
    ml_command::table(session, cmd, &Look { eform, ancillary, ..Look::default() })?;
    if eform.is_some() {
        print_scale(session, words);
    }
    if session.e.results.get_text("vcetype").is_none() && !cmd.has("nolrtest") {
        let scalar = |name: &str| session.e.results.get_scalar(name).unwrap_or(MISSING);
        let (chi2, df, p) = (scalar("chi2_c"), scalar("df_c"), scalar("p_c"));
        let (test, sign) = if df == 1.0 {
            ("chibar2(01)".to_string(), ">= chibar2")
        } else {
            (format!("chi2({df})"), "> chi2")
        };
        let left =
            format!("LR test vs. {}: {test} = {}", kind.without, format::bare("%9.2f", chi2).trim_start());
        let right = format!("Prob {sign} = {}", format::bare("%6.4f", p));
        session.print(format!("{left}{right:>width$}", width = 78usize.saturating_sub(left.len())));
        if df > 1.0 {
            session.print("");
            session.print("Note: LR test is conservative and provided only for reference.");
        }
    }
    Ok(())
}
