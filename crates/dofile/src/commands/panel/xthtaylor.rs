//! `xthtaylor`: random effects with regressors that are correlated with them, by Hausman and Taylor (1981) or Amemiya
//! and MaCurdy (1986).
//!
//! Stores in `e()`: N N_g g_min g_avg g_max df_m df_r chi2 (F) p sigma_u sigma_e sigma rho theta, b, V, cmd depvar ivar
//! TVexogenous TVendogenous TIexogenous TIendogenous. Formulas: [XT] xthtaylor.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::clogit::{group_rows, store_sizes};
use super::unit_variable;
use super::xtreg_show::{Heading, components, panel_heading};
use crate::error::{Result, StataError};
use crate::estimation::display::{fit_error, level};
use crate::estimation::header::Fact;
use crate::estimation::linear::Parameters as Active;
use crate::estimation::model::{Model, Reading, number_groups};
use crate::estimation::post::{self, Parameters, plain_stripe, stata};
use crate::estimation::table::Table;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;
use crate::value::MISSING;
use estimators::distributions::{chi2_tail, f_tail};
use estimators::hausman_taylor::{self, HausmanTaylor, Regressors};
use estimators::panel::Units;
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("ENDog"),
    OptSpec::text("CONstant"),
    OptSpec::text("VARying"),
    OptSpec::flag("SMall"),
    OptSpec::real("Level"),
    OptSpec::text("vce"),
    OptSpec::flag("AMAcurdy"),
])
.unsupported(&["noCONStant"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xthtaylor",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "xthtaylor depvar indepvars [if] [in], endog(varlist) [constant(varlist) varying(varlist) amacurdy small level(#)]",
    notes: "panels of one length; stores e(N N_g df_m chi2 (F) p sigma_u sigma_e rho theta), e(b), e(V), the lists e(TVexogenous TVendogenous TIexogenous TIendogenous), r(table); formulas: [XT] xthtaylor, Hausman and Taylor (1981), Amemiya and MaCurdy (1986)",
    examples: &[Example {
        // The error variance is that of the fixed-effects model, on N less the number of panels.
        run: "input id t x w z y\n1 1 1 2 0 4\n1 2 4 1 0 5\n2 1 2 5 1 13\n2 2 6 3 1 16\n3 1 3 3 2 13\n3 2 7 9 2 22\n4 1 9 8 1 23\n4 2 5 1 1 14\nend\nxtset id t\nquietly xtreg y x w, fe\nscalar rss = e(rss)\nxthtaylor y x w z, endog(w z)",
        expect: &[("e(N_g)", 4.0), ("e(sigma_e)^2*4/rss", 1.0), ("e(df_m)", 3.0)],
    }],
};

/// Names of the four lists in the order of the coefficients.
const LISTS: [&str; 4] = ["TVexogenous", "TVendogenous", "TIexogenous", "TIendogenous"];

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "xthtaylor" {
        return display(session, cmd);
    }
    let Some(endog) = cmd.options.text("endog") else {
        return Err(StataError::new(198, "option endog() required"));
    };
    if cmd.options.text("vce").is_some_and(|v| v.trim() != "conventional") {
        return Err(StataError::unsupported_option("xthtaylor", "vce() other than conventional"));
    }
    let unit = unit_variable(session, None)?;
    let reading = Reading { further: vec![unit], weight_kinds: &[], ..Reading::new(cmd) };
    let model = reading.model(session)?.enough()?;
    let (of_row, _) = number_groups(&session.frame, unit, &model.design.rows);
    let units = Units::new(of_row);
    if units.sizes.iter().any(|n| *n != units.sizes[0]) {
        return Err(StataError::unsupported_option("xthtaylor", "panels of several lengths"));
    }
    if units.sizes[0] < 2 {
        return Err(StataError::insufficient_observations());
    }
    let named = |text: &str| -> Result<Vec<String>> {
        Ok(session.varlist(text)?.into_iter().map(|v| session.frame.var(v).name.clone()).collect())
    };
    let list = |option: &str| cmd.options.text(option).map_or(Ok(Vec::new()), named);
    let lists = sorted(&model, &units, &named(endog)?, &list("constant")?, &list("varying")?)?;
    let periods = if cmd.has("amacurdy") { Some(periods(session, &model, &units)?) } else { None };
    let found = fitted(&model, &units, &lists, periods.as_deref())?;
    let rows = group_rows(session, unit, &model);
    let name = session.frame.var(unit).name.clone();
    post_results(session, cmd, &model, &lists, &found, &rows, name);
    display(session, cmd)
}

/// Positions of the regressors in the four lists.
fn sorted(
    model: &Model,
    units: &Units,
    endog: &[String],
    constant: &[String],
    varying: &[String],
) -> Result<[Vec<usize>; 4]> {
    let names = model.names();
    let columns = model.columns();
    if names.iter().any(|n| n.contains(['#', '.'])) {
        return Err(StataError::new(101, "factor-variable and time-series operators not allowed"));
    }
    if let Some(other) = endog.iter().find(|e| !names.contains(e)) {
        return Err(StataError::new(198, format!("{other} of endog() is not among the regressors")));
    }
    let mut lists: [Vec<usize>; 4] = Default::default();
    for (at, column) in columns.iter().enumerate() {
        let name = &names[at];
        let means = units.means(column, None);
        let still =
            column.iter().zip(&units.of_row).all(|(x, u)| (x - means[*u as usize]).abs() <= 1e-12 * x.abs());
        if constant.contains(name) && !still {
            return Err(StataError::new(198, format!("{name} is not constant within panel")));
        }
        if varying.contains(name) && still {
            return Err(StataError::new(198, format!("{name} does not vary within panel")));
        }
        lists[usize::from(endog.contains(name)) + 2 * usize::from(still)].push(at);
    }
    if lists[3].len() > lists[0].len() {
        return Err(StataError::new(
            198,
            "not enough exogenous time-varying variables to identify the endogenous time-invariant ones",
        ));
    }
    if lists[0].is_empty() {
        return Err(StataError::new(198, "there are no exogenous time-varying variables"));
    }
    Ok(lists)
}

/// The period of each row, from zero; every panel must have the same periods.
fn periods(session: &Session, model: &Model, units: &Units) -> Result<Vec<usize>> {
    let time = Panel::of(&session.frame)?.series()?;
    let values: Vec<f64> = model.design.rows.iter().map(|row| session.frame.num_at(time, *row)).collect();
    let mut distinct = values.clone();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    if units.sizes.iter().any(|n| *n != distinct.len()) {
        return Err(StataError::new(459, "amacurdy requires panels that are observed in the same periods"));
    }
    Ok(values.iter().map(|v| distinct.partition_point(|d| d < v)).collect())
}

fn fitted(
    model: &Model,
    units: &Units,
    lists: &[Vec<usize>; 4],
    periods: Option<&[usize]>,
) -> Result<HausmanTaylor> {
    let columns = model.columns();
    let pick = |at: usize| lists[at].iter().map(|c| columns[*c]).collect::<Vec<_>>();
    let [x1, x2, z1, z2] = [pick(0), pick(1), pick(2), pick(3)];
    let regressors = Regressors { x1, x2, z1, z2 };
    let found = hausman_taylor::fit(&model.y, &regressors, units, periods).map_err(fit_error)?;
    if found.fit.b.iter().any(|b| !b.is_finite()) {
        return Err(StataError::new(498, "the regressors are collinear"));
    }
    Ok(found)
}

fn post_results(
    session: &mut Session,
    cmd: &ParsedCommand,
    model: &Model,
    lists: &[Vec<usize>; 4],
    found: &HausmanTaylor,
    rows: &[Vec<usize>],
    unit: String,
) {
    let own = model.names();
    let mut names: Vec<String> = lists.iter().flatten().map(|at| own[*at].clone()).collect();
    names.push("_cons".into());
    let all: Vec<usize> = (0..names.len()).collect();
    let df = model.y.len() as f64 - names.len() as f64;
    let v = if cmd.has("small") {
        found.fit.v.clone().scaled((df + all.len() as f64) / df)
    } else {
        found.fit.v.clone()
    };
    let parameters = Parameters::spread(plain_stripe(names), &all, &found.fit.b, &v);
    let mut est = post::begin("xthtaylor", &post::command_line(cmd), &parameters, model);
    let results = &mut est.results;
    let test = wald::test_zero(&found.fit.b, &v, &all[..all.len() - 1]);
    let df_m = test.df as f64;
    results.scalar("N", model.y.len() as f64).scalar("df_m", df_m).scalar("rank", all.len() as f64);
    if cmd.has("small") {
        results
            .scalar("df_r", df)
            .scalar("F", stata(test.f()))
            .scalar("p", stata(f_tail(df_m, df, test.f())));
    } else {
        results.scalar("chi2", stata(test.chi2)).scalar("p", stata(chi2_tail(df_m, test.chi2)));
        results.text("chi2type", "Wald");
    }
    store_sizes(results, rows);
    let (u, e) = (found.sigma_u, found.sigma_e);
    results.scalar("sigma_u", u).scalar("sigma_e", e).scalar("sigma", u.hypot(e));
    results.scalar("rho", u * u / (u * u + e * e)).scalar("theta", found.theta);
    for (name, list) in LISTS.iter().zip(lists) {
        let words: Vec<&str> = list.iter().map(|at| own[*at].as_str()).collect();
        results.text(name, words.join(" "));
    }
    results
        .text("ivar", unit)
        .text("title", if cmd.has("amacurdy") { "Amemiya-MaCurdy" } else { "Hausman-Taylor" })
        .text("vce", "conventional");
    results.text("predict", "xtht_p").text("properties", "b V");
    session.post_estimation(est, model.touse.clone());
}

fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let results = &session.e.results;
    let scalar = |name: &str| results.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| results.get_text(name).unwrap_or("").to_string();
    let df_r = results.get_scalar("df_r");
    let test = match df_r {
        Some(df) => [
            Fact::statistic("F", &[scalar("df_m"), df], scalar("F")),
            Fact::probability("Prob > F", scalar("p")),
        ],
        None => [
            Fact::statistic("Wald chi2", &[scalar("df_m")], scalar("chi2")),
            Fact::probability("Prob > chi2", scalar("p")),
        ],
    };
    let lists: Vec<usize> = LISTS.iter().map(|l| text(l).split_whitespace().count()).collect();
    let depvar = text("depvar");
    let heading = format!("{} estimation", text("title").replace('-', "–"));
    let parameters = Active::of(&session.e)?;
    let (time, lines) = (String::new(), Default::default());
    let left = Heading { title: heading, time, under: "", lines, average: "%9.0g" };
    panel_heading(session, &left, &test, ["Random effects u_i ~ i.i.d.".into(), String::new()]);
    session.print("");
    let se: Vec<f64> = parameters.v.diagonal().iter().map(|v| v.sqrt()).collect();
    let mut headings = Vec::new();
    let mut first = 0;
    for (name, n) in LISTS.iter().zip(&lists) {
        if *n > 0 {
            headings.push((first, *name));
        }
        first += n;
    }
    headings.push((first, ""));
    let mut table = Table::of_equations(&parameters.stripe, &parameters.b, &se, df_r, level);
    table.title = &depvar;
    table.print_under(session, &headings);
    session.r.clear();
    table.store(session);
    components(session);
    session.print("Note: TV refers to time varying; TI refers to time invariant.");
    Ok(())
}
