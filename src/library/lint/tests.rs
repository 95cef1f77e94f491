//! Bodies that the lint rejects and accepts.

use super::*;

fn context() -> Context {
    Context {
        idioms: ["ss_event", "ss_export"].map(str::to_owned).into(),
        outputs: ["table_x.csv", "fig_x.svg"].map(str::to_owned).into(),
        inputs: ["other.dta"].map(str::to_owned).into(),
    }
}

fn reasons(body: &str) -> Vec<String> {
    lint_body(body.as_bytes(), &context()).into_iter().map(|f| f.reason).collect()
}

#[test]
fn forbidden_commands_are_found_in_every_form() {
    for body in [
        "shell ls",
        "!ls",
        "cap !ls\nif _rc {\n}",
        "quietly shell ls",
        "qui noi sh ls",
        "winexec x",
        "set seed 1",
        "set more off",
        "version 17",
        "exit",
        "exit, clear",
        "clear all",
        "clear",
        "log close",
        "cmdlog using x",
        "cd ..",
        "mkdir x",
        "erase x",
        "net install x",
        "ssc install reghdfe",
        "adopath + x",
        "python: 1",
        "mata: 1",
        "java x",
        "do other.do",
        "run other.do",
        "inc other.do",
        "include other.do",
        "file open f using x",
        "copy a b",
        "type a",
        "import delimited using x.csv",
        "infile a using b",
        "odbc list",
        "sysuse auto",
        "webuse auto",
        "translate a b",
        "global x 1",
        "macro drop _all",
        "sleep 1",
        "plugin call x",
        "program define x",
        "reghdfe y x",
        "#delimit ;",
        "`command' y x",
        "reg`x' y x",
        "bysort g: shell ls",
        "else shell ls",
        "if 1 {\n  shell ls\n}",
        "local x = fileread(\"a\")",
        "local x : dir . files \"*\"",
        "display \"`: environment HOME'\"",
        "display \"$S_ADO\"",
        "display c(pwd)",
        "graph save x",
        "estimates save x",
        "export excel using table_x.csv",
    ] {
        assert!(!reasons(&format!("{body}\n")).is_empty(), "{body}");
    }
}

#[test]
fn files_are_declared_ones_or_temporary_ones() {
    for body in [
        "save other.dta",
        "save \"/tmp/x.dta\"",
        "use \"/etc/x.dta\", clear",
        "use ../other.dta",
        "use other.dta",
        "use inputs/absent.dta",
        "save inputs/other.dta",
        "merge 1:1 id using \"`name'\"",
        "graph export \"other.svg\", replace",
        "graph export `f', replace",
        "export delimited using \"../table_x.csv\"",
        "bootstrap, saving(x.dta): regress y x",
        "ss_export using \"undeclared.csv\", rows(\"a\")",
    ] {
        assert_eq!(reasons(&format!("{body}\n")).len(), 1, "{body}");
    }
    let good = "tempfile rows\nsave \"`rows'\"\nuse \"`rows'\", clear\nmerge 1:1 id using inputs/other.dta\n\
                graph export \"fig_x.svg\", replace\nexport delimited using table_x.csv, replace\n\
                postfile p str32 a using \"`rows'\"\nss_export using \"table_x.csv\", rows(\"`rows'\")\n";
    assert_eq!(reasons(good), Vec::<String>::new());
}

#[test]
fn an_ordinary_body_passes() {
    let body = "* a comment with shell\n// set seed\n/* exit\nmore */\nss_event step name=a status=begin\n\
                quietly count if ss_use /// continued\n    & x > 1\nif r(N) == 0 {\n    error 2000\n}\nelse {\n    \
                regress y x i.g if ss_use, vce(robust) // shell\n}\ncapture confirm numeric variable x\n\
                if _rc != 0 {\n    display \"no /* comment */ `\"nested \"quotes\"\"'\"\n}\n\
                foreach v of varlist _all {\n    local l : variable label `v'\n    bysort g (t): replace x = 1\n}\n\
                qui su x\nlocal first : word 1 of `p_x'\nlocal n = r(N)\n";
    assert_eq!(reasons(body), Vec::<String>::new());
}

#[test]
fn unbalanced_bodies_are_refused() {
    for body in
        ["display \"a\n", "/* open\n", "if 1 {\n", "}\n", "display `\"a\"\n", "display 1", "display 1\r\n"]
    {
        assert!(!reasons(body).is_empty(), "{body:?}");
    }
}

#[test]
fn a_captured_error_is_looked_at() {
    assert_eq!(reasons("capture regress y x\ndisplay 1\n").len(), 1);
    assert!(reasons("capture regress y x\nif _rc {\n}\n").is_empty());
}

/// Ways around the rules, each refused for its own reason.
#[test]
fn bypasses_are_refused_for_their_own_reason() {
    for (body, reason) in [
        // abbreviations
        ("winex calc", "`winex` is refused"),
        ("pyth: 1", "`pyth` is refused"),
        ("glo x 1", "`glo` is refused"),
        ("estimates sav x", "`estimates sav` is refused"),
        ("label sa using x", "`label sa` is refused"),
        ("graph sa x", "`graph sa` is refused"),
        ("graph exp other.svg", "not a declared output"),
        ("bootstrap, sa(x.dta): summarize x", "not a declared output"),
        ("merge 1:1 id us x.dta", "`using` is written in full"),
        // prefixes
        ("simulate, reps(1): shell ls", "`shell` is refused"),
        ("statsby, by(g): python: 1", "`python` is refused"),
        ("xi: winexec calc", "`winexec` is refused"),
        ("bootstrap r(mean), reps(5): do other.do", "`do` is refused"),
        ("svy: bootstrap: erase x", "`erase` is refused"),
        ("mi xeq: shell ls", "`shell` is refused"),
        ("by g, sort: shell ls", "`shell` is refused"),
        ("bysort g (x): quietly capture noisily mata: 1\nif _rc {\n}", "`mata` is refused"),
        ("cap noi qui cap run x.do\nif _rc {\n}", "`run` is refused"),
        ("quietly local x : dir . files \"*\"", "the macro function `: dir`"),
        ("capture noisily local x : environment HOME\nif _rc {\n}", "the macro function `: environment`"),
        // macros
        ("local c \"shell ls\"\n`c'", "a command built from a macro"),
        ("local a sh\n``a''ell ls", "a command built from a macro"),
        ("local c \"1 shell ls\"\nif `c' {\n}", "could bring a command"),
        ("local a \"1 she\"\nlocal b \"ll ls\"\nlocal c `a'`b'\nwhile `c' {\n}", "could bring a command"),
        ("local l : variable label x\nif `l' {\n}", "could bring a command"),
        ("local c = \"1 \" + \"shell ls\"\nif `c' {\n}", "could bring a command"),
        ("if 1 shell ls {\n}", "a command behind a condition"),
        ("if (1) shell ls {\n}", "a command behind a condition"),
        ("local g \"x: shell ls //\"\nby `g': summarize x", "could end the prefix"),
        ("display \"` : dir . files *'\"", "the macro function `: dir`"),
        ("tempfile f\nlocal f \"/etc/passwd\"\nuse \"`f'\"", "is a temporary file and gets another value"),
        ("tempfile f\nforeach f in a b {\n}\nuse \"`f'\"", "is a temporary file and gets another value"),
        ("local a x\ntempfile `a'\nuse \"``a''\"", "a temporary file named by a macro"),
        ("local f fileread\ndisplay `f'(\"x\")", "a function named by a macro"),
        ("local a \"$S_ADO\"", "global macros"),
        // functions and places
        ("generate x = fileread (\"a\")", "touches files"),
        ("scalar x = filewrite(\"a\", \"b\")", "touches files"),
        ("display \"`=fileread(\"x\")'\"", "touches files"),
        ("display c( pwd )", "folders and users"),
        // files
        ("append using inputs/other.dta \"/etc/x.dta\"", "not a declared input"),
        ("append using\"/etc/x.dta\"", "not a declared input"),
        ("export delimited \"/etc/x.csv\"", "names its file after `using`"),
        ("export excel using table_x.csv", "`export excel` is refused"),
        ("save, replace", "`save` names its file"),
        ("confirm file \"/etc/passwd\"", "not a declared input"),
        ("irf create a, set(\"x.irf\")", "not a declared output"),
        // comments and delimiters
        ("* a /* b\n*/ shell ls", "in a line comment"),
        ("// a /* b\n*/ shell ls", "in a line comment"),
        ("d/**/o other.do", "a comment inside a word"),
        ("g/* x */lobal y 1", "a comment inside a word"),
        ("* one ///\nshell ls", "continues in the next line"),
        ("display 1 #delimit ;\n#delimit ;", "`#` commands"),
        ("capture { shell ls }\nif _rc {\n}", "a block begins at the end of a line"),
        ("if 1 { shell ls }", "needs a block in braces"),
        // look-alikes
        ("\u{455}hell ls", "letters that are not plain"),
        ("d\u{43e} other.do", "letters that are not plain"),
        ("\u{ff01}ls", "no shell"),
        ("display\u{a0}1", "U+00A0 is not seen"),
        ("di\u{200b}splay 1", "U+200B is not seen"),
        ("display \"\u{202e}x\"", "U+202E is not seen"),
    ] {
        let found = reasons(&format!("{body}\n"));
        assert!(found.iter().any(|r| r.contains(reason)), "{body:?}: {found:?}");
    }
}

/// Legitimate forms that resemble them.
#[test]
fn legitimate_forms_pass() {
    for body in [
        "local between = cond(`p_x' == 1, \"##\", \" \")\nregress y a`between'b",
        "local n = r(N)\nif `n' > 2 & \"`p_fit'\" != \"none\" {\n}",
        "local first = substr(\"`p_merge_type'\", 1, 1)\nif \"`first'\" == \"1\" {\n}",
        "local cond \"x > 1 & missing(y)\"\nif `cond' {\n}",
        "if inlist(\"`p_x'\", \"a b\", \"c\") & !missing(r(mean)) {\n}",
        "if `: word count `p_x'' > 2 {\n}",
        "while `i' <= el(m, 1, 2) - 1e-12 {\n}",
        "bysort `p_id' (t): generate n = _n",
        "svy: mean x, over(g)\nxi: regress y i.g",
        "bootstrap r(mean), reps(50) seed(1): summarize x",
        "merge 1:1 id using inputs/other.dta, keepusing(z) generate(m)",
        "label define l 1 \"shell\" 2 \"do run copy\", replace",
        "display \"include: python, java, c (pwd is a word)\"",
        "twoway (scatter y x, mcolor(\"0 114 178\")), title(\"工资 / pay\") note(`\"a \"b\" c\"')",
        "tempfile rows\npostfile p str32 a using \"`rows'\"\nirf create a, set(\"`rows'\", replace)",
        "confirm file \"inputs/other.dta\"\nconfirm numeric variable x\nconfirm new variable y",
        "export delim using table_x.csv, replace nolabel",
        "regress y x /* weights come later */ z, vce(robust) // a remark",
        "estimates store a\nestimates stats a\nlabel values x l\nmi estimate: regress y x",
    ] {
        assert_eq!(reasons(&format!("{body}\n")), Vec::<String>::new(), "{body}");
    }
}
