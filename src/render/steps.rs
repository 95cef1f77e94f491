//! Round steps in which the variables of a sentence vary: a sentence says ten years where one would be hardly anything.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use dta::Reader;

use super::Language;
use super::number::whole_or_spoken;

/// Rows that decide on the steps: the first ones.
const ROWS: usize = 32_768;
/// Values below which no step is judged.
const FEWEST: usize = 10;
/// Numbers from here on are codes of missing values.
const MISSING: f64 = 8.9e307;

/// A step as a sentence has it.
pub(super) fn as_step(step: f64) -> String {
    if step < 1e5 { step.to_string() } else { whole_or_spoken(step, 0) }
}

/// Different steps as a list, the smallest first; none without any.
pub(super) fn listed(steps: impl Iterator<Item = f64>, language: Language) -> Option<String> {
    let mut steps: Vec<f64> = steps.collect();
    steps.sort_by(f64::total_cmp);
    steps.dedup();
    let sign = match language {
        Language::En => ", ",
        Language::Zh => "、",
    };
    let words: Vec<String> = steps.into_iter().map(as_step).collect();
    (!words.is_empty()).then(|| words.join(sign))
}

/// Returns the step of each numeric column among these: the power of ten below the middle half of its values, at least 1
/// for whole numbers. Columns whose step is 1 are not in it.
///
/// # Errors
/// Says why the file cannot be read.
pub fn steps(columns: &[&str], canonical: &Path) -> Result<HashMap<String, f64>, String> {
    let file = File::open(canonical).map_err(|e| e.to_string())?;
    let mut reader = Reader::open(BufReader::new(file)).map_err(|e| e.to_string())?;
    let is_date =
        |at: usize| reader.variables()[at].format.trim_start_matches(['%', '-']).starts_with(['t', 'd']);
    let wanted: Vec<(&str, usize)> = columns
        .iter()
        .filter_map(|name| Some((*name, reader.position(name)?)))
        .filter(|(_, at)| !is_date(*at))
        .collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    reader.select(wanted.iter().map(|(_, at)| *at).collect()).map_err(|e| e.to_string())?;
    let Some(block) = reader.read_block(ROWS).map_err(|e| e.to_string())? else { return Ok(HashMap::new()) };
    let of_column = |values: &dta::Column| {
        let mut numbers = Vec::new();
        values.append_doubles(&mut numbers);
        numbers.retain(|x| x.abs() < MISSING);
        step_of(numbers)
    };
    let found =
        wanted.iter().zip(&block.columns).map(|((name, _), values)| ((*name).to_owned(), of_column(values)));
    Ok(found.filter(|(_, step)| *step != 1.0).collect())
}

fn step_of(mut values: Vec<f64>) -> f64 {
    if values.len() < FEWEST {
        return 1.0;
    }
    values.sort_by(f64::total_cmp);
    let last = values.len() - 1;
    let middle = values[3 * last / 4] - values[last / 4];
    let spread = if middle > 0.0 { middle } else { values[last] - values[0] };
    if spread <= 0.0 {
        return 1.0;
    }
    // the addend keeps a spread of exactly 10 from falling below it
    let power = (spread.log10() + 1e-9).floor().clamp(-9.0, 9.0) as i32;
    // a negative power of ten is the number nearest to that fraction only as a quotient
    let step = if power < 0 { 1.0 / 10_f64.powi(-power) } else { 10_f64.powi(power) };
    if values.iter().all(|x| x.fract() == 0.0) { step.max(1.0) } else { step }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(range: std::ops::Range<i32>, scale: f64) -> f64 {
        step_of(range.map(|x| f64::from(x) * scale).collect())
    }

    #[test]
    fn a_step_is_the_power_of_ten_below_the_middle_half() {
        assert_eq!(of(0..41, 1.0), 10.0, "the middle half spans 20 years");
        assert_eq!(of(0..21, 1.0), 10.0, "exactly 10");
        assert_eq!(of(0..19, 1.0), 1.0);
        assert_eq!(of(0..10, 0.1), 0.1, "a share");
        assert_eq!(of(0..40, 1000.0), 10_000.0);
        assert_eq!(of(0..9, 100.0), 1.0, "too few values");
    }

    #[test]
    fn values_that_hardly_vary_have_the_step_of_their_range() {
        let mut mostly_one = vec![1.0; 30];
        mostly_one.push(0.0);
        assert_eq!(step_of(mostly_one), 1.0);
        assert_eq!(step_of(vec![2.5; 30]), 1.0, "a constant");
    }
}
