//! Numbers of an interpretation: every form is found, and each is compared with the cell that it names.

use serde_json::{Value, json};
use stata_service::domain::job::record::DataSharing;
use stata_service::service::runs::interpretation::check::check;
use stata_service::service::runs::interpretation::numbers::{Number, numbers};
use stata_service::service::runs::interpretation::tables::{Facts, Table, shown};

fn found(text: &str) -> Vec<Number> {
    numbers(text, |name| name == "x1" || name == "2.sector").unwrap_or_else(|p| panic!("{text}: {p:?}"))
}

#[test]
fn numbers_are_read_in_the_forms_of_both_languages() {
    for (text, size, step, negative, percent) in [
        ("rises by 0.08", 0.08, 0.01, false, false),
        ("is -1,234.5 now", 1234.5, 0.1, true, false),
        ("is −0.5", 0.5, 0.1, true, false),
        ("minus 3 of them", 3.0, 1.0, true, false),
        ("a share of .05", 0.05, 0.01, false, false),
        ("p = 2.5e-3", 0.0025, 0.0001, false, false),
        ("12% of rows", 12.0, 1.0, false, true),
        ("12.5 percent", 12.5, 0.1, false, true),
        ("3 percentage points", 3.0, 1.0, false, true),
        ("1\u{202f}234 rows", 1234.0, 1.0, false, false),
        ("1'234 rows", 1234.0, 1.0, false, false),
        ("1.5 million rows", 1.5e6, 1e5, false, false),
        ("共1.2万行", 12_000.0, 1_000.0, false, false),
        ("约３亿元", 3e8, 1e8, false, false),
        ("提高１２．５％", 12.5, 0.1, false, true),
        ("提高百分之八点五", 8.5, 0.1, false, true),
        ("上升3个百分点", 3.0, 1.0, false, true),
        ("上升三个百分点", 3.0, 1.0, false, true),
        ("一万二千行", 12_000.0, 1_000.0, false, false),
        ("系数为负0.2", 0.2, 0.1, true, false),
        ("三倍", 3.0, 1.0, false, false),
    ] {
        let [n] = found(text).try_into().unwrap_or_else(|all| panic!("{text}: {all:?}"));
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * b.abs();
        assert!(near(n.size, size) && near(n.step, step), "{text}: {n:?}");
        assert_eq!((n.negative, n.percent), (negative, percent), "{text}: {n:?}");
    }
    let range: Vec<bool> = found("from -0.05–-0.01 or 0.06–0.10").iter().map(|n| n.negative).collect();
    assert_eq!(range, [true, true, false, false]);
}

#[test]
fn names_and_words_without_a_size_hold_no_number() {
    for text in [
        "`x1` and `2.sector` and R² and R2 and HC1 errors",
        "十分显著,进一步说明这两个变量一致",
        "the first of two groups, one more year, a two-sided test",
        "有两点需要注意",
    ] {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn what_cannot_be_compared_is_a_problem_and_never_passed_over() {
    for text in [
        "twice as high",
        "by half",
        "a quarter of the rows",
        "twenty percent",
        "three percent",
        "½ of them",
        "٣ rows",
        "Ⅳ",
        "一半的样本",
        "工资翻倍",
        "1.2×10^5",
        "x7 is higher",
        "the 20th row",
        "千分之3",
        "`unknown 42x`",
    ] {
        let read = numbers(text, |name| name == "x1");
        assert!(read.is_err(), "{text}: {read:?}");
    }
}

fn table(name: &str, columns: &[&str], rows: &[&[&str]]) -> Table {
    let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
    let rows = rows.iter().map(|row| own(row)).collect();
    Table { name: name.to_owned(), description: String::new(), columns: own(columns), rows }
}

fn facts() -> Facts {
    let coefficients = table(
        "table_coefficients.csv",
        &["term", "estimate", "p_value", "ci_low", "ci_high"],
        &[
            &["schooling", "0.09488", "0.00001", "0.08317", "0.10659"],
            &["female", "-0.14095", "0.00001", "-0.20247", "-0.07944"],
            &["age", "0.00213", "0.41", "-0.0029", "0.0072"],
            &["_cons", "1.5", "0.0001", "1.2", "1.8"],
        ],
    );
    let fit = table("table_fit.csv", &["metric", "value"], &[&["N", "12345"], &["r2", "0.4237"]]);
    let odds = table("table_odds.csv", &["term", "odds_ratio"], &[&["schooling", "0.8"]]);
    let settings = table("settings", &["name", "value"], &[&["level", "95"]]);
    Facts::new(vec![coefficients, fit, odds, settings], &["log_pay".to_owned()])
}

/// As it is shown, table, row, column, relation.
type Cited = (&'static str, &'static str, u64, &'static str, &'static str);

fn said(text: &str, cited: &[Cited]) -> Value {
    let numbers: Vec<Value> = cited
        .iter()
        .map(|(shown, table, row, column, relation)| {
            json!({"shown": shown, "table": table, "row": row, "column": column, "relation": relation})
        })
        .collect();
    json!({"findings": [{"text": text, "numbers": numbers}], "cautions": []})
}

const T: &str = "table_coefficients.csv";

#[test]
fn numbers_that_are_in_their_cells_pass() {
    let level = ("95%", "settings", 1, "value", "equals");
    for (text, cited) in [
        (
            "`schooling`: one more year goes with 0.09 higher `log_pay` (95% interval 0.083 to 0.107).",
            vec![
                ("0.09", T, 1, "estimate", "equals"),
                level,
                ("0.083", T, 1, "ci_low", "equals"),
                ("0.107", T, 1, "ci_high", "equals"),
            ],
        ),
        (
            "`female` goes with 0.14 lower pay, p < 0.001, significant.",
            vec![("0.14", T, 2, "estimate", "equals"), ("0.001", T, 2, "p_value", "below")],
        ),
        ("`female` has the coefficient -0.141.", vec![("-0.141", T, 2, "estimate", "equals")]),
        ("`schooling` goes with 9.5% more pay.", vec![("9.5%", T, 1, "estimate", "equals")]),
        ("The sample has 12,345 rows.", vec![("12,345", "table_fit.csv", 1, "value", "equals")]),
        (
            "样本共1.2万行，拟合优度为42.37%。",
            vec![
                ("1.2万", "table_fit.csv", 1, "value", "equals"),
                ("42.37%", "table_fit.csv", 2, "value", "equals"),
            ],
        ),
        (
            "`schooling` lowers the odds, by the ratio 0.8.",
            vec![("0.8", "table_odds.csv", 1, "odds_ratio", "equals")],
        ),
        ("`age` is not significant at the 5% level.", vec![("5%", "settings", 1, "value", "equals")]),
        ("The constant is 1.5.", vec![("1.5", T, 4, "estimate", "equals")]),
        ("Associations only, no effects.", vec![]),
    ] {
        let checked = check(&said(text, &cited), &facts());
        assert_eq!(
            checked.as_ref().map(|r| r.findings[0].sources.len()),
            Ok(cited.len()),
            "{text}: {checked:?}"
        );
    }
}

#[test]
fn numbers_that_are_not_there_are_refused() {
    let wrong: [(&str, Vec<Cited>, &str); 21] = [
        ("`schooling` goes with 0.12 more pay.", vec![("0.12", T, 1, "estimate", "equals")], "is 0.09488"),
        ("`schooling` goes with 0.09 more, or 42%.", vec![("0.09", T, 1, "estimate", "equals")], "no cell"),
        (
            "`schooling` goes with 0.42 more.",
            vec![("0.42", "table_other.csv", 1, "r2", "equals")],
            "no table",
        ),
        ("`schooling` goes with 0.42 more.", vec![("0.42", T, 9, "estimate", "equals")], "no cell"),
        ("`schooling` goes with 0.14 less.", vec![("0.14", T, 2, "estimate", "equals")], "named first"),
        (
            "`age` goes with 0.09 more pay, holding `schooling` constant.",
            vec![("0.09", T, 1, "estimate", "equals")],
            "named first",
        ),
        ("Pay is 0.09 higher.", vec![("0.09", T, 1, "estimate", "equals")], "named first"),
        ("`schooling` lowers pay by 0.09.", vec![("0.09", T, 1, "estimate", "equals")], "sign"),
        ("`schooling` has -0.09.", vec![("-0.09", T, 1, "estimate", "equals")], "is 0.09488"),
        ("`female` raises pay by 0.14.", vec![("0.14", T, 2, "estimate", "equals")], "sign"),
        ("`female` has the coefficient 0.14.", vec![("0.14", T, 2, "estimate", "equals")], "sign"),
        ("`female` is lower, from 0.20 on.", vec![("0.20", T, 2, "ci_low", "equals")], "write the minus"),
        (
            "`schooling` raises the odds, by 0.8.",
            vec![("0.8", "table_odds.csv", 1, "odds_ratio", "equals")],
            "sign",
        ),
        ("`schooling` goes with 0.09% more pay.", vec![("0.09%", T, 1, "estimate", "equals")], "is 0.09488"),
        ("`age` has p < 0.05.", vec![("0.05", T, 3, "p_value", "below")], "is 0.41"),
        ("`schooling` has p = 0.05.", vec![("0.05", T, 1, "p_value", "below")], "the cell"),
        ("`age` is significant, 0.002 higher.", vec![("0.002", T, 3, "estimate", "equals")], "significance"),
        (
            "`schooling` raises pay by 0.42.",
            vec![("0.42", "table_fit.csv", 2, "value", "equals")],
            "not of that term",
        ),
        (
            "Each year of schooling brings 0.42.",
            vec![("0.42", "table_fit.csv", 2, "value", "equals")],
            "not of that term",
        ),
        (
            "Pay rises by 0.42 with each year.",
            vec![("0.42", "table_fit.csv", 2, "value", "equals")],
            "figure of the whole run",
        ),
        ("The sample has 12,300 rows.", vec![("12,300", "table_fit.csv", 1, "value", "equals")], "is 12345"),
    ];
    for (text, cited, why) in wrong {
        let problems = check(&said(text, &cited), &facts()).expect_err(text);
        assert!(problems.join(" ").contains(why), "{text}: {problems:?}");
    }
    let link = said("See https://example.org for `schooling`.", &[]);
    assert!(check(&link, &facts()).is_err());
    assert!(check(&json!({"findings": [], "cautions": []}), &facts()).is_err());
    assert!(check(&json!({"findings": "none"}), &facts()).is_err());
}

#[test]
fn single_rows_and_extreme_values_of_the_data_leave_only_with_samples() {
    let tables = vec![
        table("table_descriptives.csv", &["variable", "mean", "max"], &[&["pay", "11.5", "987654"]]),
        table("table_outliers.csv", &["row", "residual"], &[&["17", "4.4321"]]),
    ];
    let facts = Facts::new(tables, &[]);
    for (sharing, leaves) in [(DataSharing::Schema, false), (DataSharing::Samples, true)] {
        let (document, left) = shown(&facts, sharing);
        let text = document.to_string();
        assert!(text.contains("11.5"));
        assert_eq!((text.contains("987654"), text.contains("4.4321")), (leaves, leaves), "{sharing:?}");
        assert_eq!(left["withheld"].as_array().map(Vec::len), Some(if leaves { 0 } else { 2 }), "{left}");
    }
}
