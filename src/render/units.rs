//! Units of measurement as the labels of variables name them.

/// A label's name and its unit: `Schooling (years)` is `Schooling` in `years`.
pub(super) fn unit(label: &str) -> Option<(&str, &str)> {
    let (name, unit) = label.trim_end().strip_suffix([')', '）'])?.rsplit_once(['(', '（'])?;
    let is_unit = (1..=20).contains(&unit.chars().count()) && !unit.contains([')', '）']);
    (is_unit && !name.trim().is_empty()).then(|| (name.trim(), unit.trim()))
}

/// Units that stand in parentheses behind a name, in small letters. Percent is none of them: a difference in it could be read as
/// a relative one.
const MEASURED_IN: [&str; 69] = [
    "year", "years", "month", "months", "week", "weeks", "day", "days", "hour", "hours", "h", "hrs", "min",
    "minutes", "s", "seconds", "kg", "g", "mg", "t", "km", "m", "cm", "mm", "m2", "m²", "ha", "l", "ml",
    "points", "eur", "euro", "usd", "gbp", "cny", "rmb", "chf", "jpy", "$", "€", "£", "¥", "元", "万元",
    "亿元", "岁", "年", "天", "小时", "分钟", "dl", "m3", "m³", "mmol", "µmol", "umol", "µg", "ug", "ng",
    "iu", "kwh", "mmhg", "bpm", "ppm", "吨", "公斤", "千克", "公里", "亩",
];

/// True for a unit of measurement, also of thousands: `1000 EUR`, `Tsd. €`. What else stands in parentheses says more of a
/// variable: `(biopsy)`, `(0-100)`.
pub(super) fn is_measured_in(unit: &str) -> bool {
    let words: Vec<String> = unit.split_whitespace().map(str::to_lowercase).collect();
    let many = ["1000", "1,000", "tsd.", "k", "mio.", "mio", "million", "thousand", "bn", "per"];
    match words.as_slice() {
        // a yield in t/ha, a concentration in mg/dl
        [one] => one.split('/').count() <= 2 && one.split('/').all(|part| MEASURED_IN.contains(&part)),
        [first, one] => many.contains(&first.as_str()) && MEASURED_IN.contains(&one.as_str()),
        _ => false,
    }
}

/// A label without its unit.
pub(super) fn without_unit(label: &str) -> &str {
    unit(label).map_or(label, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_told_from_other_words_in_parentheses() {
        assert_eq!(unit("Price (1000 EUR)"), Some(("Price", "1000 EUR")));
        for is in ["1000 EUR", "Tsd. €", "years", "万元", "t/ha", "mg/dL", "元/公斤"] {
            assert!(is_measured_in(is), "{is}");
        }
        for other in ["biopsy", "0-100", "1 = yes", "%", "self-reported", "yes/no", "t/ha/year"] {
            assert!(!is_measured_in(other), "{other}");
        }
    }
}
