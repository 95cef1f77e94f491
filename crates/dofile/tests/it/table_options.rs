//! Options of coefficient tables: rows, columns and legends; dates in options of the time axis, and limits of `xtnbreg`.

use dofile::Session;

const DATA: &str = "set obs 40\ngenerate t = tq(1990q1) + _n - 1\nformat t %tq\ntsset t\ngenerate y = mod(7*_n, 11)\n\
                    generate x = mod(5*_n, 13)\ngenerate g = mod(_n, 4)\ngenerate b = y > 5\n";

fn run(text: &str) -> (String, i32) {
    Session::default().run_captured(&format!("{DATA}{text}"))
}

/// The lines of the table of a command.
fn table(command: &str) -> Vec<String> {
    let (log, rc) = run(command);
    assert_eq!(rc, 0, "{command}\n{log}");
    log.lines().filter(|l| l.contains(" |")).map(str::to_string).collect()
}

#[test]
fn base_levels_have_rows_where_they_are_asked_for() {
    let base = |command: &str| table(command).iter().filter(|l| l.ends_with("(base)")).count();
    assert_eq!(base("regress y x i.g"), 0);
    assert_eq!(base("regress y x i.g, baselevels"), 1);
    assert_eq!(base("regress y c.x##i.g, baselevels"), 1);
    assert_eq!(base("regress y c.x##i.g, allbaselevels"), 2);
    assert_eq!(base("logit b i.g, nolog base"), 1);
    // the option holds for its command only
    assert_eq!(base("quietly regress y i.g, baselevels\nregress y i.g"), 0);
    assert_eq!(base("capture regress y nosuch, baselevels\nregress y i.g"), 0);
    let rows = table("regress y i.g, baselevels");
    assert!(rows.contains(&"          0  |          0  (base)".to_string()), "{rows:#?}");
}

#[test]
fn formats_of_a_table_are_those_of_the_options() {
    let rows = table("regress y x, cformat(%6.2f) pformat(%5.2f) sformat(%5.1f)");
    let row = rows.iter().find(|l| l.trim_start().starts_with("x ")).expect("the row");
    let cells: Vec<&str> = row.split('|').nth(1).expect("numbers").split_whitespace().collect();
    assert_eq!(
        cells.iter().map(|c| c.split('.').nth(1).map_or(0, str::len)).collect::<Vec<_>>(),
        [2, 2, 1, 2, 2, 2]
    );
    assert_eq!(run("regress y x, cformat(nonsense)").1, 120);
    assert_eq!(run("summarize y, baselevels").1, 199);
    let (log, rc) = run("regress y i.g\ncontrast r.g, nowald cformat(%9.3f)");
    let row = log.lines().find(|l| l.contains("(1 vs 0)  |")).expect("a comparison");
    let decimals = row.split_whitespace().last().and_then(|x| x.split('.').nth(1)).map(str::len);
    assert!(rc == 0 && decimals == Some(3), "{log}");
    for (line, want) in [
        ("mean y, cformat(%9.1f)", "y |        5.2"),
        ("mean y, coeflegend", "_b[y]"),
        ("mean y, over(g) coeflegend", "_b[c.y@0bn.g]"),
        ("proportion g, percent cformat(%5.1f)", "0  |       25.0"),
        ("total y, noci", "Std. err.\n"),
    ] {
        let (log, rc) = run(line);
        assert!(rc == 0 && log.contains(want), "{line}\n{log}");
    }
    assert_eq!(run("proportion g, citype(wilson)").1, 199);
    // the limits of citype(normal) are the estimate and the critical value times its error
    let mut session = Session::default();
    session.run_captured(&format!("{DATA}proportion g, citype(normal)\nmatrix T = r(table)"));
    let far = session.eval_num("abs(T[6,1] - T[1,1] - T[8,1]*T[2,1])").expect("a number");
    assert!(far < 1e-12, "{far}");
}

#[test]
fn a_legend_stands_in_place_of_the_errors() {
    let legend = |command: &str| -> Vec<String> {
        let rows = table(command);
        let rows = rows.iter().filter_map(|l| l.split_once("  _b[").map(|p| format!("_b[{}", p.1)));
        rows.collect()
    };
    assert_eq!(
        legend("regress y x i.g, coeflegend"),
        ["_b[x]", "_b[1.g]", "_b[2.g]", "_b[3.g]", "_b[_cons]"]
    );
    assert_eq!(legend("quietly regress y x\nregress, coefl"), ["_b[x]", "_b[_cons]"]);
    assert_eq!(legend("logit b x, nolog coeflegend"), ["_b[x]", "_b[_cons]"]);
    assert_eq!(
        legend("heckman y x, select(b = x g) nolog coeflegend"),
        ["_b[y:x]", "_b[y:_cons]", "_b[b:x]", "_b[b:g]", "_b[b:_cons]", "_b[/athrho]", "_b[/lnsigma]"]
    );
    assert_eq!(
        legend("mvreg y g = x, coeflegend").len() + legend("quietly xtset g\nxtreg y x, fe coeflegend").len(),
        6
    );
    let rows = table("regress y x, coeflegend baselevels vce(cluster g)");
    assert!(rows[0].ends_with("| Coefficient  Legend"), "{rows:#?}");
    // each name of the legend can be typed
    let (log, rc) = run("logit b x i.g, nolog coeflegend\ndisplay _b[x] + _b[2.g] + _b[_cons]");
    assert_eq!(rc, 0, "{log}");
}

#[test]
fn columns_can_be_left_out() {
    let words = |command: &str| {
        let rows = table(command);
        let row = rows.iter().find(|l| l.trim_start().starts_with("x ")).expect("the row").clone();
        row.split('|').nth(1).expect("numbers").split_whitespace().map(str::to_string).collect::<Vec<_>>()
    };
    let all = words("regress y x");
    assert_eq!(all.len(), 6);
    assert_eq!(words("regress y x, noci"), all[..4]);
    assert_eq!(words("regress y x, nopvalues"), [&all[..2], &all[4..]].concat());
    assert_eq!(words("regress y x, noci nopvalues"), all[..2]);
    assert_eq!(words("poisson y x, nolog noci").len(), 4);
    let (log, _) = run("regress y x, noci");
    let rules = log.lines().filter(|l| l.starts_with("-----") && !l.contains('+'));
    assert!(rules.clone().count() >= 2 && rules.clone().all(|l| l.len() == 53 || l.len() == 78), "{log}");
    assert!(!log.contains("interval"), "{log}");
    let (log, _) = run("regress y x, nopvalues");
    assert!(log.contains("interval") && !log.contains("P>|t|"), "{log}");
    // the numbers stay in r(table)
    let mut session = Session::default();
    session.run_captured(&format!("{DATA}regress y x, noci nopvalues"));
    assert!(session.eval_num("el(r(table), 4, 1)").is_ok_and(|p| p > 0.0 && p < 1.0));
}

#[test]
fn levels_can_be_numbers() {
    let labels = "label define g 1 \"one\" 2 \"two\" 3 \"three\"\nlabel values g g\n";
    let stubs = |options: &str| {
        let rows = table(&format!("{labels}regress y i.g{options}"));
        rows.iter().filter_map(|l| l.split('|').next().map(|s| s.trim().to_string())).collect::<Vec<_>>()
    };
    assert!(stubs("").contains(&"two".to_string()));
    assert!(stubs(", nofvlabel").contains(&"2".to_string()));
    assert!(stubs(", fvwrap(2) fvwrapon(word) vsquish nolstretch").contains(&"two".to_string()));
}

#[test]
fn omitted_terms_and_empty_cells_can_be_left_out() {
    let data = "generate z = 2*x\ngenerate h = cond(g == 3, 0, mod(int(_n/4), 2))\n";
    let count = |options: &str, word: &str| {
        table(&format!("{data}regress y x z i.g##i.h{options}")).iter().filter(|l| l.ends_with(word)).count()
    };
    assert_eq!((count("", "(omitted)"), count("", "(empty)")), (1, 1));
    assert_eq!((count(", noomitted", "(omitted)"), count(", noomitted", "(empty)")), (0, 1));
    assert_eq!((count(", noemptycells", "(omitted)"), count(", noemptycells", "(empty)")), (1, 0));
}

#[test]
fn dates_stand_in_options_of_the_time_axis() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = Session::default();
    session.cwd = folder.path().to_path_buf();
    let (log, rc) = session.run_captured(&format!(
        "{DATA}tsline y, tline(1992q1) tlabel(1990q3(8)1998q3, angle(45)) ttitle(\"\")\ngraph export g.svg\nscalar at = tq(1992q1)"
    ));
    assert_eq!(rc, 0, "{log}");
    let svg = std::fs::read_to_string(folder.path().join("g.svg")).expect("the figure");
    assert!(svg.contains(">1990q3<") && svg.contains(">1992q3<") && !svg.contains(">1991q3<"), "the ticks");
    assert_eq!(run("tsline y, tline(1992m1)").1, 121);
}

#[test]
fn residuals_without_a_name_have_that_of_reghdfe() {
    let mut session = Session::default();
    let (log, rc) = session.run_captured(&format!(
        "{DATA}reghdfe y x, absorb(g) residuals(own)\nreghdfe y, absorb(g) resid\nreghdfe y x, absorb(g) resid\n\
         generate d = abs(_reghdfe_resid - own)\nsummarize d"
    ));
    assert_eq!(rc, 0, "{log}");
    assert_eq!(session.eval_num("r(max)").ok(), Some(0.0));
}

#[test]
fn negative_binomial_panels_at_their_limits() {
    let data = "clear\ninput id x y\n1 0 1\n1 1 4\n1 2 9\n2 0 2\n2 1 7\n2 2 3\n3 0 0\n3 1 0\n4 1 3\n5 0 12\n5 1 1\n5 2 0\nend\nxtset id\n";
    for (line, code) in [
        ("xtnbreg y x, fe", 0),
        ("xtnbreg y x, fe re", 198),
        ("xtnbreg y x, fe vce(robust)", 198),
        ("generate z = 2*x\nxtnbreg y x z, fe", 0),
        ("replace y = . if x == 2\nxtnbreg y x, fe", 0),
        ("replace y = -1 in 1\nxtnbreg y x, fe", 459),
        ("replace y = 0\nxtnbreg y x, fe", 2000),
        ("xtset, clear\nxtnbreg y x", 459),
        ("xtnbreg y x, pa", 199),
        ("xtnbreg y x, exposure(nosuch)", 111),
        ("xtnbreg y x if id > 9", 2000),
    ] {
        let (log, rc) = run(&format!("{data}{line}"));
        assert_eq!(rc, code, "{line}\n{log}");
    }
    let (log, rc) = run(&format!("{data}xtnbreg y x, fe irr"));
    assert_eq!(rc, 0);
    assert!(log.contains("1 group (1 obs) dropped because of only one obs per group"), "{log}");
    assert!(
        log.contains("1 group (2 obs) dropped because of all zero outcomes") && log.contains("IRR"),
        "{log}"
    );
}
