//! Commands of do-files of research: what they print, what they refuse, and assignments that draws decide.

use dofile::Session;

/// The return code and the log of commands on 24 rows.
fn run(commands: &str) -> (i32, String) {
    let data = "set obs 24\ngenerate x = mod(_n * 7, 11)\ngenerate y = x + mod(_n, 5)\ngenerate g = _n > 12\ngenerate k = mod(_n, 3)\ngenerate b = x > 5\n";
    let (log, rc) = Session::default().run_captured(&format!("{data}{commands}"));
    (rc, log)
}

#[test]
fn what_is_not_built_is_refused_by_name() {
    let cases = [
        ("table1_mc, vars(x contn) extraspace", 199, "extraspace"),
        ("table1_mc, by(g) vars(x contn) pairwise123", 199, "pairwise123"),
        ("table1_mc, vars(x mean)", 198, "contn, contln, conts, cat, cate, bin or bine"),
        ("table1_mc, vars(x bin)", 498, "must be 0 or 1"),
        ("table1_mc, vars(x contn) total(after)", 198, "requires by()"),
        (
            "table1_mc, by(y) vars(x contn)\nreplace y = -1 in 1\ntable1_mc, by(y) vars(x contn)",
            498,
            "non-negative integers",
        ),
        ("table1_mc", 198, "vars()"),
        ("rangejoin x 1 using nosuch", 198, "keyvar low high"),
        ("randtreat, generate(t) unequal(1/2 1/3)", 198, "add up to 1"),
        ("randtreat, generate(x)", 110, "already defined"),
        ("randtreat, generate(t) misfits(some)", 198, "misfits(some)"),
        ("conindex x", 198, "truezero"),
        ("conindex x, truezero graph", 199, "graph"),
        ("conindex b, wagstaff truezero", 198, "bounded"),
        ("conindex x, bounded limits(0 5) wagstaff", 498, "outside of the limits"),
        ("conindex x, truezero compare(k)", 199, "compare()"),
        ("lorenz x, contrast", 199, "contrast"),
        ("lorenz x, pvar(y)", 199, "pvar() without nose"),
        ("lorenz x, vce(bootstrap)", 199, "vce(bootstrap)"),
        ("lorenz contrast 1", 199, "lorenz contrast"),
        ("pshare stack", 199, "pshare stack"),
        ("pshare x, histogram", 199, "histogram"),
        ("lorenz x, percentiles(50 20)", 198, "ascending"),
        ("rwolf x y, indepvar(g) graph", 199, "graph"),
        ("rwolf x y, reps(5)", 198, "indepvar()"),
        ("rwolf x y, indepvar(g) method(ivregress)", 198, "iv()"),
        ("rwolf2 (regress x g), indepvars(g) varlabels", 199, "varlabels"),
        ("rwolf2 (regress x g) (regress y g), indepvars(g)", 198, "separated by commas"),
        ("rwolf2 (regress x g), indepvars(b)", 111, "[b]"),
        ("wyoung x y, cmd(regress OUTCOMEVAR g) familyp(g b) bootstraps(5)", 199, "familyp()"),
        ("wyoung x y, cmd(regress OUTCOMEVAR g) familyp(g) bootstraps(5) subgroup(k)", 199, "subgroup"),
        ("twopm x g, firstpart(logit) secondpart(glm) suest", 199, "suest"),
        ("twopm x g, firstpart(cloglog) secondpart(glm)", 198, "logit or probit"),
        ("twopm x g, firstpart(logit) secondpart(glm) vce(bootstrap)", 199, "vce(bootstrap)"),
        ("twopm x g, firstpart(logit) secondpart(regress, log)\npredict m", 198, "normal or duan"),
        ("fmlogit x", 102, "two outcomes"),
    ];
    for (command, code, text) in cases {
        let (rc, log) = run(command);
        assert_eq!(rc, code, "{command}\n{log}");
        assert!(log.contains(text), "{command} says no \"{text}\"\n{log}");
    }
}

/// The table as the authors of `rwolf` show it in their documentation (Clarke, Romano and Wolf 2020); p-values of the models
/// are theirs, those of resamples come from other draws.
#[test]
fn rwolf_prints_the_table_of_its_documentation() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracles/data/printed_auto.csv");
    let command =
        "rwolf headroom turn price rep78, indepvar(weight) controls(trunk mpg) reps(50) seed(121316)";
    let (log, rc) =
        Session::default().run_captured(&format!("import delimited using \"{file}\"\n{command}\n"));
    assert_eq!(rc, 0, "{log}");
    for line in [
        "Bootstrap replications (50). This may take some time.\n----+--- 1 ---+--- 2 ---+--- 3 ---+--- 4 ---+--- 5\n..................................................     50\n",
        "Romano-Wolf step-down adjusted p-values\n\n\nIndependent variable:  weight\nOutcome variables:   headroom turn price rep78\nNumber of resamples: 50\n",
        "   Outcome Variable | Model p-value    Resample p-value    Romano-Wolf p-value\n--------------------+---------------------------------------------------------\n",
        "           headroom |    0.6719             ",
        "               turn |    0.0000             ",
        "              price |    0.0075             ",
        "              rep78 |    0.0998             ",
    ] {
        assert!(log.contains(line), "{line}\n{log}");
    }
}

/// Estimates and data are the same after resampling models.
#[test]
fn resampled_models_leave_data_and_results() {
    let (rc, log) = run(
        "regress y x\nestimates store own\nrwolf2 (regress y x) (regress x g), indepvars(x, g) reps(5) nodots\nassert _N == 24 & x[3] == mod(21, 11)\nwyoung y x, cmd(regress OUTCOMEVAR g) familyp(g) bootstraps(5)\nassert \"`e(cmd)'\" == \"rwolf2\"\nestimates restore own\nassert e(N) == 24",
    );
    assert_eq!(rc, 0, "{log}");
}

/// Every method gives the misfits as their description says.
#[test]
fn misfits_are_assigned_as_described() {
    let commands = "set seed 7\nrandtreat, generate(t) multiple(5) strata(k)\ncount if missing(t)\nassert r(N) == 9\n\
        foreach m in strata global wstrata wglobal {\nrandtreat, generate(t) replace multiple(5) strata(k) misfits(`m')\ncount if missing(t)\nassert r(N) == 0\n}\n\
        randtreat if g, generate(u)\ncount if u == 1 & g\nassert r(N) == 6\ncount if !missing(u) & !g\nassert r(N) == 0\n\
        randtreat, generate(v) setseed(9)\nrandtreat, generate(w) setseed(9)\nassert v == w\n";
    let (rc, log) = run(commands);
    assert_eq!(rc, 0, "{log}");
    assert!(log.contains("assignment produces 9 misfits"), "{log}");
}

/// Pairs of the help file of `rangejoin`, within groups and with renamed variables.
#[test]
fn rangejoin_pairs_within_groups_and_renames() {
    let text = "clear\ninput house asking zip\n1 111 48101\n2 222 48101\n3 333 48101\n4 444 48101\n5 555 48103\n6 666 48103\nend\ntempfile f\nsave `f'\nclear\n\
        input str5 name low high zip\n\"Peter\" 300 500 48103\n\"Paul\" 400 600 48103\n\"Mary\" 600 700 48101\nend\npreserve\n\
        rangejoin asking low high using `f', by(zip)\nassert _N == 3 & missing(house[1]) & house[2] == 5 & missing(house[3])\nrestore\n\
        generate asking = 600 in 1/2\nrangejoin asking -50 100 using `f', by(zip) keepusing(house asking) prefix(of_)\n\
        assert _N == 5 & of_asking[1] == 555 & of_asking[2] == 666 & missing(of_asking[5]) & house[3] == 5\n";
    let (log, rc) = Session::default().run_captured(text);
    assert_eq!(rc, 0, "{log}");
}
