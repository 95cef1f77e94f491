//! `biprobit`: two 0/1 outcomes with correlated latent errors, with the same or with different regressors.
//!
//! Stores in `e()`: N k k_eq df_m ll ll_0 ll_c chi2 chi2_c p rho rank converged, b, V, cmd depvar chi2_ct.
//! Formulas: [R] biprobit; Greene (2018), Econometric Analysis, 17.9.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::WEIGHTS;
use super::parts::{Listed, Part, scalar, single, slopes_of, test_line_as, text};
use crate::error::{Result, StataError};
use crate::estimation::derived::derived_row;
use crate::estimation::display::level;
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{LIKELIHOOD_VCE, Model, Reading, first_word, single_column};
use crate::estimation::sample::OpenSample;
use crate::format;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::leading_groups;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::{concat_lists, ml_options};
use estimators::distributions::chi2_tail;
use estimators::jet::Formula;
use estimators::ml_binary::{Binary, Link};
use estimators::ml_pairs::{both_positive, both_signs};
use estimators::wald;

const OPTIONS: &[OptSpec] = ml_options![
    OptSpec::flag("PARTial"),
    OptSpec::text("OFFSET1"),
    OptSpec::text("OFFSET2"),
    OptSpec::flag("su"),
];
const SYNTAX: StandardSyntax =
    StandardSyntax::new(concat_lists!(OptSpec; OPTIONS, ml_command::RATIO)).weights(WEIGHTS).maximised();

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "biprobit",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "biprobit depvar1 depvar2 [indepvars] [if] [in] [weight] [, partial noconstant offset1(v) offset2(v) vce(oim|robust|cluster v) level(#) nolog] | biprobit ([eqname:] depvar1 = [indepvars] [, noconstant offset(v)]) ([eqname:] depvar2 = ...) [if] [in] [weight] [, options]",
    notes: "stores e(N df_m ll ll_c chi2 chi2_c p rho), e(b) with /athrho, e(V), r(table); formulas: [R] biprobit",
    examples: &[Example {
        // Four equal cells: independent outcomes with probability one half.
        run: "set obs 8\ngen a = mod(_n, 2)\ngen b = mod(floor((_n-1)/2), 2)\nbiprobit a b",
        expect: &[("e(ll) - 8*ln(1/4)", 0.0), ("abs(e(rho)) < 1e-8", 1.0)],
    }],
};

/// The outcome and the regressors of an equation before the sample is known.
struct Outline {
    name: Option<String>,
    outcome: FvList,
    listed: Listed,
}

fn outlines(session: &Session, cmd: &ParsedCommand) -> Result<(Vec<Outline>, bool)> {
    let abbrev = session.settings.varabbrev;
    let list = cmd.list.trim();
    if !list.starts_with('(') {
        let (a, rest) = first_word(list);
        let (b, rest) = first_word(rest);
        if b.is_empty() {
            return Err(StataError::standard(102));
        }
        let made = |name: &str, option: &str| -> Result<Outline> {
            let mut listed = Listed::parse(session, "biprobit", rest)?;
            listed.constant = !cmd.has("noconstant");
            listed.offset = cmd.options.text(option).map(|v| session.numeric_variable(v)).transpose()?;
            Ok(Outline { name: None, outcome: FvList::parse(&session.frame, name, abbrev)?, listed })
        };
        return Ok((vec![made(a, "offset1")?, made(b, "offset2")?], false));
    }
    let (equations, rest) = leading_groups(list).ok_or_else(StataError::unclosed)?;
    let mut found = Vec::new();
    for body in equations {
        let (name, body) = match body.split_once(':') {
            Some((name, body)) => (Some(name.trim().to_string()), body),
            None => (None, body),
        };
        let (outcome, regressors) = match body.split_once('=') {
            Some((outcome, regressors)) => (outcome.trim(), regressors),
            None => first_word(body),
        };
        found.push(Outline {
            name,
            outcome: FvList::parse(&session.frame, outcome, abbrev)?,
            listed: Listed::parse(session, "biprobit", regressors)?,
        });
    }
    if found.len() != 2 || !rest.is_empty() {
        return Err(StataError::new(198, "two equations in parentheses are needed"));
    }
    Ok((found, true))
}

/// Both equations in one sample; the model holds the first outcome.
struct Pair {
    model: Model,
    second: String,
    signs: [Vec<bool>; 2],
    parts: [Part; 2],
    unrelated: bool,
}

fn read(session: &mut Session, cmd: &ParsedCommand) -> Result<Pair> {
    let (outlines, unrelated) = outlines(session, cmd)?;
    let reading = Reading {
        plain_vce: LIKELIHOOD_VCE,
        default_weight: WeightKind::Frequency,
        weight_kinds: WEIGHTS,
        ..Reading::new(cmd)
    };
    let mut open = OpenSample::open(session, cmd, &reading)?;
    for outline in &outlines {
        outline.outcome.markout(&session.frame, &mut open.touse)?;
        outline.listed.markout(session, &mut open.touse)?;
    }
    let rows: Vec<usize> = (0..open.touse.len()).filter(|i| open.touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let mut depvars = Vec::new();
    let mut signs = Vec::new();
    let mut parts = Vec::new();
    for outline in &outlines {
        let (depvar, y) = single_column(&session.frame, &outline.outcome, &open.touse, &rows)?;
        let positive: Vec<bool> = y.iter().map(|y| *y != 0.0).collect();
        if positive.iter().all(|p| *p == positive[0]) {
            return Err(StataError::new(2000, format!("{depvar} does not vary")));
        }
        let name = outline.name.clone().unwrap_or_else(|| depvar.clone());
        parts.push(outline.listed.part(session, &name, &open.touse)?);
        depvars.push(depvar);
        signs.push(positive);
    }
    let design = parts[0].side.design.clone();
    let all = vec![0.0; open.touse.len()];
    let model = open.close(session, depvars[0].clone(), &all, design, parts[0].side.constant);
    let (Ok(signs), Ok(parts)) = (signs.try_into(), parts.try_into()) else {
        return Err(StataError::new(198, "two equations are needed"));
    };
    Ok(Pair { model, second: depvars[1].clone(), signs, parts, unrelated })
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let shown = level(session, cmd)?;
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "biprobit",
            estimate: &|session| estimate(session, cmd),
            header: &header,
            look: &|_| Look { equations: true, ..Look::default() },
            footer: &|session| footer(session, shown),
        },
    )
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let pair = read(session, cmd)?;
    let partial = cmd.has("partial");
    let mut from = Vec::new();
    let mut ll_c = 0.0;
    for (part, signs) in pair.parts.iter().zip(&pair.signs) {
        let probit = Binary { y: signs, link: Link::Probit };
        let single =
            ml_command::quiet(&pair.model, &probit, vec![part.equation()], &vec![0.0; part.width()])?;
        from.extend(&single.b);
        ll_c += single.ll;
    }
    from.push(0.0);
    let [first, second] = &pair.signs;
    let formula = Formula::<3, _>(|row: usize, eta| {
        if partial {
            both_positive(first[row] && second[row], eta)
        } else {
            both_signs(first[row], second[row], eta)
        }
    });
    let [a, b] = &pair.parts;
    let equations = vec![a.equation(), b.equation(), single()];
    let mut layout = Layout::default();
    for part in [a, b] {
        part.add_to(&mut layout);
    }
    layout.ancillary("athrho");
    let ll_0 = ml_command::constant_only(cmd, &pair.model, &formula, &equations, &from, 2)?;
    let fit = likelihood::maximise(session, &cmd.options, &pair.model, &formula, equations, &from, &layout)?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested = slopes_of(&[(a.width(), a.side.constant), (b.width(), b.side.constant)]);
    let title = match (pair.unrelated, partial) {
        (true, false) => "Seemingly unrelated bivariate probit",
        (true, true) => "Partial observability seemingly unrelated bivariate probit",
        (false, true) => "Partial observability bivariate probit regression",
        (false, false) => "Bivariate probit regression",
    };
    let posted = Posted {
        cmd: "biprobit",
        title,
        predict: "bipr_p",
        parameters: &parameters,
        fit: &fit,
        ll_0,
        tested: &tested,
        equations: 3.0,
    };
    let mut est = ml_command::begin(cmd, &pair.model, &posted);
    let results = &mut est.results;
    results.scalars.remove("r2_p");
    let last = fit.b.len() - 1;
    results.scalar("rho", fit.b[last].tanh()).scalar("k_eq_model", 2.0);
    results.text("depvar", format!("{} {}", pair.model.depvar, pair.second));
    let (kind, chi2) = if pair.model.is_robust() || fit.constrained.is_some() || partial {
        ("Wald", wald::test_zero(&fit.b, &fit.v, &[last]).chi2)
    } else {
        results.scalar("ll_c", ll_c);
        ("LR", (2.0 * (fit.ll - ll_c)).max(0.0))
    };
    results.text("chi2_ct", kind).scalar("chi2_c", chi2).scalar("p_c", chi2_tail(1.0, chi2));
    for (i, part) in [a, b].into_iter().enumerate() {
        if let Some(variable) = part.shift.as_ref().and(cmd.options.text(["offset1", "offset2"][i])) {
            results.text(["offset1", "offset2"][i], variable.trim());
        }
    }
    session.post_estimation(est, pair.model.touse.clone());
    Ok(())
}

fn header(session: &mut Session) {
    let ll = likelihood::ll_line(session);
    let facts = [
        Fact::observations(scalar(session, "N")),
        Fact::statistic("Wald chi2", &[scalar(session, "df_m")], scalar(session, "chi2")),
        Fact::probability("Prob > chi2", scalar(session, "p")),
    ];
    let left = [text(session, "title"), String::new(), ll];
    session.print("");
    show(session, &left, &facts, 13, 6);
    session.print("");
}

fn footer(session: &mut Session, level: f64) {
    let Some(last) = session.e.b().map(|b| b.cols() - 1) else { return };
    derived_row(session, "rho", last, level, f64::tanh, |x| 1.0 - x.tanh().powi(2));
    session.print("-".repeat(78));
    let name = format!("{} test of rho=0", text(session, "chi2_ct"));
    let [chi2, p] = ["chi2_c", "p_c"].map(|n| scalar(session, n));
    // the manual's logs show this one with all digits (.252042), the others of its kind with two decimals
    test_line_as(session, &name, 1.0, &format::bare("%9.0g", chi2), p);
}
