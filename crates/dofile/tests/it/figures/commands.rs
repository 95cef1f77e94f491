//! Graph commands from the do-file to the raster: each snippet exports a figure whose titles,
//! legend and marks are looked at.

use dofile::Session;

use super::raster::Picture;

/// The values of a small data set of 60 rows.
const DATA: &str = r#"
set obs 60
generate id = _n
generate group = 1 + mod(_n, 3)
generate female = mod(_n, 2)
generate experience = 1 + mod(_n * 7, 30)
generate wage = 8 + 0.4 * experience + 2 * sin(_n) + group
generate bonus = wage / 5
generate low = wage - 2
generate high = wage + 2
generate day = mdy(1, 1, 2020) + 30 * _n
generate str8 name = "row " + string(_n)
"#;

/// A session with the data and their labels.
fn session() -> Session {
    let mut session = Session::default();
    let (log, rc) = session.run_captured(DATA);
    assert_eq!(rc, 0, "{log}");
    let mut set = dofile::frame::ValueLabel::default();
    for (value, text) in [(1.0, "north"), (2.0, "中部地区"), (3.0, "south")] {
        set.set(value, text);
    }
    session.frame.value_labels.insert("group".into(), set);
    let mut change = |name: &str, label: &str, format: Option<&str>, values: &str| {
        let at = session.frame.find(name).expect("the variable exists");
        let variable = session.frame.var_mut(at);
        variable.label = label.into();
        variable.value_label = values.into();
        variable.format = format.map_or(variable.format.clone(), str::to_owned);
    };
    change("group", "", None, "group");
    change("experience", "Years of experience", None, "");
    change("wage", "Hourly wage (USD)", None, "");
    change("day", "", Some("%td"), "");
    session
}

/// Runs a snippet after the data, exports the graph and renders it.
fn draw(name: &str, snippet: &str) -> Picture {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut session = session();
    session.cwd = folder.path().to_owned();
    let (log, rc) = session.run_captured(&format!("{snippet}\ngraph export figure.svg, replace\n"));
    assert_eq!(rc, 0, "{name}: {log}");
    assert!(log.contains("file figure.svg saved as SVG format"), "{log}");
    let svg = std::fs::read_to_string(folder.path().join("figure.svg")).expect("the figure was written");
    let picture = Picture::new(&format!("command_{name}"), &svg);
    assert!(picture.root_has_language_title_and_description(), "{name}");
    picture.save();
    picture
}

/// The return code and the log of a snippet that must fail.
fn fail(snippet: &str) -> (i32, String) {
    let (log, rc) = session().run_captured(snippet);
    (rc, log)
}

#[test]
fn scatter_with_fits_has_titles_legend_and_points() {
    let picture = draw(
        "scatter",
        r#"twoway (scatter wage experience, mcolor("0 114 178") msize(small)) (lfitci wage experience) ///
            (lowess wage experience, lpattern(dash)) if wage < ., title("Wage and experience") ///
            subtitle("by the day") note("a note") xtitle("years") ytitle("dollars") ylabel(0(5)30, angle(0)) ///
            xline(15, lcolor(red)) text(25 5 "here", place(e)) xscale(range(-2 40))"#,
    );
    assert_eq!(picture.texts_of_class("title"), ["Wage and experience"]);
    assert_eq!(picture.texts_of_class("axis-title"), ["dollars", "years"]);
    let legend = picture.texts_of_class("legend");
    assert_eq!(legend, ["Hourly wage (USD)", "95% CI", "Fitted values", "lowess wage experience"]);
    let footer = picture.texts_of_class("footer");
    assert!(footer[0].contains("open do-file engine") && footer[0].ends_with("N = 60"), "{footer:?}");
    // 60 points and one legend key
    assert_eq!(picture.count("circle"), 61);
    assert!(picture.ink_of_class("title") > 100);
}

#[test]
fn shorthands_and_bars_between_plots_work() {
    let picture = draw(
        "bars_between",
        "scatter wage bonus experience || lfit wage experience ||, legend(off) title(\"t\")",
    );
    assert!(picture.texts_of_class("legend").is_empty());
    assert_eq!(picture.texts_of_class("axis-title"), ["Years of experience"]);
    let lines = draw("line", "line wage bonus id, sort legend(order(2 \"bonus only\") pos(3))");
    assert_eq!(lines.texts_of_class("legend"), ["bonus only"]);
}

#[test]
fn panels_by_group_show_value_labels() {
    let picture = draw("by", r#"scatter wage experience, by(group, total title("By group") note(""))"#);
    assert_eq!(picture.texts_of_class("panel-title"), ["north", "中部地区", "south", "Total"]);
    assert_eq!(picture.texts_of_class("title"), ["By group"]);
    assert_eq!(picture.count("circle"), 120);
}

#[test]
fn ranges_and_horizontal_intervals_are_drawn() {
    draw(
        "rarea",
        "twoway (rarea low high id, sort fcolor(gs14)) (line wage id) (rcap low high id) (rspike low high id)",
    );
    let picture = draw(
        "horizontal",
        r#"twoway (rcap low high id if id <= 3, horizontal) (scatter id wage if id <= 3), ///
           ylabel(1 "first" 2 `"第二个"' 3 "third", angle(0) nogrid) yscale(reverse range(0.5 3.5)) ///
           xline(10, lcolor(gs8) lpattern(dash)) legend(off)"#,
    );
    assert_eq!(picture.texts_of_class("axis-title"), ["id", "low/high"]);
    let ticks = picture.texts_of_class("tick");
    for text in ["first", "第二个", "third"] {
        assert!(ticks.iter().any(|t| t == text), "{ticks:?}");
    }
}

#[test]
fn functions_areas_bars_and_labels_are_drawn() {
    draw(
        "function",
        "twoway (function y = normalden(x, 0, 1), range(-3 3)) (function y = x/10, range(-3 3) lpattern(dash))",
    );
    draw("area", "twoway (area wage id, sort color(navy%40)) (spike bonus id) (dropline bonus id if id < 5)");
    draw("bar", "twoway bar wage id if id <= 10, barwidth(0.7) color(\"0 158 115\") lcolor(white)");
    let picture =
        draw("mlabel", "scatter wage experience if id <= 5, mlabel(name) mlabposition(12) mlabcolor(black)");
    assert_eq!(picture.texts_of_class("mark-label").len(), 5);
    draw("scatteri", "twoway scatteri 1 2 \"a\" 3 4 (9) \"b\", title(\"points\")");
}

#[test]
fn histograms_and_densities_are_drawn() {
    let picture = draw("histogram", "histogram wage, bin(10) percent normal kdensity title(\"Wages\")");
    assert_eq!(picture.texts_of_class("axis-title"), ["Percent", "Hourly wage (USD)"]);
    draw("histogram_by", "histogram wage, by(group) frequency");
    draw("histogram_discrete", "histogram group, discrete fraction xlabel(1/3, valuelabel)");
    let density = draw("kdensity", "kdensity wage, normal kernel(gaussian)");
    assert_eq!(density.texts_of_class("title"), ["Kernel density estimate"]);
    assert!(density.texts_of_class("footer")[0].ends_with("N = 60"));
}

#[test]
fn category_charts_are_drawn() {
    let picture = draw(
        "graph_bar",
        "graph bar (mean) wage bonus, over(group) blabel(bar, format(%4.1f)) title(\"Means\")",
    );
    assert_eq!(picture.texts_of_class("legend"), ["mean of wage", "mean of bonus"]);
    assert_eq!(picture.texts_of_class("mark-label").len(), 6);
    draw("graph_bar_stack", "graph bar (sum) wage, over(female) over(group) asyvars stack percentages");
    draw("graph_hbar", "graph hbar (median) wage, over(group, sort(1) descending)");
    draw("graph_dot", "graph dot (p25) wage, over(group)");
    draw("graph_count", "graph bar (count), over(group)");
    draw("graph_box", "graph box wage, over(group) title(\"Boxes\") ytitle(\"wage\")");
    draw("graph_hbox", "graph hbox wage bonus, over(female)");
    let pie = draw("graph_pie", "graph pie wage, over(group) plabel(_all percent, format(%4.1f))");
    assert_eq!(pie.texts_of_class("legend"), ["north", "中部地区", "south"]);
    assert_eq!(pie.texts_of_class("slice").len(), 3);
}

#[test]
fn margins_are_drawn_over_their_dimensions() {
    let model = "regress wage c.experience##i.group\n";
    let picture = draw(
        "marginsplot",
        &format!("{model}margins group, at(experience = (5 15 25))\nmarginsplot, title(\"Margins\")"),
    );
    assert_eq!(picture.texts_of_class("legend"), ["north", "中部地区", "south"]);
    let ticks = picture.texts_of_class("tick");
    for text in ["5", "15", "25"] {
        assert!(ticks.iter().any(|t| t == text), "{ticks:?}");
    }
    let groups = draw(
        "marginsplot_groups",
        &format!("{model}margins group\nmarginsplot, recast(scatter) xtitle(\"where\")"),
    );
    assert!(groups.texts_of_class("tick").iter().any(|t| t == "中部地区"));
    let effects = draw(
        "marginsplot_effects",
        &format!("{model}margins, dydx(experience) at(group = (1 2 3))\nmarginsplot, yline(0)"),
    );
    assert!(effects.texts_of_class("title")[0].starts_with("Marginal effects with 95% CIs"));
    assert_eq!(fail("marginsplot").0, 301);
}

#[test]
fn graphs_are_named_combined_and_dropped() {
    draw(
        "combine",
        "scatter wage id, name(a) title(\"first\")\nline wage id, name(b, replace)\ngraph combine a b, cols(1) title(\"both\")",
    );
    assert_eq!(fail("scatter wage id, name(a)\nscatter wage id, name(a)").0, 110);
    assert_eq!(fail("scatter wage id, name(a)\ngraph drop a\ngraph export x.svg, name(a)").0, 111);
    assert_eq!(fail("graph export x.svg").0, 601);
}

#[test]
fn dates_and_log_scales_have_their_own_ticks() {
    let picture = draw("dates", "line wage day, xlabel(, angle(45))");
    let ticks = picture.texts_of_class("tick");
    assert!(ticks.iter().any(|t| t == "01jan2022"), "{ticks:?}");
    let log = draw("log", "generate size = 10^(id/15)\nscatter wage size, xscale(log)");
    assert!(log.texts_of_class("tick").iter().any(|t| t == "1000"));
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    let cases = [
        ("scatter wage experience, yaxis(2)", 199, "yaxis"),
        ("scatter wage experience, nosuchoption", 198, "nosuchoption"),
        ("scatter wage experience, barwidth(2)", 198, "barwidth"),
        ("scatter wage experience, title(\"a\", prefix)", 199, "prefix"),
        ("scatter wage experience, legend(nosuch(0))", 199, "nosuch"),
        ("twoway contour wage experience id", 199, "contour"),
        ("twoway nosuchplot wage experience", 198, "nosuchplot"),
        ("scatter wage nosuchvar", 111, "nosuchvar"),
        ("scatter wage name", 109, "type mismatch"),
        ("scatter wage", 102, "too few"),
        ("scatter wage experience if id < 0", 2000, "no observations"),
        ("scatter wage experience\ngraph export x.wmf", 199, "png"),
        ("graph matrix wage bonus, maxes(ylabel(none))", 199, "maxes"),
        ("graph bar wage, over(group) showyvars", 199, "showyvars"),
        ("histogram wage, bin(5) width(2)", 184, "bin()"),
        ("scatter wage experience, scheme(nosuchscheme)", 111, "nosuchscheme"),
    ];
    for (snippet, code, word) in cases {
        let (rc, log) = fail(snippet);
        assert_eq!(rc, code, "{snippet}: {log}");
        assert!(log.contains(word), "{snippet}: {log}");
    }
}

/// Draws rows that the test states and returns the data of the figure.
fn data_of(snippet: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut session = Session::default();
    session.cwd = folder.path().to_owned();
    let (log, rc) = session.run_captured(&format!("{snippet}\ngraph export figure.csv, replace\n"));
    assert_eq!(rc, 0, "{log}");
    assert!(log.contains("file figure.csv saved as CSV format"), "{log}");
    std::fs::read_to_string(folder.path().join("figure.csv")).expect("the data were written")
}

#[test]
fn options_of_the_look_leave_the_data_as_they_are() {
    let text = "size(small) color(red) position(11) ring(0) span justification(left) margin(small) orientation(vertical)";
    let label = "labsize(small) glcolor(gs14) gmin gmax noticks tlength(0) labcolor(red) labgap(2) axis(1)";
    let cases = [
        ("scatter wage experience, title(\"a\")", format!(", title(\"a\", {text})")),
        ("scatter wage experience, note(\"n\")", format!(", note(\"n\", {text})")),
        ("scatter wage experience, ylabel(0(10)30)", format!(", ylabel(0(10)30, {label})")),
        (
            "scatter wage experience, yline(10)",
            ", yline(10, lstyle(foreground)) xscale(noline titlegap(2)) yscale(alt noextend) xtick(0(5)30) ymtick(##5)".into(),
        ),
        (
            "scatter wage experience, by(group)",
            ", by(group, compact ixaxes iscale(.8) imargin(small) style(combine)) aspectratio(1) scale(1.1)".into(),
        ),
        ("scatter wage experience", ", mlabangle(45) mlabgap(2) mstyle(p3) mlstyle(p1) pcycle(3)".into()),
        ("twoway rarea low high id", ", fintensity(50) alwidth(thin) lalign(outside)".into()),
        (
            "graph bar wage, over(group) blabel(bar)",
            ", over(group, gap(50) axis(noline)) blabel(bar, size(small) color(red) position(outside)) bar(1, fintensity(50)) yalternate".into(),
        ),
        ("graph dot wage, over(group)", ", over(group) ndots(20) linetype(line) marker(1, msymbol(O)) linegap(3)".into()),
        ("graph box wage, over(group)", ", over(group) box(1, color(red)) medtype(line) marker(1, msymbol(o)) cwhiskers".into()),
        (
            "graph pie, over(group) plabel(_all percent)",
            ", over(group) plabel(_all percent, size(small) gap(5)) pie(1, explode) angle0(90) noclockwise line(lcolor(red))".into(),
        ),
        ("histogram wage, normal", ", normal normopts(lcolor(red)) gap(10)".into()),
        ("kdensity wage, normal", ", normal normopts(lcolor(red) lpattern(dash))".into()),
        ("lowess wage experience", ", lineopts(lcolor(red))".into()),
        ("lpoly wage experience, bwidth(3) ci", ", bwidth(3) ci lineopts(lcolor(red)) ciopts(fcolor(gs14))".into()),
        ("qnorm wage", ", rlopts(lcolor(red)) grid".into()),
    ];
    for (plain, styled) in cases {
        let command = plain.split(',').next().unwrap_or(plain);
        let with = if plain.starts_with("graph pie") { "graph pie".to_string() } else { command.to_string() };
        assert_eq!(data_of(&format!("{DATA}{plain}")), data_of(&format!("{DATA}{with}{styled}")), "{plain}");
    }
    let combined = "quietly scatter wage id, name(a)\nquietly line wage id, name(b)\ngraph combine a b";
    assert_eq!(
        data_of(&format!("{DATA}{combined}")),
        data_of(&format!("{DATA}{combined}, colfirst commonscheme iscale(.5) imargin(small)"))
    );
    data_of(&format!(
        "{DATA}scatter wage id, name(a)\ngraph display a, xsize(3) scheme(s1mono) margins(small)"
    ));
    assert_eq!(fail("scatter wage id, name(a)\ngraph display a, nosuch").0, 198);
}

#[test]
fn the_data_of_a_figure_are_the_rows_that_it_shows() {
    // fractions that floats hold exactly
    let rows = "clear\ninput at low high b\n1 -.5 .25 .125\n2 0.25 1.5 .375\n3 . .5 .75\n4 2 3 .\nend\n";
    let drawn = "twoway (rcap low high at) (scatter b at), yline(0) \
                 legend(order(1 \"95%, interval\" 2 \"estimate\")) xlabel(1 \"one\" 2 \"two\" 3 \"three\")";
    let seen = data_of(&format!("{rows}{drawn}"));
    let wanted = "series,mark,x,x_label,y,low,high\n\
        \"95%, interval\",interval,1,one,,-0.5,0.25\n\
        \"95%, interval\",interval,2,two,,0.25,1.5\n\
        \"95%, interval\",interval,4,,,2,3\n\
        estimate,point,1,one,0.125,,\n\
        estimate,point,2,two,0.375,,\n\
        estimate,point,3,three,0.75,,\n\
        ,horizontal line,,,0,,\n";
    assert_eq!(seen, wanted);
}

#[test]
fn the_data_of_bars_boxes_and_panels_have_their_names() {
    let rows = "clear\ninput v g\n1 1\n2 1\n3 1\n4 1\n100 1\n6 2\n8 2\nend\n";
    // median 3, quartiles 2 and 4 of five values; 100 lies outside of 4 + 1.5 (4 - 2)
    let seen = data_of(&format!("{rows}graph box v if g == 1"));
    let cells: Vec<Vec<&str>> = seen.lines().map(|line| line.split(',').collect()).collect();
    let at = |name: &str| {
        cells[0].iter().position(|cell| *cell == name).unwrap_or_else(|| panic!("{name}: {seen}"))
    };
    let column = |name: &str| cells[1][at(name)];
    assert_eq!(
        ["mark", "y", "low", "q1", "q3", "high"].map(column),
        ["box", "3", "1", "2", "4", "4"],
        "{seen}"
    );
    assert_eq!((cells[2][at("mark")], cells[2][at("y")]), ("outside value", "100"), "{seen}");
    let seen = data_of(&format!("{rows}graph bar (mean) v, over(g, relabel(1 \"first\" 2 \"second\"))"));
    assert!(seen.contains(",first,22") && seen.contains(",second,7"), "{seen}");
    let seen = data_of(&format!("{rows}scatter v g, by(g)"));
    let panels: Vec<&str> = seen.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(panels, ["1", "1", "1", "1", "1", "2", "2"], "{seen}");
}

#[test]
fn a_file_is_not_overwritten_without_replace() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut session = session();
    session.cwd = folder.path().to_owned();
    let (log, rc) = session.run_captured("scatter wage id\ngraph export a.svg\ngraph export a.svg");
    assert_eq!(rc, 602, "{log}");
}

#[test]
fn numbers_at_risk_stand_under_the_axis() {
    let st =
        "clear\ninput t d g\n1 1 0\n2 1 0\n2 0 0\n5 1 0\n1 1 1\n4 1 1\n6 0 1\nend\nstset t, failure(d)\n";
    let picture = draw("risktable", &format!("{st}sts graph, by(g) xlabel(0 2 4 6) risktable"));
    // those who leave at 2 are still at risk at 2
    assert_eq!(picture.texts_of_class("table-cell"), ["4", "3", "1", "0", "3", "2", "2", "1"]);
    assert_eq!(picture.texts_of_class("table-title"), ["Number at risk"]);
    assert_eq!(picture.texts_of_class("table-label"), ["g = 0", "g = 1"]);
    let picture = draw(
        "risktable_options",
        &format!(
            "{st}sts graph, by(g) risktable(0 3 6, title(\"Left\") order(2 \"treated\" 1 \"others\") righttitles)"
        ),
    );
    assert_eq!(picture.texts_of_class("table-cell"), ["3", "2", "1", "4", "1", "0"]);
    assert_eq!(picture.texts_of_class("table-label"), ["treated", "others"]);
    assert_eq!(picture.texts_of_class("table-title"), ["Left"]);
    let (rc, log) = fail(&format!("{st}sts graph, by(g) risktable(, order(3))"));
    assert_eq!(rc, 198, "{log}");
}
