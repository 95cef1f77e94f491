//! `cmclogit` and its older form `asclogit`: McFadden's (1974) choice model. It is a conditional logit whose regressors are
//! those of the alternatives, and those of the cases and a constant times an indicator of each alternative but the base
//! ([CM] cmclogit).

use super::clogit::{Groups, fit, read};
use super::cmclogit_predict::{Regressor, State, labels, values};
use super::cmset::{check_unique, declared};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::header::{Fact, show as show_header};
use crate::estimation::likelihood::label;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::format;
use crate::frame::{Column, Variable};
use crate::matrix::Stripe;
use crate::ml_options;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::syntax::{Design, FvList};
use crate::value::MISSING;
use std::collections::BTreeMap;

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::text("CASEVars"),
    OptSpec::text("BASEalternative"),
    OptSpec::text("case"),
    OptSpec::text("ALTernatives"),
    OptSpec::flag("ALTwise"),
    OptSpec::flag("or"),
])
.searched()
.unsupported(&["CONSTraints", "FROM", "COLlinear", "OFFset"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "cmclogit",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "cmclogit depvar [indepvars] [if] [in] [, casevars(varlist) basealternative(#|lbl|str) noconstant altwise or vce(oim|robust|cluster v) level(#) nolog]",
    notes: "after cmset; the base is the alternative that is chosen most often; cases with a missing value are left out, with altwise only the observations; predict newvar [, pr xb]; stores e(N N_case k_alt k_indvars k_casevars alt_min alt_avg alt_max const df_m ll chi2 p), e(caseid altvar base casevars), e(b) with an equation of the alternatives variable and one for each alternative but the base, e(V); [CM] cmclogit",
    examples: &[Example {
        // shares 3, 2 and 1 of six choices
        run: "set obs 18\ngen id = ceil(_n/3)\ngen alt = mod(_n-1, 3) + 1\ngen y = alt == cond(id <= 3, 1, cond(id <= 5, 2, 3))\ncmset id alt\ncmclogit y",
        expect: &[("exp([2]_b[_cons])", 2.0 / 3.0), ("exp([3]_b[_cons])", 1.0 / 3.0), ("e(N_case)", 6.0)],
    }],
};

pub(super) const SPEC_OLD: CommandSpec = CommandSpec {
    name: "asclogit",
    run: run_old,
    syntax: "asclogit depvar [indepvars] [if] [in], case(v) alternatives(v) [casevars(varlist) basealternative(#|lbl|str) noconstant altwise or vce() level(#) nolog]",
    notes: "the older form of cmclogit, without cmset",
    examples: &[Example {
        run: "set obs 18\ngen id = ceil(_n/3)\ngen alt = mod(_n-1, 3) + 1\ngen y = alt == cond(id <= 3, 1, cond(id <= 5, 2, 3))\nasclogit y, case(id) alternatives(alt) basealternative(3)",
        expect: &[("exp([1]_b[_cons])", 3.0), ("exp([2]_b[_cons])", 2.0)],
    }],
    ..SPEC
};

/// The choice sets of a sample.
struct Choices {
    case: usize,
    alternative: usize,
    /// Rows that are used.
    touse: Vec<bool>,
    /// Labels of the alternatives in order.
    labels: Vec<String>,
    /// Alternative of each row of the data, where it is used.
    of: Vec<usize>,
    base: usize,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.has("case") || cmd.has("alternatives") {
        let option = if cmd.has("case") { "case()" } else { "alternatives()" };
        return Err(StataError::option_not_allowed(option));
    }
    command(s, cmd, "cmclogit")
}

fn run_old(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    command(s, cmd, "asclogit")
}

fn command(s: &mut Session, cmd: &ParsedCommand, name: &'static str) -> Result<()> {
    ml_command::run(
        s,
        cmd,
        &MlCommand {
            name,
            estimate: &|s| estimate(s, cmd, name),
            header: &header,
            look: &|_| Look {
                eform: cmd.has("or").then_some("Odds ratio"),
                equations: true,
                ..Look::default()
            },
            footer: &|s| {
                let base = s.e.results.get_text("base").unwrap_or("").to_string();
                s.print(format!("{} is the base alternative.", base));
            },
        },
    )
}

fn choices(
    s: &Session,
    cmd: &ParsedCommand,
    name: &str,
    depvar: usize,
    terms: &[&FvList],
) -> Result<Choices> {
    let [case, alternative] = if name == "asclogit" {
        let named = |option: &str| {
            let text = cmd.options.text(option);
            text.ok_or_else(|| StataError::new(198, format!("option {option}() required")))
        };
        [s.variable(named("case")?.trim())?, s.variable(named("alternatives")?.trim())?]
    } else {
        declared(s)?
    };
    let selected = s.rows(cmd)?;
    let mut touse = selected.clone();
    s.markout(&[depvar, case, alternative], &mut touse, true)?;
    for list in terms {
        list.markout(&s.frame, &mut touse)?;
    }
    let rows = |touse: &[bool]| (0..touse.len()).filter(|i| touse[*i]).collect::<Vec<usize>>();
    if !cmd.has("altwise") {
        let all = rows(&selected);
        let (of, count) = crate::estimation::model::number_groups(&s.frame, case, &all);
        let mut whole = vec![true; count];
        all.iter().zip(&of).for_each(|(row, g)| whole[*g as usize] &= touse[*row]);
        all.iter().zip(&of).for_each(|(row, g)| touse[*row] &= whole[*g as usize]);
    }
    let used = rows(&touse);
    if used.is_empty() {
        return Err(StataError::no_observations());
    }
    check_unique(s, [case, alternative], &used)?;
    let (of, labels) = labels(s, alternative, &used);
    if labels.len() < 2 {
        return Err(StataError::new(459, "there is only one alternative"));
    }
    let base = match cmd.options.text("basealternative") {
        Some(text) => {
            let wanted = text.trim().trim_matches('"');
            let number = crate::syntax::options::parse_number(wanted);
            let text_alternatives = s.frame.var(alternative).is_string();
            let is = |row: usize| !text_alternatives && number == Some(s.frame.num_at(alternative, row));
            let found = labels.iter().position(|l| *l == wanted.replace([' ', '.', ':'], "_"));
            let found = found.or_else(|| used.iter().find(|r| is(**r)).map(|r| of[*r]));
            found.ok_or_else(|| StataError::new(198, format!("basealternative({wanted}) not found")))?
        }
        None => {
            let mut chosen = vec![0; labels.len()];
            used.iter().filter(|r| s.frame.num_at(depvar, **r) != 0.0).for_each(|r| chosen[of[*r]] += 1);
            let most = chosen.iter().max().copied().unwrap_or(0);
            chosen.iter().position(|n| *n == most).unwrap_or(0)
        }
    };
    Ok(Choices { case, alternative, touse, labels, of, base })
}

fn estimate(s: &mut Session, cmd: &ParsedCommand, name: &'static str) -> Result<()> {
    let (outcome, rest) = cmd.list.trim().split_once(char::is_whitespace).unwrap_or((cmd.list.trim(), ""));
    let depvar = s.numeric_variable(outcome)?;
    let abbreviates = s.settings.varabbrev;
    let own = FvList::parse(&s.frame, rest, abbreviates)?;
    let cases = FvList::parse(&s.frame, cmd.options.text("casevars").unwrap_or(""), abbreviates)?;
    let set = choices(s, cmd, name, depvar, &[&own, &cases])?;
    let built = Design::build(&s.frame, &cases, &set.touse)?;
    let mut regressors: Vec<Regressor> = Vec::new();
    let alternatives = Design::build(&s.frame, &own, &set.touse)?;
    for i in alternatives.active() {
        regressors.push(Regressor::Alternative(alternatives.terms[i].name()));
    }
    for (a, _) in set.labels.iter().enumerate().filter(|(a, _)| *a != set.base) {
        for i in built.active() {
            regressors.push(Regressor::Case(Some(built.terms[i].name()), a));
        }
        if !cmd.has("noconstant") {
            regressors.push(Regressor::Case(None, a));
        }
    }
    if regressors.is_empty() {
        return Err(StataError::new(100, "no regressors"));
    }
    // the conditional logit reads its regressors as variables: they are added, and taken away again whatever happens
    let before = s.frame.changed;
    let result = add_columns(s, &set, &regressors).and_then(|added| {
        let fitted = conditional(s, cmd, name, &set, &regressors, (outcome, &added));
        let at: Vec<usize> = added.iter().filter_map(|n| s.frame.find(n)).collect();
        s.frame.drop_vars(&at);
        fitted
    });
    s.frame.changed = before;
    result
}

/// Adds the regressors as variables, missing outside the sample; returns their names.
fn add_columns(s: &mut Session, set: &Choices, regressors: &[Regressor]) -> Result<Vec<String>> {
    let rows: Vec<usize> = (0..set.touse.len()).filter(|i| set.touse[*i]).collect();
    let mut columns = Vec::new();
    for regressor in regressors {
        let mut column = vec![MISSING; s.frame.n_rows()];
        let values = values(s, regressor, &set.of, &rows)?;
        rows.iter().zip(values).for_each(|(row, x)| column[*row] = x);
        columns.push(column);
    }
    let mut names = Vec::new();
    for (k, column) in columns.into_iter().enumerate() {
        let name = format!("__cm{k}");
        s.frame.add(Variable::new(&name, Column::Double(column)))?;
        names.push(name);
    }
    Ok(names)
}

/// Cases without a choice say nothing; a second choice in one is an error.
const CASES: Groups = Groups {
    silent: &[(
        |y| y.iter().all(|v| *v == 0.0) || y.iter().all(|v| *v != 0.0),
        "omitted because of no outcome or no choice.",
    )],
    notes_several: false,
};

/// Fits the conditional logit and posts it under the names of the choice model.
fn conditional(
    s: &mut Session,
    cmd: &ParsedCommand,
    name: &'static str,
    set: &Choices,
    regressors: &[Regressor],
    (outcome, added): (&str, &[String]),
) -> Result<()> {
    let mut inner = cmd.clone();
    inner.list = format!("{outcome} {}", added.join(" "));
    let sample = read(s, &inner, set.case, &CASES)?;
    if sample.rows.iter().any(|g| g.iter().filter(|i| sample.model.y[**i] != 0.0).count() > 1) {
        return Err(StataError::new(
            459,
            format!("more than one choice in a case: {outcome} must be 1 once"),
        ));
    }
    let (fit, _) = fit(s, &inner, &sample, true)?;
    let altvar = s.frame.var(set.alternative).name.clone();
    let estimated = sample.model.estimated();
    let mut layout = Layout::default();
    let stripes: Vec<Stripe> = regressors
        .iter()
        .enumerate()
        .map(|(k, r)| {
            let mark = if estimated.contains(&k) { "" } else { "o." };
            match r {
                Regressor::Alternative(term) => Stripe::with_eq(&altvar, format!("{mark}{term}")),
                Regressor::Case(term, a) => {
                    let term = term.as_deref().unwrap_or("_cons");
                    Stripe::with_eq(&set.labels[*a], format!("{mark}{term}"))
                }
            }
        })
        .collect();
    for stripe in &stripes {
        let position = usize::from(!stripe.name.starts_with("o."));
        layout.equation(&stripe.eq, vec![stripe.name.clone()], &[0][..position]);
    }
    let parameters = layout.parameters(&fit.b, &fit.v);
    let is_constant = |k: &usize| matches!(regressors[*k], Regressor::Case(None, _));
    let tested: Vec<usize> = (0..fit.b.len()).filter(|p| !is_constant(&estimated[*p])).collect();
    let equations = if regressors.iter().any(|r| matches!(r, Regressor::Alternative(_))) { 1 } else { 0 };
    let posted = Posted {
        cmd: name,
        title: if name == "cmclogit" {
            "Conditional logit choice model"
        } else {
            "Alternative-specific conditional logit"
        },
        predict: if name == "cmclogit" { "cmclogit_p" } else { "asclogit_p" },
        parameters: &parameters,
        fit: &fit,
        ll_0: None,
        tested: &tested,
        equations: (equations + set.labels.len() - 1) as f64,
    };
    let mut est = ml_command::begin(cmd, &sample.model, &posted);
    let case = s.frame.var(set.case).name.clone();
    describe(&mut est.results, cmd, name, (&case, &altvar), set, &sample.rows, regressors);
    let state = State { regressors: regressors.to_vec(), names: [case, altvar], labels: set.labels.clone() };
    est.extra = Some(std::sync::Arc::new(state));
    s.post_estimation(est, sample.model.touse.clone());
    Ok(())
}

/// Stores what the choice sets and regressors are.
fn describe(
    r: &mut Results,
    cmd: &ParsedCommand,
    name: &str,
    (case, altvar): (&str, &str),
    set: &Choices,
    rows: &[Vec<usize>],
    regressors: &[Regressor],
) {
    let sizes: Vec<f64> = rows.iter().map(|g| g.len() as f64).collect();
    r.scalar("N_case", sizes.len() as f64).scalar("k_alt", set.labels.len() as f64);
    r.scalar("alt_min", sizes.iter().copied().fold(f64::INFINITY, f64::min));
    r.scalar("alt_max", sizes.iter().copied().fold(0.0, f64::max));
    r.scalar("alt_avg", sizes.iter().sum::<f64>() / sizes.len() as f64);
    let mut casevars: BTreeMap<&str, ()> = BTreeMap::new();
    let mut own = 0.0;
    for regressor in regressors {
        match regressor {
            Regressor::Alternative(_) => own += 1.0,
            Regressor::Case(Some(term), _) => {
                casevars.insert(term, ());
            }
            Regressor::Case(None, _) => {}
        }
    }
    r.scalar("k_indvars", own).scalar("k_casevars", casevars.len() as f64);
    r.scalar("const", f64::from(u8::from(!cmd.has("noconstant"))));
    r.text(if name == "cmclogit" { "caseid" } else { "case" }, case).text("altvar", altvar);
    r.text("base", set.labels[set.base].clone())
        .text("casevars", cmd.options.text("casevars").unwrap_or("").trim());
    let others = set.labels.iter().enumerate().filter(|(a, _)| *a != set.base).map(|(_, l)| l.clone());
    r.text("alteqs", others.collect::<Vec<_>>().join(" "));
    for (a, label) in set.labels.iter().enumerate() {
        r.text(&format!("alt{}", a + 1), label.clone());
    }
}

fn header(s: &mut Session) {
    let e = &s.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let case = if text("caseid").is_empty() { text("case") } else { text("caseid") };
    let size =
        |name: &str, value: f64, fmt: &str| format!("{:>65} = {:>10}", name, format::bare(fmt, value).trim());
    let lines = [
        format!(
            "{:<30}{}",
            format!("Alternatives variable: {}", text("altvar")),
            &size("Alts per case: min", scalar("alt_min"), "%10.0fc")[30..]
        ),
        size("avg", scalar("alt_avg"), "%10.1fc"),
        size("max", scalar("alt_max"), "%10.0fc"),
    ];
    let left = [text("title"), format!("Case ID variable: {case}")];
    let first = [Fact::observations(scalar("N")), Fact::new("Number of cases", "%10.0fc", scalar("N_case"))];
    let kind = e.get_text("chi2type").unwrap_or("Wald").to_string();
    let test = [
        Fact::statistic(&format!("{kind} chi2"), &[scalar("df_m")], scalar("chi2")),
        Fact::probability("Prob > chi2", scalar("p")),
    ];
    let robust = e.get_text("vcetype").is_some();
    let ll = format!("{} = {}", label(robust), format::bare("%10.0g", scalar("ll")));
    s.print("");
    show_header(s, &left, &first, 17, 10);
    s.print("");
    lines.iter().for_each(|l| s.print(l));
    s.print("");
    show_header(s, &[String::new(), ll], &test, 17, 10);
    s.print("");
}
