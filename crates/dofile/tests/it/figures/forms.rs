//! Further forms of plots and charts: another type for the same data, orders of categories, one legend for several graphs, and
//! the files that a graph is written to.

use dofile::Session;

const DATA: &str = "input y g b w\n1 1 0 1\n3 1 0 2\n4 2 0 3\n10 1 1 4\n20 2 1 5\n30 2 1 6\nend\nlabel define b 0 \"Men\" 1 \"Women\"\n\
                    label values b b\n";

/// Runs a snippet after the data in a folder of its own.
fn run(snippet: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = Session::default();
    session.cwd = folder.path().to_path_buf();
    let (log, rc) = session.run_captured(&format!("{DATA}{snippet}"));
    assert_eq!(rc, 0, "{snippet}\n{log}");
    (folder, log)
}

/// The lines of the CSV file and the SVG text of the last figure of a snippet.
fn figure(snippet: &str) -> (Vec<String>, String) {
    let (folder, _) = run(&format!("{snippet}\ngraph export f.csv, replace\ngraph export f.svg, replace"));
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("the file");
    // lines of a text in quotes are one
    let csv: String = read("f.csv")
        .split('"')
        .enumerate()
        .map(|(part, text)| if part % 2 == 1 { text.replace('\n', " ") } else { text.to_string() })
        .collect();
    (csv.lines().map(str::to_string).collect(), read("f.svg"))
}

/// A column of the file, where it has numbers.
fn column(lines: &[String], name: &str) -> Vec<f64> {
    let at = lines[0].split(',').position(|n| n == name).expect("the column");
    lines[1..].iter().filter_map(|l| l.split(',').nth(at)?.parse().ok()).collect()
}

/// The return code of a snippet after the data.
fn code(snippet: &str) -> i32 {
    Session::default().run_captured(&format!("{DATA}{snippet}")).1
}

#[test]
fn categories_are_sorted_by_a_statistic_of_a_variable() {
    // means of y by g: 14/3 and 18; of w: 7/3 and 14/3
    let means = |option: &str| column(&figure(&format!("graph bar (sum) y, over(g, {option})")).0, "y");
    assert_eq!(means("sort(w)"), [14.0, 54.0]);
    assert_eq!(means("sort(w) descending"), [54.0, 14.0]);
    assert_eq!(means("sort((max) y) descending"), [54.0, 14.0]);
    // the number of rows is 3 in both groups, so the order of the values stays
    assert_eq!(means("sort((count) w)"), [14.0, 54.0]);
    // the groups of the outer over() stay together: sums of y by g within b are 4 4 and 10 50
    let (lines, svg) = figure("graph bar (sum) y, over(g, sort(1) descending) over(b)");
    assert_eq!(column(&lines, "y"), [4.0, 4.0, 50.0, 10.0], "{lines:?}");
    assert!(svg.contains("Men<") && svg.contains("Women<"));
    // an outer over() is sorted as well
    let (lines, _) = figure("graph hbar (sum) y, over(g) over(b, sort((min) w) descending)");
    assert_eq!(column(&lines, "x"), [10.0, 50.0, 4.0, 4.0], "{lines:?}");
    // boxes: medians of y by g are 3 and 20
    let (lines, _) = figure("graph box y, over(g, sort(1) descending)");
    assert_eq!(column(&lines, "y"), [20.0, 3.0], "{lines:?}");
    assert_eq!(code("graph bar y, over(g, sort(2))"), 199);
    assert_eq!(code("graph bar y, over(g, sort(nosuch))"), 111);
}

#[test]
fn relabelled_categories_follow_the_order_on_the_axis() {
    let (lines, svg) = figure("graph bar y, over(g, relabel(1 \"one\" 2 \"two\")) over(b, relabel(2 \"W\"))");
    assert_eq!(column(&lines, "y"), [2.0, 4.0, 10.0, 25.0], "{lines:?}");
    assert!(
        svg.contains("one Men<")
            && svg.contains("two Men<")
            && svg.contains("one W<")
            && !svg.contains("Women")
    );
}

#[test]
fn horizontal_bars_and_boxes_are_those_of_hbar_and_hbox() {
    for (one, other) in [
        ("graph bar y, over(g) horizontal", "graph hbar y, over(g)"),
        ("graph box y, over(g) horizontal", "graph hbox y, over(g)"),
    ] {
        assert_eq!(figure(one).1, figure(other).1, "{one}");
    }
}

#[test]
fn recast_draws_the_same_data_in_another_way() {
    for (one, other) in [
        ("scatter y w, recast(line)", "line y w"),
        ("twoway line y w, recast(connected) msymbol(D)", "twoway connected y w, msymbol(D)"),
        ("twoway rcap y g w, recast(rarea)", "twoway rarea y g w"),
        ("twoway (bar y w, recast(area))", "twoway (area y w)"),
    ] {
        assert_eq!(figure(one).1, figure(other).1, "{one}");
    }
    let (lines, _) = figure("tsset w\ntsline y, recast(scatter)");
    assert_eq!(column(&lines, "y"), [1.0, 3.0, 4.0, 10.0, 20.0, 30.0], "{lines:?}");
    let (lines, _) = figure("twoway scatteri 1 2 3 4, recast(line)");
    assert_eq!((column(&lines, "x"), column(&lines, "y")), (vec![2.0, 4.0], vec![1.0, 3.0]));
    assert_eq!(code("twoway rcap y g w, recast(line)"), 199);
    assert_eq!(code("scatter y g w, recast(bar)"), 199);
    assert_eq!(code("scatter y w, recast(nosuch)"), 198);
}

#[test]
fn names_of_styles_that_are_not_known_are_noted() {
    let (_, log) = run("scatter y w, mcolor(nosuch) msymbol(zz)");
    for (class, name) in [("color", "nosuch"), ("symbol", "zz")] {
        let note = format!("(note:  named style {name} not found in class {class}, default attributes used)");
        assert_eq!(log.matches(&note).count(), 1, "{log}");
    }
    let (_, log) = run("line y w, lpattern(_-) lwidth(thick)\nline y w, lpattern(\"-..\")");
    assert!(!log.contains("not found"), "{log}");
}

#[test]
fn one_legend_stands_for_all_graphs() {
    let graphs = "twoway (line y w) (line g w), name(one) legend(order(1 \"first\"))\n\
                  twoway (line y w) (line g w), name(two) legend(order(1 \"a\" 2 \"second\"))\n";
    let (_, svg) = figure(&format!("{graphs}graph combine one two"));
    assert!(svg.contains(">first<") && svg.contains(">second<"));
    let (_, svg) = figure(&format!("{graphs}grc1leg one two, cols(1) title(All)"));
    assert!(svg.contains(">first<") && !svg.contains(">second<") && svg.contains(">All<"));
    let (_, svg) = figure(&format!("{graphs}grc1leg one two, legendfrom(two) position(3) ring(0) span"));
    assert_eq!((svg.matches(">first<").count(), svg.matches(">second<").count()), (0, 1));
    assert_eq!(code(&format!("{graphs}grc1leg one two, legendfrom(three)")), 198);
    assert_eq!(code(&format!("{graphs}grc1leg one two, holes(1)")), 199);
}

#[test]
fn graphs_are_written_as_postscript_and_tiff() {
    let text = "scatter y w, title(\"A (title)\") mcolor(%50)\ngraph export f.eps, logo(off) fontface(Times) orientation(landscape)\n\
                graph export f.ps\ngraph export f.tif, width(300)\ngraph export g, as(tif)";
    let (folder, log) = run(text);
    let read = |name: &str| std::fs::read(folder.path().join(name)).expect("the file");
    let eps = String::from_utf8(read("f.eps")).expect("text");
    assert!(eps.starts_with("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 540 360\n"), "{}", &eps[..200]);
    assert!(eps.ends_with("showpage\n%%EOF\n"));
    assert_eq!(read("f.ps"), read("f.eps"));
    let tiff = read("f.tif");
    assert_eq!(tiff[..4], *b"II*\0");
    // width, height: entries 1 and 2 of the directory at byte 8
    let long = |at: usize| u32::from_le_bytes(tiff[at..at + 4].try_into().expect("four bytes"));
    assert_eq!((long(18), long(30)), (300, 200));
    assert_eq!(tiff.len() as u32, 8 + 2 + 12 * 12 + 4 + 14 + 300 * 200 * 3);
    assert!(
        log.contains("file f.tif saved as TIFF format") && log.contains("file f.eps saved as EPS format"),
        "{log}"
    );
    assert_eq!(code("scatter y w\ngraph export f.emf"), 199);
    assert_eq!(code("scatter y w\ngraph export f.eps, width(300)"), 199);
}

#[test]
fn weights_are_the_areas_of_markers() {
    let radii = |svg: &str| -> Vec<f64> {
        let marks = svg.match_indices("<circle ").map(|(at, _)| &svg[at..]);
        marks.filter_map(|m| m.split(" r=\"").nth(1)?.split('"').next()?.parse().ok()).collect()
    };
    // weights 1 to 6 have the mean 3.5
    let (_, svg) = figure("scatter y w [aw=w], msymbol(O) legend(off)");
    let (_, plain) = figure("scatter y w, msymbol(O) legend(off)");
    let (found, usual) = (radii(&svg), radii(&plain)[0]);
    assert_eq!(found.len(), 6, "{found:?}");
    for (at, radius) in found.iter().enumerate() {
        let want = usual * ((at as f64 + 1.0) / 3.5).sqrt();
        assert!((radius - want).abs() < 0.01, "{radius} {want}");
    }
    let (_, svg) = figure("twoway (scatter y w [fw=w], mfcolor(yellow%60) mlcolor(black)) (qfit y w [fw=w])");
    assert!(svg.contains("fill-opacity=\"0.6\" stroke=\"#000000\""), "the outline of the markers");
    assert_eq!(code("twoway rcap y g w [aw=w]"), 101);
}

#[test]
fn functions_are_areas_and_lists_of_styles_go_by_variable() {
    let (lines, svg) = figure("twoway function y = x^2, range(0 2) n(3) recast(area) fcolor(red)");
    assert_eq!(column(&lines, "y"), [0.0, 1.0, 4.0], "{lines:?}");
    assert!(svg.contains("fill=\"#ff0000\""), "{svg}");
    assert_eq!(code("twoway function y = x, recast(bar)"), 199);
    let same = |one: &str, other: &str| assert_eq!(figure(one).1, figure(other).1, "{one}");
    same("scatter y g w, connect(. l)", "twoway (scatter y w) (connected g w), ytitle(\"\")");
    same("scatter y g w, msymbol(T ...)", "scatter y g w, msymbol(T T)");
    same("scatter y g w, msymbol(T =)", "scatter y g w, msymbol(T T)");
    same("scatter y g w, msymbol(T ..)", "scatter y g w, msymbol(T)");
}

#[test]
fn texts_stand_at_dates_of_the_time_axis() {
    let text = "generate t = tq(1990q1) + w\nformat t %tq\ntsset t\n";
    let (_, dated) = figure(&format!("{text}tsline y, ttext(20 1990q3 \"here\")"));
    let (_, plain) = figure(&format!("{text}tsline y, text(20 122 \"here\")"));
    assert!(dated.contains(">here<"));
    assert_eq!(dated, plain);
}
