//! Inferred types of columns of cells.

use super::*;

fn infer(cells: &[&str]) -> Inference {
    let mut all = Inference::default();
    for (row, cell) in cells.iter().enumerate() {
        let mut one = Inference::default();
        one.text(cell.as_bytes(), row as u64 + 2);
        all.merge(&one);
    }
    let mut whole = Inference::default();
    for (row, cell) in cells.iter().enumerate() {
        whole.text(cell.as_bytes(), row as u64 + 2);
    }
    assert_eq!(
        all.reading(DecimalSign::default()),
        whole.reading(DecimalSign::default()),
        "merged and whole differ: {cells:?}"
    );
    whole
}

fn kind(cells: &[&str]) -> (Reading, String) {
    let facts = infer(cells);
    let reading = facts.reading(DecimalSign::default());
    (reading, facts.storage(reading).0.name())
}

#[test]
fn integers_take_the_smallest_storage() {
    assert_eq!(kind(&["1", "", "100"]), (Reading::Plain, "byte".into()));
    assert_eq!(kind(&["101"]), (Reading::Plain, "int".into()));
    assert_eq!(kind(&["-32768"]), (Reading::Plain, "long".into()));
    assert_eq!(kind(&["2147483621"]), (Reading::Plain, "double".into()));
    assert_eq!(kind(&["1", "2.5"]), (Reading::Plain, "double".into()));
    assert_eq!(kind(&["NA", ".", "缺失"]), (Reading::Empty, "byte".into()));
}

#[test]
fn codes_keep_their_digits_and_zeros() {
    assert_eq!(kind(&["000001", "600000"]), (Reading::Plain, "long".into()));
    assert_eq!(infer(&["000001", "600000"]).storage(Reading::Plain).1, "%06.0f");
    assert_eq!(kind(&["007", "7"]), (Reading::Text, "str3".into()));
    assert_eq!(kind(&["110101199003071234"]), (Reading::Text, "str18".into()));
}

#[test]
fn none_and_minus_are_categories_among_words() {
    let words = |none, minus| Reading::Words(Words { none, minus, nan: false, na: false });
    assert_eq!(kind(&["Yes", "No", "None", "NA"]), (words(true, false), "str4".into()));
    assert_eq!(kind(&["+", "-", "++", ""]), (words(false, true), "str2".into()));
    assert_eq!(kind(&["+", "-", "None"]), (words(true, true), "str4".into()));
    // without a plus the sign stands for nothing, and so does None next to numbers and truth values
    assert_eq!(kind(&["Bonn", "-"]).0, Reading::Text);
    assert_eq!(kind(&["12", "None"]), (Reading::Plain, "byte".into()));
    assert_eq!(kind(&["12", "None", "x"]).0, Reading::Text);
    assert_eq!(kind(&["True", "None"]).0, Reading::Boolean);
    let facts = infer(&["Yes", "None", "NA", "-"]);
    let reading = facts.reading(DecimalSign::default());
    assert_eq!((facts.words_read_as_missing(reading), facts.kept_words(reading)[0].1), (2, 1));
}

#[test]
fn nan_is_male_next_to_female_alone() {
    let pinyin = Reading::Words(Words { none: false, minus: false, nan: true, na: false });
    assert_eq!(kind(&["nan", "nv", "nan", "NA", ""]), (pinyin, "str3".into()));
    assert_eq!(kind(&["nü", "nan"]), (pinyin, "str3".into()));
    assert_eq!(infer(&["nan", "nv", "nan", "NA"]).words_read_as_missing(pinyin), 1);
    // among other words, next to numbers and alone it is missing
    assert_eq!(kind(&["nan", "nv", "other"]).0, Reading::Text);
    let regions = Reading::Words(Words { none: false, minus: false, nan: false, na: true });
    assert_eq!(kind(&["NA", "EU", "APAC", ""]), (regions, "str4".into()));
    assert_eq!(
        [kind(&["NA", "EU", "yes"]).0, kind(&["NA", "NA"]).0, kind(&["NA", "DE"]).0],
        [Reading::Text, Reading::Empty, Reading::Text]
    );
    assert_eq!(kind(&["nan", "male"]).0, Reading::Text);
    assert_eq!(kind(&["nan", "3"]), (Reading::Plain, "byte".into()));
}

#[test]
fn other_spellings_of_numbers() {
    assert_eq!(kind(&["1,234", "12", "1,234,567.5"]).0, Reading::Thousands);
    assert_eq!(kind(&["1,5", "12", "1.234,5"]).0, Reading::DecimalComma);
    assert_eq!(kind(&["1.234", "0,5"]).0, Reading::DecimalComma);
    let comma = DecimalSign { comma: true, seen: false };
    assert_eq!(infer(&["1,234"]).reading(comma), Reading::DecimalComma);
    assert_eq!(infer(&["1.234"]).reading(comma), Reading::Plain);
    assert_eq!(kind(&["12.5%", "3 %"]).0, Reading::Percent);
    assert_eq!(kind(&["TRUE", "false"]).0, Reading::Boolean);
    assert_eq!(kind(&["1", ".a", "inf"]), (Reading::Plain, "byte".into()));
    assert_eq!(kind(&["1,5", "2.5"]).0, Reading::Text);
    assert_eq!(kind(&["1", "x"]), (Reading::Text, "str1".into()));
}

#[test]
fn one_column_shows_the_decimal_sign_of_another() {
    let read = |columns: &[&[&str]], semicolon| -> Vec<Reading> {
        let facts: Vec<Inference> = columns.iter().map(|cells| infer(cells)).collect();
        let sign = DecimalSign::of(&facts, semicolon);
        facts.iter().map(|facts| facts.reading(sign)).collect()
    };
    let commas = [Reading::DecimalComma, Reading::DecimalComma, Reading::Plain];
    assert_eq!(read(&[&["10,53"], &["4,708"], &["12"]], false), commas);
    assert_eq!(read(&[&["10,53"], &["1.037", "12"], &["12"]], true), commas);
    // a fraction below one is no group of digits
    assert_eq!(read(&[&["10,53"], &["0.125"]], true), [Reading::DecimalComma, Reading::Plain]);
    assert_eq!(read(&[&["10.53"], &["4,708"]], true), [Reading::Plain, Reading::Thousands]);
    assert_eq!(read(&[&["1,234.5"], &["4,708"]], true), [Reading::Thousands, Reading::Thousands]);
    // both signs, or none: the delimiter decides as it does for a column alone
    let both: [&[&str]; 3] = [&["10,53"], &["10.53"], &["4,708"]];
    assert_eq!(read(&both, false), [Reading::DecimalComma, Reading::Plain, Reading::Thousands]);
    assert_eq!(read(&[&["12"], &["4,708"]], false), [Reading::Plain, Reading::Thousands]);
}

#[test]
fn dates_need_one_style_that_fits_all() {
    assert_eq!(kind(&["2024-01-05", "2024/1/6"]).0, Reading::Date(DateStyle::YearFirst));
    assert_eq!(kind(&["13/1/2024", "1/2/2024"]).0, Reading::Date(DateStyle::DayFirst));
    assert_eq!(kind(&["1/13/2024", "1/2/2024"]).0, Reading::Date(DateStyle::MonthFirst));
    assert_eq!(kind(&["1/2/2024", "3/4/2024"]).0, Reading::Text);
    assert!(infer(&["1/2/2024", "3/4/2024"]).ambiguous_date());
    assert_eq!(kind(&["13/1/2024", "1/13/2024"]).0, Reading::Text);
    assert_eq!(kind(&["2024年1月5日"]).0, Reading::Date(DateStyle::Chinese));
    assert_eq!(kind(&["2024-01-05", "2024-01-05 10:00"]).0, Reading::Datetime(DateStyle::YearFirst));
    assert_eq!(kind(&["2024-01-05 00:00:00"]).0, Reading::Date(DateStyle::YearFirst));
    assert_eq!(kind(&["2024-01", "2024-12"]).0, Reading::Month);
    assert_eq!(kind(&["2024Q1"]).0, Reading::Quarter);
}

#[test]
fn rounded_identifiers_are_counted_alike_in_parts_and_in_the_whole() {
    let cells = ["1.5", "x", "1E+12", "2,5", "1.23457E+11", "7e15"];
    let (mut whole, mut parts) = (Inference::default(), Inference::default());
    for (row, cell) in (2..).zip(cells) {
        whole.text(cell.as_bytes(), row);
        let mut one = Inference::default();
        one.text(cell.as_bytes(), row);
        parts.merge(&one);
    }
    for facts in [whole, parts] {
        assert_eq!((facts.rounded, facts.first_rounded_row), (3, Some(4)));
        assert!(facts.is_rounded(facts.reading(DecimalSign::default())));
    }
}
