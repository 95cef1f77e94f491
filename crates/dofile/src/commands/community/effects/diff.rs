//! `diff`: two periods, two groups (Villa 2016, Stata Journal 16). Written from the article.

use super::condition;
use super::diff_kernel::{self, WEIGHTS};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::frame::{Column, StorageType, Variable};
use crate::ops::run::quietly;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::words;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Treated"),
    OptSpec::text("Period"),
    OptSpec::text("Cov"),
    OptSpec::text("CLuster"),
    OptSpec::flag("robust"),
    OptSpec::flag("REPort"),
    OptSpec::flag("NOStar"),
    OptSpec::flag("test"),
    OptSpec::flag("Kernel"),
    OptSpec::text("id"),
    OptSpec::real("bw"),
    OptSpec::text("KType"),
    OptSpec::flag("rcs"),
    OptSpec::flag("SUPport"),
    OptSpec::flag("LOgit"),
    OptSpec::text("PScore"),
    OptSpec::text("ADDcov"),
])
.unsupported(&["bs", "Reps", "QDid", "ddd"]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "diff",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "diff outcome [if] [in], treated(v) period(v) [cov(varlist) kernel id(v) rcs bw(#) ktype(epanechnikov|gaussian|biweight|uniform|tricube) support logit pscore(v) addcov(varlist) cluster(v) robust report test nostar]",
    notes: "the regression on treated, period and their product; kernel: weights of kernel matching on the propensity score of the first period, in _weights and _ps; stores r(mean_c0) r(mean_t0) r(diff0) r(mean_c1) r(mean_t1) r(diff1) r(did) and their standard errors se_c0 se_t0 se_d0 se_c1 se_t1 se_d1 se_dd, leaves _diff and the regression in e(); bs, qdid() and ddd() are refused; Villa (2016)",
    examples: &[
        Example {
            run: "input t p y\n0 0 1\n0 0 3\n1 0 2\n1 0 6\n0 1 2\n0 1 4\n1 1 7\n1 1 9\nend\ndiff y, treated(t) period(p)",
            expect: &[
                ("r(mean_c0)", 2.0),
                ("r(mean_t1)", 8.0),
                ("r(diff0)", 2.0),
                ("r(diff1)", 5.0),
                ("r(did)", 3.0),
                ("_b[_diff]", 3.0),
            ],
        },
        Example {
            // all controls have the same score as the treated, so that the weights are equal
            run: "set obs 16\ngenerate id = ceil(_n/2)\ngenerate p = mod(_n, 2)\ngenerate t = id > 4\ngenerate x = mod(id, 2)\ngenerate y = x + p + 2*t*p + mod(_n, 3)\ndiff y, treated(t) period(p)\nscalar plain = r(did)\ndiff y, treated(t) period(p) cov(x) kernel id(id)",
            expect: &[("reldif(r(did), plain) < 1e-8", 1.0), ("reldif(_weights[1], 1) < 1e-8", 1.0)],
        },
    ],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let o = &cmd.options;
    let [y] = words(&cmd.list)[..] else { return Err(StataError::standard(103)) };
    let y = s.frame.var(s.numeric_variable(y)?).name.clone();
    let binary = |option: &str| -> Result<String> {
        let text =
            o.text(option).ok_or_else(|| StataError::invalid(format!("Option {option}() not specified")))?;
        let v = s.numeric_variable(text.trim())?;
        let name = s.frame.var(v).name.clone();
        let known = |x: f64| is_missing(x) || x == 0.0 || x == 1.0;
        match (0..s.frame.n_rows()).all(|r| known(s.frame.num_at(v, r))) {
            true => Ok(name),
            false => Err(StataError::new(198, format!("{name} is not a 0/1 variable"))),
        }
    };
    let (t, p) = (binary("treated")?, binary("period")?);
    let cov = o.text("cov").unwrap_or("").to_string();
    if cmd.has("report") && cov.trim().is_empty() && o.text("pscore").is_none() {
        return Err(StataError::invalid("option report needs cov()"));
    }
    if cmd.has("test") && cov.trim().is_empty() {
        return Err(StataError::invalid("no covariates specified in option cov()"));
    }
    let list = condition(cmd);
    let kernel = cmd.has("kernel");
    if kernel {
        diff_kernel::weigh(s, cmd, &t, &p, &cov, &list)?;
    } else if cmd.has("rcs") || o.text("id").is_some() || cmd.has("support") {
        return Err(StataError::invalid("options id(), rcs and support need kernel"));
    }
    if cmd.has("test") {
        return diff_kernel::balance(s, (&t, &p), &cov, &list, kernel);
    }
    product(s, &t, &p)?;
    let vce = match (o.text("cluster"), cmd.has("robust")) {
        (Some(cluster), _) => format!("vce(cluster {cluster})"),
        (None, true) => "vce(robust)".to_string(),
        _ => String::new(),
    };
    let controls = if kernel { o.text("addcov").unwrap_or("").to_string() } else { cov.clone() };
    let weight = if kernel { format!(" [aw={WEIGHTS}]") } else { String::new() };
    quietly(s, &format!("regress {y} {p} {t} _diff {controls}{list}{weight}, {vce}"))?;
    let found = Found::of(s, &t, &p)?;
    let counts = counts(s, &t, &p);
    show(s, cmd, &y, &found, counts, kernel);
    if cmd.has("report") {
        report(s, &controls)?;
    }
    s.print("* Means and Standard Errors are estimated by linear regression");
    if cmd.has("robust") {
        s.print("**Robust Std. Errors");
    }
    if o.text("cluster").is_some() {
        s.print("**Clustered Std. Errors");
    }
    s.print("**Inference: *** p<0.01; ** p<0.05; * p<0.1");
    let mut r = Results::default();
    let names = ["mean_c0", "mean_t0", "diff0", "mean_c1", "mean_t1", "diff1", "did"];
    let errors = ["se_c0", "se_t0", "se_d0", "se_c1", "se_t1", "se_d1", "se_dd"];
    for (k, (name, se)) in names.iter().zip(errors).enumerate() {
        r.scalar(name, found.0[k].0).scalar(se, found.0[k].1);
    }
    s.r = r;
    Ok(())
}

/// Makes the product of treatment and period.
fn product(s: &mut Session, t: &str, p: &str) -> Result<()> {
    let (a, b) = (s.frame.position(t)?, s.frame.position(p)?);
    let value = |r: usize| match (s.frame.num_at(a, r), s.frame.num_at(b, r)) {
        (x, y) if is_missing(x) || is_missing(y) => MISSING,
        (x, y) => x * y,
    };
    let values: Vec<f64> = (0..s.frame.n_rows()).map(value).collect();
    if let Some(old) = s.frame.find("_diff") {
        s.frame.drop_vars(&[old]);
    }
    s.frame.add(Variable::new("_diff", Column::from_f64(StorageType::Byte, &values))).map(|_| ())
}

/// Means and differences, each with its standard error and p-value.
struct Found(Vec<(f64, f64, f64)>);

impl Found {
    fn of(s: &mut Session, t: &str, p: &str) -> Result<Self> {
        let combinations = [
            "_b[_cons]".to_string(),
            format!("_b[_cons] + _b[{t}]"),
            format!("_b[{t}]"),
            format!("_b[_cons] + _b[{p}]"),
            format!("_b[_cons] + _b[{p}] + _b[{t}] + _b[_diff]"),
            format!("_b[{t}] + _b[_diff]"),
            "_b[_diff]".to_string(),
        ];
        let mut out = Vec::new();
        for combination in combinations {
            quietly(s, &format!("lincom {combination}"))?;
            let of = |name: &str| s.r.get_scalar(name).unwrap_or(MISSING);
            out.push((of("estimate"), of("se"), of("p")));
        }
        Ok(Self(out))
    }
}

/// Observations of controls and treated in both periods.
fn counts(s: &Session, t: &str, p: &str) -> [usize; 4] {
    let mut out = [0; 4];
    let (Some(t), Some(p), Some(sample)) = (s.frame.find(t), s.frame.find(p), s.estimation_sample()) else {
        return out;
    };
    for r in (0..sample.len()).filter(|r| sample[*r]) {
        out[usize::from(s.frame.num_at(t, r) == 1.0) * 2 + usize::from(s.frame.num_at(p, r) == 1.0)] += 1;
    }
    out
}

fn star(p: f64) -> &'static str {
    match p {
        p if p < 0.01 => "***",
        p if p < 0.05 => "**",
        p if p < 0.1 => "*",
        _ => "",
    }
}

fn show(s: &mut Session, cmd: &ParsedCommand, y: &str, found: &Found, n: [usize; 4], kernel: bool) {
    s.print("");
    if kernel {
        s.print("KERNEL PROPENSITY SCORE MATCHING DIFFERENCE-IN-DIFFERENCES");
        if cmd.has("support") {
            s.print("Estimation on the common support");
        }
    }
    s.print("DIFFERENCE-IN-DIFFERENCES ESTIMATION RESULTS");
    s.print(format!("Number of observations in the DIFF-IN-DIFF: {}", n.iter().sum::<usize>()));
    s.print("            Before         After    ");
    s.print(format!("   Control: {:<15}{:<12}{}", n[0], n[1], n[0] + n[1]));
    s.print(format!("   Treated: {:<15}{:<12}{}", n[2], n[3], n[2] + n[3]));
    s.print(format!("            {:<15}{}", n[0] + n[2], n[1] + n[3]));
    let rule = "-".repeat(56);
    s.print(&rule);
    s.print(format!(" Outcome var.   | {:<7} | S. Err. |   |t|   |  P>|t|", format::abbrev(y, 7)));
    let cross = "----------------+---------+---------+---------+---------";
    s.print(cross);
    let number = |x: f64| format::left(&format::bare("%7.3f", x), 8);
    let mean = |title: &str, k: usize| format!("{title:<16}| {}|         |         | ", number(found.0[k].0));
    let difference = |title: &str, k: usize| {
        let (b, se, p) = found.0[k];
        let mark = if cmd.has("nostar") { "" } else { star(p) };
        let t = format::left(&format::bare("%7.2f", b / se), 8);
        format!("{title:<16}| {}| {}| {t}| {}{mark}", number(b), number(se), format::bare("%5.3f", p))
    };
    let empty = |title: &str| format!("{title:<16}|         |         |         | ");
    s.print(empty("Before"));
    s.print(mean("   Control", 0));
    s.print(mean("   Treated", 1));
    s.print(difference("   Diff (T-C)", 2));
    s.print(empty("After"));
    s.print(mean("   Control", 3));
    s.print(mean("   Treated", 4));
    s.print(difference("   Diff (T-C)", 5));
    s.print(empty(""));
    s.print(difference("Diff-in-Diff", 6));
    s.print(&rule);
    let r2 = s.e.results.get_scalar("r2").unwrap_or(MISSING);
    s.print(format!("R-square:    {}", format::bare("%4.2f", r2)));
}

/// The coefficients of the covariates.
fn report(s: &mut Session, list: &str) -> Result<()> {
    s.print("Report - Covariates and coefficients:");
    let rule = "-".repeat(71);
    s.print(&rule);
    s.print(" Variable(s)        |   Coeff.   | Std. Err. |     t     |   P>|t|");
    s.print("--------------------+------------+-----------+-----------+-----------");
    let names: Vec<String> = s.varlist(list)?.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    let df = s.e.results.get_scalar("df_r");
    for name in names {
        let b = s.eval_num(&format!("_b[{name}]"))?;
        let se = s.eval_num(&format!("_se[{name}]"))?;
        let p = estimators::wald::p_value(b / se, df);
        let cell = |fmt: &str, x: f64| format::left(&format::bare(fmt, x), 10);
        s.print(format!(
            " {:<19}| {} | {}| {}| {}",
            format::abbrev(&name, 19),
            cell("%9.3f", b),
            cell("%9.3f", se),
            cell("%9.3f", b / se),
            format::bare("%5.3f", p)
        ));
    }
    s.print(&rule);
    Ok(())
}
