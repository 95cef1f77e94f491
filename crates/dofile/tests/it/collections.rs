//! Collections: `collect`, and what `table`, `dtable` and `etable` leave for it. Labels and layouts are those that the manual
//! [TABLES] prints; numbers follow by hand or from the stored results of the command.

use crate::support::{has_block, try_run_in_a_folder as run};

fn log_of(text: &str) -> String {
    let (log, rc) = run(text);
    assert_eq!(rc, 0, "{log}");
    log
}

/// y = 1, 4, 3, 8 on x = 1, 2, 3, 4: slope 2, intercept -1, residual sum of squares 6, standard errors sqrt(3/5) and sqrt(9/2).
/// z = 2, 2, 4, 4 alone: slope 1.5, intercept -.5.
const DATA: &str = "input y x z g\n1 1 2 1\n4 2 2 1\n3 3 4 2\n8 4 4 2\nend\nlabel variable x \"Schooling\"\n\
    label variable g \"Group\"\nlabel define gl 1 \"Low\" 2 \"High\"\nlabel values g gl\n";

/// [TABLES] collect preview: two regressions side by side, rows of covariates, columns `cmdset#result`.
#[test]
fn two_models_side_by_side() {
    let log = log_of(&format!(
        "{DATA}quietly: collect _r_b: regress y x\nquietly: collect _r_b: regress y z\ncollect layout (colname) (cmdset#result)\n\
         assert \"`s(rows)'\" == \"colname\" & \"`s(columns)'\" == \"cmdset#result\" & \"`s(table1)'\" == \"3 2\""
    ));
    has_block(
        &log,
        "
Collection: default
      Rows: colname
   Columns: cmdset#result
   Table 1: 3 x 2

-----------------------------------
          |           1           2
          | Coefficient Coefficient
----------+------------------------
Schooling |           2
z         |                     1.5
Intercept |          -1         -.5
-----------------------------------
",
    );
}

/// Standard errors by the formula of least squares; [TABLES] collect style cell and header.
#[test]
fn formats_headers_and_stars() {
    let log = log_of(&format!(
        "{DATA}quietly collect _r_b _r_se, tag(model[(1)]): regress y x\ncollect style cell result[_r_b _r_se], nformat(%9.4f)\n\
         collect style cell result[_r_se], sformat(\"(%s)\")\ncollect style header result, level(hide)\n\
         collect stars _r_p 0.05 \"**\" 0.5 \"*\", attach(_r_b) shownote\ncollect title \"Models\"\ncollect notes \"Own data\"\n\
         quietly collect layout (colname#result) (model)\ncollect preview\ncollect export t.md\ntype t.md"
    ));
    has_block(
        &log,
        "
Models
--------------------
          |      (1)
----------+---------
Schooling |  2.0000*
          | (0.7746)
Intercept |  -1.0000
          | (2.1213)
--------------------
** p<.05, * p<.5
Own data
",
    );
    assert!(log.contains("| Schooling | 2.0000* |"), "{log}");
}

/// The p-value of t = 2/sqrt(3/5) with 2 degrees of freedom is .123, that of -1/sqrt(9/2) is .684.
#[test]
fn composite_results_and_levels() {
    let log = log_of(&format!(
        "{DATA}quietly collect: regress y x\ncollect composite define column1 = _r_b stars, delimiter(\"\") trim\n\
         collect stars _r_p 0.5 \"*\", result\ncollect style autolevels result column1 _r_p, clear\n\
         collect label levels result column1 \"b, stars\", modify\ncollect layout (colname) (result)"
    ));
    has_block(
        &log,
        "
----------------------------
          | b, stars p-value
----------+-----------------
Schooling |       2*   0.123
Intercept |       -1   0.684
----------------------------
",
    );
    assert_eq!(run("collect composite define a = b c\ncollect composite define b = a\n").1, 198);
    assert_eq!(run("collect composite define a = b\ncollect composite define a = c\n").1, 110);
}

/// [TABLES] Intro 2, "What is in my collection?": factor variables, base levels, binder and stacked headers.
#[test]
fn factor_variables_and_base_levels() {
    let text = format!("{DATA}quietly collect _r_b _r_se: regress y i.g\n");
    let log = log_of(&format!(
        "{text}collect layout (colname) (result)\ncollect style row stack, nobinder\ncollect style showbase off\ncollect preview"
    ));
    has_block(&log, "Group=Low  |           0          0\nGroup=High |           3   2.915476");
    let lines: Vec<&str> =
        log.lines().filter(|l| l.starts_with("Group ") || l.starts_with("  High")).collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(log.contains("  High"), "{log}");
    assert!(!log.contains("  Low "), "{log}");
    // base cells of interactions, 1#1 1#2 2#1, are shown by showbase all alone
    let more = "expand 3\ngenerate h = mod(_n, 2)\nreplace y = y + mod(_n*7, 5)\nquietly collect _r_b: regress y g##h\n";
    let shown = |base: &str| {
        let log =
            log_of(&format!("{DATA}{more}collect style showbase {base}\ncollect layout (colname) (result)"));
        log.lines().filter(|l| l.contains("g=") || l.contains("Group=") || l.contains("h=")).count()
    };
    assert_eq!([shown("all"), shown("factor"), shown("off")], [8, 5, 3]);
}

#[test]
fn items_that_are_not_told_apart_are_not_shown() {
    let text = format!("{DATA}quietly collect: regress y x\nquietly collect: regress y z\n");
    let log = log_of(&format!("{text}collect layout (colname[_cons]) (result[_r_b])"));
    assert!(
        log.contains("does not uniquely match any items. Dimension cmdset might help uniquely match items."),
        "{log}"
    );
    let log = log_of(&format!("{text}collect layout (colname[nothing]) (result)"));
    assert!(log.contains("(level nothing of dimension colname not found)"), "{log}");
    assert!(log.contains("does not identify any items"), "{log}");
    for (line, code) in [
        ("collect layout (nothing) (result)", 111),
        ("collect layout (colname", 198),
        ("collect layout (a-b)", 198),
        ("collect layout (a) (b) (c) (d)", 198),
        ("collect export t.md", 111),
        ("collect preview", 111),
        ("collect, name(other): summarize y", 111),
        ("collect unget x", 199),
        ("collect nothing", 198),
        ("collect style cell, nformat(%zz)", 120),
        ("collect style cell, basestyle(x)", 199),
        ("collect style nothing", 198),
        ("collect get r(nothing)", 111),
        ("collect use nothing", 601),
        ("collect stars _r_p 0.01", 198),
    ] {
        let (log, rc) = run(&format!("{text}{line}"));
        assert_eq!(rc, code, "{line}\n{log}");
    }
}

#[test]
fn a_command_that_fails_collects_nothing() {
    let log = log_of(&format!(
        "{DATA}capture collect _r_b: regress y nothing\nassert _rc == 111\ncapture collect levelsof cmdset\nassert _rc == 111\n\
         capture noisily collect: test x\nassert _rc == 301\ncollect dims"
    ));
    assert!(!log.contains("cmdset"), "{log}");
}

/// Means of the groups: 2.5 and 5.5.
#[test]
fn groups_of_by_are_tags() {
    let log = log_of(&format!(
        "{DATA}by g, sort: collect r(mean): summarize y\ncollect layout (g) (result)\nassert \"`s(table1)'\" == \"2 1\"\n\
         collect clear\nquietly collect r(mean): by g: summarize y\ncollect layout (g) (result)\ncollect levelsof g\nassert \"`s(levels)'\" == \"1 2\""
    ));
    assert_eq!(log.matches("Low  |  2.5\nHigh |  5.5").count(), 2, "{log}");
    assert_eq!(run(&format!("{DATA}by g, sort: collect dims")).1, 190);
}

#[test]
fn results_of_other_commands_and_expressions() {
    log_of(&format!(
        "{DATA}quietly summarize y\ncollect get r(mean) r(sd), tag(var[y])\ncollect get twice=2*r(mean) word=\"a b\", tag(var[y])\n\
         collect layout (var) (result)\nassert \"`s(table1)'\" == \"1 4\"\ncollect clear\nquietly collect r(p): ttest y, by(g)\n\
         collect layout (result) ()\ncollect clear\nquietly regress y x\nquietly collect get _r_b e(r2)\ncollect layout (colname result[r2]) (result)\n\
         collect clear\nset obs 20\nreplace g = mod(_n, 3)\nreplace y = mod(7*_n, 11)\nquietly collect _r_b: mlogit g y\n\
         collect layout (coleq#colname) (result)\ncollect clear\nquietly collect _r_se: bootstrap, reps(5) seed(1): regress y x\n\
         collect layout (colname) (result)\nsvyset _n\nquietly collect _r_b, tag(d[svy]): svy: mean y\ncollect layout (colname) (d#result)"
    ));
}

#[test]
fn names_with_quotes_and_other_letters() {
    let log = log_of(&format!(
        "{DATA}quietly collect _r_b, tag(model[\"Modèle 1: a\"]): regress y x\ncollect label levels colname x \"Ausbildung (Jahre) 年\", modify\n\
         collect layout (colname) (model[\"Modèle 1: a\"]#result)\ncollect levelsof model\nassert `\"`s(levels)'\"' == `\"\"Modèle 1: a\"\"'"
    ));
    assert!(log.contains("Ausbildung (Jahre) 年 |"), "{log}");
    assert!(log.contains("Modèle 1: a"), "{log}");
}

#[test]
fn tags_can_be_changed() {
    log_of(&format!(
        "{DATA}quietly collect: regress y x\nquietly collect: regress y z\ncollect recode result _r_b = coef _r_se = \"std error\"\n\
         collect levelsof result\nassert strpos(`\"`s(levels)'\"', \"coef\") > 0\ncollect remap cmdset[1 2] = model[first second]\n\
         collect addtags source[own], fortags(result[coef])\ncollect layout (colname) (model#source)\nassert \"`s(table1)'\" == \"3 2\"\n\
         capture collect levelsof cmdset\nassert _rc == 111"
    ));
}

#[test]
fn collections_are_kept_combined_and_read_again() {
    log_of(&format!(
        "{DATA}collect create a\nquietly collect _r_b: regress y x\nquietly collect layout (colname) (result)\ncollect create b\n\
         quietly collect _r_b: regress y z\nquietly collect layout (colname) (result)\ncollect combine both = a b\ncollect layout (colname) (collection)\n\
         assert \"`s(table1)'\" == \"3 2\"\n"
    )
    .replace("(colname) (collection)", "(colname) (collection#result)"));
    let log = log_of(&format!(
        "{DATA}collect create a\nquietly collect _r_b _r_ci: regress y i.g\ncollect stars _r_p 0.9 \"*\", attach(_r_b)\n\
         collect style cell result[_r_b], nformat(%9.3f)\nquietly collect layout (colname) (result)\ncollect preview\n\
         collect save f\ncapture collect save f\nassert _rc == 602\ncollect clear\ncollect use f\ncollect preview\ncollect dir\n\
         assert \"`s(current)'\" == \"f\"\ncollect copy f h\ncollect rename h k\ncollect set k\ncollect preview\ncollect drop k\n\
         capture collect drop k\nassert _rc == 111"
    ));
    assert_eq!(log.matches("Group=High |").count(), 3, "{log}");
    assert_eq!(run("collect create a\ncollect create a").1, 110);
}

/// Regressions in the groups, by two points each: slopes 3 and 5, both rows of every group.
#[test]
fn table_runs_commands_in_every_cell() {
    let log = log_of(&format!(
        "{DATA}table (g) (result), command(_r_b: regress y x) command(r(max): summarize y)\ncollect layout (g#colname) (result[_r_b])\n\
         table (g), command(_r_b: regress y x)\nmatrix T = r(table)\nassert reldif(T[1,1], 3) < 1e-10\nassert reldif(T[3,1], 5) < 1e-10\n\
         assert reldif(T[5,1], 2) < 1e-10\nassert _N == 4"
    ));
    has_block(&log, "  Low         |\n    Schooling |            3\n    Intercept |           -2");
    assert!(log.lines().any(|l| l.starts_with("  High ") && l.ends_with(" 8")), "{log}");
    assert!(log.contains("summarize y"), "{log}");
}

#[test]
fn tables_are_laid_out_again() {
    let log = log_of(&format!(
        "{DATA}quietly table (g) (result), statistic(mean y x) statistic(frequency)\ncollect layout (result[mean]#var) (g)\n\
         quietly dtable y i.g, by(g)\ncollect style header g, title(hide)\ncollect label levels result _dtable_stats \"All\", modify\ncollect preview\n\
         quietly regress y x\nestimates store m\nquietly etable, estimates(m)\ncollect style showbase all\ncollect label levels colname x \"Years\", modify\n\
         collect layout (colname#result[_r_b]) (cmdset)"
    ));
    let both = log_of(&format!(
        "{DATA}quietly dtable y, name(a) replace\nquietly dtable x z, name(b) replace nosample\ncollect combine both = a b, replace\n\
         collect style header collection, title(hide)\ncollect layout (collection#var) (result)\nassert \"`s(table1)'\" == \"6 1\"\n\
         quietly regress y x\nquietly etable, name(m) replace\ncollect dir\nassert \"`s(current)'\" == \"m\""
    ));
    has_block(&both, "b");
    assert!(both.contains("  Schooling 2.500 (1.291)"), "{both}");
    has_block(&log, "  Schooling |  1.5    3.5     2.5");
    assert!(log.contains("Years"), "{log}");
}

#[test]
fn several_tables_split_rows_and_exports() {
    let log = log_of(&format!(
        "{DATA}quietly table (g) (result), statistic(mean y x)\ncollect layout (var) (result) (g)\nassert \"`s(k_tables)'\" == \"3\"\n\
         collect style row split\ncollect layout (g#var) (result)\ncollect export t.html\ncollect export t.tex, tableonly\n\
         collect export t.txt\nputexcel set p.xlsx\nputexcel A1 = collect\nputexcel save\nputdocx begin\nputdocx collect\nputdocx describe\n\
         assert r(ntables) == 1\nputdocx save p.docx\ncollect export t.xlsx\ncollect export t.docx\ncollect export t.pdf\ntype t.txt"
    ));
    assert!(log.contains("Group High"), "{log}");
}

/// Ten thousand items are laid out in a moment.
#[test]
fn many_items() {
    let started = std::time::Instant::now();
    log_of(
        "forvalues i = 1/2000 {\nquietly collect get a=`i' b=2*`i' c=3 d=4 e=5, tag(row[`i'])\n}\nquietly collect layout (row) (result)\n\
         assert \"`s(table1)'\" == \"2000 5\"",
    );
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}
