//! The language: control flow, macros, programs and errors through do-file texts, and properties of
//! the interpreter on arbitrary input.

use crate::support::try_run as run;
use dofile::Session;
use proptest::prelude::*;

fn prints(text: &str, want: &str) {
    let (got, rc) = run(text);
    assert_eq!((got.as_str(), rc), (want, 0), "in\n{text}");
}

fn fails(text: &str, rc: i32, message: &str) {
    let (got, code) = run(text);
    assert_eq!(code, rc, "in\n{text}\n{got}");
    assert!(got.contains(message), "{got}");
}

#[test]
fn loops_and_conditions() {
    prints("forvalues i = 3(-1)1 {\ndisplay `i'\n}", "3\n2\n1\n");
    prints("foreach x in a \"b c\" {\ndisplay \"[`x']\"\n}", "[a]\n[b c]\n");
    prints("foreach n of numlist 1/3 10 {\ndisplay `n'\n}", "1\n2\n3\n10\n");
    prints(
        "local i 0\nwhile `i' < 5 {\nlocal ++i\nif `i' == 2 continue\nif `i' == 4 continue, break\ndisplay `i'\n}",
        "1\n3\n",
    );
    prints("if 0 {\ndisplay 1\n}\nelse if 1 {\ndisplay 2\n}\nelse {\ndisplay 3\n}", "2\n");
    prints("if 0 display 1\nelse display 2", "2\n");
}

/// [P] novarabbrev, [P] break: prefixes and blocks of programs.
#[test]
fn prefixes_of_programs() {
    let data = "set obs 1\ngenerate long_name = 7\n";
    prints(&format!("quietly {{\n{data}}}\ndisplay long_n"), "7\n");
    fails(&format!("{data}novarabbrev display long_n"), 111, "long_n not found");
    fails(&format!("{data}novarabbrev {{\ndisplay long_n\n}}"), 111, "long_n not found");
    prints(
        &format!("quietly {{\n{data}}}\ncapture novarabbrev display long_n\ndisplay _rc long_n"),
        "1117\n",
    );
    prints("nobreak {\nforvalues i = 1/2 {\nbreak display `i'\n}\n}", "1\n2\n");
}

#[test]
fn samples_too_small_for_a_statistic_have_an_answer() {
    // one to three rows: fewer than the four smallest and largest values of the display
    for n in 1..4 {
        let mean = f64::from(n + 1) / 2.0;
        let text = format!("set obs {n}\ngenerate x = _n\nsummarize x, detail\ndisplay r(p50) == {mean}");
        let (got, rc) = run(&text);
        assert_eq!((rc, got.lines().last()), (0, Some("1")), "{got}");
    }
    let constant = "set obs 12\ngenerate a = mod(_n, 2)\ngenerate b = mod(_n, 3)\ngenerate y = 4\nanova y a##b\ndisplay e(rss)";
    assert_eq!(run(constant).1, 0);
}

#[test]
fn a_loop_without_a_body_is_interrupted() {
    let mut s = Session::default();
    let flag = s.interrupt_flag();
    let setter = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(100));
        flag.store(true, std::sync::atomic::Ordering::SeqCst);
    });
    // without an end it would be r(1000) after many iterations
    let (_, rc) = s.run_captured("while 1 {\n}");
    setter.join().expect("the setter ends");
    assert_eq!(rc, 1);
}

#[test]
fn macros_are_expanded_as_text() {
    prints("local a x\nlocal x 7\ndisplay ``a''", "7\n");
    prints("global g \"a b\"\ndisplay \"$g|${g}c\"", "a b|a bc\n");
    prints("local n : word count a b c\ndisplay `n' `=2^3'", "38\n");
    prints("local l a b b c\nlocal u : list uniq l\ndisplay \"`u' `: list sizeof l'\"", "a b c 4\n");
    prints("display `\"he said \"hi\"\"'", "he said \"hi\"\n");
    prints("local i = 1/3\ndisplay \"`i'\"", ".3333333333333333\n");
    prints("constraint 3 x = 1\nlocal c : constraint 3\ndisplay \"`c'|`: constraint dir'\"", "x = 1|3\n");
    prints("local d : sysdir \"my ado\"\nlocal p : sysdir PLUS\ndisplay \"`d'|`p'\"", "my ado/|\n");
}

#[test]
fn programs_have_their_own_locals() {
    prints(
        "local a outer\nprogram define p\nargs x\nlocal a inner\ndisplay \"`x' `a'\"\nend\np 5\ndisplay \"`a'\"",
        "5 inner\nouter\n",
    );
    prints("program define q, rclass\nreturn scalar twice = 2*`1'\nend\nq 4\ndisplay r(twice)", "8\n");
    fails("program define p\nsyntax varlist\nend\np", 100, "varlist required");
    fails("program define p\nsyntax , Level(integer 5)\nend\np, levle(3)", 198, "option levle() not allowed");
}

#[test]
fn errors_have_their_codes() {
    fails("display nosuch", 111, "nosuch not found");
    fails("display 1 + \"a\"", 109, "type mismatch");
    fails("display nofunction(1)", 133, "unknown function nofunction()");
    fails("nocommand", 199, "command nocommand is unrecognized");
    fails("dfactor (x)", 199, "command dfactor is not supported by the open engine");
    fails("summarize x", 111, "variable x not found");
    fails("use nosuchfile", 601, "file nosuchfile.dta not found");
    fails("error 2000", 2000, "no observations");
    fails("set obs 2\ngenerate x = 1\ngenerate x = 2", 110, "variable x already defined");
    fails("set obs 1\nassert _n == 2", 9, "assertion is false");
    prints("capture error 459\ndisplay _rc", "459\n");
}

#[test]
fn missing_values_order_and_propagate() {
    prints("display (. < .a) (.z > 1e300) (1 + . == .) (.a == .)", "1110\n");
    prints(
        "set obs 2\ngenerate x = cond(_n == 1, ., 3)\ncount if x > 2",
        "(1 missing value generated)\n  2\n"
            .replacen(
                "(1 missing value generated)\n",
                "Number of observations (_N) was 0, now 2.\n(1 missing value generated)\n",
                1,
            )
            .as_str(),
    );
}

#[test]
fn ado_files_load_on_demand() {
    let dir = tempfile::tempdir().expect("temporary directory");
    std::fs::write(dir.path().join("hello.ado"), "program define hello\ndisplay \"from ado: `0'\"\nend\n")
        .expect("written");
    let mut s = Session::default();
    s.set_global("S_ADO", format!("BASE;{}", dir.path().display()));
    let (text, rc) = s.run_captured("hello a b");
    assert_eq!((text.as_str(), rc), ("from ado: a b\n", 0));
}

#[test]
fn temporary_variables_end_with_their_program() {
    let mut s = Session::default();
    let (_, rc) = s.run_captured("set obs 2\nprogram define p\ntempvar t\ngenerate `t' = 1\nend\np");
    assert_eq!((rc, s.frame.n_vars()), (0, 0));
}

#[test]
fn published_draws_of_runiform_have_the_published_summary() {
    // manual [FN] Random-number functions, example of runiform() with seed 98034
    let mut s = Session::default();
    let (_, rc) =
        s.run_captured("set seed 98034\nset obs 10000\ngenerate double u = runiform()\nsummarize u");
    assert_eq!(rc, 0);
    for (name, want, half_unit) in
        [("mean", 0.5004244, 5e-8), ("sd", 0.2865088, 5e-8), ("max", 0.999969, 5e-7)]
    {
        let got = s.r.get_scalar(name).expect("stored");
        assert!((got - want).abs() <= half_unit, "{name} {got}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    /// No text makes the interpreter panic.
    #[test]
    fn arbitrary_text_never_panics(text in "(\\PC|\n){0,120}") {
        run(&safe(&text));
    }

    /// No mixture of the language's own words makes the interpreter panic.
    #[test]
    fn arbitrary_words_never_panic(words in proptest::collection::vec(word(), 0..40)) {
        let text = format!("set obs 5\ngenerate x = _n\ngenerate s = \"a\"\n{}", words.join(" "));
        run(&safe(&text));
    }

    /// An expression printed from its tree has the same tree.
    #[test]
    fn expressions_print_and_parse(text in expression()) {
        if let Ok(tree) = dofile::expr::parse(&text) {
            let again = dofile::expr::parse(&tree.to_string());
            prop_assert_eq!(again.map(|t| t.to_string()), Ok(tree.to_string()));
        }
    }

    /// `by g:` gives the same as a loop over the groups with `if`.
    #[test]
    fn by_equals_a_loop_over_if(values in proptest::collection::vec((0u8..4, -1000i32..1000), 1..40)) {
        let mut text = format!("set obs {}\ngenerate g = 0\ngenerate double x = 0\n", values.len());
        for (k, (g, x)) in values.iter().enumerate() {
            text.push_str(&format!("quietly replace g = {g} in {0}\nquietly replace x = {x} in {0}\n", k + 1));
        }
        text.push_str("bysort g: egen double m = mean(x)\ngenerate double n = .\nforvalues k = 0/3 {\nquietly summarize x if g == `k'\nquietly replace n = r(mean) if g == `k'\n}\nassert reldif(m, n) < 1e-12\n");
        let (out, rc) = run(&text);
        prop_assert_eq!(rc, 0, "{}", out);
    }
}

/// Number of cases; `DOFILE_FUZZ_CASES` asks for a long run.
fn cases() -> u32 {
    option_env!("DOFILE_FUZZ_CASES").and_then(|n| n.parse().ok()).unwrap_or(256)
}

/// Keeps generated texts away from files and from loops that do not end.
fn safe(text: &str) -> String {
    let low = text.to_lowercase();
    if ["while", "erase", "save", "log", "file", "export", "graph", "do ", "run", "incl"]
        .iter()
        .any(|w| low.contains(w))
    {
        return String::new();
    }
    text.to_string()
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "generate",
        "replace",
        "drop",
        "keep",
        "summarize",
        "tabulate",
        "list",
        "display",
        "local",
        "global",
        "matrix",
        "x",
        "s",
        "y",
        "_n",
        "_N",
        "=",
        "==",
        "(",
        ")",
        "[",
        "]",
        ",",
        "if",
        "in",
        "1/3",
        "\n",
        "\n",
        "\n",
        "\"",
        "`\"",
        "\"'",
        "`",
        "'",
        "$",
        "{",
        "}",
        "+",
        "-",
        "*",
        "/",
        "^",
        "!",
        "&",
        "|",
        ".",
        ".a",
        "1",
        "2.5",
        "1e3",
        "by",
        ":",
        "bysort",
        "egen",
        "mean",
        "capture",
        "quietly",
        "foreach",
        "of",
        "forvalues",
        "else",
        "program",
        "define",
        "end",
        "syntax",
        "varlist",
        "i.x",
        "c.x#i.x",
        "L.x",
        "r(N)",
        "e(b)",
        "_b[x]",
        "regress",
        "label",
        "values",
        "%9.2f",
        "sort",
        "collapse",
        "reshape",
        "merge",
        "recode",
        "encode",
        "xtset",
        "A",
        "J(2,2,1)",
        "inv(A)",
        "#",
        "\\",
    ])
    .prop_map(String::from)
}

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(vec![
        "1", "2.5", ".", ".b", "x", "_n", "\"a\"", "r(N)", "_b[1.x]", "L.x", "A[1,2]",
    ])
    .prop_map(String::from);
    leaf.prop_recursive(4, 32, 3, |inner| {
        prop_oneof![
            (
                inner.clone(),
                prop::sample::select(vec!["+", "-", "*", "/", "^", "==", "!=", "<", ">=", "&", "|"]),
                inner.clone()
            )
                .prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            inner.clone().prop_map(|a| format!("-{a}")),
            inner.clone().prop_map(|a| format!("!({a})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("max({a}, {b})")),
        ]
    })
}

#[test]
fn lists_of_quoted_texts_keep_their_quotes() {
    let program = "program define p\nsyntax , Names(string) [Title(string)]\nforeach n of local names {\ndisplay \"<`n'>\"\n}\ndisplay `\"`title'\"'\nend\n";
    prints(&format!("{program}p, names(\"A b\" \"C\") title(\"one text\")"), "<A b>\n<C>\none text\n");
    prints(
        &format!("{program}p, names(`\"A b\"' `\"C\"') title(`\"say \"x\"\"')"),
        "<A b>\n<C>\nsay \"x\"\n",
    );
    // the same holds for the options of a command, and for `display` of one text
    prints(
        "set obs 2\ngenerate x = _n\nlabel variable x `\"the \"x\"\"'\ndisplay `\"`: variable label x'\"'",
        "Number of observations (_N) was 0, now 2.\nthe \"x\"\n",
    );
}

#[test]
fn anything_fills_the_local_that_is_named() {
    let program =
        |pattern: &str| format!("program define p\nsyntax {pattern}\ndisplay \"[`rest'|`anything']\"\nend\n");
    prints(&format!("{}p a b = c, x", program("[anything(name=rest equalok)] [, X]")), "[a b = c|]\n");
    prints(&format!("{}p a b", program("anything(id=\"names\" name=rest)")), "[a b|]\n");
    prints(&format!("{}p a b", program("anything")), "[|a b]\n");
}

#[test]
fn functions_read_and_write_files() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let mut s = Session::default();
    s.cwd = dir.path().to_path_buf();
    let (log, rc) = s.run_captured(
        "display fileexists(\"a.txt\") \" \" fileread(\"a.txt\") \" \" filereaderror(fileread(\"a.txt\"))
display filewrite(\"a.txt\", \"one\") \" \" filewrite(\"a.txt\", \"two\") \" \" filewrite(\"a.txt\", \"two\", 1) \" \" filewrite(\"a.txt\", \"é\", 2)
display fileexists(\"a.txt\") \" \" fileread(\"a.txt\") \" \" filereaderror(fileread(\"a.txt\"))
local text = fileread(\"a.txt\")
set obs 2
generate strL s = fileread(cond(_n == 1, \"a.txt\", \"b.txt\"))
display \"`text'|\" s[1] \"|\" s[2]",
    );
    assert_eq!(rc, 0, "{log}");
    let want = "0 fileread() error 601 601\n3 -602 3 2\n1 twoé 0\nNumber of observations (_N) was 0, now 2.\ntwoé|twoé|fileread() error 601\n";
    assert_eq!(log, want);
    assert_eq!(std::fs::read_to_string(dir.path().join("a.txt")).expect("written"), "twoé");
}

#[test]
fn capture_catches_the_definition_of_a_program() {
    let twice = "program define p\ndisplay 5\nend\n";
    prints(&format!("{twice}capture program define p\ndisplay 1\nend\ndisplay _rc\np"), "110\n5\n");
    prints(
        "capture noisily program q, rclass\nreturn scalar a = 1\nend\ndisplay _rc\nq\ndisplay r(a)",
        "0\n1\n",
    );
    fails(&format!("{twice}program define p\ndisplay 1\nend"), 110, "program p already defined");
}

#[test]
fn conditions_stand_behind_prefixes() {
    let (log, rc) = Session::default().run_captured(
        "local x 2\nquietly if `x' == 2 {\n display \"hidden\"\n scalar a = 1\n}\nelse {\n scalar a = 2\n}\n\
         capture if 1 {\n error 111\n}\nelse {\n display \"other\"\n}\nscalar b = _rc\n\
         noisily if 0 display \"no\"\nelse display \"yes\"\nassert a == 1 & b == 111\n\
         confirm integer number 5\nconfirm number 5.5\ncapture confirm integer number 5.5\nassert _rc == 7",
    );
    assert_eq!(rc, 0, "{log}");
    assert!(!log.contains("hidden") && !log.contains("other") && !log.lines().any(|l| l == "no"), "{log}");
    assert!(log.lines().any(|l| l == "yes"), "{log}");
}
