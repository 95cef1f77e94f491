//! Layout of `esttab` as its documentation describes it: texts around the table, groups of models, equations, and the
//! results of `estpost`.

use dofile::Session;

const MODELS: &str = "\
input y x z g
1 1 0 0
2 3 1 0
3 2 0 0
4 5 1 1
6 4 1 1
8 7 0 1
end
label variable x \"Schooling (\\%)\"
eststo clear
quietly regress y x
eststo
quietly regress y x z
eststo
";

fn run(text: &str) -> (Session, String) {
    let mut session = Session::default();
    let (log, rc) = session.run_captured(&format!("{MODELS}{text}"));
    assert_eq!(rc, 0, "{text}\n{log}");
    let shown = log.rsplit("(est2 stored)\n").next().unwrap_or("").to_string();
    (session, shown)
}

fn code(text: &str) -> i32 {
    Session::default().run_captured(&format!("{MODELS}{text}")).1
}

/// The lines of a LaTeX table.
fn latex(options: &str) -> Vec<String> {
    run(&format!("esttab, tex {options}")).1.lines().map(str::to_string).collect()
}

#[test]
fn own_texts_replace_head_and_foot() {
    let lines = latex(
        "nomtitles nonumbers prehead(\"\\begin{tabular}{l*{@M}{c}}\" \"\\hline % @span columns\") posthead(\\hline) \
         prefoot(\"\\midrule\") postfoot(\"\\hline\" \"\\end{tabular}\")",
    );
    assert_eq!(lines[..3], ["\\begin{tabular}{l*{2}{c}}", "\\hline % 3 columns", "\\hline"], "{lines:?}");
    assert_eq!(lines[lines.len() - 2..], ["\\hline", "\\end{tabular}"], "{lines:?}");
    assert_eq!(lines.iter().filter(|l| *l == "\\midrule").count(), 1, "{lines:?}");
    assert!(!lines.iter().any(|l| l.contains("\\hline\\hline") || l.contains("\\sym#1")), "{lines:?}");
    // the rule over the statistics is the one that prefoot() replaces
    let rule = lines.iter().position(|l| l == "\\midrule").expect("the rule");
    assert!(lines[rule + 1].starts_with("\\(N\\)"), "{lines:?}");
    assert_eq!(code("esttab, prehead(a)"), 199);
}

#[test]
fn titles_stand_over_groups_of_models() {
    let lines = latex(
        "nomtitles mgroups(\"First\" \"Second\", pattern(1 1) prefix(\\multicolumn{@span}{c}{) suffix(}) span \
         erepeat(\\cmidrule(lr){@span}))",
    );
    let want = "            &\\multicolumn{1}{c}{First}&\\multicolumn{1}{c}{Second}\\\\\\cmidrule(lr){2-2}\\cmidrule(lr){3-3}";
    assert!(lines.iter().any(|l| l == want), "{lines:#?}");
    let lines = latex(
        "wide mgroups(Both, pattern(1 0) prefix(\\multicolumn{@span}{c}{) suffix(}) span erepeat(\\cline{@span}))",
    );
    let want = "            &\\multicolumn{4}{c}{Both}\\\\\\cline{2-5}";
    assert!(lines.iter().any(|l| l == want), "{lines:#?}");
    let (_, shown) = run("esttab, mgroups(\"Left\" \"Right\", pattern(1 1))");
    let head: Vec<&str> = shown.lines().nth(2).unwrap_or("").split_whitespace().collect();
    assert_eq!(head, ["Left", "Right"], "{shown}");
}

#[test]
fn an_escaped_sign_of_a_label_stays() {
    let lines = latex("label");
    assert!(lines.iter().any(|l| l.starts_with("Schooling (\\%)")), "{lines:#?}");
}

#[test]
fn exponentials_of_some_models() {
    // slopes of both models; numpy.polyfit gives 15/14 for the first
    let (_, shown) = run("esttab, eform(1 0) b(5) not nostar drop(z _cons) noobs");
    let row = shown.lines().find(|l| l.starts_with("x ")).expect("the row").to_string();
    let numbers: Vec<f64> = row.split_whitespace().skip(1).map(|w| w.parse().expect("a number")).collect();
    assert!((numbers[0] - (15.0_f64 / 14.0).exp()).abs() < 1e-5, "{shown}");
    assert!(numbers[1] < 1.5, "{shown}");
}

const EQUATIONS: &str = "\
program posted, eclass
    matrix B = (1, 2, 3)
    matrix V = I(3)
    matrix colnames B = main:x main:_cons sel:z
    matrix colnames V = main:x main:_cons sel:z
    matrix rownames V = main:x main:_cons sel:z
    ereturn post B V, obs(6)
    ereturn local cmd \"own\"
end
posted
";

#[test]
fn headings_of_equations_can_be_set_and_left_out() {
    for (options, present, absent) in [
        ("", "main", "Outcome"),
        ("eqlabels(\"Outcome\" \"Choice\")", "Choice", "main"),
        ("eqlabels(none)", "_cons", "main"),
        ("eqlabels(, none)", "_cons", "sel"),
    ] {
        let (_, shown) = run(&format!("{EQUATIONS}esttab ., nomtitles {options}"));
        assert!(shown.contains(present) && !shown.contains(absent), "{options}\n{shown}");
    }
}

#[test]
fn equations_side_by_side() {
    let (_, shown) = run(&format!("{EQUATIONS}esttab ., unstack not nostar nogaps nomtitles"));
    let lines: Vec<Vec<&str>> = shown.lines().map(|l| l.split_whitespace().collect()).collect();
    assert!(lines.contains(&vec!["main", "sel"]), "{shown}");
    assert!(lines.contains(&vec!["x", "1"]) && lines.contains(&vec!["z", "3"]), "{shown}");
    assert!(lines.contains(&vec!["N", "6"]), "{shown}");
}

#[test]
fn means_of_two_groups_and_their_difference() {
    // t = -4/sqrt(2.5*2/3), p by scipy.stats.ttest_ind
    let (session, shown) = run("estpost ttest y, by(g)\nesttab ., wide nomtitles");
    for (expression, want) in [
        ("el(e(b), 1, 1)", -4.0),
        ("el(e(mu_2), 1, 1)", 6.0),
        ("el(e(N_1), 1, 1)", 3.0),
        ("el(e(count), 1, 1)", 6.0),
        ("el(e(t), 1, 1)", -3.098_386_676_965_933_6),
        ("el(e(p), 1, 1)", 0.036_277_824_521_899_12),
    ] {
        let got = session.eval_num(expression).expect("a number");
        assert!((got - want).abs() < 1e-12, "{expression} is {got}, not {want}");
    }
    let row = shown.lines().rfind(|l| l.starts_with("y ")).expect("the row");
    assert_eq!(row.split_whitespace().collect::<Vec<_>>(), ["y", "-4*", "(-3.10)"], "{shown}");
}

#[test]
fn statistics_by_group() {
    let (session, shown) = run("estpost tabstat y x, by(g) statistics(mean sd n) columns(statistics)\n\
             esttab ., main(mean) aux(sd) nostar unstack noobs nonote nomtitles nonumbers");
    for (expression, want) in
        [("el(e(mean), 1, 1)", 2.0), ("el(e(mean), 1, 3)", 6.0), ("el(e(count), 1, 5)", 6.0)]
    {
        assert_eq!(session.eval_num(expression).ok(), Some(want), "{expression}");
    }
    let lines: Vec<Vec<&str>> = shown.lines().map(|l| l.split_whitespace().collect()).collect();
    assert!(lines.contains(&vec!["0", "1", "Total"]), "{shown}");
    assert!(lines.contains(&vec!["y", "2", "6", "4"]), "{shown}");
    assert!(lines.contains(&vec!["(1)", "(2)", "(2.608)"]), "{shown}");
}

#[test]
fn titles_of_models_take_their_suboptions() {
    let (_, shown) = run("esttab, nonumbers mlabels(, depvars)");
    assert!(shown.lines().any(|l| l.split_whitespace().collect::<Vec<_>>() == ["y", "y"]), "{shown}");
    assert_eq!(code("esttab, mtitles(\"a\" \"b\", nonsense)"), 199);
    let (_, shown) = run("esttab, cells(\"b(star)\") legend");
    assert!(shown.contains("* p<0.05"), "{shown}");
}

/// The help file of estout: `eform` is `transform(exp(@) exp(@))`; a function may hold for some coefficients and models.
#[test]
fn functions_of_coefficients_are_shown() {
    let shown = |options: &str| run(&format!("esttab, se {options}")).1;
    assert_eq!(shown("transform(exp(@) exp(@))"), shown("eform"));
    let percent = shown("transform(x \"100 * (exp(@) - 1)\" 100*exp(@), pattern(0 1)) plain b(6)");
    let (session, _) = run("quietly estimates restore est2");
    let want = session.eval_num("100*(exp(_b[x]) - 1)").expect("a number");
    let line = percent.lines().find(|l| l.starts_with("x ")).expect("the row of x");
    let cells: Vec<f64> = line.split_whitespace().skip(1).map(|w| w.parse().expect("a number")).collect();
    assert!((cells[1] - want).abs() < 1e-5, "{percent}");
    let (session, _) = run("quietly estimates restore est1");
    assert!((cells[0] - session.eval_num("_b[x]").expect("a number")).abs() < 1e-5, "{percent}");
    let error = percent.lines().skip_while(|l| !l.starts_with("x ")).nth(1).expect("the row below");
    let cells: Vec<f64> = error.split_whitespace().map(|w| w.parse().expect("a number")).collect();
    let (session, _) = run("quietly estimates restore est2");
    assert!(
        (cells[1] - session.eval_num("100*exp(_b[x])*_se[x]").expect("a number")).abs() < 0.01,
        "{percent}"
    );
    assert_eq!(code("esttab, transform(exp(@))"), 198);
}
