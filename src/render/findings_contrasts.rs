//! The main results of analyses whose tables are neither coefficients of the question nor one test: adjusted and repeated
//! means, factors, many outcomes, splines, curves, decompositions, groups of coefficients, selected and compared models,
//! returns around events and of portfolios.

use super::evidence::p_words;
use super::findings_descriptions::{ends, group, metric, number, percent, shown};
use super::number::{brief, spoken, whole_or_fixed};
use super::sentences::{
    Estimate, Finding, USUAL, alpha_words, by_p, more_or_less, plain, row_of, said, said_estimate, said_of,
    table_of,
};
use super::style::Style;
use super::table::Table;

type Said = Option<Vec<Finding>>;

/// Readers of the tables of one analysis each; nothing where a run has others.
const READERS: [fn(&[Table], &Style<'_>) -> Said; 15] = [
    ancova,
    repeated,
    two_factors,
    many_outcomes,
    normality,
    spline,
    curve,
    decomposition,
    groups,
    selected,
    cross_validation,
    bacon,
    event_study,
    portfolios,
    risk,
];

/// Reads the tables of one of these analyses; nothing for others.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    READERS.iter().find_map(|read| read(tables, style).filter(|said| !said.is_empty())).unwrap_or_default()
}

fn rows(table: &Table) -> std::ops::Range<usize> {
    0..table.rows.len()
}

fn outcome(style: &Style<'_>) -> Option<String> {
    Some(style.variable(style.design.outcome.as_deref()?))
}

fn focal(style: &Style<'_>) -> Option<String> {
    Some(style.variable(style.design.focal.first()?))
}

fn by(style: &Style<'_>) -> Option<String> {
    Some(style.variable(style.design.group.as_deref()?))
}

fn ancova(tables: &[Table], style: &Style<'_>) -> Said {
    let (anova, means) = (table_of(tables, "table_ancova.csv")?, table_of(tables, "table_means.csv")?);
    let (x, y) = (by(style)?, outcome(style)?);
    let source = row_of(anova, "source", style.design.group.as_deref()?)?;
    let names: Vec<String> = style.design.controls.iter().map(|name| style.variable(name)).collect();
    let held = names.join(", ");
    let values = [("x", x.as_str()), ("y", &y), ("names", &held)];
    let mut all = vec![by_p(anova, source, "p_value", "adjusted_means", &values, style)?];
    if let Some((most, least)) = ends(means, rows(means), "adjusted_mean") {
        let mean =
            |row: usize| number(means, row, "adjusted_mean").map(|x| spoken(x, style.options.decimals));
        let (a, b) = (group(means, most, "group", style), group(means, least, "group", style));
        let (of_a, of_b) = (mean(most)?, mean(least)?);
        let values = [("x", x.as_str()), ("a", &a), ("b", &b), ("mean_a", &of_a), ("mean_b", &of_b)];
        all.push(means.says(plain(style, "adjusted_ends", &values)));
    }
    if let Some(row) = row_of(anova, "source", "equal_slopes") {
        all.extend(by_p(anova, row, "p_value", "equal_slopes", &[("x", x.as_str())], style));
    }
    Some(all)
}

/// The p-value of Greenhouse and Geisser holds also where the changes have unequal variances.
fn repeated(tables: &[Table], style: &Style<'_>) -> Said {
    let anova = table_of(tables, "table_anova.csv")?;
    let row = row_of(anova, "source", "occasion")?;
    by_p(anova, row, "p_gg", "measurements", &[], style).map(|said| vec![said])
}

fn two_factors(tables: &[Table], style: &Style<'_>) -> Said {
    let anova = table_of(tables, "table_anova.csv")?;
    let row = |source: &str| row_of(anova, "source", source);
    let name = |row: usize| style.variable(anova.cell(row, "term").text());
    let (a, b) = (row("factor_a")?, row("factor_b")?);
    let (of_a, of_b, y) = (name(a), name(b), outcome(style)?);
    let both = [("x", of_a.as_str()), ("z", of_b.as_str()), ("y", &y)];
    let mut all: Vec<Finding> = row("interaction")
        .and_then(|row| by_p(anova, row, "p_value", "interaction", &both, style))
        .into_iter()
        .collect();
    for (row, name) in [(a, &of_a), (b, &of_b)] {
        all.extend(by_p(anova, row, "p_value", "groups", &[("x", name.as_str()), ("y", &y)], style));
    }
    Some(all)
}

fn many_outcomes(tables: &[Table], style: &Style<'_>) -> Said {
    let fit = table_of(tables, "table_fit.csv")?;
    let count = |name: &str| metric(fit, name).map(|x| format!("{x:.0}"));
    let (n, alone, holm, rate) =
        (count("tests")?, count("significant")?, count("significant_holm")?, count("significant_bh")?);
    let (alpha, share) = (alpha_words(style), whole_or_fixed(100.0 - style.level, 1));
    let values = [("n", n.as_str()), ("k", &alone), ("holm", &holm), ("bh", &rate)];
    let values = [&values[..], &[("alpha", alpha.as_str()), ("share", &share)]].concat();
    let mut all = vec![fit.says(plain(style, "many_outcomes", &values))];
    all.extend(table_of(tables, "table_effects.csv").and_then(|table| rows_of_each(table, style)));
    Some(all)
}

/// On how many rows the tests rest, where they do not rest on the same ones.
fn rows_of_each(table: &Table, style: &Style<'_>) -> Option<Finding> {
    let known: Vec<f64> = rows(table).filter_map(|row| number(table, row, "n")).collect();
    let low = known.iter().copied().reduce(f64::min)?;
    let high = known.iter().copied().reduce(f64::max).filter(|high| *high > low)?;
    let (low, high) = (whole_or_fixed(low, 0), whole_or_fixed(high, 0));
    Some(table.says(plain(style, "rows_of_each", &[("low", &low), ("high", &high)])))
}

fn normality(tables: &[Table], style: &Style<'_>) -> Said {
    let tests = table_of(tables, "table_normality.csv")?;
    let cell = |row: usize, column: &str| tests.cell(row, column).text();
    let of_test = |test: &'static str| rows(tests).filter(move |row| cell(*row, "test") == test);
    let one = |row: usize| {
        let y = style.variable(cell(row, "variable"));
        // without the test of a few thousand values at most that of skewness and kurtosis
        let same = |other: &usize| cell(*other, "variable") == cell(row, "variable");
        let said = |(row, test): (usize, &str)| {
            let test = style.cell("test", test);
            by_p(tests, row, "p_value", "normality", &[("y", y.as_str()), ("test", &test)], style)
        };
        let other = of_test("skewness_kurtosis").find(same).map(|row| (row, "skewness_kurtosis"));
        said((row, "shapiro_wilk")).or_else(|| other.and_then(said))
    };
    Some(of_test("shapiro_wilk").filter_map(one).collect())
}

fn spline(tables: &[Table], style: &Style<'_>) -> Said {
    let tests = table_of(tables, "table_tests.csv")?;
    let (x, y) = (focal(style)?, outcome(style)?);
    let values = [("x", x.as_str()), ("y", &y)];
    let one = |(test, kind): (&str, &str)| {
        by_p(tests, row_of(tests, "test", test)?, "p_value", kind, &values, style)
    };
    Some([("no_relation", "depends"), ("one_slope", "bends")].into_iter().filter_map(one).collect())
}

/// The parameters of a curve and how much of the outcome it describes.
fn curve(tables: &[Table], style: &Style<'_>) -> Said {
    table_of(tables, "table_curve.csv")?;
    let (table, fit) = (table_of(tables, "table_coefficients.csv")?, table_of(tables, "table_fit.csv")?);
    let one = |row: usize| {
        let (value, evidence) = Estimate::of(table, row, USUAL)?.words(style);
        let x = style.term(table.cell(row, "term").text());
        let values = [("x", x.as_str()), ("value", &value), ("evidence", &evidence)];
        Some(table.says(plain(style, "parameter", &values)))
    };
    let mut all: Vec<Finding> = rows(table).filter_map(one).collect();
    let (y, share) = (outcome(style)?, percent(metric(fit, "r2")?));
    all.push(fit.says(plain(style, "described_by_curve", &[("y", &y), ("share", &share)])));
    Some(all)
}

fn decomposition(tables: &[Table], style: &Style<'_>) -> Said {
    let parts = table_of(tables, "table_decomposition.csv")?;
    let y = outcome(style)?;
    let name = |part: &str| Some(shown(parts, row_of(parts, "part", part)?, "note", style));
    let (mut a, mut b) = (name("mean_group1")?, name("mean_group2")?);
    let g = by(style)?;
    // the group with the higher mean comes first, so that the gap and its parts are read in one direction
    let sign = number(parts, row_of(parts, "part", "gap")?, "estimate")?.signum();
    if sign < 0.0 {
        std::mem::swap(&mut a, &mut b);
    }
    let one = |part: &str| {
        let row = row_of(parts, "part", part)?;
        let share = percent(number(parts, row, "share")?);
        let values = [("y", y.as_str()), ("share", &share), ("g", &g), ("a", &a), ("b", &b)];
        let estimate = Estimate::of(parts, row, USUAL)?.scaled(sign);
        Some(parts.says(said_estimate(style, &format!("decomposition.{part}"), (&estimate, 0.0), &values)))
    };
    Some(["gap", "explained", "unexplained"].into_iter().filter_map(one).collect())
}

fn groups(tables: &[Table], style: &Style<'_>) -> Said {
    let tests = table_of(tables, "table_tests.csv")?;
    let x = by(style)?;
    let slopes = row_of(tests, "test", "slopes")?;
    let mut all: Vec<Finding> =
        by_p(tests, slopes, "p_value", "slopes", &[("x", x.as_str())], style).into_iter().collect();
    let table = table_of(tables, "table_differences.csv")?;
    let own = rows(table).filter(|row| style.design.is_focal(table.cell(*row, "term").text()));
    all.extend(own.filter_map(|row| {
        let estimate = Estimate::of(table, row, ["difference", "ci_low", "ci_high", "p_value"])?;
        let digits = |column: &str| number(table, row, column).map(|x| spoken(x, style.options.decimals));
        let (term, a, b) = (style.term(table.cell(row, "term").text()), digits("first")?, digits("second")?);
        // the remark of a difference names the groups: "A minus B"
        let named = |name: &str| plain(style, "in_group", &[("g", &x), ("a", name)]);
        let (first, second) =
            match table.cell(row, "note").text().split(" minus ").collect::<Vec<_>>().as_slice() {
                [first, second] => (named(first), named(second)),
                _ => (plain(style, "in_first_group", &[]), plain(style, "in_second_group", &[])),
            };
        let values = [("x", term.as_str()), ("a", &a), ("b", &b), ("first", &first), ("second", &second)];
        Some(table.says(said_estimate(style, "slope_of_groups", (&estimate, 0.0), &values)))
    }));
    Some(all)
}

fn selected(tables: &[Table], style: &Style<'_>) -> Said {
    let terms = table_of(tables, "table_selected.csv")?;
    let kept: Vec<String> = rows(terms)
        .filter(|row| {
            terms.cell(*row, "selected").text() == "yes" && terms.cell(*row, "term").text() != "_cons"
        })
        .map(|row| style.term(terms.cell(row, "term").text()))
        .collect();
    let of = rows(terms).filter(|row| terms.cell(*row, "term").text() != "_cons").count().to_string();
    let (k, names) = (kept.len().to_string(), kept.join(", "));
    if kept.is_empty() {
        return Some(vec![terms.says(plain(style, "selected.none", &[("n", &of)]))]);
    }
    let values = [("n", of.as_str()), ("k", &k), ("names", &names)];
    let said = [plain(style, "selected", &values), plain(style, "selected.caveat", &[])];
    Some(said.map(|text| terms.says(text)).into())
}

fn cross_validation(tables: &[Table], style: &Style<'_>) -> Said {
    let (scores, fit) = (table_of(tables, "table_scores.csv")?, table_of(tables, "table_fit.csv")?);
    let (worst, best) = ends(scores, rows(scores), "rmse")?;
    let error = |row: usize| number(scores, row, "rmse").map(|x| spoken(x, style.options.decimals));
    let name = |row: usize| style.model(scores.cell(row, "model").text());
    let (a, b, of_a, of_b) = (name(best), name(worst), error(best)?, error(worst)?);
    let evidence = metric(fit, "gain_p").map(|p| (p < style.alpha(), p_words(p, style)));
    let (sure, evidence) = evidence.unwrap_or((false, String::new()));
    let values = [("a", a.as_str()), ("b", &b), ("of_a", &of_a), ("of_b", &of_b), ("evidence", &evidence)];
    Some(vec![scores.says(said(style, "out_of_sample", sure, &values))])
}

/// How much of the weight of a two-way estimate comes from comparisons with units that are treated already.
fn bacon(tables: &[Table], style: &Style<'_>) -> Said {
    let (kinds, fit) = (table_of(tables, "table_kinds.csv")?, table_of(tables, "table_fit.csv")?);
    let row = row_of(kinds, "kind", "later and already treated");
    let (value, share) = (
        spoken(metric(fit, "twfe")?, style.options.decimals),
        percent(row.and_then(|row| number(kinds, row, "weight")).unwrap_or(0.0)),
    );
    let mut all = vec![kinds.says(plain(style, "bacon", &[("value", &value), ("share", &share)]))];
    for row in rows(kinds) {
        let of = spoken(number(kinds, row, "estimate")?, style.options.decimals);
        let (kind, weight) =
            (style.cell("kind", kinds.cell(row, "kind").text()), percent(number(kinds, row, "weight")?));
        let values = [("kind", kind.as_str()), ("value", &of), ("share", &weight)];
        all.push(kinds.says(plain(style, "bacon.kind", &values)));
    }
    Some(all)
}

fn event_study(tables: &[Table], style: &Style<'_>) -> Said {
    let (tests, fit) = (table_of(tables, "table_tests.csv")?, table_of(tables, "table_fit.csv")?);
    let row = row_of(tests, "test", "cross_sectional")?;
    let whole = |name: &str| metric(fit, name).map(|x| format!("{x:.0}"));
    let (n, first, last) = (whole("events")?, whole("first_day")?, whole("last_day")?);
    let values = [("n", n.as_str()), ("first", &first), ("last", &last)];
    Some(vec![said_of(style, "abnormal_return", (tests, row), &values)?])
}

fn portfolios(tables: &[Table], style: &Style<'_>) -> Said {
    let table = table_of(tables, "table_portfolios.csv")?;
    let row = row_of(table, "portfolio", "high_minus_low")?;
    let estimate = Estimate::of(table, row, ["mean_return", "ci_low", "ci_high", "p_value"])?;
    let ((value, way), x) = (more_or_less(&estimate, style), focal(style)?);
    let values = [("x", x.as_str()), ("value", &value), ("way", &way)];
    Some(vec![table.says(said_estimate(style, "high_minus_low", (&estimate, 0.0), &values))])
}

fn risk(tables: &[Table], style: &Style<'_>) -> Said {
    let table = table_of(tables, "table_risk.csv")?;
    let (most, least) = ends(table, rows(table), "sharpe")?;
    let digits = |row: usize| number(table, row, "sharpe").map(|x| spoken(x, style.options.decimals));
    let (a, b) = (shown(table, most, "asset", style), shown(table, least, "asset", style));
    let (of_a, of_b) = (digits(most)?, digits(least)?);
    let values = [("a", a.as_str()), ("b", &b), ("of_a", &of_a), ("of_b", &of_b)];
    let mut all = vec![table.says(plain(style, "sharpe", &values))];
    if let Some((_, deepest)) = ends(table, rows(table), "max_drawdown") {
        let (asset, share) = (
            shown(table, deepest, "asset", style),
            brief(100.0 * number(table, deepest, "max_drawdown")?.abs()),
        );
        all.push(table.says(plain(style, "drawdown", &[("a", &asset), ("share", &share)])));
    }
    Some(all)
}
