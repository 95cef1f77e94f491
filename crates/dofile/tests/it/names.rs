//! Names that scripts read: rows and columns of matrices, columns of `r(table)` after `margins`.
//! Sources: [P] matrix define; [R] margins, contrast (columns of `r(b)` as `matrix list` shows them).

use dofile::Session;

/// What a macro function returns at the end of a do-file.
fn macro_of(text: &str, function: &str) -> String {
    let (log, rc) =
        Session::default().run_captured(&format!("{text}\nlocal found : {function}\ndisplay \"`found'\""));
    assert_eq!(rc, 0, "{text}\n{log}");
    log.lines().last().unwrap_or_default().to_string()
}

#[test]
fn a_literal_numbers_its_rows_and_columns() {
    assert_eq!(macro_of("matrix A = (1,2\\3,4)", "rownames A"), "r1 r2");
    assert_eq!(macro_of("matrix A = (1,2\\3,4)", "colnames A"), "c1 c2");
    assert_eq!(macro_of("matrix A = (1\\-2\\sqrt(9))", "rownames A"), "r1 r2 r3");
    assert_eq!(macro_of("matrix A = (1,2)\nmatrix colnames A = x y\nmatrix B = A\\A", "colnames B"), "x y");
    // a stored matrix of one element keeps its names too, a number has none
    let one = "set obs 20\ngenerate y = mod(_n, 3)\nquietly regress y\n";
    assert_eq!(macro_of(&format!("{one}matrix B = e(b)"), "colnames B"), "_cons");
    assert_eq!(macro_of(&format!("{one}matrix B = e(V)"), "rownames B"), "_cons");
    assert_eq!(macro_of(&format!("{one}matrix B = e(N)"), "colnames B"), "c1");
}

const MODEL: &str = "set obs 60
generate x = mod(7*_n, 11)
generate vs = mod(_n, 2)
generate cyl = 4 + 2*mod(_n, 3)
generate y = x + cyl + vs + mod(_n, 5)
quietly regress y i.cyl##i.vs x
quietly ";

#[test]
fn columns_after_margins() {
    for (command, want) in [
        ("margins cyl", "4bn.cyl 6.cyl 8.cyl"),
        ("margins vs cyl", "0bn.vs 1.vs 4bn.cyl 6.cyl 8.cyl"),
        ("margins, at(x=(2 5))", "1bn._at 2._at"),
        ("margins vs, at(x=(2 5))", "1bn._at#0bn.vs 1bn._at#1.vs 2._at#0bn.vs 2._at#1.vs"),
        ("margins, over(vs)", "0bn.vs 1.vs"),
        ("margins, dydx(x cyl)", "4b.cyl 6.cyl 8.cyl x"),
        ("margins r.cyl", "r6vs4.cyl r8vs4.cyl"),
        ("margins g.cyl", "g4.cyl g6.cyl g8.cyl"),
        ("margins h.cyl", "h4.cyl h6.cyl"),
        ("margins p.cyl", "p1.cyl p2.cyl"),
        ("margins r.cyl@vs", "r6vs4.cyl@0bn.vs r6vs4.cyl@1.vs r8vs4.cyl@0bn.vs r8vs4.cyl@1.vs"),
        ("contrast r.cyl@vs", "r6vs4.cyl@0bn.vs r6vs4.cyl@1.vs r8vs4.cyl@0bn.vs r8vs4.cyl@1.vs"),
    ] {
        let text = format!("{MODEL}{command}\nmatrix T = r(table)");
        assert_eq!(macro_of(&text, "colnames T"), want, "{command}");
    }
    let text = format!("{MODEL}margins cyl, pwcompare\nmatrix T = r(table_vs)");
    assert_eq!(macro_of(&text, "colnames T"), "6vs4.cyl 8vs4.cyl 8vs6.cyl");
}

/// [R] truncreg: the equation of the outcome is `eq1`. [R] heckman: `/mills:lambda` after the two equations; the
/// selection equation has the name of its own outcome where `select()` gives one.
#[test]
fn equations_of_limited_models() {
    const DATA: &str = "set obs 80
generate x = mod(7*_n, 11)
generate z = mod(5*_n, 13)
generate s = z + mod(3*_n, 7) > 8
generate y = x + mod(_n, 5) + z/4 if s
quietly ";
    for (command, want) in [
        ("truncreg y x, ll(-20)", "eq1 eq1 /"),
        ("heckman y x, select(s = z) twostep", "y y s s /mills"),
        ("heckman y x, select(z) twostep", "y y select select /mills"),
    ] {
        for matrix in ["e(b)", "r(table)"] {
            let text = format!("{DATA}{command}\nmatrix T = {matrix}");
            assert_eq!(macro_of(&text, "coleq T"), want, "{command}: {matrix}");
        }
    }
}

/// [R] heckman, the two-step example: the table has a block `/mills` with the row `lambda`, and the coefficient has the
/// names `[/mills]lambda` and, in older do-files, `[mills]lambda`.
#[test]
fn lambda_stands_under_the_name_of_its_equation() {
    const DATA: &str = "set obs 80
generate x = mod(7*_n, 11)
generate z = mod(5*_n, 13)
generate s = z + mod(3*_n, 7) > 8
generate y = x + mod(_n, 5) + z/4 if s
";
    let text = format!(
        "{DATA}heckman y x, select(s = z) twostep\nestimates store two\nestimates table two\nscalar l = e(lambda)
assert _b[/mills:lambda] == l & [/mills]_b[lambda] == l & [mills]_b[lambda] == l & [/mills]lambda == l & [mills]lambda == l
assert reldif(_se[/mills:lambda], e(selambda)) < 1e-12\nheckman, coeflegend
test [mills]lambda\nscalar chi2 = r(chi2)\nlincom [/mills]lambda\nassert reldif(r(estimate), l) < 1e-12
assert reldif(chi2, (r(estimate)/r(se))^2) < 1e-10\ntest _b[/mills:lambda] = 0\nassert reldif(r(chi2), chi2) < 1e-12
nlcom _b[/mills:lambda]*2\nmatrix N = r(b)\nassert reldif(N[1,1], 2*l) < 1e-12"
    );
    let (log, rc) = Session::default().run_captured(&text);
    assert_eq!(rc, 0, "{log}");
    assert!(log.contains("\n/mills       |\n      lambda |  "), "{log}");
    assert!(!log.contains("/lambda"), "{log}");
    assert_eq!(log.matches("\n/mills       |\n      lambda |").count(), 3, "{log}");
    assert!(log.contains("_b[/mills:lambda]\n"), "{log}");
}

/// [R] xi: `i.agegrp*i.race` gives `_Iagegrp_#`, `_Irace_#` and `_IageXrac_#_#`; `i.agegrp*wgt` gives `wgt` and
/// `_IageXwgt_#`; `i.agegrp|wgt` leaves out `_Iagegrp_#`.
#[test]
fn variables_of_xi() {
    const DATA: &str = "set obs 60
generate agegrp = 1 + mod(_n, 3)
generate race = 1 + mod(7*_n, 2)
generate wgt = mod(_n*_n, 11)
generate y = wgt + mod(5*_n, 7) + race
";
    for (terms, want) in [
        ("i.agegrp", "_Iagegrp_2 _Iagegrp_3 _cons"),
        ("i.agegrp*i.race", "_Iagegrp_2 _Iagegrp_3 _Irace_2 _IageXrac_2_2 _IageXrac_3_2 _cons"),
        ("i.agegrp*wgt", "_Iagegrp_2 _Iagegrp_3 wgt _IageXwgt_2 _IageXwgt_3 _cons"),
        ("i.agegrp|wgt", "wgt _IageXwgt_2 _IageXwgt_3 _cons"),
    ] {
        let text = format!("{DATA}xi: quietly regress y {terms}\nmatrix T = e(b)");
        assert_eq!(macro_of(&text, "colnames T"), want, "{terms}");
    }
    let text = format!("{DATA}char agegrp[omit] 3\nxi i.race i.agegrp\nregress y _I*\nmatrix T = e(b)");
    assert_eq!(macro_of(&text, "colnames T"), "_Irace_2 _Iagegrp_1 _Iagegrp_2 _cons");
}
