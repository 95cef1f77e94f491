//! `rocfit`: binormal model of ratings by maximum likelihood, with the indices of its ROC curve.
//!
//! Stores in `e()`: N ll chi2_gf df_gf p_gf area se_area deltam se_delm de se_de da se_da, b, V, cmd refvar ratingvar. Formulas:
//! [R] rocfit; Dorfman and Alf (1969), Journal of Mathematical Psychology 6.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::layout::Layout;
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Posted};
use crate::estimation::model::{Model, Reading};
use crate::estimation::post::stata;
use crate::format;
use crate::ml_options;
use crate::session::Session;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::MISSING;
use estimators::distributions::{chi2_tail, normal, normal_density, normal_quantile};
use estimators::ml::Equation;
use estimators::ml_rating::Ratings;
use estimators::wald;

const WEIGHTS: &[WeightKind] = &[WeightKind::Frequency];
const SYNTAX: StandardSyntax =
    StandardSyntax::new(ml_options![]).weights(WEIGHTS).searched().unsupported(&["CONTinuous", "GENerate"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "rocfit",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "rocfit refvar classvar [if] [in] [fweight] [, level(#) nolog]",
    notes: "stores e(N ll chi2_gf df_gf p_gf area se_area deltam se_delm de se_de da se_da), e(b) with intercept, slope and /cut1 ..., e(V); classvar has at most 20 values; formulas: [R] rocfit",
    examples: &[Example {
        // The ratings of one state are those of the other in reverse: the curve is symmetric, its slope one.
        run: "input d r n\n0 1 33\n0 2 6\n0 3 6\n0 4 11\n0 5 2\n1 1 2\n1 2 11\n1 3 6\n1 4 6\n1 5 33\nend\nrocfit d r [fweight=n], nolog",
        expect: &[("abs([slope]_b[_cons] - 1) < 1e-6", 1.0), ("e(N)", 116.0)],
    }],
};

/// Most values of the rating.
const MOST: usize = 20;

/// The sample in categories.
struct Sample {
    model: Model,
    positive: Vec<bool>,
    category: Vec<usize>,
    categories: usize,
}

fn read(session: &mut Session, cmd: &ParsedCommand) -> Result<Sample> {
    let variables = session.varlist(&cmd.list)?;
    let [_, rating] = variables[..] else {
        return Err(StataError::standard(if variables.len() < 2 { 102 } else { 103 }));
    };
    let model = Reading::likelihood(cmd, WEIGHTS).model(session)?;
    if model.y.iter().any(|y| *y != 0.0 && *y != 1.0) {
        return Err(StataError::new(198, format!("true status variable {} must be 0 or 1", model.depvar)));
    }
    let positive: Vec<bool> = model.y.iter().map(|y| *y == 1.0).collect();
    if positive.iter().all(|p| *p == positive[0]) {
        return Err(StataError::new(198, format!("outcome {} does not vary", model.depvar)));
    }
    let ratings: Vec<f64> = model.design.rows.iter().map(|r| session.frame.num_at(rating, *r)).collect();
    let mut values = ratings.clone();
    values.sort_by(f64::total_cmp);
    values.dedup();
    if values.len() < 3 {
        return Err(StataError::new(198, "the rating must have at least three values"));
    }
    if values.len() > MOST {
        return Err(StataError::unsupported_option(
            "rocfit",
            "a rating of more than 20 values, continuous()",
        ));
    }
    let category = ratings.iter().map(|x| values.partition_point(|v| v < x)).collect();
    Ok(Sample { model, positive, category, categories: values.len() })
}

impl Sample {
    /// Numbers of rows by state and category.
    fn counts(&self) -> [Vec<f64>; 2] {
        let mut out = [vec![0.0; self.categories], vec![0.0; self.categories]];
        for (i, (positive, category)) in self.positive.iter().zip(&self.category).enumerate() {
            out[usize::from(*positive)][*category] +=
                self.model.weights.as_ref().map_or(1.0, |w| w.values[i]);
        }
        out
    }

    /// Start: normal quantiles of the negative rows' shares as cut points, and the line through those of the positive ones.
    fn start(&self) -> Vec<f64> {
        let counts = self.counts();
        let quantiles = |counts: &[f64]| -> Vec<f64> {
            let total: f64 = counts.iter().sum();
            let mut below = 0.0;
            let step = |c: &f64| {
                below += c;
                normal_quantile(((below + 0.25) / (total + 0.5)).clamp(1e-4, 1.0 - 1e-4))
            };
            counts[..counts.len() - 1].iter().map(step).collect()
        };
        let (mut cuts, own) = (quantiles(&counts[0]), quantiles(&counts[1]));
        for i in 1..cuts.len() {
            cuts[i] = cuts[i].max(cuts[i - 1] + 0.05);
        }
        let n = cuts.len() as f64;
        let (mx, my) = (cuts.iter().sum::<f64>() / n, own.iter().sum::<f64>() / n);
        let sxy: f64 = cuts.iter().zip(&own).map(|(x, y)| (x - mx) * (y - my)).sum();
        let sxx: f64 = cuts.iter().map(|x| (x - mx).powi(2)).sum();
        let slope = (sxy / sxx).clamp(0.2, 5.0);
        [vec![slope * mx - my, slope], cuts].concat()
    }

    /// Pearson's test of the fitted frequencies: statistic and degrees of freedom.
    fn goodness(&self, b: &[f64]) -> (f64, f64) {
        let mut chi2 = 0.0;
        for (state, counts) in self.counts().iter().enumerate() {
            let total: f64 = counts.iter().sum();
            let below = |cut: Option<&f64>| {
                cut.map_or(1.0, |c| normal(if state == 1 { b[1] * c - b[0] } else { *c }))
            };
            let mut last = 0.0;
            for (j, count) in counts.iter().enumerate() {
                let upto = below(b[2..].get(j));
                let expected = total * (upto - last);
                chi2 += (count - expected).powi(2) / expected;
                last = upto;
            }
        }
        (chi2, self.categories as f64 - 3.0)
    }
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() {
        if session.e.cmd() != "rocfit" {
            return Err(StataError::no_estimates());
        }
    } else {
        estimate(session, cmd)?;
    }
    show(session, cmd)?;
    likelihood::finish(&session.e)
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let sample = read(session, cmd)?;
    let cuts = sample.categories - 1;
    let mut layout = Layout::default();
    layout.constant("intercept").constant("slope");
    for cut in 1..=cuts {
        layout.ancillary(&format!("cut{cut}"));
    }
    let kernel =
        Ratings { positive: &sample.positive, category: &sample.category, categories: sample.categories };
    let equations = (0..cuts + 2).map(|_| Equation { constant: true, ..Equation::default() }).collect();
    let start = sample.start();
    let fit =
        likelihood::maximise(session, &cmd.options, &sample.model, &kernel, equations, &start, &layout)?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let posted = Posted {
        cmd: "rocfit",
        title: "Binormal model",
        predict: "rocfit_p",
        parameters: &parameters,
        fit: &fit,
        ll_0: None,
        tested: &[],
        equations: 2.0,
    };
    let mut est = ml_command::begin(cmd, &sample.model, &posted);
    let results = &mut est.results;
    let (chi2, df) = sample.goodness(&fit.b);
    results.scalar("chi2_gf", chi2).scalar("df_gf", df);
    results.scalar("p_gf", if df > 0.0 { chi2_tail(df, chi2) } else { MISSING });
    for (name, se_name, value, gradient) in indices(fit.b[0], fit.b[1]) {
        let v = |i: usize, j: usize| gradient[i] * gradient[j] * fit.v[(i, j)];
        let se = (v(0, 0) + 2.0 * v(0, 1) + v(1, 1)).max(0.0).sqrt();
        results.scalar(name, stata(value)).scalar(se_name, stata(se));
    }
    let mut words = cmd.list.split_whitespace();
    results.text("refvar", words.next().unwrap_or("")).text("ratingvar", words.next().unwrap_or(""));
    session.post_estimation(est, sample.model.touse.clone());
    Ok(())
}

/// The indices of the curve with the names of their results, and their derivatives in intercept and slope.
fn indices(a: f64, b: f64) -> [(&'static str, &'static str, f64, [f64; 2]); 4] {
    let root = (1.0 + b * b).sqrt();
    let density = normal_density(a / root);
    let two = 2.0_f64.sqrt();
    [
        ("area", "se_area", normal(a / root), [density / root, -density * a * b / root.powi(3)]),
        ("deltam", "se_delm", a / b, [1.0 / b, -a / (b * b)]),
        ("de", "se_de", 2.0 * a / (b + 1.0), [2.0 / (b + 1.0), -2.0 * a / (b + 1.0).powi(2)]),
        ("da", "se_da", a * two / root, [two / root, -two * a * b / root.powi(3)]),
    ]
}

fn scalar(session: &Session, name: &str) -> f64 {
    session.e.results.get_scalar(name).unwrap_or(MISSING)
}

/// A number with six decimals in its column.
fn six(x: f64) -> String {
    format!("{:>11}", format::bare("%10.6f", stata(x)))
}

const RULE: usize = 64;

fn show(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let critical = wald::critical(level, None);
    header(session);
    coefficients(session, level, critical)?;
    session.print("=".repeat(78));
    session.print("             |                    Indices from binormal fit");
    let percent = format::bare("%5.0g", level);
    session.print(format!(
        "       Index |   Estimate   Std. err.                     [{percent}% conf. interval]"
    ));
    session.print(format!("-------------+{}", "-".repeat(RULE)));
    for (label, name, error) in [
        ("ROC area", "area", "se_area"),
        ("delta(m)", "deltam", "se_delm"),
        ("d(e)", "de", "se_de"),
        ("d(a)", "da", "se_da"),
    ] {
        let (value, se) = (scalar(session, name), scalar(session, error));
        let limits = [value - critical * se, value + critical * se].map(six).join(" ");
        session.print(format!("{label:>12} |{}{}{:18}  {limits}", six(value), six(se), ""));
    }
    session.print("-".repeat(78));
    session.print("(*) z test for slope==1");
    Ok(())
}

/// Names, number of observations, test of fit and log likelihood.
fn header(session: &mut Session) {
    let text = |name: &str| session.e.results.get_text(name).unwrap_or("").to_string();
    let title = format!("Binormal model of {} on {}", text("refvar"), text("ratingvar"));
    let test = format!("Goodness-of-fit chi2({})", scalar(session, "df_gf"));
    let lines = [
        format!("{title:<48}Number of obs     = {:>10}", format::bare("%10.0fc", scalar(session, "N"))),
        format!("{test:<23} = {:>10}", format::bare("%10.2f", scalar(session, "chi2_gf"))),
        format!("{:<23} = {:>10}", "Prob > chi2", format::bare("%6.4f", scalar(session, "p_gf"))),
        format!("{:<23} = {:>10}", "Log likelihood", format::bare("%10.0g", scalar(session, "ll"))),
    ];
    session.print("");
    lines.into_iter().for_each(|line| session.print(line));
    session.print("");
}

/// The table of intercept, slope and cut points.
fn coefficients(session: &mut Session, level: f64, critical: f64) -> Result<()> {
    let (b, v) = session.e.b_and_v()?;
    let (b, v) = (b.clone(), v.clone());
    let rule = format!("-------------+{}", "-".repeat(RULE));
    let percent = format::bare("%5.0g", level);
    session.print("-".repeat(78));
    session.print(format!(
        "             | Coefficient  Std. err.      z    P>|z|     [{percent}% conf. interval]"
    ));
    session.print(&rule);
    for i in 0..b.cols() {
        let name = match i {
            0 => "intercept".to_string(),
            1 => "slope (*)".to_string(),
            _ => format!("/cut{}", i - 1),
        };
        let (value, se) = (b.get(0, i), v.get(i, i).max(0.0).sqrt());
        // the slope of a curve that is symmetric is one
        let z = (value - f64::from(u8::from(i == 1))) / se;
        let p = format::bare("%5.3f", stata(2.0 * normal(-z.abs())));
        let z = format::bare("%8.2f", stata(z));
        let limits = [value - critical * se, value + critical * se].map(six).join(" ");
        session.print(format!("{name:>12} |{}{} {z:>8}   {p:>5}  {limits}", six(value), six(se)));
        if i == 1 {
            session.print(&rule);
        }
    }
    Ok(())
}
