//! `mvtest`: tests of means, covariances, correlations and normality of several variables.
//!
//! Stores in `r()`: means: T2 F df_m df_r p_F Ftype, by groups stat_m; covariances and correlations: chi2 df p_chi2 chi2type,
//! by groups also F_Box df_m_Box df_r_Box p_F_Box; normality: chi2_dh df_dh p_dh, hzirkler, mskew, mkurt with theirs.
//! Formulas: [MV] mvtest means, covariances, correlations, normality; Rencher and Christensen (2012), chapters 5 to 7.

use super::mvtest_show::{distances, group_statistics, pair, table};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::model::number_groups;
use crate::estimation::post::{kernel, stata};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::{chi2_tail, f_tail};
use estimators::matrix::Mat;
use estimators::multivariate_normality as normality;
use estimators::multivariate_normality::{BoxTest, Statistic, products};
use estimators::multivariate_tests::Hypothesis;

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("by"),
    OptSpec::flag("EQUal"),
    OptSpec::flag("ZERO"),
    OptSpec::text("EQUALS"),
    OptSpec::flag("HOMogeneous"),
    OptSpec::flag("DIAGonal"),
    OptSpec::flag("SPHerical"),
    OptSpec::flag("COMPound"),
    OptSpec::flag("UNIvariate"),
    OptSpec::flag("BIvariate"),
    OptSpec::text("STATs"),
    OptSpec::flag("MISSing"),
];
const UNSUPPORTED: &[&str] = &["HETerogeneous", "lr", "PROTect", "BLock", "LINear"];

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "mvtest",
    min: 3,
    form: Form::Raw,
    by: ByRule::EachGroup,
    run,
    syntax: "mvtest means|covariances|correlations|normality varlist [if] [in] [, by(varname) missing equal zero equals(matname) homogeneous diagonal spherical compound univariate bivariate stats(dhansen|hzirkler|skewness|kurtosis|all)]",
    notes: "means: equal, zero or equals(), by groups under homogeneity; covariances: diagonal, spherical or compound, by groups Box's test; correlations: compound; no weights; layouts follow [MV] mvtest in outline",
    examples: &[Example {
        // Two variables: the paired t-test.
        run: "input x y\n1 2\n2 2\n4 7\n5 6\n7 7\nend\nmvtest means x y\nscalar a = r(T2)\nttest x == y\nscalar t = r(t)^2",
        expect: &[("reldif(a, t) < 1e-12", 1.0)],
    }],
};

/// The variables in the rows of the sample.
struct Sample {
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
    /// Group of each row, and their number; without `by()` one group.
    of: Vec<u32>,
    groups: usize,
}

impl Sample {
    fn n(&self) -> f64 {
        self.columns[0].len() as f64
    }

    fn k(&self) -> usize {
        self.columns.len()
    }

    fn group(&self, group: usize) -> Vec<Vec<f64>> {
        let pick = |c: &Vec<f64>| {
            c.iter().zip(&self.of).filter(|(_, g)| **g as usize == group).map(|(x, _)| *x).collect()
        };
        self.columns.iter().map(pick).collect()
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (word, rest) = cmd.raw.trim().split_once(char::is_whitespace).unwrap_or((cmd.raw.trim(), ""));
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    let mut line = ParsedCommand::split("mvtest", rest, false)?;
    line.check_weighted_options(OPTIONS, UNSUPPORTED)?;
    if line.weight.is_some() {
        return Err(StataError::unsupported_option("mvtest", "weights"));
    }
    let sort: fn(&mut Session, &ParsedCommand, &Sample) -> Result<Results> = if is("means", 1) {
        means
    } else if is("covariances", 3) {
        covariances
    } else if is("correlations", 3) {
        correlations
    } else if is("normality", 4) {
        normal
    } else {
        return Err(StataError::new(
            198,
            format!("mvtest {word}: means, covariances, correlations or normality expected"),
        ));
    };
    let sample = read(s, &line)?;
    s.r = sort(s, &line, &sample)?;
    Ok(())
}

fn read(s: &Session, cmd: &ParsedCommand) -> Result<Sample> {
    let variables = s.varlist(&cmd.list)?;
    if variables.is_empty() {
        return Err(StataError::standard(100));
    }
    if variables.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let by = match cmd.options.text("by").map(str::trim) {
        Some(text) if text.contains(char::is_whitespace) => {
            return Err(StataError::unsupported_option("mvtest", "by() with several variables"));
        }
        Some(text) => Some(s.variable(text)?),
        None => None,
    };
    let mut touse = s.rows(cmd)?;
    s.markout(&variables, &mut touse, false)?;
    if let Some(by) = by.filter(|_| !cmd.has("missing")) {
        s.markout(&[by], &mut touse, true)?;
    }
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.len() < 2 {
        return Err(StataError::standard(if rows.is_empty() { 2000 } else { 2001 }));
    }
    let (of, groups) = by.map_or((vec![0; rows.len()], 1), |by| number_groups(&s.frame, by, &rows));
    if by.is_some() && groups < 2 {
        return Err(StataError::new(459, "only one group found"));
    }
    let name = |v: &usize| s.frame.var(*v).name.clone();
    let column = |v: &usize| rows.iter().map(|r| s.frame.num_at(*v, *r)).collect();
    Ok(Sample {
        names: variables.iter().map(name).collect(),
        columns: variables.iter().map(column).collect(),
        of,
        groups,
    })
}

fn singular() -> StataError {
    StataError::new(506, "covariance matrix not positive definite")
}

fn means(s: &mut Session, cmd: &ParsedCommand, sample: &Sample) -> Result<Results> {
    if sample.groups > 1 {
        return group_means(s, sample);
    }
    let (n, k) = (sample.n(), sample.k());
    let covariance = products(&sample.columns).scaled(1.0 / (n - 1.0));
    let mean: Vec<f64> = sample.columns.iter().map(|c| c.iter().sum::<f64>() / n).collect();
    let (away, spread, title) = if let Some(name) = cmd.options.text("equals") {
        let given = s
            .matrix(name.trim())
            .ok_or_else(|| StataError::new(111, format!("matrix {} not found", name.trim())))?;
        let given = kernel(&given);
        if given.data().len() != k {
            return Err(StataError::standard(503));
        }
        let away = mean.iter().zip(given.data()).map(|(m, g)| m - g).collect();
        (away, covariance, format!("Test that means equal vector {}", name.trim()))
    } else if cmd.has("zero") {
        (mean, covariance, "Test that all means are 0".to_string())
    } else {
        if k < 2 {
            return Err(StataError::standard(102));
        }
        // differences from the first variable
        let contrast = Mat::from_fn(k - 1, k, |i, j| match j {
            0 => -1.0,
            j if j == i + 1 => 1.0,
            _ => 0.0,
        });
        (
            contrast.times_vector(&mean),
            contrast.sandwich(&covariance),
            "Test that all means are the same".to_string(),
        )
    };
    let p = away.len() as f64;
    if n <= p {
        return Err(StataError::insufficient_observations());
    }
    let t2 = n * spread.inverse_definite().ok_or_else(singular)?.quadratic(&away);
    let f = (n - p) / ((n - 1.0) * p) * t2;
    let tail = f_tail(p, n - p, f);
    s.print("");
    s.print(&title);
    s.print("");
    s.print(format!("{:>25} = {}", "Hotelling T2", format::right(&format::bare("%8.2f", t2), 8)));
    pair(s, 25, &format!("Hotelling F({p},{})", n - p), f, "Prob > F", tail);
    let mut r = Results::default();
    r.scalar("T2", t2).scalar("F", f).scalar("df_m", p).scalar("df_r", n - p).scalar("p_F", stata(tail));
    r.text("Ftype", "exact");
    Ok(r)
}

fn group_means(s: &mut Session, sample: &Sample) -> Result<Results> {
    let k = sample.k();
    let within = (0..sample.groups).fold(Mat::zeros(k, k), |sum, g| sum.plus(&products(&sample.group(g))));
    let between = products(&sample.columns).minus(&within);
    let (df, df_r) = (sample.groups as f64 - 1.0, sample.n() - sample.groups as f64);
    if df_r < k as f64 {
        return Err(StataError::insufficient_observations());
    }
    let tests = Hypothesis { h: &between, e: &within, df, df_r }.tests().ok_or_else(singular)?;
    s.print("");
    s.print(format!("Test for equality of {} group means, assuming homogeneity", sample.groups));
    let matrix = table(s, &tests);
    let mut r = Results::default();
    r.matrix("stat_m", matrix);
    let wilks = tests.wilks;
    r.scalar("F", wilks.f).scalar("df_m", wilks.df1).scalar("df_r", wilks.df2);
    r.scalar("p_F", stata(f_tail(wilks.df1, wilks.df2, wilks.f)));
    Ok(r)
}

/// Prints and stores an adjusted likelihood-ratio test.
fn adjusted(s: &mut Session, title: &str, kind: &str, test: Statistic) -> Results {
    let p = chi2_tail(test.df, test.chi2);
    s.print("");
    s.print(title);
    s.print("");
    pair(s, 25, &format!("{kind} chi2({})", test.df), test.chi2, "Prob > chi2", p);
    let mut r = Results::default();
    r.scalar("chi2", test.chi2).scalar("df", test.df).scalar("p_chi2", stata(p)).text("chi2type", kind);
    r
}

fn covariances(s: &mut Session, cmd: &ParsedCommand, sample: &Sample) -> Result<Results> {
    if sample.groups > 1 {
        let groups: Vec<(Mat, f64)> = (0..sample.groups)
            .map(|g| {
                let own = sample.group(g);
                (products(&own), own[0].len() as f64)
            })
            .collect();
        if groups.iter().any(|g| g.1 <= sample.k() as f64) {
            return Err(StataError::new(2001, "insufficient observations in a group"));
        }
        let test = normality::box_test(&groups).ok_or_else(singular)?;
        return Ok(boxed(s, sample.groups, test));
    }
    if cmd.has("equals") {
        return Err(StataError::unsupported_option("mvtest", "equals() of covariances"));
    }
    let n = sample.n();
    let covariance = products(&sample.columns).scaled(1.0 / (n - 1.0));
    let (test, title) = if cmd.has("spherical") {
        (normality::spherical(&covariance, n), "Test that covariance matrix is spherical")
    } else if cmd.has("compound") {
        (normality::compound(&covariance, n), "Test that covariance matrix is compound symmetric")
    } else {
        (normality::diagonal(&covariance, n), "Test that covariance matrix is diagonal")
    };
    Ok(adjusted(s, title, "Adjusted LR", test.ok_or_else(singular)?))
}

fn boxed(s: &mut Session, groups: usize, test: BoxTest) -> Results {
    let (p_f, p_chi2) = (f_tail(test.df, test.df_r, test.f), chi2_tail(test.df, test.chi2));
    s.print("");
    s.print(format!("Test of equality of covariance matrices across {groups} samples"));
    s.print("");
    s.print(format!("{:>25} = {}", "Modified LR chi2", format::right(&format::bare("%9.0g", test.ratio), 9)));
    let name = format!("Box F({},{})", test.df, format::bare("%9.1f", test.df_r).trim());
    pair(s, 25, &name, test.f, "Prob > F", p_f);
    pair(s, 25, &format!("Box chi2({})", test.df), test.chi2, "Prob > chi2", p_chi2);
    let mut r = Results::default();
    r.scalar("chi2", test.chi2).scalar("df", test.df).scalar("p_chi2", stata(p_chi2));
    r.scalar("F_Box", test.f).scalar("df_m_Box", test.df).scalar("df_r_Box", test.df_r);
    r.scalar("p_F_Box", stata(p_f)).text("chi2type", "Box");
    r
}

fn correlations(s: &mut Session, cmd: &ParsedCommand, sample: &Sample) -> Result<Results> {
    if sample.groups > 1 || cmd.has("equals") {
        let what = if sample.groups > 1 { "correlations, by()" } else { "equals() of correlations" };
        return Err(StataError::unsupported_option("mvtest", what));
    }
    if sample.k() < 3 {
        return Err(StataError::new(102, "too few variables specified: at least three are required"));
    }
    let test = normality::equal_correlations(&products(&sample.columns), sample.n()).ok_or_else(singular)?;
    let title = "Test that correlation matrix is compound symmetric (all correlations equal)";
    Ok(adjusted(s, title, "Lawley", test))
}

fn normal(s: &mut Session, cmd: &ParsedCommand, sample: &Sample) -> Result<Results> {
    let asked = cmd.options.text("stats").unwrap_or("dhansen").to_string();
    let mut wanted = [false; 4];
    for word in asked.split_whitespace() {
        let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
        let names = [("skewness", 1), ("kurtosis", 1), ("hzirkler", 1), ("dhansen", 1)];
        match names.iter().position(|(full, least)| is(full, *least)) {
            Some(at) => wanted[at] = true,
            None if word == "all" => wanted = [true; 4],
            None => return Err(StataError::invalid(format!("stats({word}) invalid"))),
        }
    }
    if sample.groups > 1 {
        return Err(StataError::option_not_allowed("by()"));
    }
    if sample.n() < 8.0 || sample.n() <= sample.k() as f64 {
        return Err(StataError::insufficient_observations());
    }
    let mut r = Results::default();
    if cmd.has("univariate") {
        distances(s, &sample.names, &sample.columns, &mut r, false)?;
    }
    if cmd.has("bivariate") {
        distances(s, &sample.names, &sample.columns, &mut r, true)?;
    }
    group_statistics(s, &sample.columns, wanted, &mut r)?;
    Ok(r)
}
