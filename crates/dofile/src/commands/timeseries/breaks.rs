//! `estat sbknown` and `estat sbsingle` after `regress`: tests of structural breaks of the coefficients. Formulas: [TS] estat sbknown,
//! [TS] estat sbsingle; numbers: `estimators::structural_breaks`.

use super::series;
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::linear::Parameters;
use crate::format;
use crate::frame::{Column, Variable};
use crate::ops::estat::Call;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options, abbreviates};
use crate::syntax::split::words;
use crate::value::MISSING;
use estimators::distributions::chi2_tail;
use estimators::ols::{self, Request};
use estimators::structural_breaks::Over;
use estimators::vce::Vce;
use estimators::wald;

type Subcommand = fn(&mut Session, &Call) -> Result<()>;

/// The subcommands with their shortest forms.
pub(super) const SUBCOMMANDS: &[(&str, usize, Subcommand)] =
    &[("sbknown", 7, known), ("sbsingle", 8, single), ("sbcusum", 7, super::cusum::cusum)];

/// The regression in the order of time.
pub(super) struct Sample {
    pub(super) y: Vec<f64>,
    pub(super) names: Vec<String>,
    pub(super) columns: Vec<Vec<f64>>,
    pub(super) constant: bool,
    pub(super) robust: bool,
    pub(super) rows: Vec<usize>,
    pub(super) times: Vec<f64>,
    pub(super) shape: String,
}

impl Sample {
    pub(super) fn of(session: &Session) -> Result<Self> {
        let (panel, time) = series::declared(session)?;
        if panel.panel.is_some() {
            return Err(StataError::new(459, "the test is for one time series, not for panels"));
        }
        if session.e.results.get_text("wtype").is_some() {
            return Err(StataError::new(322, "not available after a weighted regression"));
        }
        let robust = match session.e.results.get_text("vce").unwrap_or("ols") {
            "ols" => false,
            "robust" => true,
            vce => return Err(StataError::new(322, format!("not available after vce({vce})"))),
        };
        let mark = session.required_estimation_sample()?;
        let rows = series::order(session, &mark, true)?;
        let parameters = Parameters::of(&session.e)?;
        let slopes: Vec<usize> = (0..parameters.b.len())
            .filter(|p| parameters.v[(*p, *p)] > 0.0 && parameters.terms[*p].is_some())
            .collect();
        let frame = &session.frame;
        Ok(Self {
            y: crate::ops::predict::outcome(session, &rows)?,
            names: slopes.iter().map(|p| parameters.stripe[*p].name.clone()).collect(),
            columns: crate::ops::predict::design(frame, &parameters, &slopes, &rows)?,
            constant: parameters.stripe.iter().any(|s| s.name == "_cons"),
            robust,
            times: rows.iter().map(|r| frame.num_at(time, *r)).collect(),
            shape: frame.var(time).format.clone(),
            rows,
        })
    }

    pub(super) fn date(&self, row: usize) -> String {
        format::bare(&self.shape, self.times[row]).trim().to_string()
    }

    pub(super) fn parameters(&self) -> usize {
        self.columns.len() + usize::from(self.constant)
    }

    /// Wald statistic, likelihood ratio and degrees of freedom of breaks before the given rows.
    fn test(&self, breaks: &[usize], tested: &Tested) -> Result<(f64, f64, usize)> {
        let mut changes: Vec<Vec<f64>> = Vec::new();
        for start in breaks {
            let after = |column: &[f64]| -> Vec<f64> {
                column.iter().enumerate().map(|(t, v)| if t >= *start { *v } else { 0.0 }).collect()
            };
            changes.extend(tested.columns.iter().map(|c| after(&self.columns[*c])));
            if tested.constant {
                changes.push(after(&vec![1.0; self.y.len()]));
            }
        }
        let base: Vec<&[f64]> = self.columns.iter().map(Vec::as_slice).collect();
        let mut all = base.clone();
        all.extend(changes.iter().map(Vec::as_slice));
        let fit = |columns: &[&[f64]], vce: Vce<'_>| {
            let request = Request { constant: self.constant, vce, ..Request::new(&self.y, columns) };
            ols::fit(&request).map_err(fit_error)
        };
        let vce = if self.robust { Vce::Robust } else { Vce::Classical };
        let (without, with) = (fit(&base, Vce::Classical)?, fit(&all, vce)?);
        let positions: Vec<usize> =
            (0..with.basis.kept.len()).filter(|p| with.basis.kept[*p] >= base.len()).collect();
        if positions.len() < changes.len() || with.df_residual <= 0.0 {
            return Err(StataError::new(
                459,
                "a part of the sample has too few observations for its coefficients",
            ));
        }
        let test = wald::test_zero(&with.b, &with.v, &positions);
        let ratio = self.y.len() as f64 * (without.rss / with.rss).ln();
        Ok((test.chi2, ratio, test.df))
    }
}

/// Which coefficients may change.
struct Tested {
    columns: Vec<usize>,
    constant: bool,
}

impl Tested {
    /// `breakvars(varlist [, constant])`; all by default.
    fn of(session: &Session, data: &Sample, text: Option<&str>) -> Result<Self> {
        let Some(text) = text else {
            return Ok(Self { columns: (0..data.columns.len()).collect(), constant: data.constant });
        };
        let (front, options) = crate::ops::graphs::text::suboptions(text)?;
        let mut out = Self { columns: Vec::new(), constant: false };
        for (name, _) in options {
            if !abbreviates(&name, "CONStant") {
                return Err(StataError::option_not_allowed(&name));
            }
            out.constant = true;
        }
        for word in words(front) {
            let full = session
                .frame
                .find(word)
                .map_or_else(|| word.to_string(), |v| session.frame.var(v).name.clone());
            let at = data.names.iter().position(|n| *n == full);
            out.columns.push(
                at.ok_or_else(|| StataError::new(111, format!("{word} is no regressor of the model")))?,
            );
        }
        if out.columns.is_empty() && !out.constant {
            return Err(StataError::new(198, "breakvars() names no coefficient"));
        }
        Ok(out)
    }

    /// `exogenous` and tested coefficients as a line under the table.
    fn names(&self, data: &Sample) -> String {
        let mut names: Vec<&str> = self.columns.iter().map(|c| data.names[*c].as_str()).collect();
        if self.constant {
            names.push("_cons");
        }
        names.join(" ")
    }
}

fn under(session: &mut Session, data: &Sample, tested: &Tested) {
    if !data.names.is_empty() {
        session.print(format!("Exogenous variables: {}", data.names.join(" ")));
    }
    session.print(format!("Coefficients included in test: {}", tested.names(data)));
}

fn known(session: &mut Session, call: &Call) -> Result<()> {
    let options = call.options(
        &[OptSpec::text("BREAK"), OptSpec::text("BREAKVars"), OptSpec::flag("Wald"), OptSpec::flag("lr")],
        &[],
    )?;
    let data = Sample::of(session)?;
    let tested = Tested::of(session, &data, options.text("breakvars"))?;
    let dates =
        options.text("break").ok_or_else(|| StataError::new(198, "option break() required"))?.to_string();
    let mut breaks = Vec::new();
    let mut shown = Vec::new();
    for word in words(&dates) {
        let date = session.eval_num(word)?;
        let row = data.times.iter().position(|t| *t >= date).filter(|r| *r > 0);
        breaks.push(row.ok_or_else(|| StataError::new(198, format!("{word} lies outside of the sample")))?);
        shown.push(format::bare(&data.shape, date).trim().to_string());
    }
    let (chi2, ratio, df) = data.test(&breaks, &tested)?;
    let lr = options.has("lr");
    let statistic = if lr { ratio } else { chi2 };
    let p = chi2_tail(df as f64, statistic);
    let kind = if lr { "Likelihood-ratio" } else { "Wald" };
    let plural = if breaks.len() > 1 { "s" } else { "" };
    session.print("");
    session.print(format!("{kind} test for a structural break: Known break date{plural}"));
    session.print("");
    session.print(format!(
        "{:<29}Number of obs = {:>10}",
        "",
        format::bare("%10.0fc", data.y.len() as f64).trim()
    ));
    session.print("");
    session.print(format!("{:<29}{} - {}", "Sample:", data.date(0), data.date(data.y.len() - 1)));
    session.print(format!("{:<29}{}", format!("Break date{plural}:"), shown.join(" ")));
    session.print("H0: No structural break");
    session.print("");
    session.print(format!(
        "{:>18}{:>2} = {:>10}",
        format!("chi2({df})"),
        "",
        format::bare("%9.4f", statistic)
    ));
    session.print(format!("{:>18}{:>2} = {:>10}", "Prob > chi2", "", format::bare("%6.4f", p)));
    session.print("");
    under(session, &data, &tested);
    let mut r = Results::default();
    r.scalar("chi2", statistic).scalar("p", p).scalar("df", df as f64);
    r.text("breakdate", shown.join(" ")).text("breakvars", tested.names(&data));
    r.text("test", if lr { "lr" } else { "wald" });
    session.r = r;
    Ok(())
}

/// The tests of `estat sbsingle`: option, statistic over the breaks, likelihood ratio.
const TESTS: [(&str, Over, bool); 6] = [
    ("swald", Over::Supremum, false),
    ("awald", Over::Average, false),
    ("ewald", Over::Exponential, false),
    ("slr", Over::Supremum, true),
    ("alr", Over::Average, true),
    ("elr", Over::Exponential, true),
];

/// Shares left out at both ends.
fn trimming(options: &Options) -> Result<(f64, f64)> {
    let share = |name: &str, otherwise: f64| {
        let value = options.real(name).unwrap_or(otherwise);
        (1.0..=49.0)
            .contains(&value)
            .then_some(value / 100.0)
            .ok_or_else(|| StataError::new(198, format!("{name}() must be between 1 and 49")))
    };
    let both = options.real("trim").unwrap_or(15.0);
    Ok((share("ltrim", both)?, share("rtrim", both)?))
}

fn single(session: &mut Session, call: &Call) -> Result<()> {
    let mut specs = vec![
        OptSpec::text("BREAKVars"),
        OptSpec::real("trim"),
        OptSpec::real("ltrim"),
        OptSpec::real("rtrim"),
        OptSpec::flag("all"),
        OptSpec::text("GENerate"),
    ];
    specs.extend(TESTS.iter().map(|t| OptSpec::flag(t.0)));
    let options = call.options(&specs, &[])?;
    let ends = trimming(&options)?;
    let data = Sample::of(session)?;
    let tested = Tested::of(session, &data, options.text("breakvars"))?;
    let n = data.y.len() as f64;
    // the first row of the later part, counted from one
    let (first, last) = ((ends.0 * n).ceil() as usize, ((1.0 - ends.1) * n).floor() as usize);
    if first > last || last >= data.y.len() || first < data.parameters() {
        return Err(StataError::insufficient_observations());
    }
    let mut paths = (Vec::new(), Vec::new());
    let mut df = 0;
    for row in first..=last {
        let (chi2, ratio, own) = data.test(&[row], &tested)?;
        df = own;
        paths.0.push(chi2);
        paths.1.push(ratio);
    }
    let mut asked: Vec<&(&str, Over, bool)> =
        TESTS.iter().filter(|t| options.has(t.0) || options.has("all")).collect();
    if asked.is_empty() {
        asked.push(&TESTS[0]);
    }
    let highest =
        |path: &[f64]| (0..path.len()).fold(0, |best, i| if path[i] > path[best] { i } else { best });
    let chosen = if asked.iter().all(|t| t.2) { &paths.1 } else { &paths.0 };
    let dated = asked.iter().any(|t| t.1 == Over::Supremum);
    let breakdate = data.date(first + highest(chosen));
    let mut r = Results::default();
    session.print("");
    session.print("Test for a structural break: Unknown break date");
    session.print("");
    session.print(format!("{:<29}Number of obs = {:>10}", "", format::bare("%10.0fc", n).trim()));
    session.print("");
    session.print(format!("{:<29}{} - {}", "Full sample:", data.date(0), data.date(data.y.len() - 1)));
    session.print(format!("{:<29}{} - {}", "Trimmed sample:", data.date(first), data.date(last)));
    if dated {
        session.print(format!("{:<29}{breakdate}", "Estimated break date:"));
        r.text("breakdate", breakdate.clone());
    }
    session.print("H0: No structural break");
    session.print("");
    session.print(format!("{:>15}{:>17}{:>15}", "Test", "Statistic", "p-value"));
    session.print(format!("  {}", "-".repeat(45)));
    for (name, over, likelihood) in &asked {
        let statistic = over.statistic(if *likelihood { &paths.1 } else { &paths.0 });
        let p = over.p_value(statistic, df, ends).unwrap_or(MISSING);
        session.print(format!(
            "{name:>15}{:>17}{:>15}",
            format::bare("%10.4f", statistic),
            format::bare("%6.4f", p)
        ));
        r.scalar(&format!("chi2_{name}"), statistic).scalar(&format!("p_{name}"), p);
        if asked.len() == 1 {
            r.scalar("chi2", statistic).scalar("p", p);
        }
    }
    session.print(format!("  {}", "-".repeat(45)));
    under(session, &data, &tested);
    r.scalar("df", df as f64);
    r.text("ltrim", data.date(first)).text("rtrim", data.date(last)).text("breakvars", tested.names(&data));
    r.text("tests", asked.iter().map(|t| t.0).collect::<Vec<_>>().join(" "));
    if let Some(names) = options.text("generate") {
        generate(session, names, &data.rows[first..=last], &[&paths.0, &paths.1], &asked)?;
    }
    session.r = r;
    Ok(())
}

/// The statistics of each break date as new variables: the Wald statistics, the likelihood ratios, as the tests ask for.
fn generate(
    session: &mut Session,
    names: &str,
    rows: &[usize],
    paths: &[&Vec<f64>],
    asked: &[&(&str, Over, bool)],
) -> Result<()> {
    let mut wanted: Vec<usize> = Vec::new();
    for kind in [false, true] {
        if asked.iter().any(|t| t.2 == kind) {
            wanted.push(usize::from(kind));
        }
    }
    let names: Vec<&str> = names.split_whitespace().collect();
    if names.len() != wanted.len() {
        return Err(StataError::new(198, format!("generate() must name {} variables", wanted.len())));
    }
    for (name, path) in names.iter().zip(wanted) {
        path_variable(session, name, rows, paths[path])?;
    }
    Ok(())
}

pub(super) fn path_variable(session: &mut Session, name: &str, rows: &[usize], path: &[f64]) -> Result<()> {
    let mut values = vec![MISSING; session.frame.n_rows()];
    rows.iter().zip(path).for_each(|(row, value)| values[*row] = *value);
    session.frame.add(Variable::new(name, Column::Double(values)))?;
    Ok(())
}
