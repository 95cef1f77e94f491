//! The sentence of a coefficient, a ratio or an average effect: by how much the outcome, a probability or a ratio is higher
//! if a variable of the question is, in the words of the console.

use super::design::Design;
use super::evidence::proof;
use super::findings::{Reading, ratio_of_row, scaled};
use super::made_terms::kind_of_ratio;
use super::number::{brief, short_of_all, spoken, whole_or_fixed, whole_or_spoken};
use super::sentences::{Verdict, heading, plain};
use super::steps::as_step;
use super::style::{Reference, Style};
use super::table::{Cell, Table};
use super::units::{is_measured_in, unit, without_unit};
use super::words::pick;

/// Commands whose coefficients are differences of the outcome.
const LINEAR: [&str; 16] = [
    "regress",
    "stepwise",
    "areg",
    "xtreg",
    "ivregress",
    "xtivreg",
    "xtabond",
    "qreg",
    "sureg",
    "newey",
    "mixed",
    "xtpcse",
    "xtgls",
    "heckman",
    "frontier",
    "prais",
];
/// Commands whose coefficients are differences of the outcome before it was cut off.
const UNCUT: [&str; 2] = ["tobit", "intreg"];
/// Commands with coefficients on another scale, which an analysis may have next to a linear one.
const ON_LINKS: [&str; 18] = [
    "logit",
    "probit",
    "glm",
    "poisson",
    "nbreg",
    "zip",
    "zinb",
    "truncreg",
    "xtpoisson",
    "xtlogit",
    "xtgee",
    "melogit",
    "meprobit",
    "mepoisson",
    "clogit",
    "cloglog",
    "arch",
    "mkspline",
];

/// Largest difference of a logarithm that is said in percent: a factor of 22,000. A larger one is none of a logarithm.
const LARGEST_LOG: f64 = 10.0;

/// How large a difference is said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    /// In units of what is compared.
    Plain,
    /// In percentage points.
    Points,
    /// In percent, of a ratio.
    Percent,
}

/// What is compared: words that end before the amount, and the size of the amount.
struct What {
    words: String,
    size: Size,
    /// True where the difference is one of the outcome itself, which may be a logarithm.
    of_outcome: bool,
    /// The unit of the difference, where the label of the outcome names one.
    unit: Option<String>,
}

/// Returns the sentence of an estimate that says how much higher something is; nothing where no such words are certain.
pub(super) fn difference(
    (table, row): (&Table, usize),
    whose: &str,
    reading: Reading,
    style: &Style<'_>,
) -> Option<String> {
    table.cell(row, "std_error").number()?;
    let (column, one) = scaled(table, row, style)?;
    // a coefficient of one category of the outcome compares two categories
    let of_category = reading == Reading::Estimate && table.position("outcome").is_some();
    if of_category && column != "rrr" {
        return None;
    }
    let term = table.cell(row, "term").text();
    let step = step(term, reading, style);
    let when = at(table, row, when(table, row, step, reading, style)?, style);
    let (what, of_equation) = match of_category {
        true => (what_of_category(table, row, style)?, true),
        false => what(table, row, column, reading, style)?,
    };
    let is_ratio = what.size == Size::Percent;
    let nothing = f64::from(u8::from(is_ratio));
    let estimate = if is_ratio { one.raised(step) } else { one.scaled(step) };
    let (amount, proof) = match what.size {
        Size::Plain => {
            let n = spoken(estimate.value.abs(), estimate.places(style));
            // "27.9 × 1000 EUR"
            let times = |unit: &str| if unit.starts_with(|c: char| c.is_ascii_digit()) { " ×" } else { "" };
            let unit = what.unit.as_ref().map(|unit| format!("{} {unit}", times(unit))).unwrap_or_default();
            (format!("{n}{unit}"), proof(&estimate, style))
        }
        Size::Points => {
            let points = estimate.scaled(100.0);
            let n = spoken(points.value.abs(), points.places(style));
            (plain(style, "points", &[("n", &n)]), proof(&points, style))
        }
        Size::Percent => {
            let percent = 100.0 * (estimate.value - 1.0).abs();
            let n = brief(percent);
            // a ratio above 0 is not 100% lower
            let n = if estimate.value < 1.0 { short_of_all(percent, n) } else { n };
            let name = ratio_of_row(table, row, column, style).to_lowercase();
            let value = spoken(estimate.value, estimate.places(style));
            let joined = pick(style.options.language, "; ", "；");
            (
                plain(style, "percent", &[("n", &n)]),
                format!("{name} {value}{joined}{}", proof(&estimate, style)),
            )
        }
    };
    let way = if estimate.value >= nothing { "up" } else { "down" };
    let verdict = estimate.verdict(nothing, style);
    let key = if verdict.is_plain() { way.to_owned() } else { format!("open.{way}") };
    let values = [("when", when.as_str()), ("what", &what.words), ("amount", &amount), ("evidence", &proof)];
    let mut said = plain(style, &key, &values);
    said.push_str(&verdict.remark(style));
    if what.of_outcome && verdict == Verdict::Sure {
        let percent = match within_logarithm(style.design) {
            true => of_inner_logarithm(estimate.value, style),
            false => of_logarithm(term, estimate.value, style),
        };
        said.push_str(&percent.unwrap_or_default());
    }
    Some(if of_equation { said } else { format!("{}{said}", heading(whose, style)) })
}

/// The round step in which the variable of a term varies; 1 for categories, for logarithms, which are elasticities, and for
/// average effects, which hold for small steps only.
pub(super) fn step(term: &str, reading: Reading, style: &Style<'_>) -> f64 {
    let is_other = style.is_binary(term) || style.design.logarithm(term).is_some();
    if reading != Reading::Estimate || term.contains(['.', '#']) || is_other {
        return 1.0;
    }
    style.labels.steps.get(term).copied().unwrap_or(1.0)
}

/// The condition of a sentence: a step more, 1 instead of 0, or a level against its reference. The average effect of a variable of
/// 0 and 1 that entered as a number is the slope of a curve, not the difference between two values ([R] margins); the note of a
/// difference says from where to where.
fn when(table: &Table, row: usize, step: f64, reading: Reading, style: &Style<'_>) -> Option<String> {
    let term = table.cell(row, "term").text();
    if term.contains('#') {
        return None;
    }
    if let Some((operator, _)) = term.split_once('.') {
        if operator == "D" {
            let x = style.variable(term.trim_start_matches("D."));
            return Some(plain(style, "if.change", &[("x", &x)]));
        }
        if !operator.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let x = style.term(term);
        let of = style.references(table).into_iter().find(|of| style.design.is_level(term, &of.column));
        return Some(match of {
            Some(Reference { level, .. }) => plain(style, "if.base", &[("x", &x), ("base", &level)]),
            None => plain(style, "if.level", &[("x", &x)]),
        });
    }
    let (label, step) = (style.term(term), as_step(step));
    let is_difference = table.cell(row, "note").text() == "from 0 to 1";
    Some(match unit(&label).filter(|_| step != "1") {
        _ if style.is_binary(term) && reading != Reading::Estimate && !is_difference => {
            plain(style, "if.slope", &[("x", &label)])
        }
        _ if style.is_binary(term) => style.instead(term, &label),
        Some((x, unit)) => plain(style, "if.unit", &[("x", x), ("step", &step), ("unit", unit)]),
        // without a step the label names the unit
        None => plain(style, "if.number", &[("x", &label), ("step", &step)]),
    })
}

/// A condition at a value of the moderator, where the table has one.
fn at(table: &Table, row: usize, when: String, style: &Style<'_>) -> String {
    let value = table.cell(row, "moderator").number();
    let Some((value, name)) = value.zip(style.design.value("moderator")) else { return when };
    let of_level = style.level(&format!("{}.{name}", whole_or_fixed(value, style.options.decimals)));
    let level = of_level.unwrap_or_else(|| whole_or_spoken(value, style.options.decimals));
    let x = style.variable(&name);
    plain(style, "at", &[("x", without_unit(&x)), ("value", &level), ("when", &when)])
}

/// What an estimate compares, and whether its equation is named by these words already.
fn what(
    table: &Table,
    row: usize,
    column: &str,
    reading: Reading,
    style: &Style<'_>,
) -> Option<(What, bool)> {
    let design = style.design;
    let (equation, model) = (table.cell(row, "equation").text(), table.cell(row, "model").text());
    // the equations of a system are its outcomes
    let of_system = style.labels.has(equation) && design.outcome.as_deref() != Some(equation);
    let quantile = equation.strip_prefix('q').filter(|_| design.uses(&["qreg"]));
    let outcome = if of_system { Some(equation) } else { design.outcome.as_deref() };
    let event = outcome.or(design.failure.as_deref()).or(design.duration.as_deref());
    let label = style.variable(event?);
    let y = without_unit(&label).to_owned();
    let unit = unit(&label).map(|(_, unit)| unit).filter(|unit| is_measured_in(unit)).map(str::to_owned);
    let of = |key: &str, y: &str, size: Size| What {
        words: plain(style, &format!("what.{key}"), &[("y", y)]),
        size,
        of_outcome: false,
        unit: None,
    };
    let one = style.event(event?);
    let found = match (reading, kind_of_ratio(column, design)) {
        (Reading::Probability, _) => {
            let level =
                table.position("outcome").map(|_| style.outcome_level(table.cell(row, "outcome").text()));
            let event = level.filter(|level| !level.is_empty()).map_or(one, |level| format!("{y} = {level}"));
            of("probability", &event, Size::Points)
        }
        (Reading::Share, _) => of("linear", &y, Size::Plain),
        (Reading::Estimate, "odds_ratio") if model == "any" => of("any", &y, Size::Percent),
        (Reading::Estimate, "odds_ratio") if design.uses(&["ologit"]) => of("odds_higher", &y, Size::Percent),
        (Reading::Estimate, "odds_ratio") => of("odds", &one, Size::Percent),
        (Reading::Estimate, "subhazard_ratio") => of("subhazard", &cause(&y, None, style), Size::Percent),
        (Reading::Estimate, "hazard_ratio") => of("hazard", &cause(&y, Some(model), style), Size::Percent),
        (Reading::Estimate, "time_ratio") => of("time", &y, Size::Percent),
        (Reading::Estimate, "ratio_of_means") if model == "amount" => of("amount", &y, Size::Percent),
        (Reading::Estimate, "ratio_of_means") => of("linear", &y, Size::Percent),
        (Reading::Estimate, "irr") => of("rate", &y, Size::Percent),
        (Reading::Estimate, "inflated") if equation != "inflate" => of("rate", &y, Size::Percent),
        (Reading::Estimate, "inflated") => of("inflated", &y, Size::Percent),
        (Reading::Estimate, "estimate") => match quantile {
            Some(q) => {
                let values = [("y", y.as_str()), ("q", &q.replace('_', "."))];
                let words = plain(style, "what.quantile", &values);
                return Some((What { words, size: Size::Plain, of_outcome: true, unit }, true));
            }
            None => {
                let key = linear(design, model)?;
                if key == "linear" && style.is_share(event?) {
                    return Some((
                        of("share", &one, Size::Points),
                        of_system && table.position("model").is_none(),
                    ));
                }
                let plain_words = of(key, &y, Size::Plain);
                let words = between(&y, style).unwrap_or(plain_words.words);
                What { words, size: Size::Plain, of_outcome: true, unit }
            }
        },
        _ => return None,
    };
    Some((found, of_system && table.position("model").is_none()))
}

/// An event among competing ones: the column of events with the code of the model `causeN`, or that of the plan.
fn cause(y: &str, model: Option<&str>, style: &Style<'_>) -> String {
    let code = match model {
        Some(model) => model.strip_prefix("cause").map(str::to_owned),
        None => style.design.value("event_code"),
    };
    let code = code.filter(|_| style.design.values.contains_key("event_code"));
    code.map_or_else(|| y.to_owned(), |code| format!("{y} = {code}"))
}

/// The probability of a category relative to that of the base.
fn what_of_category(table: &Table, row: usize, style: &Style<'_>) -> Option<What> {
    let base = style.outcome_level(style.design.base_outcome.as_deref()?);
    let level = match table.cell(row, "outcome") {
        Cell::Number(x) => style.outcome_level(&whole_or_fixed(*x, 3)),
        other => style.outcome_level(other.text()),
    };
    let words = plain(style, "what.relative", &[("y", &level), ("base", &base)]);
    Some(What { words, size: Size::Percent, of_outcome: false, unit: None })
}

/// The words for coefficients of an analysis, or of one of its models, that are differences of its outcome.
fn linear(design: &Design, model: &str) -> Option<&'static str> {
    match model {
        "truncated" => return Some("untruncated"),
        "ols" => return Some("linear"),
        _ => {}
    }
    // after multiple imputation and of a sampling design the plan chooses the model
    if design.uses(&["mi", "svy"]) {
        let is_linear = |model: String| matches!(model.as_str(), "regress" | "linear");
        return design.value("model").is_none_or(is_linear).then_some("linear");
    }
    if design.uses(&UNCUT) {
        return Some("uncut");
    }
    let is_linear = design.uses(&LINEAR) && !design.uses(&ON_LINKS);
    (is_linear || design.has_identity_link()).then_some("linear")
}

/// The words for a coefficient of an interval regression, whose outcome lies between two columns, or its logarithm does.
fn between(y: &str, style: &Style<'_>) -> Option<String> {
    let high = style.design.value("high").filter(|_| style.design.uses(&["intreg"]))?;
    let key = if within_logarithm(style.design) { "what.between_log" } else { "what.between" };
    Some(plain(style, key, &[("y", y), ("z", without_unit(&style.variable(&high)))]))
}

/// True where the plan takes the logarithm of the outcome.
fn within_logarithm(design: &Design) -> bool {
    design.is_on("log_outcome")
}

/// What a difference of a logarithm that the plan took is in percent of the value itself.
fn of_inner_logarithm(value: f64, style: &Style<'_>) -> Option<String> {
    let percent = 100.0 * value.exp_m1();
    let percent = format!("{}{}", if percent > 0.0 { "+" } else { "" }, brief(percent));
    let said = plain(style, "log.inner", &[("percent", &percent)]);
    (value.abs() <= LARGEST_LOG).then(|| pick(style.options.language, &format!(" {said}"), &said))
}

/// What a difference of a logarithm is in percent, or an elasticity; nothing for other outcomes.
fn of_logarithm(term: &str, value: f64, style: &Style<'_>) -> Option<String> {
    let outcome = style.design.outcome.as_deref()?;
    let (of_y, of_x) =
        (style.design.logarithm(outcome)?, style.design.logarithm(term.trim_start_matches("D.")));
    let signed = |x: f64| format!("{}{}", if x > 0.0 { "+" } else { "" }, brief(x));
    let y = without_unit(&style.variable(outcome)).to_owned();
    let said = match of_x {
        Some(of_x) => {
            let key = if of_x && of_y { "elasticity" } else { "elasticity.maybe" };
            plain(style, key, &[("percent", &signed(value))])
        }
        None if value.abs() > LARGEST_LOG => return None,
        None => {
            let key = if of_y { "log" } else { "log.maybe" };
            plain(style, key, &[("y", &y), ("percent", &signed(100.0 * value.exp_m1()))])
        }
    };
    Some(pick(style.options.language, &format!(" {said}"), &said))
}

#[cfg(test)]
#[path = "findings_tests_of_differences.rs"]
mod tests;
