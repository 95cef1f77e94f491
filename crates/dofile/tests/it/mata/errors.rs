//! Codes and texts of errors ([M-2] Errors), and what the engine does not have.

use super::{fails, mata};
use dofile::Session;

#[test]
fn errors_have_the_codes_of_the_manual() {
    for (line, code, text) in [
        ("2,,3", 3000, "invalid expression"),
        ("\"this\" + \"that", 3000, "mismatched quotes"),
        ("x = )", 3000, ""),
        ("f(1,2,3,", 3000, "unexpected end"),
        ("nosuch", 3499, "<istmt>:  3499  nosuch not found"),
        ("nosuch(1)", 3499, "nosuch() not found"),
        ("sqrt(1,2)", 3001, "sqrt():  3001  incorrect number of arguments"),
        ("(1,2)*(3,4)", 3200, "*:  3200  conformability error"),
        ("(1,2)+1", 3200, "+:  3200  conformability error"),
        ("(1,2):+(1,2,3)", 3200, ":+:  3200  conformability error"),
        ("(1\\2\\3):*(1,2,3)", 3200, "conformability error"),
        ("(1,2)\\(1,2,3)", 3200, "<istmt>:  3200  conformability error"),
        ("\"a\" + 1", 3250, "type mismatch"),
        ("\"a\", 1", 3250, "type mismatch"),
        ("(1,2)[3]", 3301, "subscript invalid"),
        ("(1,2\\3,4)[1]", 3301, "subscript invalid"),
        ("x = (1,2)\nx[0,1] = 1", 3301, "subscript invalid"),
        ("x = (1,2)\nx[1,1] = (1,2)", 3200, "conformability error"),
        ("x = (1,2)\nx[1] = \"a\"", 3250, "type mismatch"),
        ("invsym((1,2))", 3205, "square matrix required"),
        ("invsym(\"a\")", 3253, "nonreal found where real required"),
        ("strlen(1)", 3254, "nonstring found where string required"),
        ("J(-1,2,0)", 3300, "argument out of range"),
        ("if ((1,2)) 1", 3204, "matrix found where scalar required"),
        ("*NULL", 3010, "attempt to dereference NULL pointer"),
        ("printf(\"%d\\n\")", 3001, ""),
        ("printf(\"%q\\n\", 1)", 3302, "invalid %fmt"),
        ("st_data(., \"nosuch\")", 3500, "nosuch"),
        ("st_varname(9)", 3300, "argument out of range"),
        ("stata(\"nosuch\")", 3598, "Stata returned error"),
        ("_error(3352)", 3352, "singular matrix"),
        ("_error(3300, \"my text\")", 3300, "my text"),
        ("_error(\"my text\")", 3498, "my text"),
        ("exit(error(111))", 111, "not found"),
        ("J(1e6, 1e9, 0)", 3900, "out of memory"),
        ("1..1e14", 3900, "out of memory"),
        ("fopen(\"nosuchfile\", \"r\")", 601, ""),
        ("fclose(7)", 3601, "invalid file handle"),
        ("real scalar f() return(\"a\")\nf()", 3253, "f():  3253"),
        ("void f(real scalar x) {\n}\nf((1,2))", 3204, "f():  3204  matrix found where scalar required"),
        ("void f(string scalar x) {\n}\nf(1)", 3254, "f():  3254"),
        ("void f(real rowvector x) {\n}\nf((1\\2))", 3202, "rowvector required"),
        ("void f() {\nreal scalar x\nx = (1,2)\n}\nf()", 3204, "matrix found where scalar required"),
        ("function f() return(1)\nfunction f() return(2)", 3000, "already exists"),
        ("function sqrt(x) return(x)", 3000, "built in"),
    ] {
        fails(line, code, text);
    }
}

#[test]
fn the_traceback_names_the_calls_outwards() {
    let (log, rc) = mata(
        "real matrix inner(x) return(x*(1,2,3))\nvoid outer(x) {\nreal matrix y\ny = inner(x)\n}\nouter((1,2))",
    );
    let want = "                       *:  3200  conformability error\n                 inner():     -  function returned error\n                 outer():     -  function returned error\n                 <istmt>:     -  function returned error\n";
    assert!(rc == 3200 && log.contains(want), "{log}");
}

#[test]
fn what_the_engine_does_not_have_is_refused_by_name() {
    for (line, text) in [
        ("M = moptimize_init()", "moptimize_init()"),
        ("class A {\nreal scalar x\n}", "class"),
        ("b = xl()", "xl()"),
        ("void f() {\ngoto a\n}", "goto"),
        ("optimize_init_evaluatortype(S=optimize_init(), \"d1debug\")", "d1debug"),
    ] {
        fails(line, 199, &format!("{text} of Mata is not supported by the open engine"));
    }
    for line in ["mata mlib create lx", "mata mosave f()"] {
        let (log, rc) = Session::default().run_captured(line);
        assert!(rc == 199 && log.contains("is not supported by the open engine"), "{log}");
    }
}

#[test]
fn statements_before_an_error_have_run_and_names_stay() {
    let mut s = Session::default();
    let (_, rc) = s.run_captured("capture mata:\nx = 5\nnosuch\ny = 6\nend\nmata: st_numscalar(\"a\", x)\ncapture mata: y\nscalar b = _rc");
    assert_eq!((rc, s.eval_num("a"), s.eval_num("b")), (0, Ok(5.0), Ok(3499.0)));
}

#[test]
fn recursion_without_end_and_long_loops_stop() {
    let code = "real scalar f(real scalar n) return(f(n+1))\nf(1)";
    assert_eq!(mata(code).1, 3998);
    let mut s = Session::default();
    let flag = s.interrupt_flag();
    let setter = std::thread::spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(100));
        flag.store(true, std::sync::atomic::Ordering::SeqCst);
    });
    // a break ends the run although capture stands before it
    let (_, rc) = s.run_captured("capture mata: while (1) x = 1\ndisplay 5");
    setter.join().expect("the setter ends");
    assert_eq!(rc, 1);
}
