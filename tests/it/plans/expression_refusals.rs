//! What is no condition is refused with its place, and no text of a user reaches a do-file but through the
//! printers.

use proptest::prelude::*;
use stata_service::domain::expression::{Condition, parse_condition};

use crate::support::columns::{date, number, pay, text};

fn refusal(source: &str) -> (usize, Vec<String>) {
    let columns =
        [number("age", 9, 0.0, 1.0, true), number("pay", 9, 0.0, 1.0, false), text("city", 5), date("hired")];
    match parse_condition(source, &columns) {
        Ok(condition) => panic!("{source} was read as {}", condition.canonical()),
        Err(error) => (error.position, error.expected),
    }
}

#[test]
fn every_refusal_names_its_place_and_what_could_stand_there() {
    let cases = [
        ("", 0, "column"),
        ("age >", 5, "column"),
        ("age = 5", 4, "=="),
        ("age", 0, "=="),
        ("5", 0, "=="),
        ("1 == 1", 2, "column"),
        ("age > 5 6", 8, "&"),
        ("(age > 5", 8, ")"),
        ("aeg > 5", 0, "age"),
        ("age > \"x\"", 4, "number"),
        ("city == 5", 5, "\"5\""),
        ("age > \"30\"", 4, "30"),
        ("city == \"\"", 8, "missing(column)"),
        ("city == 'x'", 8, "\""),
        ("city == \"a`b\"", 8, "another text"),
        ("hired > 5", 6, "date(\"YYYY-MM-DD\")"),
        ("hired > date(\"2020-13-01\")", 13, "\"YYYY-MM-DD\""),
        ("18 <= age <= 30", 10, "inrange(column, low, high)"),
        ("age == .", 7, "missing(column)"),
        ("!age == 5", 1, "=="),
        ("log(age) > 5", 0, "ln"),
        ("age + 1", 0, ">"),
        ("group(age) > 1", 11, "a derived variable"),
        ("strpos(age, \"x\")", 10, "column of text"),
        ("inlist(age, pay)", 12, "number"),
        ("inrange(age, 1)", 14, ","),
        ("age > 5 & ", 10, "column"),
        ("age > $x", 6, "column"),
        ("年龄 > 5", 0, "age"),
        ("age > 1e999", 6, "number"),
        ("age > 5 & & pay > 1", 10, "column"),
    ];
    for (source, position, expected) in cases {
        let (at, list) = refusal(source);
        assert_eq!(at, position, "{source}");
        assert!(list.iter().any(|e| e == expected), "{source}: {list:?}");
    }
}

#[test]
fn a_refusal_becomes_a_problem_with_path_position_and_expectation() {
    let error = parse_condition("age > ", &pay().datasets[0].columns).expect_err("no condition");
    let problem = error.into_problem("sample_if");
    assert_eq!(problem.code.as_str(), "EXPRESSION_INVALID");
    assert_eq!(problem.context["path"], "sample_if");
    assert_eq!(problem.context["position"], 6);
    assert!(problem.context["expected"].as_array().is_some_and(|e| !e.is_empty()));
}

#[test]
fn endless_nesting_and_endless_lists_are_refused() {
    refusal(&format!("{}age > 1{}", "(".repeat(60), ")".repeat(60)));
    refusal(&format!("{}(age > 1)", "!".repeat(3000)));
    refusal(&format!("inlist(age, {})", vec!["1"; 1001].join(",")));
    refusal(&vec!["age > 1"; 501].join("&"));
    refusal(&"x".repeat(4001));
}

#[test]
fn conditions_print_as_documented() {
    let columns =
        [number("age", 9, 0.0, 1.0, true), text("city", 5), date("hired"), number("pay", 9, 0.0, 1.0, false)];
    let cases = [
        ("age>=18", "(age >= 18 & !missing(age))"),
        ("!(age >= 18)", "(age < 18 & !missing(age))"),
        ("age > pay", "(age > pay & !missing(age, pay))"),
        ("!missing(age)", "!missing(age)"),
        ("hired >= date(\"2020-01-31\")", "(hired >= 21945 & !missing(hired))"),
        ("city == \"北京\"", "(city == \"北京\" & !missing(city))"),
        ("!(age > 1 & city != \"a\")", "((age <= 1 & !missing(age)) | (city == \"a\" & !missing(city)))"),
        ("!strpos(city, \"a\")", "(strpos(city, \"a\") == 0 & !missing(city))"),
        ("inrange(age, 1, 2)", "(inrange(age, 1, 2) & !missing(age))"),
    ];
    for (source, printed) in cases {
        let condition = parse_condition(source, &columns).expect(source);
        assert_eq!(condition.stata_true(), printed, "{source}");
    }
}

#[test]
fn a_damaged_stored_tree_is_not_read() {
    for bad in [
        r#"{"op":"missing","column":{"name":"a) | shell(","class":"number"}}"#,
        r#"{"op":"strpos","column":{"name":"s","class":"text"},"text":"a\"'`x"}"#,
        r#"{"op":"compare","comparison":"== 1 |","left":{"column":{"name":"a","class":"number"}},"right":{"literal":{"type":"number","value":1}}}"#,
    ] {
        assert!(serde_json::from_str::<Condition>(bad).is_err(), "{bad}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn no_text_is_read_as_a_condition_that_prints_control_characters_or_macros(
        source in prop_oneof![
            ".*",
            "[a-z0-9 `'$\"\\\\{}()&|!<>=,.\n-]{0,40}",
            "(age|city|missing|inlist|==|\"[`'$a\n]\"|[(),&|!<> 0-9\"`'$])*",
        ],
    ) {
        let columns = [number("age", 9, 0.0, 1.0, true), text("city", 5)];
        if let Ok(condition) = parse_condition(&source, &columns) {
            for printed in [condition.stata_true(), condition.stata_false()] {
                prop_assert!(!printed.contains(['`', '\'', '$', '\\', '{', '}', '\n', '\r']), "{}", printed);
                prop_assert_eq!(printed.matches('"').count() % 2, 0);
            }
        }
    }

    #[test]
    fn texts_in_literals_reach_the_do_file_as_they_are_or_not_at_all(word in "\\PC{0,90}") {
        let columns = [text("city", 5)];
        let source = format!("city == \"{word}\"");
        if let Ok(condition) = parse_condition(&source, &columns) {
            let printed = condition.stata_true();
            prop_assert!(!printed.contains(['`', '\'', '$', '\\', '{', '}']), "{}", printed);
            let quoted = format!("\"{word}\"");
            prop_assert!(word.contains('"') || printed.contains(&quoted), "{}", printed);
        }
    }
}
