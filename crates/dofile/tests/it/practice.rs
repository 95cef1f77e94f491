//! What do-files of practice use: prefixes of loops, empty cells, tables of matrices, rich text, output of postestimation.

use crate::support::log_of;
use dofile::Session;

fn number(text: &str, expression: &str) -> f64 {
    let mut session = Session::default();
    let (log, rc) = session.run_captured(text);
    assert_eq!(rc, 0, "{text}\n{log}");
    session.eval_num(expression).expect("a number")
}

fn in_folder(folder: &std::path::Path) -> Session {
    let mut session = Session::default();
    session.cwd = folder.to_path_buf();
    session
}

#[test]
fn loops_run_behind_quietly_and_capture() {
    let loops = "set obs 3\ngenerate x = 0\nquietly foreach i in 1 2 3 {\n  replace x = x + `i'\n  display \"unseen\"\n}\n";
    assert_eq!(number(loops, "x[1]"), 6.0);
    assert!(!log_of(loops).contains("unseen"), "quietly holds for the whole loop");
    assert_eq!(
        number("local k = 0\nqui forval i = 1/4 {\n local k = `k' + `i'\n}\nscalar k = `k'", "k"),
        10.0
    );
    let condition = "local k = 0\nquietly while `k' < 5 {\n  local k = `k' + 2\n}\nscalar k = `k'";
    assert_eq!(number(condition, "k"), 6.0);
    let caught = "capture noisily foreach v in a b {\n  confirm variable `v'\n}\nscalar rc = _rc";
    assert_eq!(number(caught, "rc"), 111.0);
}

#[test]
fn cells_without_observations_are_named_empty() {
    let data = "input y a b\n1 1 1\n2 1 1\n3 1 2\n5 1 2\n2 2 1\n4 2 1\n3 3 1\n5 3 2\n7 3 2\n6 3 1\nend\n";
    let log = log_of(&format!("{data}regress y i.a##i.b"));
    assert!(log.contains("        2 2  |          0  (empty)\n"), "{log}");
    // a cell with observations that is collinear keeps its name
    let log = log_of(&format!("{data}generate c = a == 3 & b == 2\nregress y c i.a##i.b"));
    assert!(log.contains("        2 2  |          0  (empty)\n"), "{log}");
    assert!(log.contains("        3 2  |          0  (omitted)\n"), "{log}");
}

#[test]
fn esttab_shows_a_matrix() {
    let text = "matrix A = (1, 2.5 \\ 3, 4)\nmatrix rownames A = first second\nmatrix colnames A = x y\n";
    let want = "
--------------------------------------
                        A             
                        x            y
--------------------------------------
first                1.00          2.5
second               3.00          4.0
--------------------------------------
";
    let lines = |log: &str| log.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
    let log = log_of(&format!("{text}esttab matrix(A, fmt(2 1))"));
    assert!(lines(&log).contains(lines(want).trim_end()), "{log}");
    let log = log_of(&format!("{text}esttab matrix(A, transpose), nomtitles"));
    assert!(log.contains("first       second"), "{log}");
}

#[test]
fn esttab_writes_rich_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = in_folder(folder.path());
    let text = "set obs 20\ngenerate x = _n\ngenerate y = 2*_n + mod(_n, 3)\nregress y x\n\
                esttab using t.rtf, se title(\"A {table}\") replace\nesttab using t.rtf, append";
    let (log, rc) = session.run_captured(text);
    assert_eq!(rc, 0, "{log}");
    let document = std::fs::read_to_string(folder.path().join("t.rtf")).expect("the document");
    assert!(document.starts_with("{\\rtf1\\ansi"), "{document}");
    assert!(document.contains("A \\{table\\}") && document.contains("{\\super ***}"), "{document}");
    assert_eq!(document.matches("{\\rtf1").count(), 1, "one document after append");
    assert_eq!(document.matches("R-sq").count() + document.matches("{N}").count(), 2, "{document}");
    let braces = |c: char| document.replace("\\{", "").replace("\\}", "").matches(c).count();
    assert_eq!(braces('{'), braces('}'), "{document}");
}

#[test]
fn alpha_shows_the_pairs_of_items() {
    let log = log_of("input a b c\n1 2 1\n2 3 .\n3 5 2\n4 4 5\nend\nalpha a b c, detail asis");
    assert!(log.contains("Interitem covariances (obs=pairwise, see below)"), "{log}");
    // by hand: the variance of a is 5/3, its covariance with b is 4/3
    assert!(log.contains("           a   1.666667\n           b   1.333333   1.666667\n"), "{log}");
    assert!(log.contains("           c          3          3          3\n"), "{log}");
}

#[test]
fn estat_bootstrap_shows_the_intervals_that_are_stored() {
    let text = "set obs 50\ngenerate x = _n\ngenerate y = x + mod(7*_n, 11)\nbootstrap, reps(40) seed(2) nodots: regress y x\n";
    let log = log_of(&format!("{text}estat bootstrap, all"));
    for mark in ["(N)", "(P)", "(BC)", "Bias-corrected"] {
        assert!(log.contains(mark), "{mark}: {log}");
    }
    let only = log_of(&format!("{text}estat bootstrap"));
    assert!(only.contains("(BC)") && !only.contains("(P)"), "{only}");
}

#[test]
fn graphs_are_saved_used_and_combined_within_a_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = in_folder(folder.path());
    let text = "set obs 5\ngenerate x = _n\nscatter x x, saving(a, replace)\nline x x\ngraph save b\n\
                graph combine a.gph \"b\", name(both)\ngraph use a, name(again)\ngraph export again.svg, name(again)\n\
                capture graph save b\nscalar taken = _rc\ncapture graph use nosuch\nscalar none = _rc";
    let (log, rc) = session.run_captured(text);
    assert_eq!(rc, 0, "{log}");
    assert_eq!(session.eval_num("taken").expect("a number"), 602.0);
    assert_eq!(session.eval_num("none").expect("a number"), 601.0);
    let picture = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("a picture");
    assert_eq!(picture("a.gph"), picture("again.svg"));
    // a file of another run is only a picture
    let (_, rc) = in_folder(folder.path()).run_captured("graph use a");
    assert_eq!(rc, 199);
}

#[test]
fn esttab_names_reference_categories_and_replaces_text() {
    let text = "set obs 30\ngenerate g = mod(_n, 3)\ngenerate y = _n + g\nregress y i.g\n\
                esttab, nobaselevels refcat(1.g \"Group\", label(none)) substitute(_cons Constant)";
    let log = log_of(text);
    let at = |what: &str| log.find(what).unwrap_or_else(|| panic!("{what}: {log}"));
    assert!(at("Group                none") < at("1.g  "), "{log}");
    assert!(log.contains("Constant") && !log[at("Group")..].contains("_cons"), "{log}");
}

#[test]
fn margins_after_streg_are_the_means_of_the_predictions() {
    let data = "set obs 60\ngenerate x = mod(_n, 2)\ngenerate z = mod(_n, 7)\ngenerate t = 1 + mod(37*_n, 50)/(1 + x)\n\
                generate d = mod(_n, 5) > 0\nstset t, failure(d)\n";
    for (distribution, statistic) in [
        ("weibull", "median time"),
        ("weibull", "mean time"),
        ("weibull", "hr"),
        ("weibull, time", "median time"),
        ("exponential", "median time"),
        ("gompertz", "median time"),
        ("lognormal", "mean time"),
        ("loglogistic", "median time"),
    ] {
        let (name, metric) = distribution.split_once(',').unwrap_or((distribution, ""));
        let text = format!(
            "{data}quietly streg x z, distribution({name}){metric}\nmargins, predict({statistic})\nmatrix m = r(table)\n\
             scalar m = m[1,1]\npredict double p, {statistic}\nsummarize p\nscalar gap = reldif(m, r(mean))"
        );
        assert!(number(&text, "gap") < 1e-12, "{distribution}, {statistic}");
    }
    // the delta method at a point is that of nlcom
    let text = format!(
        "{data}quietly streg x, distribution(weibull)\nnlcom (ln(2)/exp(_b[_t:_cons] + _b[_t:x]))^(1/exp(_b[/ln_p]))\n\
         matrix v = r(V)\nmargins, at(x = 1) predict(median time)\nmatrix m = r(table)\nscalar gap = reldif(m[2,1], sqrt(v[1,1]))"
    );
    assert!(number(&text, "gap") < 1e-6);
}
