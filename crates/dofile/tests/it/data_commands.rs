//! Commands that make, describe and split data: draws, settings of factors, episodes of survival times, the order of rows.

use dofile::Session;
use dofile::frame::{Column, Frame, StorageType, Variable};
use dofile::value::{MISSING, missing};

fn run(text: &str) -> (String, i32) {
    Session::default().run_captured(text)
}

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
        ("stsplit b, at(5) after(time = 3)", 199),
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
