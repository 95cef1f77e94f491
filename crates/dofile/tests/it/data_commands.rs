//! Commands that make, describe and split data: draws, settings of factors, episodes of survival times, the order of rows.

use crate::support::try_run as run;
use dofile::Session;
use dofile::frame::{Column, Frame, StorageType, Variable};
use dofile::value::{MISSING, missing};

/// Runs a text that must succeed, then evaluates expressions that must be true.
fn holds(text: &str, expressions: &[&str]) {
    let mut s = Session::default();
    let (log, rc) = s.run_captured(text);
    assert_eq!(rc, 0, "{text}\n{log}");
    for expression in expressions {
        assert_eq!(s.eval_num(expression), Ok(1.0), "{expression} after\n{text}\n{log}");
    }
}

#[test]
fn drawnorm_takes_matrices_vectors_and_triangles() {
    // a singular covariance: the second variable is twice the first, to rounding
    holds(
        "matrix V = (1, 2 \\ 2, 4)\ndrawnorm a b, cov(V) n(50) double means(0 1)\ngenerate double e = abs(b - 1 - 2*a)\nquietly summarize e",
        &["r(max) < 1e-7", "_N == 50"],
    );
    // triangles say the same as the full matrix
    for (option, value) in [
        ("corr(C)", "(1, .3, -.2 \\ .3, 1, .5 \\ -.2, .5, 1)"),
        ("corr(C) cstorage(lower)", "(1, .3, 1, -.2, .5, 1)"),
        ("corr(C) cstorage(upper)", "(1, .3, -.2, 1, .5, 1)"),
    ] {
        holds(
            &format!(
                "matrix C = {value}\ndrawnorm x y z, n(4000) {option} seed(7) double clear\nquietly correlate x z\nscalar r13 = r(rho)\nquietly correlate y z\n"
            ),
            &["abs(r13 + .2) < .05", "abs(r(rho) - .5) < .05"],
        );
    }
    // the same seed gives the same draws
    holds("drawnorm a, n(5) seed(3)\ndrawnorm b, seed(3)", &["a[4] == b[4]", "a[1] != a[2]"]);
    for (command, code) in [
        ("drawnorm x", 198),
        ("matrix C = (1, .5 \\ .5, 2)\ndrawnorm x y, n(5) corr(C)", 198),
        ("matrix C = (1, .5)\ndrawnorm x y, n(5) corr(C)", 198),
        ("matrix C = (1, 2 \\ 2, 1)\ndrawnorm x y, n(5) corr(C)", 506),
        ("matrix C = (1, .1 \\ .2, 1)\ndrawnorm x y, n(5) corr(C)", 505),
        ("drawnorm x y, n(5) corr(nosuch)", 111),
        ("drawnorm x y, n(5) means(1 2 3)", 503),
        ("set obs 3\ngenerate x = 1\ndrawnorm x", 110),
        ("set obs 3\ngenerate x = 1\ndrawnorm y, n(5)", 4),
    ] {
        assert_eq!(run(command).1, code, "{command}");
    }
    holds("matrix C = (1, 2 \\ 2, 1)\ndrawnorm x y, n(5) corr(C) forcepsd", &["_N == 5"]);
}

#[test]
fn rows_of_input_are_read_behind_prefixes_and_in_programs() {
    for prefix in ["", "quietly ", "qui: ", "capture noisily ", "cap "] {
        let rows = format!("{prefix}input x str3 y\n1 a\n2 bc\nend\n");
        holds(&rows, &["_N == 2", "x[2] == 2", "y[2] == \"bc\""]);
        holds(&format!("if 1 {{\n{rows}}}\n"), &["_N == 2", "x[1] == 1"]);
    }
    let (log, rc) = run("capture input x x\n1 2\nend\ndisplay \"code \" _rc");
    assert!(rc == 0 && !log.contains("code 0"), "{log}");
}

#[test]
fn inspect_shows_signs_and_labels() {
    let text = "set obs 6\ngenerate x = _n - 2\nreplace x = 1.5 in 6\nreplace x = . in 5\nlabel variable x \"A variable\"\nlabel define l 1 \"one\"\nlabel values x l\ninspect x";
    let (log, rc) = run(text);
    assert_eq!(rc, 0, "{log}");
    assert!(log.contains("x:  A variable") && log.contains("(5 unique values)"), "{log}");
    let row = |name: &str| -> Vec<&str> {
        let line = log.lines().rev().find(|l| l.contains(name)).expect("a row of the table");
        line.split(name).nth(1).expect("its cells").split_whitespace().collect()
    };
    assert_eq!(row("Negative"), ["1", "1", "-"]);
    assert_eq!(row("Zero"), ["1", "1", "-"]);
    assert_eq!(row("Positive"), ["3", "2", "1"]);
    assert_eq!(row("Total  "), ["5", "4", "1"]);
    assert_eq!(row("Missing"), ["1"]);
    holds(text, &["r(N_undoc) == 4", "r(N) == 5", "r(N_negint) == 1"]);
}

#[test]
fn fvset_declares_base_levels() {
    let data =
        "set obs 40\ngenerate g = cond(_n <= 20, 2, cond(_n <= 30, 1, 5))\ngenerate y = 10*g + mod(_n, 2)\n";
    for (setting, base, other) in
        [("5", 5, 1), ("last", 5, 2), ("first", 1, 2), ("freq", 2, 5), ("default", 1, 5)]
    {
        holds(
            &format!(
                "{data}fvset base {setting} g\nregress y i.g\nscalar d = _b[{other}.g]\nregress y ib1.g"
            ),
            &[&format!("abs(d - 10*({other} - {base})) < 1e-9"), "abs(_b[5.g] - 40) < 1e-9"],
        );
    }
    // an operator of its own is stronger than the setting, and the setting is saved with the data
    holds(
        &format!(
            "{data}fvset base 5 g\ntempfile f\nsave \"`f'\"\nuse \"`f'\", clear\nregress y i.g\nscalar d = _b[1.g]\nregress y ib2.g\nscalar e = _b[1.g]\nfvset report\nlocal list \"`r(baselist)'\"\nscalar same = \"`list'\" == \"5\"\nfvset clear _all\nregress y i.g"
        ),
        &["abs(d + 40) < 1e-9", "abs(e + 10) < 1e-9", "same", "abs(_b[5.g] - 40) < 1e-9"],
    );
    holds(&format!("{data}fvset base none g\nregress y i.g, noconstant"), &["abs(_b[1.g] - 10.5) < 1e-9"]);
    for (command, code) in [
        ("fvset base 7.5 g", 198),
        ("fvset base last nosuch", 111),
        ("fvset base last", 100),
        ("fvset design asobserved g", 199),
        ("fvset other g", 198),
        ("generate s = \"a\"\nfvset base 1 s", 109),
    ] {
        assert_eq!(run(&format!("{data}{command}")).1, code, "{command}");
    }
}

/// [ST] stset: `if()` and its siblings act when the times of all records are known, so that a record begins where the one
/// before it ends even if that one is left out; `if` takes records away before. The marks follow by hand.
#[test]
fn stset_chooses_records_by_history() {
    let data = "input id t f x\n1 1 0 0\n1 2 0 1\n1 3 0 0\n1 4 1 0\n2 2 0 0\n2 5 1 0\nend\n";
    for (option, marks) in [
        ("ever(x == 1)", "111100"),
        ("never(x == 1)", "000011"),
        ("after(x == 1)", "011100"),
        ("before(x == 1)", "100011"),
        ("if(x == 0)", "101111"),
        ("if(x == 0) after(x == 1)", "001100"),
    ] {
        let checks: Vec<String> =
            marks.chars().enumerate().map(|(i, m)| format!("_st[{}] == {m}", i + 1)).collect();
        let checks: Vec<&str> = checks.iter().map(String::as_str).collect();
        holds(&format!("{data}stset t, id(id) failure(f) {option}"), &checks);
        holds(&format!("{data}quietly stset t, id(id) failure(f) {option}\nstreset, noshow"), &checks);
    }
    holds(&format!("{data}stset t, id(id) failure(f) if(x == 0)"), &["_t0[3] == 2", "_t0[4] == 3"]);
    holds(&format!("{data}stset t if x == 0, id(id) failure(f)"), &["_t0[3] == 1", "_t0[4] == 3"]);
    let (log, _) = (run(&format!("{data}stset t, id(id) failure(f) never(x == 1)")).0, 0);
    assert!(log.contains("4  ignored because of never()"), "{log}");
}

#[test]
fn stsplit_keeps_time_and_failures() {
    let data = "set obs 30\ngenerate id = _n\ngenerate born = 10*_n\ngenerate out = born + 7 + mod(7*_n, 40)\ngenerate dead = mod(_n, 3) > 0\ngenerate x = mod(_n, 4)\n";
    // the partial likelihood does not change when records are split
    for (declare, split) in [
        ("stset out, failure(dead) id(id) origin(time born)", "stsplit band, at(10(10)40)"),
        ("stset out, failure(dead) id(id) origin(time born) scale(2)", "stsplit band, every(3)"),
        ("stset out, failure(dead) id(id) origin(time born) enter(time born + 5)", "stsplit band, at(10 20)"),
        ("stset out, failure(dead) id(id) origin(time born)", "stsplit, at(failures) riskset(set)"),
    ] {
        holds(
            &format!(
                "{data}quietly {declare}\nquietly stcox x\nscalar ll = e(ll)\nscalar b = _b[x]\n{split}\nquietly stcox x\nquietly count if _d == 1\nscalar fails = r(N)\nquietly stset\nquietly stset out, failure(dead) id(id) origin(time born)\nquietly count if _d == 1"
            ),
            &["abs(e(ll) - ll) < 1e-9", "abs(_b[x] - b) < 1e-9", "fails == 20", "r(N) == 20", "_N > 30"],
        );
    }
    // with trim, time outside the limits is no longer at risk
    holds(
        "set obs 1\ngenerate id = 1\ngenerate t = 10\nquietly stset t, id(id)\nstsplit b, at(3 6) trim",
        &["_N == 3", "_st[1] + _st[2] + _st[3] == 1", "b[1] + b[2] + b[3] == . | 1"],
    );
    let declared = format!("{data}quietly stset out, failure(dead) id(id) origin(time born)\n");
    for (command, code) in [
        ("stsplit b", 198),
        ("stsplit b, at(5) every(2)", 198),
        ("stsplit, at(5)", 100),
        ("stsplit x, at(5)", 110),
        ("stsplit b, at(failures) after(time = 3)", 198),
        ("stsplit b, every(0)", 198),
    ] {
        assert_eq!(run(&format!("{declared}{command}")).1, code, "{command}");
    }
    assert_eq!(run(&format!("{data}stset out, failure(dead)\nstsplit b, at(5)")).1, 198);
}

/// Columns of every type with ties, missing codes, far-apart numbers and both zeros.
fn columns_with_ties() -> Frame {
    let rows = 6000u32;
    let mut state = 12_345u32;
    let mut draw = |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    let mut frame = Frame::new();
    let mut numbers = |name: &str, ty: StorageType, span: u32, scale: f64| {
        let value = |d: u32| match d {
            0 => MISSING,
            1 => -0.0,
            2 => missing(3),
            d => (f64::from(d) - 20.0) * scale,
        };
        let values: Vec<f64> = (0..rows).map(|_| value(draw(span))).collect();
        frame.add(Variable::new(name, Column::from_f64(ty, &values))).expect("a new variable");
    };
    numbers("b", StorageType::Byte, 90, 1.0);
    numbers("i", StorageType::Int, 400, 11.0);
    numbers("l", StorageType::Long, 5000, 1.0);
    numbers("far", StorageType::Long, 5000, 200_000.0);
    numbers("f", StorageType::Float, 50, 0.1);
    numbers("d", StorageType::Double, 3000, 1e-3);
    let texts = (0..rows).map(|_| format!("t{}", draw(30)).into()).collect();
    frame.add(Variable::new("s", Column::from_strings(texts))).expect("a new variable");
    frame
}

#[test]
fn rows_in_order_are_those_of_comparisons() {
    let frame = columns_with_ties();
    let lists: [&[usize]; 9] = [&[0], &[1], &[2], &[3], &[4], &[5], &[6], &[0, 4, 2], &[6, 3, 0, 5]];
    for vars in lists {
        for rows in [(0..6000).collect::<Vec<usize>>(), (0..6000).step_by(7).collect()] {
            let mut want = rows.clone();
            want.sort_by(|&a, &b| {
                vars.iter().map(|&v| frame.compare(v, a, b)).find(|c| c.is_ne()).unwrap_or(a.cmp(&b))
            });
            assert_eq!(frame.ordered(vars, rows), want, "{vars:?}");
        }
    }
}

/// [R] bootstrap, jackknife, simulate, permute, [D] statsby: names of expressions without a name.
#[test]
fn expressions_without_a_name_are_called_after_their_command() {
    let data = "set obs 12\nset seed 3\ngenerate double x = mod(7*_n, 5)\ngenerate g = mod(_n, 2)\n";
    for (command, kept) in [
        ("bootstrap r(mean) r(sd), reps(3): summarize x", "_b[_bs_1] == r(mean) & _b[_bs_2] < ."),
        ("jackknife r(mean): summarize x", "_b[_jk_1] == r(mean)"),
        ("permute x r(mean), reps(3): summarize x", "el(r(b), 1, colnumb(r(b), \"_pm_1\")) < ."),
        ("simulate r(mean) s=r(sd), reps(3): summarize x", "_sim_1[1] == r(mean) & s[1] < ."),
        ("statsby r(mean), by(g) clear: summarize x", "_stat_1[1] < ."),
    ] {
        let again = if command.starts_with(['b', 'j']) { "\nquietly summarize x" } else { "" };
        let mean = if command.starts_with("sim") { "\nquietly summarize _sim_1" } else { "" };
        holds(&format!("{data}{command}{again}{mean}"), &[kept]);
    }
}

/// A regression on a constant alone explains nothing, to the last digit.
#[test]
fn a_model_without_regressors_has_no_model_sum_of_squares() {
    let data = "set obs 30\ngenerate double x = 1e6 + mod(_n*_n, 7)/3\ngenerate one = 1\n";
    holds(&format!("{data}regress x one"), &["e(mss) == 0", "e(r2) == 0", "e(df_m) == 0"]);
}

/// Names after a text, in order.
fn names(text: &str) -> Vec<String> {
    let mut s = Session::default();
    let (log, rc) = s.run_captured(text);
    assert_eq!(rc, 0, "{text}\n{log}");
    (0..s.frame.n_vars()).map(|i| s.frame.var(i).name.clone()).collect()
}

#[test]
fn rename_takes_the_wildcards_of_its_manual() {
    let data = |list: &str| {
        let each: String = list.split(' ').map(|n| format!("generate {n} = 1\n")).collect();
        format!("set obs 1\n{each}")
    };
    // old names, command, new names; the first five are rules of [D] rename group
    let cases: &[(&str, &str, &str)] = &[
        ("janstat janinc feb", "rename jan* *1", "stat1 inc1 feb"),
        ("a b c", "rename (a b c) (b c a)", "b c a"),
        ("v1 v2 v10", "rename v# =old", "v1old v2old v10old"),
        ("xold yold z", "rename *old *", "x y z"),
        ("oldx oldy z", "rename old* *", "x y z"),
        ("v1 v2 v10", "rename v# w(##)", "w01 w02 w10"),
        ("v01 v02 v3", "rename v(##) v(#)", "v1 v2 v3"),
        ("jan10 feb2", "rename *# *_#", "jan_10 feb_2"),
        ("a1 b1 c22", "rename ?1 ?_1", "a_1 b_1 c22"),
        ("inc_dad inc_mum", "rename *_* *[2]_*[1]", "dad_inc mum_inc"),
        ("a b c", "rename (a b c) x#, addnumber", "x1 x2 x3"),
        ("a b c", "rename a-c x#, addnumber(5)", "x5 x6 x7"),
        ("w_10 w_2 z", "rename w_# w#, renumber sort", "w2 w1 z"),
        ("a b c", "rename (a-c) =_w", "a_w b_w c_w"),
        ("a b c", "rename a-c p_=", "p_a p_b p_c"),
        ("a1 a2 b1", "rename (a* b1) (x* y)", "x1 x2 y"),
        ("Ab CD e", "rename *, lower", "ab cd e"),
        ("ab CD e", "rename ab CD, proper", "Ab Cd e"),
        ("ab CD e", "rename _all, upper", "AB CD E"),
        ("a b", "rename a c, dryrun", "a b"),
    ];
    for (old, command, new) in cases {
        assert_eq!(names(&format!("{}{command}", data(old))).join(" "), *new, "{command}");
    }
    holds(
        &format!(
            "{}rename (a b) (c d), r\nlocal o = r(oldnames) + r(newnames)\nscalar same = \"`o'\" == \"a bc d\"",
            data("a b")
        ),
        &["same", "r(n) == 2"],
    );
    // nothing changes where a name is taken, does not exist, or does not fit its pattern
    for (command, rc) in [
        ("rename a b", 110),
        ("rename (a b) (c c)", 110),
        ("rename q* w*", 111),
        ("rename a b c", 198),
        ("rename (a b) (x y z)", 198),
        ("rename * x#", 198),
        ("rename a* b#", 198),
        ("rename (a a) (x y)", 198),
        ("rename a x, renumber", 198),
    ] {
        let mut s = Session::default();
        let (log, got) = s.run_captured(&format!("{}{command}", data("a b")));
        assert_eq!(got, rc, "{command}\n{log}");
        assert_eq!(s.frame.var(0).name, "a", "{command}");
    }
}

#[test]
fn quantiles_need_rows() {
    let data = "set obs 4\ngenerate x = _n\ngenerate m = .\n";
    for command in ["xtile q =", "pctile q ="] {
        for (rest, rc) in [("x, nquantiles(5)", 0), ("x, nquantiles(6)", 198), ("m, nquantiles(2)", 2000)] {
            let (log, got) = run(&format!("{data}{command} {rest}"));
            assert_eq!(got, rc, "{command} {rest}\n{log}");
        }
    }
}

#[test]
fn texts_and_values_that_egen_picks() {
    holds(
        "set obs 3\ngenerate x = _n + .25\ngenerate byte d = _n\nlabel define l 1 \"one\" 2 \"twenty\"\nlabel values d l\n\
         egen a = concat(d x), punct(-) decode\negen b = concat(d x), format(%4.1f)\negen c = concat(d), decode maxlength(3)\n\
         egen v = anyvalue(d), values(1 3)\nlocal t : type v\nscalar is_byte = \"`t'\" == \"byte\"",
        &[
            "a[1] == \"one-1.25\"",
            "a[3] == \"3-3.25\"",
            "b[1] == \"1.01.3\" | b[1] == \"1.01.2\"",
            "c[2] == \"twe\"",
            "v[1] == 1 & v[2] == . & v[3] == 3",
            "is_byte",
        ],
    );
}

#[test]
fn labels_carry_their_values() {
    holds(
        "set obs 1\nlabel define l 1 \"one\" 2 \"two\" .a \"gone\"\nlabel define k 5 \"five\"\nnumlabel, add mask(\"[#] \")\n\
         local a : label l 1\nlocal b : label k 5\nlocal c : label l .a\nscalar same = \"`a'|`b'|`c'\" == \"[1] one|[5] five|gone\"",
        &["same"],
    );
    assert_eq!(run("numlabel nosuch, add").1, 111);
    assert_eq!(run("label define l 1 \"one\"\nnumlabel l").1, 198);
}

#[test]
fn transitions_and_shares_of_panels() {
    // 0 0 . 1 and 1 1: nothing leads to or from the missing value
    let (log, rc) = run(
        "input id t x\n1 1 0\n1 2 0\n1 3 .\n1 4 1\n2 1 1\n2 2 1\nend\nxtset id t\nxttrans x, freq\nxttab x",
    );
    assert_eq!(rc, 0, "{log}");
    let squeezed = log.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        squeezed.contains("0 | 1 0 | 1 | 100.00 0.00 | 100.00 1 | 0 1 | 1 | 0.00 100.00 | 100.00"),
        "{log}"
    );
    assert!(squeezed.contains("Total | 5 100.00 3 150.00 66.67 (n = 2)"), "{log}");
}

#[test]
fn columns_of_tables_of_means() {
    let data = "set obs 4\ngenerate g = _n > 2\ngenerate x = _n\n";
    for (options, shown, hidden) in [
        ("means", "Mean", "Freq."),
        ("nostandard", "Freq.", "Std. dev."),
        ("nofreq nost", "Mean", "Std. dev."),
    ] {
        let (log, rc) = run(&format!("{data}tabulate g, summarize(x) {options}"));
        assert!(rc == 0 && log.contains(shown) && !log.contains(hidden), "{options}\n{log}");
    }
    assert_eq!(run(&format!("{data}tabulate g, means")).1, 198);
}
