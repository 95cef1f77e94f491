//! `import spss`: the files and their values are those of the fixtures of the crate `sav`, which GNU PSPP wrote.

use dofile::Session;

use crate::support::{holds, run_in};

/// A session whose working folder has the fixtures, and the log of a do-file that must run there.
fn read(text: &str) -> (Session, String) {
    run_in("../sav/tests/fixtures", text)
}

#[test]
fn values_labels_and_missing_values_are_those_of_the_file() {
    for file in ["plain.sav", "bytes.sav", "blocks.zsav", "gbk.sav"] {
        let (s, log) = read(&format!("import spss using {file}"));
        holds(
            &s,
            &[
                "_N == 4",
                "r(N) == 4",
                "r(k) == 13",
                "age[1] == 34",
                "age[2] == .b",
                "age[3] == .",
                "age[4] == .a",
                "income[4] == 1e12",
                "sex[3] == .a",
                "the_name_of_the_person[2] == \"张三\"",
                "strlen(note[1]) == 594",
                "region[3] == \"\"",
                "born[1] == td(28feb1989)",
                "born[2] == td(01jul1850)",
                "month[1] == tm(2001m3)",
                "month[4] == tm(1959m12)",
                "quarter[1] == tq(2001q2)",
                "quarter[4] == tq(1959q4)",
                "at[2] == tc(31dec1999 23:59:59)",
                "took[1] == 3661",
                "score[2] == .a",
                "score[3] == .b",
            ],
        );
        let labels: Vec<(f64, &str)> = s.frame.value_labels["labels1"].iter().take(2).collect();
        assert_eq!(labels, [(1.0, "Male"), (2.0, "Female")]);
        let formats: Vec<&str> = s.frame.vars()[7..11].iter().map(|v| v.format.as_str()).collect();
        assert_eq!(formats, ["%td", "%tm", "%tq", "%tc"]);
        for line in [
            "note: age has values that the file declares missing: 98 is .a, 99 is .b",
            "note: took is a duration in seconds",
            "note: SPSS weights the cases by age; here every observation counts once",
            "(13 vars, 4 obs)",
        ] {
            assert!(log.lines().any(|l| l == line), "{line}\n{log}");
        }
    }
}

#[test]
fn variables_and_rows_are_chosen_and_names_change_their_case() {
    let (s, log) = read("import spss SEX age using plain if AGE < ., clear case(upper)");
    let names: Vec<&str> = s.frame.vars().iter().map(|v| v.name.as_str()).collect();
    assert_eq!(names, ["AGE", "SEX"]);
    holds(&s, &["_N == 1", "AGE == 34"]);
    // what is not read has no note
    assert!(!log.contains("took"), "{log}");
    let (s, _) = read("import spss \"readstat.sav\", clear case(lower)");
    holds(&s, &["_N == 4", "id[3] == 300"]);
}

#[test]
fn what_can_not_be_read_leaves_the_data() {
    let text = "set obs 2\ngenerate x = 1\ncapture import spss using plain\nscalar changed = _rc\n\
                capture import spss using expected.json, clear\nscalar other = _rc\n\
                capture import spss using nowhere, clear\nscalar absent = _rc\n\
                capture import spss nosuch using plain, clear\nscalar unknown = _rc\n\
                capture import spss using plain if y > 1, clear\nscalar expression = _rc\n";
    let (s, _) = read(text);
    holds(
        &s,
        &[
            "changed == 4",
            "other == 610",
            "absent == 601",
            "unknown == 111",
            "expression == 111",
            "_N == 2",
            "x[2] == 1",
        ],
    );
}
