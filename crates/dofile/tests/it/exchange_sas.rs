//! `import sas`, `import sasxport5`, `import sasxport8`: the files and their values are those of the fixtures of the crate `xport`, which
//! ReadStat wrote or which follow SAS technical note TS-140, and of the service, which haven wrote.

use dofile::Session;

use crate::support::{holds, run_in};

const TRANSPORT: &str = "../xport/tests/fixtures";
const NATIVE: &str = "../../tests/fixtures/ingest/sas";

fn names(session: &Session) -> Vec<&str> {
    session.frame.vars().iter().map(|v| v.name.as_str()).collect()
}

/// What both versions of the transport file hold; dates were counted with Python's datetime.
const SURVEY: &[&str] = &[
    "_N == 4",
    "r(N) == 4",
    "r(k) == 9",
    "income[1] == 1234.5",
    "income[3] == .",
    "income[4] == 1e12",
    "tiny[2] == 5.4e-70",
    "born[1] == td(28feb1989)",
    "born[2] == td(01jul1850)",
    "at[1] == tc(02jan2020 03:04:05)",
    "at[4] == 0",
    "took[1] == 3723",
    "month[1] == tm(2001m3)",
    "month[4] == tm(1959m12)",
    "quarter[1] == tq(2001q2)",
    "quarter[4] == tq(1959q4)",
];

#[test]
fn transport_files_of_both_versions_are_read() {
    for (text, person) in [
        ("import sasxport5 using version5", "person"),
        ("import sasxport5 version5.xpt, novallabels", "person"),
        ("import sasxport8 using version8.xpt", "the_name_of_the_person"),
    ] {
        let (s, log) = run_in(TRANSPORT, text);
        holds(&s, SURVEY);
        assert_eq!(names(&s).last(), Some(&person), "{text}");
        holds(&s, &[&format!("{person}[2] == \"张三\""), &format!("{person}[3] == \"\"")]);
        let formats: Vec<&str> = s.frame.vars()[1..8].iter().map(|v| v.format.as_str()).collect();
        assert_eq!(formats, ["%12.2f", "%10.0g", "%td", "%tc", "%12.0g", "%tm", "%tq"], "{text}");
        assert_eq!(s.frame.vars()[1].label, "Household income");
        for line in ["note: took is a duration in seconds", "(9 vars, 4 obs)"] {
            assert!(log.lines().any(|l| l == line), "{line}\n{log}");
        }
    }
}

#[test]
fn labels_come_from_the_file_of_formats_in_the_same_folder() {
    let (s, log) = run_in(TRANSPORT, "import sasxport5 using version5, clear");
    assert_eq!(s.frame.vars()[0].value_label, "sexfmt");
    let labels: Vec<(f64, &str)> = s.frame.value_labels["sexfmt"].iter().collect();
    assert_eq!(labels, [(1.0, "Männer"), (2.0, "women"), (dofile::value::missing(1), "refused")]);
    assert!(!log.contains("SEXFMT"), "{log}");
    let (s, log) = run_in(TRANSPORT, "import sasxport5 using version5, clear novallabels");
    assert!(s.frame.value_labels.is_empty());
    let note = "note: labels of id are in the format SEXFMT, which the file does not contain";
    assert!(log.lines().any(|l| l == note), "{log}");
}

#[test]
fn one_of_several_data_sets_is_read_with_the_letters_of_its_missing_values() {
    let (s, log) = run_in(TRANSPORT, "import sasxport5 using library, encoding(latin1)");
    assert_eq!(names(&s), ["city", "age", "score", "weight"]);
    holds(
        &s,
        &[
            "_N == 5",
            "city[1] == \"Zürich\"",
            "age[1] == 31",
            "age[2] == .a",
            "score[2] == .",
            "score[3] == .0625",
            "weight[2] == .z",
            // Stata has no ._
            "weight[3] == .",
            "weight[4] == 1e-5",
        ],
    );
    assert!(log.contains("note: FIRST is read; option member() reads another one: SECOND"), "{log}");
    let (s, log) = run_in(TRANSPORT, "import sasxport5 using library, member(second)");
    assert_eq!(names(&s), ["k", "text"]);
    holds(&s, &["_N == 41", "k[41] == 41", "text[39] == \"row 39\"", "text[40] == \"\""]);
    assert!(!log.contains("member()"), "{log}");
}

#[test]
fn the_format_of_sas_is_read() {
    let (s, log) = run_in(NATIVE, "import sas using readstat");
    assert_eq!(names(&s), ["id", "income", "age", "born", "at", "took", "person"]);
    holds(
        &s,
        &[
            "_N == 4",
            "id[3] == 300",
            "income[2] == -.25",
            "income[4] == 1e12",
            "age[1] == 31",
            "age[2] == .a",
            "age[3] == .",
            "age[4] == .z",
            "born[2] == td(01jul1850)",
            "at[2] == tc(31dec1999 23:59:59)",
            "took[4] == 86399",
            "person[2] == \"张三\"",
            "person[4] == \"O'Neil\"",
        ],
    );
    let note = "note: labels of age are in the format AGEFMT, which the file does not contain";
    assert!(log.lines().any(|l| l == note), "{log}");
}

#[test]
fn variables_and_rows_are_chosen_and_names_change_their_case() {
    let (s, log) = run_in(NATIVE, "import sas AGE id if ID > 1 using readstat.sas7bdat, case(upper)");
    assert_eq!(names(&s), ["ID", "AGE"]);
    holds(&s, &["_N == 2", "ID[2] == 300", "AGE[1] == .a"]);
    // what is not read has no note
    assert!(!log.contains("took"), "{log}");
    let (s, _) = run_in(TRANSPORT, "import sasxport8 id born using version8.xpt in 2/3, case(upper)");
    assert_eq!(names(&s), ["ID", "BORN"]);
    holds(&s, &["_N == 2", "ID[1] == 2"]);
}

#[test]
fn what_can_not_be_read_leaves_the_data() {
    for (text, code) in [
        ("import sasxport5 using version5", 4),
        ("import sasxport5 using expected.json, clear", 610),
        ("import sas using version5.xpt, clear", 610),
        ("import sasxport5 using nowhere, clear", 601),
        ("import sas using nowhere, clear", 601),
        ("import sasxport5 using library, clear member(third)", 111),
        ("import sasxport8 nosuch using version8.xpt, clear", 111),
        ("import sasxport5 using version5, describe", 199),
        ("import sas using nowhere, bcat(x) clear", 199),
        ("import sasxport5 using version5, clear case(upper)", 198),
        ("import sasxport8 using version8.xpt, clear encoding(nosuch)", 198),
    ] {
        let (s, log) = run_in(
            TRANSPORT,
            &format!("set obs 2\ngenerate x = 1\ncapture noisily {text}\nscalar code = _rc"),
        );
        assert_eq!(s.eval_num("code"), Ok(f64::from(code)), "{text}: {log}");
        holds(&s, &["_N == 2", "x[2] == 1"]);
    }
}
