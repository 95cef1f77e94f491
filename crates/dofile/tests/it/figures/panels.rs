//! Bars and boxes by groups, looks of `marginsplot` and `coefplot`: the numbers that a figure shows, from its CSV file,
//! and the colours of its marks.

use dofile::Session;

const DATA: &str = "input y g b w\n1 1 0 1\n3 1 0 2\n4 2 0 3\n10 1 1 4\n20 2 1 5\n30 2 1 6\nend\nlabel define b 0 \"Men\" 1 \"Women\"\n\
                    label values b b\n";

/// The lines of the CSV file and the SVG text of the last figure of a snippet.
fn figure(snippet: &str) -> (Vec<String>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = Session::default();
    session.cwd = folder.path().to_path_buf();
    let (log, rc) = session
        .run_captured(&format!("{DATA}{snippet}\ngraph export f.csv, replace\ngraph export f.svg, replace"));
    assert_eq!(rc, 0, "{snippet}\n{log}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("the file");
    (read("f.csv").lines().map(str::to_string).collect(), read("f.svg"))
}

/// A column of the file, where it has numbers.
fn column(lines: &[String], name: &str) -> Vec<f64> {
    let at = lines[0].split(',').position(|n| n == name).expect("the column");
    lines[1..].iter().filter_map(|l| l.split(',').nth(at)?.parse().ok()).collect()
}

#[test]
fn bars_by_group_are_statistics_of_their_panel() {
    // means of y by g in each panel of b: 2 and 4; 10 and 25
    for kind in ["bar", "hbar"] {
        let (lines, svg) = figure(&format!("graph {kind} (mean) y, over(g) by(b)"));
        assert_eq!(lines.len(), 5, "{lines:?}");
        let found = column(&lines, if kind == "bar" { "y" } else { "x" });
        assert_eq!(found, [2.0, 4.0, 10.0, 25.0], "{lines:?}");
        assert!(svg.contains(">Men<") && svg.contains(">Women<"), "titles of the panels");
    }
    // shares are of the rows of the panel
    let (lines, _) = figure("graph bar, over(g) by(b)");
    let shares = column(&lines, "y");
    for (got, want) in shares.iter().zip([200.0 / 3.0, 100.0 / 3.0, 100.0 / 3.0, 200.0 / 3.0]) {
        assert!((got - want).abs() < 1e-6, "{shares:?}");
    }
    let (lines, svg) = figure("graph dot (sum) y, over(g) by(b, total note(\"\") title(\"Sums\"))");
    assert_eq!(column(&lines, "x"), [4.0, 4.0, 10.0, 50.0, 14.0, 54.0], "{lines:?}");
    assert!(svg.contains(">Total<") && svg.contains(">Sums<") && !svg.contains("Graphs by"));
}

#[test]
fn boxes_by_group_have_the_quartiles_of_their_panel() {
    let (lines, svg) = figure("graph box y, by(b) nooutsides");
    assert_eq!(column(&lines, "y"), [3.0, 20.0], "{lines:?}");
    assert_eq!(column(&lines, "q1"), [1.0, 10.0], "{lines:?}");
    assert!(svg.contains("Graphs by b") && svg.contains("excludes outside values"));
}

const MARGINS: &str = "quietly regress y i.b##c.w\nquietly margins b, at(w=(1 3 5))\n";

#[test]
fn looks_of_margins_are_those_of_the_options() {
    let (plain, svg) = figure(&format!("{MARGINS}marginsplot"));
    assert!(!svg.contains("#ff0000"));
    let (lines, svg) = figure(&format!(
        "{MARGINS}marginsplot, plot2opts(mcolor(red) lcolor(red)) ci1opts(lcolor(black)) recastci(rarea)"
    ));
    assert_eq!(column(&plain, "y"), column(&lines, "y"));
    assert!(svg.contains("#ff0000"), "the second plot is red");
    let (lines, _) = figure(&format!("{MARGINS}marginsplot, recast(bar) plotopts(barwidth(.5)) noci"));
    assert_eq!(column(&lines, "y"), column(&plain, "y"));
    let code =
        |options: &str| Session::default().run_captured(&format!("{DATA}{MARGINS}marginsplot, {options}")).1;
    assert_eq!(code("plotopts(nonsense(2))"), 198);
    assert_eq!(code("plot0opts(lcolor(red))"), 198);
    assert_eq!(code("graphdimension(b)"), 199);
    assert_eq!(code("bydimension(q)"), 111);
    assert_eq!(code("bydimension(b)"), 0);
}

#[test]
fn an_opacity_alone_keeps_the_usual_colour() {
    let (_, plain) = figure("scatter y w");
    let (_, faint) = figure("scatter y w, mcolor(%30)");
    let usual = |svg: &str| svg.contains("#0072b2");
    assert!(usual(&plain) && usual(&faint));
    assert!(faint.contains("0.3") && faint != plain);
}

#[test]
fn jitter_moves_points_a_little_and_repeats() {
    let (plain, _) = figure("scatter y w");
    let (moved, _) = figure("scatter y w, jitter(5)");
    let (again, _) = figure("scatter y w, jitter(5)");
    let (other, _) = figure("scatter y w, jitter(5) jitterseed(9)");
    assert_eq!(moved, again);
    assert_ne!(moved, other);
    for (name, span) in [("x", 5.0), ("y", 29.0)] {
        for (a, b) in column(&plain, name).iter().zip(column(&moved, name)) {
            assert!((a - b).abs() <= 0.05 * span && *a != b, "{name}: {a} {b}");
        }
    }
}

#[test]
fn combined_figures_can_share_their_axes() {
    let parts = "scatter y w if b == 0, name(a, replace)\nscatter y w if b == 1, name(c, replace)\n";
    let (_, own) = figure(&format!("{parts}graph combine a c"));
    let (_, common) = figure(&format!("{parts}graph combine a c, ycommon xcommon iscale(.5) imargin(small)"));
    // the ticks of the second panel appear at the first one too
    let count = |svg: &str| svg.matches(">30<").count();
    assert!(count(&common) > count(&own), "{} {}", count(&common), count(&own));
}

#[test]
fn headings_stand_between_coefficients() {
    let model = "quietly regress y w i.g i.b\n";
    let (plain, _) = figure(&format!("{model}coefplot, drop(_cons)"));
    let (lines, svg) = figure(&format!(
        "{model}coefplot, drop(_cons) headings(w = \"Continuous\") groups(*.g *.b = \"Factors\") mcolor(red) mlabel format(%5.1f)"
    ));
    assert!(svg.contains(">Continuous<") && svg.contains(">Factors<") && svg.contains("#ff0000"));
    // w, g, b in lines 1, 2, 3; behind the headings in 2, 4, 5
    let points = |lines: &[String]| -> Vec<f64> {
        let points = lines.iter().enumerate().filter(|(i, l)| *i == 0 || l.contains(",point,"));
        column(&points.map(|(_, l)| l.clone()).collect::<Vec<_>>(), "y")
    };
    assert_eq!(points(&plain), [1.0, 2.0, 3.0], "{plain:?}");
    assert_eq!(points(&lines), [2.0, 4.0, 5.0], "{lines:?}");
    assert_eq!(Session::default().run_captured(&format!("{DATA}{model}coefplot, headings(w =)")).1, 198);
}
