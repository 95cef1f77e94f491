//! The main results as sentences: one for each variable of the question, with interval and p, from the first table of
//! estimates; for tests of groups those of `findings_tests`, for effects by period those of `findings_periods`, for
//! units with places those of `findings_spatial`, for latent traits and classes those of `findings_latent`, for other designs
//! those of the readers in `DESIGNS`.

use super::evidence::{evidence_of, remark};
use super::findings_differences::difference;
use super::findings_interaction::interaction;
use super::findings_notes::{notes, with_serial_errors};
use super::made_terms::{has_inflation, ratio};
use super::number::{spoken, whole_or_fixed};
use super::regression::is_coefficients;
use super::sentences::{Estimate, Finding, USUAL, Verdict, cut, row_of, said_of, table_of};
use super::style::{Reference, Style};
use super::table::{Cell, Table};
use super::words::{name, pick};
use super::yes_and_no::did_effect;
use super::{
    findings_cointegration, findings_conditions, findings_contrasts, findings_curvature, findings_data,
    findings_descriptions, findings_diagnostics, findings_effects, findings_latent, findings_levels,
    findings_medical, findings_of_tests, findings_panel, findings_periods, findings_processes,
    findings_rates, findings_series, findings_sizes, findings_spatial, findings_survey, findings_survival,
    findings_tests,
};
use crate::domain::run::RATIOS;

/// Most sentences of a report.
const MOST: usize = 6;

/// Tables of estimates that describe another equation than that of the outcome.
const OTHERS: [&str; 4] = [
    "table_first_stage_coefficients.csv",
    "table_selection.csv",
    "table_cutpoints.csv",
    "table_event_coefficients.csv",
];

/// Makes sentences of tables.
type Reader = fn(&[Table], &Style<'_>) -> Vec<Finding>;

/// The main results as sentences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Findings {
    /// The results, most important first.
    pub sentences: Vec<Finding>,
    /// What the sentences hold equal, and how they compare.
    pub notes: Vec<String>,
}

impl Findings {
    fn only(sentences: Vec<Finding>) -> Self {
        Self { sentences: sentences.into_iter().take(MOST).collect(), notes: Vec::new() }
    }

    /// The sentences, then the notes.
    pub(super) fn texts(self) -> Vec<String> {
        self.sentences.into_iter().map(|finding| finding.text).chain(self.notes).collect()
    }
}

/// Readers of tables that only some designs have. They come first: a coefficient beside such a table is not the result.
const DESIGNS: [Reader; 9] = [
    findings_cointegration::findings,
    findings_effects::findings,
    findings_series::findings,
    findings_medical::findings,
    findings_survey::findings,
    findings_survival::findings,
    findings_rates::findings,
    findings_sizes::findings,
    findings_spatial::findings,
];

/// Reads the variables of the question from the first table of estimates, or the results of a test.
pub(super) fn findings(tables: &[Table], style: &Style<'_>) -> Findings {
    let is_main =
        |t: &&Table| is_coefficients(t) && t.position("term").is_some() && !OTHERS.contains(&t.file.as_str());
    if let Some(of_margins) = of_margins(tables, style) {
        let mut said = of_margins.with_notes(Vec::new(), style);
        let interaction = interaction(tables, tables.iter().find(is_main), style);
        let more = cut(&mut said.sentences, MOST - usize::from(interaction.is_some()), style);
        said.notes.extend(more);
        said.sentences.extend(interaction);
        return said;
    }
    let of_design = DESIGNS.into_iter().map(|read| read(tables, style)).find(|said| !said.is_empty());
    if let Some(said) = of_design {
        return Findings::only(said);
    }
    if let Some(table) = tables.iter().find(is_main) {
        let (mut said, favoured) = findings_panel::findings(tables, style);
        let mut of_terms = of_terms(table, Reading::Estimate, favoured, style);
        // a coefficient of a curve says less than its shape
        let curve = findings_curvature::findings(tables, style);
        if !curve.is_empty() {
            of_terms.sentences = curve;
        }
        said.append(&mut of_terms.sentences);
        said.extend(findings_processes::findings(tables, style));
        said.extend(findings_levels::findings(tables, style));
        let mut tests = findings_diagnostics::findings(tables, style);
        tests.extend(findings_conditions::findings(tables, style));
        let more = cut(&mut said, MOST.saturating_sub(tests.len()), style);
        said.extend(tests);
        let mut said = of_terms.with_notes(said, style);
        said.notes.extend(more);
        if !said.sentences.is_empty() {
            return said;
        }
    }
    let latent = findings_latent::findings(tables, style);
    if !latent.is_empty() {
        return Findings::only(latent);
    }
    let tests = findings_tests::findings(tables, style);
    if !tests.is_empty() {
        return Findings::only(tests);
    }
    let others: [Reader; 5] = [
        findings_periods::findings,
        findings_contrasts::findings,
        findings_descriptions::findings,
        findings_of_tests::findings,
        findings_data::findings,
    ];
    let found = others.into_iter().map(|read| read(tables, style)).find(|said| !said.is_empty());
    Findings::only(found.unwrap_or_default())
}

/// Average effects on a probability or an expected share, which say more than log odds, or the differences at values of a
/// moderator, which say more than the coefficients of an interaction.
fn of_margins<'a>(tables: &'a [Table], style: &Style<'_>) -> Option<OfTerms<'a>> {
    let margins = table_of(tables, "table_margins.csv")?;
    // the odds ratios that a plan asks for are what it wants to know
    if style.design.on_probability && style.design.is_on("odds_ratios") {
        return None;
    }
    let reading = match (style.design.on_probability, row_of(margins, "prediction", "share").is_some()) {
        (true, _) => Reading::Probability,
        (false, true) => Reading::Share,
        (false, false) if margins.position("moderator").is_some() => Reading::Estimate,
        (false, false) => return None,
    };
    Some(of_terms(margins, reading, None, style)).filter(|said| !said.sentences.is_empty())
}

/// What the estimates of a table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    Estimate,
    Probability,
    Share,
}

/// Sentences on the terms of a table, and the rows whose sentence compares two values of a variable.
struct OfTerms<'a> {
    table: &'a Table,
    reading: Reading,
    sentences: Vec<Finding>,
    compared: Vec<usize>,
}

impl OfTerms<'_> {
    /// These sentences behind others, with what the comparisons hold equal and their steps.
    fn with_notes(self, mut sentences: Vec<Finding>, style: &Style<'_>) -> Findings {
        sentences.extend(self.sentences);
        let notes = match sentences.is_empty() {
            true => Vec::new(),
            false => notes((self.table, self.compared.as_slice()), self.reading, style),
        };
        Findings { sentences, notes }
    }
}

/// One sentence for each variable of the question; in a difference in differences one for the effect, which stands where
/// most of its factors meet. With `only`, the rows of this model alone.
fn of_terms<'a>(table: &'a Table, reading: Reading, only: Option<&str>, style: &Style<'_>) -> OfTerms<'a> {
    let rows = told(table);
    let asked = |row: &usize| only.is_none_or(|model| table.cell(*row, "model").text() == model);
    let term = |row: usize| table.cell(row, "term").text();
    let factors = |row: &usize| term(*row).split('#').count();
    let meeting: Vec<usize> = rows.iter().copied().filter(|row| style.design.is_both(term(*row))).collect();
    let most = meeting.iter().map(factors).max().unwrap_or(0);
    if let Some(row) = meeting.into_iter().find(|row| factors(row) == most) {
        let said = if most == 2 { did_effect(table, row, style) } else { triple(table, row, style) };
        return OfTerms { table, reading, sentences: said.into_iter().collect(), compared: Vec::new() };
    }
    let (mut all, mut compared): (Vec<Finding>, Vec<usize>) = (Vec::new(), Vec::new());
    for row in rows.iter().copied().filter(asked).filter(|row| style.design.is_focal(term(*row))) {
        let whose = whose(table, &rows, row, reading, style);
        let same = |other: &usize| of_one(table, row, *other);
        let joint = rows.iter().copied().filter(same).find(|r| style.design.is_joint(term(*r), term(row)));
        let said = match joint {
            Some(joint) => Some(varies(&whose, (term(row), term(joint)), style)),
            None => {
                let difference = difference((table, row), &whose, reading, style);
                compared.extend(difference.is_some().then_some(row));
                difference.or_else(|| sentence(table, row, &whose, reading, style))
            }
        };
        let said = said.map(|text| table.says(text));
        all.extend(said.filter(|said| !all.contains(said)));
    }
    OfTerms { table, reading, sentences: all, compared }
}

/// The rows that sentences are made of: all of them, of nested models those of the last, which is the fullest, and of an
/// estimate with and without weights those with.
fn told(table: &Table) -> Vec<usize> {
    let model = |row: usize| table.cell(row, "model").text();
    let is_nested = |name: &&str| name.strip_prefix("model").is_some_and(|n| n.parse::<u32>().is_ok());
    let rows = 0..table.rows.len();
    let last = rows.clone().next_back().map(model);
    let one = rows.clone().map(model).find(|name| *name == "weighted").or(last.filter(is_nested));
    rows.filter(|row| one.is_none_or(|one| model(*row) == one)).collect()
}

/// True for rows of the same model, equation and category of the outcome.
fn of_one(table: &Table, row: usize, other: usize) -> bool {
    let term = table.position("term").unwrap_or(0);
    table.rows[row][..term] == table.rows[other][..term]
}

/// Which model, equation or category of the outcome a row is of, as the beginning of a sentence; empty where all rows are
/// of one, and for the equation of the outcome.
fn whose(table: &Table, rows: &[usize], row: usize, reading: Reading, style: &Style<'_>) -> String {
    let language = style.options.language;
    let differs = |j: &usize| rows.iter().any(|other| table.rows[*other][*j] != table.rows[row][*j]);
    let words = |j: usize| {
        let column = table.columns[j].name.as_str();
        let text = match &table.rows[row][j] {
            Cell::Number(x) => whole_or_fixed(*x, style.options.decimals),
            Cell::Text(text) => text.clone(),
            Cell::Missing => return String::new(),
        };
        match column {
            // a sentence names the moderator itself
            "moderator" => String::new(),
            "outcome" => {
                let level = style.outcome_level(&text);
                let base = style.design.base_outcome.as_deref().map(|base| style.outcome_level(base));
                let base = match base {
                    Some(base) => {
                        pick(language, &format!("{level} against {base}"), &format!("{level}（相对 {base}）"))
                    }
                    None => pick(
                        language,
                        &format!("{level} against the base outcome"),
                        &format!("{level}（相对基准类别）"),
                    ),
                };
                if reading == Reading::Estimate { base } else { level }
            }
            "equation" if text == "_t" || style.design.outcome.as_deref() == Some(text.as_str()) => {
                String::new()
            }
            // the words of the comparison name the part
            "model" if matches!(text.as_str(), "any" | "amount" | "truncated") => String::new(),
            "model" | "part" => style.model(&text),
            "equation" => style.cell(column, &text),
            _ => format!("{} {text}", name(column, language)),
        }
    };
    let columns = 0..table.position("term").unwrap_or(0);
    let all: Vec<String> = columns.filter(differs).map(words).filter(|words| !words.is_empty()).collect();
    all.iter().map(|words| pick(language, &format!("{words}; "), &format!("{words}；"))).collect()
}

/// The sentence for a variable whose effect varies: a coefficient alone is none.
fn varies(whose: &str, (term, joint): (&str, &str), style: &Style<'_>) -> String {
    let (x, joint) = (style.variable(term.rsplit('.').next().unwrap_or(term)), style.term(joint));
    pick(
        style.options.language,
        &format!(
            "{whose}{x}: its effect is not one number, because the model has {joint}; tables and figures show how it varies."
        ),
        &format!("{whose}{x}：模型含有 {joint}，其影响不是一个数；表格与图形显示其如何变化。"),
    )
}

/// The difference of two differences in differences: the third factor is neither the treatment nor the period.
fn triple(table: &Table, row: usize, style: &Style<'_>) -> Option<Finding> {
    let known = [style.design.focal.first(), style.design.post.as_ref()];
    let name = |part: &str| part.rsplit('.').next().unwrap_or(part).to_owned();
    let term = table.cell(row, "term").text();
    let third = term.split('#').map(name).find(|name| !known.contains(&Some(name)));
    let (z, y) = (style.variable(&third?), style.variable(style.design.outcome.as_ref()?));
    said_of(style, "triple", (table, row), &[("z", &z), ("y", &y)])
}

/// Ratios whose column says that the estimate is their logarithm, also where the run was asked not to fill it.
const OF_LOGARITHMS: [&str; 5] = ["odds_ratio", "hazard_ratio", "subhazard_ratio", "irr", "rrr"];

/// The estimate of a row as it is read, a ratio where the table has one, and the column whose name it has.
pub(super) fn scaled(table: &Table, row: usize, style: &Style<'_>) -> Option<(&'static str, Estimate)> {
    // with a link of one the estimate is a difference, of which there is no ratio
    let is_filled = |r: &&str| !style.design.has_identity_link() && table.cell(row, r).number().is_some();
    if let Some(ratio) = RATIOS.into_iter().find(is_filled) {
        let (low, high) = (format!("{ratio}_low"), format!("{ratio}_high"));
        return Some((ratio, Estimate::of(table, row, [ratio, &low, &high, "p_value"])?));
    }
    let estimate = with_serial_errors(table, row, Estimate::of(table, row, USUAL)?);
    let is_unfilled = |r: &&str| table.position(r).is_some_and(|j| table.is_blank(j));
    // the parts of a two-part model and the models of a sampling design have no column of ratios
    let chosen = style.design.value("model").filter(|_| style.design.uses(&["svy"]));
    let of_model = match (table.cell(row, "model").text(), chosen.as_deref()) {
        ("any", _) | (_, Some("logit")) => Some("odds_ratio"),
        ("amount", _) => Some("ratio_of_means"),
        (_, Some("poisson")) => Some("irr"),
        _ => None,
    };
    let Some(ratio) = of_model.or_else(|| OF_LOGARITHMS.into_iter().find(is_unfilled)) else {
        return Some(("estimate", estimate));
    };
    let interval = estimate.interval.map(|(low, high)| (low.exp(), high.exp()));
    Some((ratio, Estimate { value: estimate.value.exp(), interval, ..estimate }))
}

fn sentence(table: &Table, row: usize, whose: &str, reading: Reading, style: &Style<'_>) -> Option<String> {
    let language = style.options.language;
    if table.cell(row, "std_error").number().is_none() {
        return exact(table, row, whose, style);
    }
    let (column, estimate) = scaled(table, row, style)?;
    let nothing = f64::from(u8::from(column != "estimate"));
    let value = spoken(estimate.value, estimate.places(style));
    let what = match reading {
        Reading::Estimate => ratio_of_row(table, row, column, style),
        Reading::Probability => pick(language, "Average effect on the probability", "对概率的平均影响"),
        Reading::Share => pick(language, "Average effect on the expected share", "对期望比例的平均影响"),
    };
    let evidence = evidence_of(estimate.interval, estimate.p, style);
    let term = format!("{whose}{}", compared(table, row, style));
    let verdict = estimate.verdict(nothing, style);
    let remark = match verdict {
        Verdict::Open if estimate.interval.is_some() => remark(true, style),
        _ => verdict.remark(style),
    };
    Some(pick(
        language,
        &format!("{term}: {} {value} ({evidence}).{remark}", what.to_lowercase()),
        &format!("{term}：{what} {value}（{evidence}）。{remark}"),
    ))
}

/// The name of an estimate or of its ratio.
pub(super) fn ratio_of_row(table: &Table, row: usize, column: &str, style: &Style<'_>) -> String {
    let language = style.options.language;
    if !has_inflation(style.design) || column != "ratio" {
        return ratio(column, style);
    }
    name(if table.cell(row, "equation").text() == "inflate" { "odds_ratio" } else { "irr" }, language)
}

/// The sentence of an estimate of a model that fits every row, whose errors are missing.
fn exact(table: &Table, row: usize, whose: &str, style: &Style<'_>) -> Option<String> {
    if !table.position("std_error").is_some_and(|j| table.is_blank(j)) {
        return None;
    }
    let value = table.cell(row, "estimate").number().filter(|_| table.cell(row, "note").text().is_empty())?;
    let (term, value) = (compared(table, row, style), spoken(value, style.options.decimals));
    Some(pick(
        style.options.language,
        &format!(
            "{whose}{term}: estimate {value}, without a standard error because the model fits every row exactly."
        ),
        &format!("{whose}{term}：估计值 {value}；模型完全拟合每一行，因此没有标准误。"),
    ))
}

/// The words of a term, for a level of categories with the one that it is compared with.
fn compared(table: &Table, row: usize, style: &Style<'_>) -> String {
    let term = table.cell(row, "term").text();
    let of = style.references(table).into_iter().find(|of| style.design.is_level(term, &of.column));
    let words = style.term(term);
    of.map_or_else(
        || words.clone(),
        |Reference { level, .. }| {
            pick(
                style.options.language,
                &format!("{words} (reference: {level})"),
                &format!("{words}（参照：{level}）"),
            )
        },
    )
}

#[cfg(test)]
#[path = "findings_tests_of_terms.rs"]
mod tests;

#[cfg(test)]
#[path = "findings_tests_of_designs.rs"]
mod tests_of_designs;

#[cfg(test)]
#[path = "findings_tests_of_processes.rs"]
mod tests_of_processes;
