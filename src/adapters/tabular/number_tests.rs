//! Spellings of numbers, and values against the standard library.

use super::*;
use proptest::prelude::*;

#[test]
fn spellings_of_numbers() {
    let value = |t: &str| plain(t.as_bytes()).map(|p| p.value);
    assert_eq!(value("12.5"), Some(12.5));
    assert_eq!(value("-.5"), Some(-0.5));
    assert_eq!(value("5."), Some(5.0));
    assert_eq!(value("1e-3"), Some(0.001));
    assert_eq!(value("1E+400"), Some(f64::INFINITY));
    for bad in ["", "-", ".", "e5", "1e", "1e+", "0x10", "1_0", "inf", "nan", "1,5", "１"] {
        assert_eq!(value(bad), None, "{bad}");
    }
    let id = plain(b"007").unwrap();
    assert!(id.leading_zero && id.digits_only && id.whole_digits == 3);
    assert!(!plain(b"0.7").unwrap().leading_zero);
}

#[test]
fn numbers_of_other_keyboards() {
    let value = |text: &str| spelt(text.as_bytes()).map(|s| s.value);
    for text in [
        "(1,234.5)",
        "1234.5-",
        "\u{2212}1234.5",
        "－１２３４．５",
        "( 1234.5 )",
        "（1234.5）",
        "\u{2013}1,234.5",
    ] {
        assert_eq!(value(text), Some(-1234.5), "{text}");
    }
    assert_eq!(value("１２"), Some(12.0));
    assert_eq!(value("1,234.5"), Some(1234.5));
    for bad in ["(-1)", "--1", "-1-", "()", "(", "-", "1)", "(1", "(a)", "1 - 2", "２０１９年", ""] {
        assert_eq!(value(bad), None, "{bad}");
    }
    assert!(spelt(b"(12)").is_some_and(|s| s.enclosed && !s.behind));
    assert!(spelt(b"12-").is_some_and(|s| s.behind && !s.enclosed));
}

#[test]
fn grouped_numbers() {
    assert_eq!(with_thousands(b"1,234,567.25"), Some(1_234_567.25));
    assert_eq!(with_thousands(b"-12,345"), Some(-12_345.0));
    for bad in ["1,23", "12,34,567", ",123", "1,2345", "1.2,3"] {
        assert_eq!(with_thousands(bad.as_bytes()), None, "{bad}");
    }
    assert_eq!(with_decimal_comma(b"1.234,5"), Some(1234.5));
    assert_eq!(with_decimal_comma(b"0,75"), Some(0.75));
    assert_eq!(
        with_decimal_comma("9".repeat(70).as_bytes()),
        Some(1e70),
        "digits without a point, however many"
    );
    assert_eq!(with_decimal_comma("9".repeat(400).as_bytes()), Some(f64::INFINITY));
    assert_eq!(with_decimal_comma(b"1,2,3"), None);
    assert_eq!(percent(b"12.5 %"), Some(12.5));
    assert_eq!(percent(b"%"), None);
}

proptest! {
    #[test]
    fn few_digits_are_those_of_the_standard_library(
        before in "[0-9 ,.-]{0,12}", cell in "[0-9]{0,10}|[0-9.+ -]{0,9}|[0-9a-z/:\u{4e00}]{0,4}", behind in "[0-9,]{0,3}"
    ) {
        let text = format!("{before}{cell}{behind}");
        let digits = (1..=8).contains(&cell.len()) && cell.bytes().all(|b| b.is_ascii_digit());
        // the bytes before a cell are read with it
        let expected = if before.len() + cell.len() >= 8 && digits { cell.parse().ok() } else { None };
        prop_assert_eq!(few_digits(text.as_bytes(), &(before.len()..before.len() + cell.len())), expected);
    }

    #[test]
    fn short_numbers_are_those_of_the_standard_library(text in "[0-9.]{1,22}|[0-9]{1,9}[.][0-9]{0,18}|[0-9e/:]{1,17}") {
        let own = plain(text.as_bytes());
        for before in ["", ",", "12345678.90123456789012345"] {
            let longer = format!("{before}{text},1");
            let range = before.len()..before.len() + text.len();
            prop_assert_eq!(plain_within::<true>(longer.as_bytes(), range), own);
        }
        let number = text.bytes().filter(|b| *b == b'.').count() < 2 && text.bytes().any(|b| b.is_ascii_digit());
        let expected = text.parse::<f64>().ok().filter(|_| number);
        prop_assert_eq!(own.map(|p| p.value.to_bits()), expected.map(f64::to_bits));
        if let Some(own) = own {
            let whole = text.bytes().take_while(u8::is_ascii_digit).count();
            prop_assert_eq!(own.whole_digits, whole);
            prop_assert_eq!(own.digits_only, whole == text.len());
            prop_assert_eq!(own.leading_zero, whole > 1 && text.starts_with('0'));
        }
    }

    /// The standard library's parser rounds correctly; ours must agree to the last bit.
    #[test]
    fn values_are_correctly_rounded(text in "[+-]?[0-9]{0,20}(\\.[0-9]{0,25})?(e[+-]?[0-9]{1,3})?") {
        if let Some(p) = plain(text.as_bytes()) {
            prop_assert_eq!(p.value.to_bits(), text.parse::<f64>().unwrap().to_bits());
        }
    }
}
