//! The main results of item response models, latent classes and measured factors: the hardest and the sharpest item, the
//! sizes of the classes and the answer by which each differs most from the others, the fit of the factors, how well their
//! items measure them and which two are closest.

use super::evidence::evidence;
use super::findings_descriptions::shown;
use super::number::spoken;
use super::sentences::{Finding, plain, row_of, said};
use super::style::Style;
use super::table::Table;
use super::words::pick;

/// Reads the table of items or the tables of classes; nothing where a run has neither.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Vec<Finding> {
    let table = |file: &str| tables.iter().find(|t| t.file == file);
    if let (Some(classes), Some(profiles)) = (table("table_classes.csv"), table("table_profiles.csv")) {
        return of_classes(classes, profiles, style);
    }
    if let (Some(factors), Some(pairs)) = (table("table_reliability.csv"), table("table_correlations.csv"))
        && factors.position("average_variance").is_some()
    {
        let fit = table("table_fit.csv").and_then(|fit| of_fit(fit, factors.rows.len(), style));
        let turned = table("table_loadings.csv").map(turned_items).unwrap_or_default();
        return fit
            .into_iter()
            .chain(of_factors(factors, &turned, style))
            .chain(of_pairs(factors, pairs, style))
            .collect();
    }
    let items = table("table_items.csv").filter(|t| t.position("category").is_some());
    items.map_or_else(Vec::new, |t| of_items(t, style))
}

/// The lowest and the highest row by a column, where they differ.
fn ends(table: &Table, rows: &[usize], column: &str) -> Option<(usize, usize)> {
    let value = |row: usize| table.cell(row, column).number();
    let mut known: Vec<(usize, f64)> = rows.iter().filter_map(|row| Some((*row, value(*row)?))).collect();
    known.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (low, high) = (known.first()?, known.last()?);
    (low.1 < high.1).then_some((low.0, high.0))
}

fn of_items(table: &Table, style: &Style<'_>) -> Vec<Finding> {
    let of = |kind: &str| -> Vec<usize> {
        (0..table.rows.len()).filter(|row| table.cell(*row, "kind").text() == kind).collect()
    };
    let (sharpness, difficulties) = (of("discrimination"), of("difficulty"));
    // an item with several steps has no single difficulty
    let single = sharpness.len() == difficulties.len();
    // persons with more of the trait answer an item of negative discrimination less often: its difficulty has the other direction
    let turned = |row: &usize| {
        let variable = |row: usize| table.cell(row, "variable").text();
        let own = sharpness.iter().find(|other| variable(**other) == variable(*row));
        own.and_then(|other| table.cell(*other, "estimate").number()).is_some_and(|a| a < 0.0)
    };
    let ranked: Vec<usize> = difficulties.iter().copied().filter(|row| !turned(row)).collect();
    let hard = single.then(|| said_of_ends(table, &ranked, "hard_item", style)).flatten();
    hard.into_iter().chain(said_of_ends(table, &sharpness, "sharp_item", style)).collect()
}

/// The highest item and the lowest one; sure where their intervals do not overlap.
fn said_of_ends(table: &Table, rows: &[usize], kind: &str, style: &Style<'_>) -> Option<Finding> {
    let (low, high) = ends(table, rows, "estimate")?;
    let digits = |row: usize| Some(spoken(table.cell(row, "estimate").number()?, style.options.decimals));
    let name = |row: usize| style.variable(table.cell(row, "variable").text());
    let (x, y, value, least) = (name(high), name(low), digits(high)?, digits(low)?);
    let (words, interval) = evidence(table, high, "ci_low", "ci_high", style);
    let limit = table.cell(low, "ci_high").number();
    let sure = interval.zip(limit).is_some_and(|((from, _), limit)| from > limit);
    let values = [("x", x.as_str()), ("y", &y), ("value", &value), ("least", &least), ("evidence", &words)];
    Some(table.says(said(style, kind, sure, &values)))
}

fn of_classes(classes: &Table, profiles: &Table, style: &Style<'_>) -> Vec<Finding> {
    let all: Vec<usize> = (0..classes.rows.len()).collect();
    let mut out: Vec<Finding> = sizes(classes, &all, style).into_iter().collect();
    out.extend(all.iter().filter_map(|row| profile(classes, profiles, *row, style)));
    out
}

fn sizes(classes: &Table, all: &[usize], style: &Style<'_>) -> Option<Finding> {
    let (small, large) = ends(classes, all, "share")?;
    let digits = |row: usize| Some(spoken(classes.cell(row, "share").number()?, style.options.decimals));
    let (n, value, least) = (all.len().to_string(), digits(large)?, digits(small)?);
    let (words, interval) = evidence(classes, large, "ci_low", "ci_high", style);
    let limit = classes.cell(small, "ci_high").number();
    let sure = interval.zip(limit).is_some_and(|((from, _), limit)| from > limit);
    let values = [("n", n.as_str()), ("value", &value), ("least", &least), ("evidence", &words)];
    Some(classes.says(said(style, "class_sizes", sure, &values)))
}

/// The answer whose probability in a class is farthest from that in the other classes together.
fn profile(classes: &Table, profiles: &Table, class: usize, style: &Style<'_>) -> Option<Finding> {
    let share = |name: &str| {
        let row = (0..classes.rows.len()).find(|row| shown(classes, *row, "class", style) == name)?;
        classes.cell(row, "share").number()
    };
    let number = shown(classes, class, "class", style);
    let same = |a: usize, b: usize, column: &str| profiles.cell(a, column) == profiles.cell(b, column);
    let of_class = |row: &usize| shown(profiles, *row, "class", style) == number;
    let others = |row: usize| {
        let (mut mass, mut total) = (0.0, 0.0);
        for other in (0..profiles.rows.len()).filter(|other| !of_class(other)) {
            if same(row, other, "variable") && same(row, other, "category") {
                let weight = share(&shown(profiles, other, "class", style))?;
                mass += weight;
                total += weight * profiles.cell(other, "probability").number()?;
            }
        }
        (mass > 0.0).then(|| total / mass)
    };
    let rows = (0..profiles.rows.len()).filter(of_class);
    let known = rows.filter_map(|row| Some((row, profiles.cell(row, "probability").number()?, others(row)?)));
    let (row, value, rest) = known.max_by(|a, b| (a.1 - a.2).abs().total_cmp(&(b.1 - b.2).abs()))?;
    let (words, interval) = evidence(profiles, row, "ci_low", "ci_high", style);
    let sure = interval.is_some_and(|(low, high)| low > rest || high < rest);
    let digits = |x: f64| spoken(x, style.options.decimals);
    let x = style.variable(profiles.cell(row, "variable").text());
    let (value, rest) = (digits(value), digits(rest));
    let category = shown(profiles, row, "category", style);
    let values = [("class", number.as_str()), ("x", &x), ("category", &category), ("value", &value)];
    let values = [&values[..], &[("rest", rest.as_str()), ("evidence", &words)]].concat();
    Some(profiles.says(said(style, "class_answer", sure, &values)))
}

/// Limits from which on a model is usually taken to fit (Hu and Bentler 1999 and earlier practice).
const FITS: [(&str, f64, bool); 3] = [("cfi", 0.9, true), ("rmsea", 0.08, false), ("srmr", 0.08, false)];

/// The fit of a model of factors; nothing where an index is missing.
fn of_fit(fit: &Table, factors: usize, style: &Style<'_>) -> Option<Finding> {
    let index = |name: &str| fit.cell(row_of(fit, "metric", name)?, "value").number();
    let known: Option<Vec<f64>> = FITS.iter().map(|(name, _, _)| index(name)).collect();
    let known = known?;
    let holds = |(value, (_, limit, from)): (&f64, &(&str, f64, bool))| {
        if *from { value >= limit } else { value <= limit }
    };
    let sure = known.iter().zip(&FITS).all(holds);
    let digits: Vec<String> = known.iter().map(|x| spoken(*x, style.options.decimals)).collect();
    let n = factors.to_string();
    let values = [("n", n.as_str()), ("cfi", &digits[0]), ("rmsea", &digits[1]), ("srmr", &digits[2])];
    Some(fit.says(said(style, "factor_fit", sure, &values)))
}

/// Items that load against the others of their factor, with the factor.
fn turned_items(loadings: &Table) -> Vec<(&str, &str)> {
    let text = |row: usize, column: &str| loadings.cell(row, column).text();
    let value = |row: usize| loadings.cell(row, "std_loading").number().unwrap_or(0.0);
    let rows = || 0..loadings.rows.len();
    let against = |row: &usize| {
        let of_one = rows().filter(|other| text(*other, "factor") == text(*row, "factor"));
        value(*row) * of_one.map(value).sum::<f64>() < 0.0
    };
    rows().filter(against).map(|row| (text(row, "factor"), text(row, "variable"))).collect()
}

/// How well the items of each factor measure it. Reliability is that of a sum, which an item in the other direction spoils.
fn of_factors(factors: &Table, turned: &[(&str, &str)], style: &Style<'_>) -> Vec<Finding> {
    let one = |row: usize| {
        let name = factors.cell(row, "factor").text();
        let items: Vec<String> = turned
            .iter()
            .filter(|(factor, _)| *factor == name)
            .map(|(_, item)| style.variable(item))
            .collect();
        if !items.is_empty() {
            let items = items.join(&pick(style.options.language, ", ", "、"));
            let values = [("x", name), ("items", items.as_str())];
            return Some(factors.says(plain(style, "factor_items.turned", &values)));
        }
        let number = |column: &str| factors.cell(row, column).number();
        let (reliability, ave) = (number("composite_reliability")?, number("average_variance")?);
        let digits = |x: f64| spoken(x, style.options.decimals);
        let (value, shown) = (digits(reliability), digits(ave));
        let values = [("x", factors.cell(row, "factor").text()), ("value", value.as_str()), ("ave", &shown)];
        Some(factors.says(said(style, "factor_items", reliability >= 0.7 && ave >= 0.5, &values)))
    };
    // the fit and the closest factors have a sentence too
    (0..factors.rows.len()).filter_map(one).take(4).collect()
}

/// The two factors that correlate most, and whether each explains more of its own items (Fornell and Larcker 1981).
fn of_pairs(factors: &Table, pairs: &Table, style: &Style<'_>) -> Option<Finding> {
    let size = |row: usize| pairs.cell(row, "correlation").number().map(f64::abs);
    let rows = (0..pairs.rows.len()).filter_map(|row| Some((row, size(row)?)));
    let (row, size) = rows.max_by(|a, b| a.1.total_cmp(&b.1))?;
    let (x, y) = (pairs.cell(row, "factor_1").text(), pairs.cell(row, "factor_2").text());
    let explained =
        |name: &str| factors.cell(row_of(factors, "factor", name)?, "root_average_variance").number();
    let sure = explained(x)? > size && explained(y)? > size;
    let value = spoken(pairs.cell(row, "correlation").number()?, style.options.decimals);
    let (words, _) = evidence(pairs, row, "ci_low", "ci_high", style);
    let values = [("x", x), ("y", y), ("value", value.as_str()), ("evidence", &words)];
    Some(pairs.says(said(style, "factor_apart", sure, &values)))
}
