//! Plots with a second vertical axis: where series lie, which labels and titles stand at the right, what is refused.

use dofile::Session;

/// Log, return code and SVG text of a graph of `a` and `b = 100*a` over `t`.
fn drawn(options: &str) -> (String, i32, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = Session::default();
    session.cwd = folder.path().to_path_buf();
    let data =
        "set obs 5\ngenerate t = _n\ngenerate a = t^2\ngenerate b = 100*a\nlabel variable b \"Large\"\n";
    let (log, rc) = session.run_captured(&format!("{data}{options}\ngraph export f.svg, replace"));
    let svg = std::fs::read_to_string(folder.path().join("f.svg")).unwrap_or_default();
    (log, rc, svg)
}

/// The data of the paths that draw lines.
fn lines(svg: &str) -> Vec<String> {
    svg.split("<path")
        .skip(1)
        .filter_map(|p| p.split(" d=\"").nth(1)?.split('"').next().map(String::from))
        .collect()
}

#[test]
fn series_of_both_axes_fill_the_plot() {
    let (log, rc, svg) = drawn("twoway (line a t) (line b t, yaxis(2))");
    assert_eq!(rc, 0, "{log}");
    let found = lines(&svg);
    // On axes of their own the two lines have the same shape.
    assert!(found.len() >= 2 && found[found.len() - 1] == found[found.len() - 2], "{found:?}");
    let (_, _, one) = drawn("twoway (line a t) (line b t)");
    let found = lines(&one);
    assert!(found[found.len() - 1] != found[found.len() - 2], "{found:?}");
}

#[test]
fn options_with_axis_2_are_those_of_the_right_axis() {
    let (log, rc, svg) = drawn(
        "twoway (line a t) (line b t, yaxis(2)), ytitle(\"Left\") ytitle(\"Right\", axis(2)) \
         ylabel(0 10 25, axis(1)) ylabel(0 \"none\" 1234 \"some\", axis(2) angle(0)) yline(500, axis(2))",
    );
    assert_eq!(rc, 0, "{log}");
    for text in [">Left<", ">Right<", ">none<", ">some<", ">10<"] {
        assert!(svg.contains(text), "{text}");
    }
    // the usual title is that of its own series
    let (_, _, svg) = drawn("twoway (line a t) (line b t, yaxis(2))");
    assert!(svg.contains(">a<") && svg.contains(">Large<") && !svg.contains(">a/Large<"));
}

#[test]
fn what_the_second_axis_cannot_do_is_refused() {
    for (command, code) in [
        ("twoway (line a t), ytitle(\"x\", axis(2))", 198),
        ("twoway (line a t, yaxis(2))", 199),
        ("twoway (line a t) (line b t, yaxis(3))", 199),
        ("twoway (line a t) (line b t, yaxis(1 2))", 199),
        ("twoway (line a t) (line b t, yaxis(2)), by(t)", 199),
        ("twoway (line a t) (line b t, yaxis(0))", 198),
        ("twoway (line a t, xaxis(2))", 199),
    ] {
        let (log, rc, _) = drawn(command);
        assert_eq!(rc, code, "{command}\n{log}");
    }
}

#[test]
fn a_matrix_of_scatterplots_has_a_panel_for_each_pair() {
    let (log, rc, svg) = drawn("graph matrix a b t, half");
    assert_eq!(rc, 0, "{log}");
    for text in [">a<", ">Large<", ">t<"] {
        assert!(svg.contains(text), "{text}");
    }
    let points = |svg: &str| svg.matches("<circle").count();
    assert_eq!(points(&svg), 3 * 5);
    assert_eq!(points(&drawn("graph matrix a b t").2), 6 * 5);
    assert_eq!(drawn("graph matrix a").1, 102);
    assert_eq!(drawn("graph matrix a b, xlabel(1)").1, 199);
}
