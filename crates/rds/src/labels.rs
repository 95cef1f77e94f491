//! Labels of values, and values that are declared missing, as the packages haven and labelled keep them.

use crate::error::Error;
use crate::finder::Finder;
use crate::spool::Spool;
use crate::value::{Kind, Text, Value};

/// Most values that a column may declare missing one by one.
const MOST_MISSING: u64 = 1000;

/// What a column says about its values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Labels {
    /// Labels of numbers; a NaN may have the letter of a missing value, see [`missing_letter`].
    pub numbers: Vec<(f64, Text)>,
    /// Labels of texts.
    pub texts: Vec<(Text, Text)>,
    /// Numbers that are missing.
    pub missing_numbers: Vec<f64>,
    /// Texts that are missing.
    pub missing_texts: Vec<Text>,
    /// The first and the last of the numbers that are missing.
    pub missing_range: Option<(f64, f64)>,
}

/// The letter of a missing value that the package haven keeps in a NaN (`tagged_na`).
pub fn missing_letter(number: f64) -> Option<char> {
    let bits = number.to_bits();
    let letter = (bits >> 32) as u8;
    (number.is_nan() && bits as u32 == 1954 && letter.is_ascii_lowercase()).then_some(char::from(letter))
}

/// Reads the labels of a vector.
pub(crate) fn of<S: Spool>(finder: &mut Finder<'_, S>, value: &Value, kind: Kind) -> Result<Labels, Error> {
    let mut labels = Labels::default();
    let declared = value.attribute("na_values");
    if kind == Kind::Text {
        labels.missing_texts = finder.texts(declared)?;
    } else {
        labels.missing_numbers = finder.numbers(declared, MOST_MISSING)?;
        labels.missing_numbers.retain(|number| !number.is_nan());
        if let [low, high] = finder.numbers(value.attribute("na_range"), 3)?[..] {
            labels.missing_range = (low <= high).then_some((low, high));
        }
    }
    let Some(values) = value.attribute("labels") else { return Ok(labels) };
    let Value::Vector(vector) = values else { return Ok(labels) };
    let words = finder.texts(values.attribute("names"))?;
    if vector.kind == Kind::Text && kind == Kind::Text {
        labels.texts = finder.texts(Some(values))?.into_iter().zip(words).collect();
    } else if kind != Kind::Text {
        let numbers = finder.numbers(Some(values), words.len() as u64)?;
        labels.numbers = numbers.into_iter().zip(words).collect();
    }
    Ok(labels)
}
