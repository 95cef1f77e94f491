//! Spellings, abbreviations and options of older releases that published do-files still use.

use dofile::Session;

/// Runs a text that must succeed, then evaluates expressions that must be true.
fn holds(text: &str, expressions: &[&str]) {
    let mut s = Session::default();
    let (log, rc) = s.run_captured(text);
    assert_eq!(rc, 0, "{text}\n{log}");
    for expression in expressions {
        assert_eq!(s.eval_num(expression), Ok(1.0), "{expression} after\n{text}\n{log}");
    }
}

fn code(text: &str) -> i32 {
    Session::default().run_captured(text).1
}

#[test]
fn contract_keeps_combinations_that_do_not_occur() {
    let data = "input a b w\n1 1 2\n1 1 1\n2 3 4\n2 1 1\n3 3 2\nend\n";
    holds(
        &format!("{data}contract a b, zero freq(n) cfreq(c) percent(p) cpercent(q)"),
        &[
            "_N == 6",
            // 1 1, 1 3, 2 1, 2 3, 3 1, 3 3
            "n[1] == 2 & n[2] == 0 & n[3] == 1 & n[4] == 1 & n[5] == 0 & n[6] == 1",
            "a[2] == 1 & b[2] == 3 & a[5] == 3 & b[5] == 1",
            "c[2] == 2 & c[6] == 5",
            "abs(p[1] - 40) < 1e-9 & p[2] == 0 & abs(q[3] - 60) < 1e-9 & abs(q[6] - 100) < 1e-9",
        ],
    );
    holds(
        &format!("{data}contract a b [fw=w], zero"),
        &["_N == 6", "_freq[1] == 3", "_freq[2] == 0", "_freq[4] == 4"],
    );
    // texts and missing values are levels as well
    holds(
        "input str1 s x\n\"b\" .\n\"a\" 1\nend\ncontract s x, zero",
        &[
            "_N == 4",
            "s[1] == \"a\" & x[1] == 1 & _freq[1] == 1",
            "s[4] == \"b\" & missing(x[4]) & _freq[4] == 1",
            "_freq[2] == 0",
        ],
    );
    holds("input str1 s x\n\"b\" .\n\"a\" 1\nend\ncontract s x, zero nomiss", &["_N == 1", "_freq[1] == 1"]);
}

#[test]
fn merge_takes_the_options_of_its_old_syntax() {
    let files =
        "tempfile u\ninput id x y\n1 10 5\n2 20 5\n4 40 5\nend\nsave `u'\nclear\ninput id\n1\n2\n3\nend\n";
    holds(
        &format!(
            "{files}merge id using `u', unique sort _merge(m) keep(x)\ncapture confirm variable y\nscalar y = _rc"
        ),
        &["_N == 4", "y == 111", "m[1] == 3 & m[3] == 1 & m[4] == 2", "x[4] == 40"],
    );
    holds(&format!("{files}merge id using `u', nokeep uniqusing"), &["_N == 3", "_merge[3] == 1"]);
    let twice = files.replace("clear\ninput id\n1\n", "clear\ninput id\n1\n1\n");
    holds(&format!("{twice}merge id using `u', uniqusing"), &["_N == 5", "x[2] == 10"]);
    assert_eq!(code(&format!("{twice}merge id using `u', unique")), 459);
    assert_eq!(code(&format!("{twice}merge id using `u', uniqmaster")), 459);
    for option in ["_merge(m)", "unique", "nokeep", "sort"] {
        assert_eq!(code(&format!("{files}merge 1:1 id using `u', {option}")), 198, "{option}");
    }
    assert_eq!(code(&format!("{files}merge id using `u', keep(match)")), 111);
}

#[test]
fn gsort_knows_the_order_up_to_the_first_descending_key() {
    let data = "input g t\n2 1\n1 2\n2 3\n1 4\nend\n";
    holds(
        &format!("{data}gsort g -t\nby g: generate first = _n == 1"),
        &["t[1] == 4 & first[1] == 1 & first[2] == 0", "t[3] == 3"],
    );
    assert_eq!(code(&format!("{data}gsort -g t\nby t: generate k = _n")), 5);
    assert_eq!(code(&format!("{data}gsort g -t\nby g t: generate k = _n")), 5);
}

#[test]
fn commands_and_options_are_abbreviated_as_published_do_files_do() {
    holds(
        "set virtual on\nset vir off\nset obs 4\ngenerate a = mod(_n, 2)\nlabel de yn 0 \"no\" 1 \"yes\"\nlabel values a yn\n\
         tabulate a, g(d)\nlevels a, local(l)\nscalar n = wordcount(\"`l'\")\nrenpfix d q",
        &["n == 2", "q1[1] == 0 & q2[1] == 1"],
    );
    holds(
        "set obs 2\ngenerate a1 = 1\ngenerate a2 = 2\nscalar s = 0\nforeach v of var a* {\nscalar s = s + `v'\n}\n\
         foreach k of num 1/3 {\nscalar s = s + `k'\n}\nlocal w x y\nforeach k of loc w {\nscalar s = s + 100\n}\n\
         foreach k of new b1-b2 {\ngenerate `k' = 1\n}",
        &["s == 209", "b2[1] == 1"],
    );
    assert_eq!(code("foreach k of va a {\n}"), 198);
}

#[test]
fn outsheet_takes_the_positive_forms_of_its_options() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut s = Session::default();
    s.cwd = folder.path().to_path_buf();
    let text = "input a str3 b\n1 \"x y\"\nend\nlabel define yn 1 \"yes\"\nlabel values a yn\n\
                outsheet using o.csv, comma names label quote replace";
    let (log, rc) = s.run_captured(text);
    assert_eq!(rc, 0, "{log}");
    let file = std::fs::read_to_string(folder.path().join("o.csv")).expect("the file");
    assert_eq!(file.replace('\r', ""), "a,b\n\"yes\",\"x y\"\n");
}

#[test]
fn names_of_global_macros_begin_with_local_macros() {
    holds(
        "local c CHL\nlocal n 1\nglobal CHLdata 5\nglobal CHL1 6\nglobal CHL1_z 7\nscalar a = $`c'data\nscalar b = $`c'`n'\n\
         scalar d = $`c'`n'_z\nglobal x 2\nscalar e = $x`n'\nscalar f = length(\"$`c'none\") + length(\"$ 5\")",
        &["a == 5", "b == 6", "d == 7", "e == 21", "f == 3"],
    );
}

#[test]
fn brackets_group_as_parentheses_do() {
    holds(
        "matrix A = [1, 2 \\ 3, 4]\nscalar a = [1 + 2]*3\nset obs 3\ngenerate x = _n\nscalar b = x[[1 + 1]]\nscalar c = [x[3] - 1]/2",
        &["A[2,1] == 3", "a == 9", "b == 2", "c == 1"],
    );
    assert_ne!(code("display [1 + 2)*3"), 0);
    assert_ne!(code("display (1 + 2]*3"), 0);
    // names of coefficients stand in quotes
    holds(
        "set obs 6\ngenerate a = mod(_n, 2)\ngenerate y = _n^2\nregress y i.a",
        &["_b[\"1.a\"] == _b[1.a]", "_se[\"_cons\"] == _se[_cons]"],
    );
    // equations keep their brackets
    holds(
        "set obs 9\ngenerate x = _n\ngenerate y = mod(_n, 3)\ngenerate z = x^2\nsureg (y x) (z x)\nscalar d = [y]_b[x] - _b[y:x] + [z]x - _b[z:x]",
        &["abs(d) < 1e-9"],
    );
}

#[test]
fn lines_end_with_a_carriage_return_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("mac.do"), "set obs 3\rgenerate x = ///\r  _n\rscalar s = x[3]\r")
        .expect("a file");
    let mut s = Session::default();
    s.cwd = folder.path().to_path_buf();
    let (log, rc) = s.run_captured("do mac.do");
    assert_eq!(rc, 0, "{log}");
    assert_eq!(s.eval_num("s"), Ok(3.0));
}

#[test]
fn expressions_behind_the_coefficients_of_simulate_are_a_second_equation() {
    holds(
        "set obs 9\ngenerate x = _n\ngenerate y = mod(_n, 4)\nsimulate _b n=e(N) e(r2), reps(2): regress y x",
        &["_N == 2", "_eq2_n[1] == 9", "_eq2_sim_2[1] < 1", "_b_x[1] == _b_x[2]"],
    );
    holds(
        "set obs 9\ngenerate x = _n\nsimulate m=r(mean) r(sd), reps(2): summarize x",
        &["m[1] == 5", "_sim_2[1] > 2.7"],
    );
}

#[test]
fn the_loop_of_old_do_files_goes_over_lists_side_by_side() {
    holds(
        "set obs 3\ngenerate a = _n\ngenerate b = 2*_n\nquietly for var a b: replace X = 0 in 2\n\
         for num 1/2 \\ any u v, noheader: generate cX = 0 \\ generate Y = X*10\n\
         for Q in new d1-d2: generate Q = 7\nscalar s = 0\nfor num 1 3 5: scalar s = s + X",
        &[
            "a[2] == 0 & b[2] == 0 & b[3] == 6",
            "u[1] == 10 & v[1] == 20 & c2[1] == 0",
            "d2[3] == 7",
            "s == 9",
        ],
    );
    let (log, rc) = Session::default().run_captured("for any x y: display \"X\"");
    assert_eq!(rc, 0, "{log}");
    assert!(log.contains("\n->  display \"x\"\nx\n\n->  display \"y\"\ny\n"), "{log}");
    for (text, want) in [
        ("for num 1/2 \\ any a: display X", 198),
        ("for var nosuch: display X", 111),
        ("for num 1: exit 9", 9),
        ("for any a, pause: display 1", 199),
        ("for any a, nosuch: display 1", 198),
        ("for any a display 1", 198),
    ] {
        assert_eq!(code(text), want, "{text}");
    }
    holds("for num 1 0, nostop: assert X\nscalar s = 1", &["s == 1"]);
}

#[test]
fn types_of_new_variables_belong_to_the_next_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut s = Session::default();
    s.cwd = folder.path().to_path_buf();
    let text = "postfile h str10 v double b se int(k1-k2) using p\npost h (\"x\") (.1) (.1) (1) (2)\npostclose h\nuse p";
    let (log, rc) = s.run_captured(text);
    assert_eq!(rc, 0, "{log}");
    for expression in ["v == \"x\"", "b == .1", "se == float(.1) & se != .1", "k2 == 2"] {
        assert_eq!(s.eval_num(expression), Ok(1.0), "{expression}");
    }
    holds(
        "frame create r str5 v b double(c d) byte k\nframe post r (\"x\") (.1) (.1) (.1) (3)\nframe change r",
        &["v == \"x\" & b == float(.1) & c == .1 & d == .1 & k == 3"],
    );
    assert_ne!(code("postfile h double(a b using p"), 0);
    assert_eq!(code("postfile h a a using p"), 198);
    assert_eq!(code("frame create r a a"), 110);
}

#[test]
fn numbers_and_quoted_texts_need_no_blank_between_them() {
    holds(
        "label define yn 0\"no way\" 1\"yes\"2 `\"say \"x\"\"'\nset obs 3\ngenerate x = _n - 1\nlabel values x yn\ndecode x, generate(t)\n\
         scatter x x, xlabel(0\"a\" 1\"b c\") legend(order(1\"one\"))\ngraph bar x, over(x, relabel(1 \"p\" 2\" \" 3\"q\"))",
        &["t[1] == \"no way\" & t[2] == \"yes\" & t[3] == `\"say \"x\"\"'"],
    );
    assert_eq!(code("label define yn 0\"no\" 1"), 198);
}

#[test]
fn lists_of_statistics_have_commas_and_tabstat_goes_by_groups() {
    holds(
        "input g x\n1 1\n1 3\n2 10\nend\nbysort g: tabstat x, stats(n, mean , sd)\ntabstat x, statistics(n, mean SEM) save\nmatrix m = r(StatTotal)",
        &["m[1,1] == 3", "abs(m[2,1] - 14/3) < 1e-9", "abs(m[3,1] - 2.7284509) < 1e-6"],
    );
    let (log, rc) =
        Session::default().run_captured("input g x\n1 1\n1 3\n2 10\nend\nby g: tabstat x, stats(sum)");
    assert_eq!(rc, 5, "{log}");
    let (log, rc) =
        Session::default().run_captured("input g x\n1 1\n1 3\n2 10\nend\nbysort g: tabstat x, stats(sum)");
    assert_eq!(rc, 0, "{log}");
    let first =
        &log[log.find("-> g = 1").expect("the first group")..log.find("-> g = 2").expect("the second group")];
    assert!(first.contains(" 4\n") && !first.contains("14"), "{log}");
}

#[test]
fn prompts_of_logs_and_settings_of_windows_do_not_stop_a_do_file() {
    holds(
        ".\n. scalar a = 1\n. quietly scalar b = 2\nset more 1\nset more 0\nset autotabgraphs on\nset smoothfonts off",
        &["a == 1 & b == 2"],
    );
    assert_eq!(code("set autotabgraphs 3"), 198);
}

#[test]
fn programs_take_the_weights_that_their_syntax_names() {
    let program = |kinds: &str| {
        format!(
            "program p\nsyntax [if] [{kinds}]\nglobal W `weight'\nglobal E \"`exp'\"\nend\nset obs 2\ngenerate w = _n\n"
        )
    };
    let ran = |kinds: &str, weight: &str| -> (i32, String) {
        let mut s = Session::default();
        let (_, rc) = s.run_captured(&format!("{}p {weight}", program(kinds)));
        (rc, s.run_captured("display \"$W|$E|\"").0)
    };
    for (kinds, weight, want) in [
        ("fw aw/", "[aw=w]", "aweight|w|"),
        ("fw aw /", "[w=2*w]", "fweight|2*w|"),
        ("pw iw", "[pw=w]", "pweight|= w|"),
        ("pw iw", "", "||"),
    ] {
        let (rc, log) = ran(kinds, weight);
        assert_eq!(rc, 0, "{kinds} {weight}");
        assert!(log.contains(want), "{kinds} {weight}: {log}");
    }
    assert_eq!(ran("fw aw", "[pw=w]").0, 101);
}

#[test]
fn tables_of_old_releases_take_a_format() {
    let data = "input g x\n1 1\n1 2.5\n2 10\nend\n";
    let (log, rc) =
        Session::default().run_captured(&format!("{data}table g, format(%9.2f) row c(mean x n x) center"));
    assert_eq!(rc, 0, "{log}");
    assert!(log.contains("1.75") && log.contains("10.00") && log.contains("4.50"), "{log}");
    let (log, _) = Session::default().run_captured(&format!("{data}table g, c(mean x) f(%5.1f)"));
    assert!(log.contains("1.8") && !log.contains("Total"), "{log}");
    assert_eq!(code(&format!("{data}table g, format(%5.1f)")), 198);
}
