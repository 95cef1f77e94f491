//! `estat sbknown`, `estat sbsingle` and `estat sbcusum` after `regress`: tests of structural breaks of the coefficients. Formulas: [TS]
//! estat sbknown, [TS] estat sbsingle, [TS] estat sbcusum; numbers: `estimators::structural_breaks`.

use super::series;
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::linear::Parameters;
use crate::format;
use crate::frame::{Column, Variable};
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::ops::graphs::plain::{Plain, RawOption, show};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options, abbreviates, split_options};
use crate::syntax::split::{ParsedCommand, words};
use crate::value::MISSING;
use estimators::distributions::chi2_tail;
use estimators::ols::{self, Request};
use estimators::structural_breaks::{Cusum, Over, recursive_residuals};
use estimators::vce::Vce;
use estimators::wald;
use figure::{Color, Range, Series, Shape, Style};

type Subcommand = fn(&mut Session, &Call) -> Result<()>;

/// The subcommands with their shortest forms.
pub(super) const SUBCOMMANDS: &[(&str, usize, Subcommand)] =
    &[("sbknown", 7, known), ("sbsingle", 8, single), ("sbcusum", 7, cusum)];

/// The regression in the order of time.
struct Sample {
    y: Vec<f64>,
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
    constant: bool,
    robust: bool,
    rows: Vec<usize>,
    times: Vec<f64>,
    shape: String,
}

impl Sample {
    fn of(session: &Session) -> Result<Self> {
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
        let mark =
            session.estimation_sample().ok_or_else(|| StataError::new(322, "estimation sample not found"))?;
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

    fn date(&self, row: usize) -> String {
        format::bare(&self.shape, self.times[row]).trim().to_string()
    }

    fn parameters(&self) -> usize {
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
        return Err(StataError::new(2001, "insufficient observations"));
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

fn path_variable(session: &mut Session, name: &str, rows: &[usize], path: &[f64]) -> Result<()> {
    let mut values = vec![MISSING; session.frame.n_rows()];
    rows.iter().zip(path).for_each(|(row, value)| values[*row] = *value);
    session.frame.add(Variable::new(name, Column::Double(values)))?;
    Ok(())
}

fn cusum(session: &mut Session, call: &Call) -> Result<()> {
    let own = ParsedCommand::split("estat sbcusum", &format!("{}, {}", call.list, call.option_text), false)?;
    let (mut kind, mut level, mut new, mut drawn) = (Cusum::Recursive, session.settings.level, None, true);
    let mut rest: Vec<RawOption> = Vec::new();
    for option in split_options(&own.option_text)? {
        let is = |declared: &str| abbreviates(&option.0, declared);
        match &option.1 {
            None if is("RECursive") => kind = Cusum::Recursive,
            None if is("ols") => kind = Cusum::Ols,
            None if is("NOGraph") => drawn = false,
            Some(text) if is("GENerate") => new = Some(text.trim().to_string()),
            Some(text) if is("Level") => {
                level = crate::syntax::options::parse_number(text)
                    .filter(|l| (10.0..=99.99).contains(l))
                    .ok_or_else(|| StataError::new(198, "level() must be between 10 and 99.99 inclusive"))?;
            }
            None if is("SQUared") => return Err(StataError::unsupported_option("estat sbcusum", "squared")),
            _ => rest.push(option),
        }
    }
    let data = Sample::of(session)?;
    let (start, path) = path_of(&data, kind)?;
    let length = path.len() as f64;
    let share = |i: usize| (i + 1) as f64 / length;
    let statistic = (0..path.len()).map(|i| path[i].abs() / kind.bound(share(i))).fold(0.0, f64::max);
    let critical = [0.01, 0.05, 0.1].map(|l| kind.critical(l));
    let name = if kind == Cusum::Ols { "ols" } else { "recursive" };
    let (from, to) = (data.date(0), data.date(data.y.len() - 1));
    session.print("");
    session.print("Cumulative sum test for parameter stability");
    session.print("");
    let n = format::bare("%10.0fc", data.y.len() as f64);
    session.print(format!("{:<50}Number of obs = {:>10}", format!("Sample: {from} thru {to}"), n.trim()));
    session.print("H0: No structural break");
    session.print("");
    session.print(format!("{:>42}{:>18}{:>18}", "1% Critical", "5% Critical", "10% Critical"));
    session.print(format!(
        " {:<12}{:>14}{:>12}{:>18}{:>18}",
        "Statistic", "Test statistic", "value", "value", "value"
    ));
    session.print("-".repeat(78));
    let cell = |x: f64| format::bare("%9.4f", x);
    session.print(format!(
        " {name:<12}{:>14}{:>14}{:>18}{:>18}",
        cell(statistic),
        cell(critical[0]),
        cell(critical[1]),
        cell(critical[2])
    ));
    session.print("-".repeat(78));
    let mut r = Results::default();
    let mut values = Matrix::new(1, 3, critical.to_vec());
    values.col_names = ["1%", "5%", "10%"].map(Stripe::term).to_vec();
    r.scalar("cusum", statistic).scalar("level", level).scalar("df", length).matrix("cvalues", values);
    r.text("statistic", name).text("tmins", from).text("tmaxs", to);
    let rows = &data.rows[start..];
    if let Some(name) = new {
        path_variable(session, &name, rows, &path)?;
    }
    if drawn {
        let bound = kind.critical(1.0 - level / 100.0);
        draw(session, &data, (start, &path), (level, &|i| bound * kind.bound(share(i))), &rest)?;
    }
    session.r = r;
    Ok(())
}

/// The first row of the path, and the path over the square root of its length.
fn path_of(data: &Sample, kind: Cusum) -> Result<(usize, Vec<f64>)> {
    let k = data.parameters();
    let (start, residuals, scale) = if kind == Cusum::Ols {
        let columns: Vec<&[f64]> = data.columns.iter().map(Vec::as_slice).collect();
        let request = Request { constant: data.constant, ..Request::new(&data.y, &columns) };
        let fit = ols::fit(&request).map_err(fit_error)?;
        let fitted = estimators::qr::predict(&columns, &fit.basis.kept, data.constant, &fit.b);
        let residuals: Vec<f64> = data.y.iter().zip(&fitted).map(|(y, f)| y - f).collect();
        (0, residuals, fit.rss / (data.y.len() - k) as f64)
    } else {
        let row = |t: usize| -> Vec<f64> {
            data.columns.iter().map(|c| c[t]).chain(data.constant.then_some(1.0)).collect()
        };
        let rows: Vec<Vec<f64>> = (0..data.y.len()).map(row).collect();
        let (start, residuals) = recursive_residuals(&data.y, &rows);
        let n = residuals.len() as f64;
        let mean = residuals.iter().sum::<f64>() / n;
        let squares: f64 = residuals.iter().map(|w| (w - mean).powi(2)).sum();
        (start, residuals, squares / (n - 1.0))
    };
    if residuals.len() < 3 || scale.partial_cmp(&0.0) != Some(std::cmp::Ordering::Greater) {
        return Err(StataError::new(2001, "insufficient observations"));
    }
    let unit = (scale * residuals.len() as f64).sqrt();
    let mut sum = 0.0;
    let path = residuals
        .iter()
        .map(|w| {
            sum += w;
            sum / unit
        })
        .collect();
    Ok((start, path))
}

/// The path and its bounds.
fn draw(
    session: &mut Session,
    data: &Sample,
    (start, path): (usize, &[f64]),
    (level, bound): (f64, &dyn Fn(usize) -> f64),
    rest: &[RawOption],
) -> Result<()> {
    let at = |i: usize| data.times[start + i];
    let ranges = (0..path.len()).map(|i| Range { at: at(i), low: -bound(i), high: bound(i) }).collect();
    let points = path.iter().enumerate().map(|(i, v)| (at(i), *v)).collect();
    let series = |number: usize, shape: Shape, style: Style, label: &str| Series {
        label: label.to_string(),
        number,
        shape,
        style,
    };
    let grey = Style { fill: Color::parse("gs13"), ..Style::default() };
    let depvar = session.e.results.get_text("depvar").unwrap_or("").to_string();
    let (_, time) = series::declared(session)?;
    let plain = Plain {
        series: vec![
            series(0, Shape::Band { ranges }, grey, &format!("{level}% bounds")),
            series(1, Shape::Line { points, step: false }, Style::default(), "cusum"),
        ],
        title: format!("Cusum plot of {depvar}"),
        note: format!("with {level}% confidence bands around the null"),
        x_title: session.frame.var(time).name.clone(),
        ..Plain::default()
    };
    show(session, plain, rest)
}
