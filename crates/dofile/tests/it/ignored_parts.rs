//! Parts of a line that a command does not read are refused: a weight, a selection or an option that nobody reads would
//! leave wrong numbers behind.

use crate::support::{holds, run};
use dofile::Session;
use dofile::commands::registry;

const DATA: &str = "set obs 40\ngenerate id = ceil(_n/2)\nbysort id: generate j = _n\ngenerate x = mod(_n*7, 11)\n\
                    generate g = mod(_n, 2)\ngenerate w = 1 + mod(_n, 3)\ngenerate o = 1 + mod(_n*5 + x, 3)\ngenerate y = x + mod(_n*3, 5) + g\n";

fn refused(line: &str, code: i32) -> String {
    let (log, rc) = Session::default().run_captured(&format!("{DATA}quietly regress y x i.g\n{line}"));
    assert_eq!(rc, code, "{line}\n{log}");
    log
}

/// [P] error: r(101) for a weight that a command does not take.
#[test]
fn weights_that_a_command_does_not_read_are_refused() {
    for line in [
        "egen m = mean(x) [aw=w]",
        "egen m = total(x) [fw=w], by(g)",
        "recode x (1=2) [aw=w]",
        "reshape wide x y g w o [aw=w], i(id) j(j)",
        "esize twosample x [fw=w], by(g)",
        "linktest [aw=w]",
        "predict p [aw=w]",
        "predictnl p = _b[x]*x [aw=w]",
        "clonevar z = x [aw=w]",
        "clear\nset obs 9\ngenerate t = _n\ntsset t\ncorrgram t [aw=t]",
        "stset y\nsts list [aw=w]",
    ] {
        assert!(refused(line, 101).contains("weights not allowed"), "{line}");
    }
}

/// [P] error: r(101) for `if` and `in` where a command takes the whole data.
#[test]
fn selections_that_a_command_does_not_read_are_refused() {
    assert!(refused("reshape wide x y g w o if id < 9, i(id) j(j)", 101).contains("if not allowed"));
    assert!(refused("reshape wide x y g w o in 1/8, i(id) j(j)", 101).contains("in range not allowed"));
}

/// `streset` keeps the weights of `stset` and takes a range.
#[test]
fn streset_takes_a_range() {
    let (session, _) = run(&format!(
        "{DATA}generate t = _n\nstset t [fw=w], failure(g)\nstreset in 1/10, scale(2)\n\
                                     count if _st\nscalar n = r(N)\nscalar fourth = _t[4]"
    ));
    holds(&session, &["n == 10", "fourth == 2"]);
}

/// One probability for each outcome has as many names as scores, and is no answer to a request for them.
#[test]
fn predictions_of_several_outcomes_answer_what_was_asked() {
    let model = "quietly ologit o x\n";
    refused(&format!("{model}predict a b, scores"), 102);
    refused(&format!("{model}predict a b c, xb"), 103);
    refused(&format!("{model}predict a b c, stdp"), 103);
    let (session, log) = run(&format!("{DATA}{model}predict a b c, pr"));
    holds(&session, &["reldif(a[1] + b[1] + c[1], 1) < 1e-6"]);
    assert!(!log.contains("assumed"), "{log}");
}

/// [TS] tsset: r(111) without a time variable.
#[test]
fn operators_without_a_time_variable_give_r_111() {
    for line in ["generate z = L.x", "regress y L.x", "summarize D.x", "tsset"] {
        assert!(refused(line, 111).contains("time variable not set"), "{line}");
    }
    refused("xtset", 459);
}

/// Names in the manuals are those of commands that this engine has not, everything else is unrecognized.
#[test]
fn commands_of_the_manuals_are_named_as_such() {
    for line in ["cmtab", "xteprobit y x", "manovatest g", "menl y"] {
        assert!(refused(line, 199).contains("is not supported by the open engine"), "{line}");
    }
    assert!(refused("nosuchcommand x", 199).contains("is unrecognized"));
}

/// Commands whose line is free text, that read `if` as their own command says, or that do nothing here.
const FREE_TEXT: &str = "_fv_check_depvar _ms_parse_parts about ado adoupdate args browse causaldata cls cmdlog cscript dir discard \
                         doedit edit fcollapse findit flevelsof fs gcollapse gdistinct glevelsof global graph grstyle gtools gunique \
                         help local lookfor ls macro memory mkdir more net notes pause pwd query rmdir search set sleep ssc tempfile \
                         tempname tempvar tokenize update view viewsource window xi";

/// A command without `if` in its diagram does not take one silently, whatever was estimated before.
#[test]
fn commands_without_a_selection_refuse_one() {
    let free: Vec<&str> = FREE_TEXT.split_whitespace().collect();
    let named = |syntax: &str| syntax.split(|c: char| !c.is_alphanumeric()).any(|word| word == "if");
    let silent: Vec<String> = registry::all()
        .filter(|spec| !named(spec.syntax) && !free.contains(&spec.name))
        .flat_map(|spec| {
            let line = |model: &str, list: &str| {
                let text = format!("{DATA}quietly {model}\n{} {list} if x < 5", spec.name);
                (Session::default().run_captured(&text).1 == 0)
                    .then(|| format!("{} {list}, {model}", spec.name))
            };
            ["regress y x g", "pca x y o"].into_iter().flat_map(move |m| [line(m, "x"), line(m, "")])
        })
        .flatten()
        .collect();
    assert!(silent.is_empty(), "{silent:#?}");
}

/// The same of commands that need another model before them.
#[test]
fn graphs_and_tables_of_other_models_refuse_a_selection() {
    for text in [
        "generate n = _n\nquietly tsset n\nquietly var y x, lags(1)\nirf set f, replace\nirf create a if x < 5",
        "generate n = _n\nquietly tsset n\nquietly var y x, lags(1)\nirf create a, set(f, replace)\nirf table irf in 1/9",
        "quietly teffects ipw (y) (g x)\nteoverlap if x < 5",
        "quietly teffects ipw (y) (g x)\ntebalance summarize if x < 5",
        "label define l 1 one\nlabelbook l if x < 5",
        "generate touse = 1\nmarkout touse y if x < 5",
        "power twomeans 0 1 if x < 5, sd(1)",
        "sampsi 0 1 if x < 5, sd(1)",
        "cii means 20 1 2 if x < 5",
        "quietly cluster wardslinkage x y\ncluster stop if x < 5",
        "generate n = _n\nquietly tsset n\nquietly var y x, lags(1)\nvarsoc if x < 5",
        "generate n = _n\nquietly tsset n\nquietly regress y x\nestat sbcusum if x < 5",
    ] {
        let mut session = Session::default();
        let folder = tempfile::tempdir().expect("a folder");
        session.cwd = folder.path().to_path_buf();
        let (log, rc) = session.run_captured(&format!("{DATA}{text}"));
        assert_eq!(rc, 101, "{text}\n{log}");
    }
}
