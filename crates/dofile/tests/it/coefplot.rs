//! `coefplot` of matrices, of several models in one plot, in panels and over the values of margins: what the figure shows, from
//! its CSV file.

use dofile::Session;

const DATA: &str = "set obs 40\ngenerate x = _n\ngenerate z = mod(_n, 3)\ngenerate y = x + z + mod(_n*7, 5)\ngenerate x2 = 2*x\n\
                    quietly regress y x2 i.z\nestimates store a\nquietly regress y x i.z\nestimates store b\n\
                    matrix R = (1, 2, 3 \\ 0, 1, 2 \\ 2, 4, 4)\nmatrix colnames R = p q r\n";

/// The lines of the CSV file of the figure that a snippet draws.
fn shown(snippet: &str) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = Session::default();
    session.cwd = folder.path().to_path_buf();
    let (log, rc) = session.run_captured(&format!("{DATA}{snippet}\ngraph export f.csv, replace"));
    assert_eq!(rc, 0, "{snippet}\n{log}");
    let text = std::fs::read_to_string(folder.path().join("f.csv")).expect("the file");
    text.lines().map(str::to_string).collect()
}

#[test]
fn a_matrix_has_the_intervals_of_its_rows() {
    let lines = shown(
        "coefplot (matrix(R[1]), ci((2 3)) mlabel(string(@ul - @ll, \"%3.1f\"))), vertical coeflabels(q = \"{bf:Q}{sup:2}\")",
    );
    let want = [
        "series,mark,x,x_label,y,low,high,text",
        "1,interval,1,p,,0,2,",
        "1,interval,2,Q²,,1,4,",
        "1,interval,3,r,,2,4,",
        "R,point,1,p,1,,,",
        "R,point,2,Q²,2,,,",
        "R,point,3,r,3,,,",
        ",text,1,p,1,,,2.0",
        ",text,2,Q²,2,,,3.0",
        ",text,3,r,3,,,2.0",
    ];
    assert_eq!(lines, want);
    // columns, standard errors with degrees of freedom, a condition, exponentiated values
    let lines = shown(
        "matrix C = (0, 1 \\ 1, 2)\nmatrix rownames C = p q\ncoefplot (matrix(C[,1]), se(2) df(2) if(@b > 1)), eform",
    );
    assert!(lines[2].starts_with("C,point,2.718281828459"), "{lines:?}");
    // t of 2 degrees of freedom at 97.5 %: 4.302652729911275
    let ends: Vec<f64> = lines[1].split(',').filter_map(|c| c.parse().ok()).collect();
    let half = 2.0 * 4.302_652_729_911_275;
    assert!(
        (ends[2].ln() - (1.0 - half)).abs() < 1e-9 && (ends[3].ln() - (1.0 + half)).abs() < 1e-9,
        "{lines:?}"
    );
}

#[test]
fn models_share_a_plot_or_have_panels_of_their_own() {
    // two models in one plot: both have 1.z and 2.z, which lie on the same lines
    let lines = shown("coefplot (a \\ b, label(Both)), drop(_cons) noci");
    assert_eq!(lines.iter().filter(|l| l.starts_with("Both,point")).count(), 6, "{lines:?}");
    let lines = shown("coefplot a || b, drop(_cons x*) bylabels(One Two) rename(*.z = level*) noci");
    let panels: Vec<&str> = lines[1..].iter().map(|l| l.split(',').next().unwrap_or("")).collect();
    assert_eq!(panels, ["One", "One", "Two", "Two"]);
    assert!(lines[1].ends_with(",level1") && lines[2].ends_with(",level2"), "{lines:?}");
    // equations in the place of names: one line for each model
    let lines = shown("coefplot (a \\ b), keep(1.z) asequation swapnames noci");
    assert!(lines[1].ends_with(",1.z: a") || lines[1].ends_with(": a"), "{lines:?}");
}

#[test]
fn omitted_coefficients_and_bases_are_shown_on_request() {
    let count = |options: &str| {
        let mut session = Session::default();
        let command = format!("{DATA}quietly regress y x x2 i.z\ncoefplot, drop(_cons) {options}");
        let (log, rc) = session.run_captured(&command);
        assert_eq!(rc, 0, "{log}");
        session.r.get_scalar("n_coef").expect("r(n_coef)")
    };
    assert_eq!(
        [count(""), count("omitted"), count("baselevels"), count("omitted baselevels")],
        [3.0, 4.0, 4.0, 5.0]
    );
}

#[test]
fn margins_lie_at_their_values() {
    let lines = shown(
        "generate byte d = mod(_n, 4) == 0\nquietly logit d x\nquietly margins, at(x = (10 20 40)) post\nmatrix m = e(at)\n\
         coefplot, at recast(line) ciopts(recast(rarea))",
    );
    let at = |kind: &str| -> Vec<&str> {
        let of_kind = lines.iter().filter(|l| l.contains(kind));
        of_kind.filter_map(|l| l.split(',').nth(2)).collect()
    };
    assert_eq!(at(",line,"), ["10", "20", "40"], "{lines:?}");
    assert_eq!(at(",band,"), ["10", "20", "40"], "{lines:?}");
}

#[test]
fn what_is_not_there_is_named() {
    for (command, code, words) in [
        ("coefplot nosuch", 111, "nosuch"),
        ("coefplot c*", 111, "c*"),
        ("coefplot matrix(nosuch)", 111, "nosuch"),
        ("coefplot (matrix(R[1]), ci((x y)))", 111, "x"),
        ("coefplot (matrix(R[9]))", 503, "9"),
        ("matrix S = (1, 2)\ncoefplot (matrix(R[1]), se(S))", 503, "conformability"),
        ("coefplot a, addplot(line y x)", 199, "addplot"),
        ("coefplot (a, nosuch(1))", 199, "nosuch"),
        ("coefplot a, at", 498, "margins"),
        ("coefplot a, keep(nothing)", 498, "none kept"),
        ("coefplot a, mlabel(@b +)", 198, ""),
    ] {
        let (log, rc) = Session::default().run_captured(&format!("{DATA}{command}"));
        assert!(rc == code && log.contains(words), "{command}: r({rc})\n{log}");
    }
}
