//! What the lint refuses and what it lets through.

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
