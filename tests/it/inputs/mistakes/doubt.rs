//! Cells and rows that can be meant in more than one way, names that are formulas, and signs of other keyboards; kept as
//! data as in `cases.rs`.

use serde_json::{Value, json};

use super::cases::{Mistake, Noticed, ONLY_KIND, m, y_but};
use super::files::{followed_by, plain, slope, table, written, xy};
use crate::support::app::TestApp;

/// Mistakes that leave open what is meant.
pub(super) fn of_doubt() -> Vec<Mistake> {
    [numbers(), words(), rows(), periods(), names(), conditions()].into_iter().flatten().collect()
}

fn numbers() -> Vec<Mistake> {
    use Noticed::{Draft, Remark};
    let kilo = |y: f64| y * 1000.0;
    let no_remark = "no remark; 400 TEMPLATE_NOT_APPLICABLE: `y` is text";
    vec![
        m("two signs for decimals in one column", no_remark, {
            table("y;x", |row, x, y| {
                let (thousands, point) = if row % 2 == 0 { (",", ".") } else { (".", ",") };
                format!("{};{x}", written(kilo(y), thousands, point))
            })
        })
        .draft(json!({"draft_text": "How does x change y?"}))
        .at(
            Remark("mixed_number_styles"),
            &[
                "y writes numbers in two ways",
                "\"12.500,00\" in row 2",
                "\"13,500.00\" in row 3",
                "such as 1234.5",
            ],
        ),
        m("percentages beside shares", "a remark without a cell", {
            table(
                "y,x",
                |row, x, y| if row % 2 == 0 { format!("{},{x}", y / 100.0) } else { format!("{y}%,{x}") },
            )
        })
        .draft(json!({"draft_text": "How does x change y?"}))
        .at(
            Remark("mixed_number_styles"),
            &["y holds 12 percentages (\"12.5%\" in row 2)", "12 numbers without a percent sign", "in row 3"],
        ),
        m("values below a limit", "a repair that made them missing, without a word on it", {
            y_but(|row| (row == 3 || row == 9).then_some("<0.01"))
        })
        .at(
            Remark("numbers_as_text"),
            &[
                "\"<0.01\" in row 4",
                "\"<0.01\" is a value below or above a limit, not an absent one",
                "half of the limit",
            ],
        )
        .repaired(&[0], slope(|row| row != 3 && row != 9), 22),
        m("marks of footnotes behind numbers", "a repair that made them missing", {
            table("y,x", |row, x, y| match row {
                3 => format!("{y}*,{x}"),
                5 => format!("{y}**,{x}"),
                7 => format!("{y} †,{x}"),
                _ => format!("{y},{x}"),
            })
        })
        .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["convert y: numbers, without", "\"†\", \"**\", \"*\""])
        .repaired(&[0], 2.0, 24),
        m("German words for missing", ONLY_KIND, {
            y_but(|row| {
                (row > 20).then(|| ["keine Angabe", "k. A.", "weiß nicht", "entfällt"][row as usize - 21])
            })
        })
        .at(
            Draft("TEMPLATE_NOT_APPLICABLE"),
            &["`y` is text", "missing: ", "\"keine Angabe\"", "\"weiß nicht\""],
        )
        .repaired(&[0], 2.0, 20),
        m("Chinese words for missing", ONLY_KIND, {
            y_but(|row| (row > 20).then(|| ["不详", "未知", "无", "拒答"][row as usize - 21]))
        })
        .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["`y` is text", "\"不详\"", "\"未知\""])
        .repaired(&[0], 2.0, 20),
        m("errors of a spreadsheet as text", ONLY_KIND, {
            y_but(|row| (row > 20).then(|| ["#DIV/0!", "#N/A", "#REF!", "#NAME?"][row as usize - 21]))
        })
        .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["`y` is text", "\"#DIV/0!\"", "\"#REF!\""])
        .repaired(&[0], 2.0, 20),
    ]
}

fn words() -> Vec<Mistake> {
    use Noticed::Draft;
    let answers = |yes: &'static str, no: &'static str| {
        table("y,x", move |row, _, _| {
            let says = if row % 4 == 1 || row == 2 || row == 4 { yes } else { no };
            format!("{says},{}", row % 2)
        })
    };
    // of the odd rows 6 of 12 say yes, of the even ones 2 of 12
    let silent = "no remark; the refusal of a draft named no value: y == \"…\"";
    vec![
        m("yes and no as words", silent, answers("yes", "no"))
            .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["`y` is text", "convert y: 0 and 1, 1 for \"yes\""])
            .repaired(&[0], 1.0 / 3.0, 24),
        m("Ja and Nein as words", silent, answers(" Ja", "Nein"))
            .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["convert y: 0 and 1, 1 for \"Ja\""])
            .repaired(&[0], 1.0 / 3.0, 24),
        m("是 and 否 as words", silent, answers("是", "否"))
            .at(Draft("TEMPLATE_NOT_APPLICABLE"), &["convert y: 0 and 1, 1 for \"是\""])
            .repaired(&[0], 1.0 / 3.0, 24),
    ]
}

/// Rows of four regions, with a line of totals behind each.
fn regions(totals: impl Fn(&str) -> String) -> Vec<u8> {
    table("region,y,x", |row, x, y| {
        let region = ["North", "South", "East", "West"][(row as usize - 1) / 6];
        let line = format!("{region},{y},{x}");
        if row % 6 != 0 {
            return line;
        }
        let (sum_x, sum_y) = (row - 5..=row).map(xy).fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
        format!("{line}\n{},{sum_y},{sum_x}", totals(region))
    })
}

fn rows() -> Vec<Mistake> {
    use Noticed::Remark;
    let silent = "used as observations without a remark";
    let noted = |lines: &str| {
        let mut bytes = table("region,y,x", |row, x, y| format!("R{row},{y},{x}"));
        bytes.extend_from_slice(lines.as_bytes());
        bytes
    };
    let says = ["4 rows hold totals in region", "in row 8", "the last in row 29", "read as an observation"];
    vec![
        m("totals of groups", silent, regions(|region| format!("Total {region}")))
            .at(Remark("total_row"), &says)
            .repaired(&[0], 2.0, 24),
        m("totals of groups, the word behind", silent, regions(|region| format!("{region} subtotal")))
            .at(Remark("total_row"), &says)
            .repaired(&[0], 2.0, 24),
        m("totals of groups in Chinese", silent, regions(|region| format!("{region}小计")))
            .at(Remark("total_row"), &says)
            .repaired(&[0], 2.0, 24),
        m("totals of groups without a name", silent, regions(|_| "Total".to_owned()))
            .at(Remark("total_row"), &says)
            .repaired(&[0], 2.0, 24),
        m("several notes below the table", silent, {
            noted(",,\nSource: national statistics,,\n* provisional,,\nAccessed on 3 May 2024,,\n")
        })
        .at(Remark("note_row"), &["row 27 holds \"Source: national statistics\"", "the last 4 rows"])
        .repaired(&[0], 2.0, 24),
        m("a Chinese note below the table", silent, noted("注：数据为初步核算,,\n"))
            .at(Remark("note_row"), &["row 26 holds \"注：数据为初步核算\"", "a note below the table"])
            .repaired(&[0], 2.0, 24),
        m("a note with fewer fields", "400 INPUT_PARSE_FAILED", followed_by("Source: national statistics\n"))
            .at(Noticed::Upload("INPUT_PARSE_FAILED"), &["row 26", "1 fields", "remove it if it is a note"]),
        m("names and units below the header", "two remarks for one cause", {
            table("y,x\nHourly wage,Years\n(EUR),(n)", |_, x, y| format!("{y},{x}"))
        })
        .at(Remark("second_header_row"), &["row 2 holds \"Hourly wage\", \"Years\""])
        .repaired(&[0, 1, 2], 2.0, 24),
    ]
}

fn month(t: u32) -> &'static str {
    ["Jan", "Feb", "Mar", "Apr"][t as usize]
}

fn periods() -> Vec<Mistake> {
    use Noticed::{Preview, Run};
    let draft = json!({"template_id": "panel.fe", "outcome_var": "y",
        "roles": {"regressors": ["x"], "entity_var": ["id"], "time_var": ["t"]}});
    let panel = |t: fn(u32) -> String| {
        table("id,t,y,x", move |row, x, y| format!("{},{},{y},{x}", (row - 1) / 4, t((row - 1) % 4)))
    };
    let of_time = json!({"template_id": "ts.newey", "outcome_var": "y",
        "roles": {"regressors": ["x"], "time_var": ["t"]}});
    let series = || {
        table("t,y,x", |row, x, y| {
            format!("{:02}.{:02}.2020,{y},{x}", (row - 1) / 12 + 1, (row - 1) % 12 + 1)
        })
    };
    // weekdays from Tuesday, 2 January 2024, on, without the fifteenth
    let trading = |is_open: fn(u32) -> bool| {
        let weekday = |day: &u32| !matches!((day + 1) % 7, 0 | 6) && *day != 14 && is_open(*day);
        let days: Vec<u32> = (1..).filter(weekday).take(24).collect();
        table("t,y,x", move |row, x, y| {
            let day = days[row as usize - 1] + 1;
            let (month, day) = if day > 31 { (2, day - 31) } else { (1, day) };
            format!("2024-{month:02}-{day:02},{y},{x}")
        })
    };
    let refused = "the run failed: panel_unset";
    let unset = ["t is text", "write it as 2019, 2019-01, 2019q1", "group(t)"];
    vec![
        m("months with a year of two digits", refused, panel(|t| format!("{}-19", month(t))))
            .draft(draft.clone())
            .at(Preview("panel_unset"), &["Jan-19 as 2019-01"]),
        m("weeks", refused, panel(|t| format!("2019-W{:02}", t + 5)))
            .draft(draft.clone())
            .at(Preview("panel_unset"), &unset),
        m("half-years", refused, panel(|t| format!("{}H{}", 2019 + t / 2, t % 2 + 1)))
            .draft(draft)
            .at(Preview("panel_unset"), &unset),
        m("days of trading, one holiday among them", "the run failed: gap_time", trading(|_| true))
            .draft(of_time.clone())
            .ends(2.0, 24),
        m("days of which many have no row", "the run failed: gap_time", trading(|day| day % 6 != 4))
            .draft(of_time.clone())
            .at(Run("gap_time"), &[]),
        m("dates of a series in one of two orders", "the run failed: non_numeric", series())
            .draft(of_time.clone())
            .at(Preview("non_numeric"), &["t is text", "take the repair that the remarks on the data offer"]),
        m("the same with a derived variable", "the run failed: non_numeric", series())
            .draft(of_time)
            .changed(json!({"outcome_var": "twice", "derived_variables": [{"name": "twice", "expression": "y * 2"}]}))
            .at(Preview("non_numeric"), &["t is text"]),
    ]
}

fn names() -> Vec<Mistake> {
    use Noticed::{Draft, Freeze};
    let with = |name: &str, says: &[&'static str]| {
        let text = format!("{name} as a regressor");
        m(Box::leak(text.into_boxed_str()), "400: the nearest names are a", {
            table("a,b,y,x", |row, x, y| format!("{},{},{y},{x}", row % 2, row % 3))
        })
        .changed(json!({"roles": {"regressors": [name]}}))
        .at(Freeze("CONTRACT_COLUMN_NOT_FOUND"), says)
    };
    vec![
        with("a*b", &["no column a*b", "is an interaction: put a and b into the role", "[\"a\", \"b\"]"]),
        with("c.a#c.b", &["is an interaction: put a and b into the role", "interaction_terms"]),
        with("a:b", &["is an interaction: put a and b into the role"]),
        with("i.a", &["names a category: put a into the role and into categorical_vars"]),
        with("C(a)", &["names a category: put a into the role"]),
        with("ln(x)", &["is a formula: state it in derived_variables", "\"expression\": \"ln(x)\""]),
        with("x^2", &["is a formula: state it in derived_variables"]),
        m("an interaction as one text", "400 INPUT_VALIDATION_FAILED", plain())
            .changed(json!({"interaction_terms": ["x*y"]}))
            .at(Draft("INPUT_VALIDATION_FAILED"), &["must be a list, such as", "not the text \"x*y\""]),
        m("two names that are nowhere near", "the nearest names are v1, v1", {
            table("v1,v2", |_, x, y| format!("{y},{x}"))
        })
        .at(Freeze("CONTRACT_COLUMN_NOT_FOUND"), &["no column y, x; the nearest names are v"]),
    ]
}

fn conditions() -> Vec<Mistake> {
    let refused = "400 EXPRESSION_INVALID without advice";
    let written = [
        ("a Chinese word for and", "x > 3 且 x < 9", "`且` is written &"),
        ("a Chinese word for and without blanks", "y>20且x<9", "`且` is written &"),
        ("a Chinese word for or", "x < 3 或者 x > 9", "`或者` is written |"),
        ("one sign for at least", "x ≥ 3", "`≥` is written >="),
        ("one sign for at most", "x ≤ 3", "`≤` is written <="),
        ("one sign for unequal", "x≠3", "`≠` is written !="),
        ("the signs of at least in turn", "x => 3", "`=>` is written >="),
        ("a word for if", "if x > 3", "begins without `if`"),
        ("a semicolon at the end", "x > 3;", "ends without a semicolon"),
        ("single quotes", "g == 'a'", "a text stands between double quotes"),
        ("typographic quotes", "g == “a”", "a text stands between double quotes"),
        ("a sign for thousands", "y > 1,000", "a number has no sign for thousands"),
        ("a decimal comma", "x > 3,5", "a point for decimals"),
        ("a macro of Stata", "`x' > 2", "by its name alone"),
        ("a word for equal", "x equals 3", "`equals` is written =="),
        ("a list in brackets", "x isin [1, 2]", "inlist(column, 1, 2)"),
        ("a chain of comparisons", "1 < x < 5", "two comparisons in a row are joined by &"),
    ];
    let with_g = || table("y,x,g", |row, x, y| format!("{y},{x},{}", if row % 2 == 0 { "a" } else { "b" }));
    let one = |(name, text, advice): (&'static str, &str, &'static str)| {
        m(name, refused, with_g())
            .changed(json!({"sample_if": text}))
            .at(Noticed::Draft("EXPRESSION_INVALID"), &["sample_if", advice])
    };
    written.into_iter().map(one).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn words_that_only_look_like_totals_or_notes_have_no_remark() {
    let mut app = TestApp::start().await;
    let job = app.job("How does x change y?").await;
    // an answer, a name with the word, an indicator of which no group is named, and a short last row
    let words = ["totally agree", "Total assets", "Source code", "neither"];
    let bytes = table("item,y,x", |row, x, y| format!("{},{y},{x}", words[row as usize % 4]));
    let uploaded = app.upload(&job, "data.csv", bytes).await.ok();
    let kinds: Vec<&Value> =
        uploaded["warnings"].as_array().into_iter().flatten().map(|w| &w["type"]).collect();
    assert_eq!(kinds, Vec::<&Value>::new(), "{uploaded}");
    app.stop().await;
}
