//! The exchange with the data, macros, scalars, matrices and results.

use dofile::Session;

const DATA: &str = "set obs 4\ngenerate x = _n\ngenerate byte b = 2*_n\ngenerate str5 s = \"a\" + string(_n)\ngenerate g = mod(_n, 2)\n";

/// After the lines of Mata on the data each expression of the do-file language has its value.
fn after(lines: &str, expressions: &[(&str, f64)]) {
    let mut session = Session::default();
    let (log, rc) = session.run_captured(&format!(
        "quietly {}mata:\n{lines}\nend",
        DATA.replace('\n', "\nquietly ").trim_end_matches("quietly ")
    ));
    assert_eq!(rc, 0, "{lines}\n{log}");
    for (e, want) in expressions {
        let got = session.eval_num(e).expect("a number");
        assert!((got - want).abs() < 1e-12, "{lines}: {e} is {got}, not {want}\n{log}");
    }
}

#[test]
fn copies_of_the_data_leave_it_alone() {
    after(
        "X = st_data(., \"x b\")\nX[1,1] = 99\nst_numscalar(\"a\", X[2,2])\nst_numscalar(\"n\", rows(st_data((2,3), \"x\")))\nst_numscalar(\"m\", sum(st_data(., \"x\", \"g\")))\nst_numscalar(\"i\", st_data(3, st_varindex(\"b\")))\nst_strscalar(\"t\", st_sdata(2, \"s\"))\nst_numscalar(\"l\", sum(st_data(., \"i.g\")[.,2]))\nst_numscalar(\"k\", cols(st_data(., .)))",
        &[
            ("x[1]", 1.0),
            ("a", 4.0),
            ("n", 2.0),
            ("m", 4.0),
            ("i", 6.0),
            ("t == \"a2\"", 1.0),
            ("l", 2.0),
            ("k", 4.0),
        ],
    );
}

#[test]
fn views_are_live_and_their_copies_are_not() {
    after(
        "st_view(V=., ., \"x b\")\nV[1,1] = 50\nC = V\nC[2,1] = 77\nst_numscalar(\"c\", C[1,1])\nst_numscalar(\"isv\", isview(V) + 10*isview(C))\nstata(\"quietly replace x = 8 in 4\")\nst_numscalar(\"d\", V[4,1])\nV[3,2] = 4000\nV[.,1] = V[.,1] :+ 1\nst_view(W=., ., \"x\", \"g\")\nst_numscalar(\"r\", rows(W))\nst_subview(U=., V, (1\\2), 2)\nU[.,.] = (11\\12)\nW = 3\nst_sview(T=., ., \"s\")\nT[2,1] = \"zzzzzz\"",
        &[
            ("x[1]", 51.0),
            ("x[2]", 3.0),
            ("c", 50.0),
            ("isv", 1.0),
            ("d", 8.0),
            ("missing(b[3])", 1.0),
            ("r", 2.0),
            ("b[1]", 11.0),
            ("b[2]", 12.0),
            ("s[2] == \"zzzzz\"", 1.0),
        ],
    );
    // the function gets the view itself
    after("void up(V) V[.,.] = V :+ 100\nst_view(V=., ., \"x\")\nup(V)", &[("x[4]", 104.0)]);
}

#[test]
fn a_view_of_data_that_are_gone_is_an_error() {
    let mut s = Session::default();
    let (log, rc) =
        s.run_captured("set obs 4\ngenerate x = _n\nmata: st_view(V=., ., \"x\")\ndrop in 3/4\nmata: V");
    assert!(rc == 3214 && log.contains("view obs out of range"), "{log}");
    let (log, rc) = s.run_captured("drop x\nmata: V");
    assert!((3212..=3213).contains(&rc), "{log}");
}

#[test]
fn values_are_stored_and_variables_made() {
    after(
        "st_store(., \"x\", (9\\8\\7\\6))\nst_sstore((1\\2), \"s\", (\"p\"\\\"q\"))\nk = st_addvar(\"double\", (\"u\",\"v\"))\nst_store(., k, J(4,2,.5))\n(void) st_addvar(\"str3\", \"w\")\nst_addobs(2)\nst_varlabel(\"u\", \"label\")\nst_varformat(\"u\", \"%5.1f\")\nst_numscalar(\"l\", st_varlabel(\"u\") == \"label\")\nst_numscalar(\"f\", st_varformat(\"u\") == \"%5.1f\")\nst_numscalar(\"t\", st_vartype(\"b\") == \"byte\")\nst_numscalar(\"n\", st_isnumvar(\"x\") + 10*st_isstrvar(\"s\"))\nst_varrename(\"v\", \"vv\")\nst_dropvar(\"g\")\nst_vlmodify(\"lab\", (1\\2), (\"one\"\\\"two\"))\nst_varvaluelabel(\"b\", \"lab\")\nst_numscalar(\"m\", st_vlmap(\"lab\", 2) == \"two\")\nst_numscalar(\"q\", st_vlsearch(\"lab\", \"one\"))\nst_dropobsin(1)",
        &[
            ("x[1]", 8.0),
            ("s[1] == \"q\"", 1.0),
            ("u[1]", 0.5),
            ("vv[2]", 0.5),
            ("_N", 5.0),
            ("c(k)", 6.0),
            ("l", 1.0),
            ("f", 1.0),
            ("t", 1.0),
            ("n", 11.0),
            ("m", 1.0),
            ("q", 1.0),
        ],
    );
}

#[test]
fn macros_scalars_matrices_and_results_are_shared() {
    let text = "local l here\nglobal g there\nscalar s = 4\nmatrix M = (1,2\\3,4)\nmatrix rownames M = a b\nmatrix colnames M = e:c d\nquietly set obs 3\ngenerate x = _n\nquietly summarize x\nmata:\nst_local(\"l2\", st_local(\"l\") + \"!\")\nst_global(\"g2\", st_global(\"g\"))\nst_numscalar(\"s2\", 2*st_numscalar(\"s\"))\nst_matrix(\"N\", 2*st_matrix(\"M\"))\nst_matrixcolstripe(\"N\", st_matrixcolstripe(\"M\"))\nst_matrixrowstripe(\"N\", st_matrixrowstripe(\"M\"))\nst_numscalar(\"r(extra)\", st_numscalar(\"r(mean)\") + 1)\nst_global(\"r(txt)\", \"words\")\nst_numscalar(\"none\", rows(st_numscalar(\"nosuch\")))\nst_numscalar(\"e1\", st_matrix(\"nosuch\") == J(0,0,.))\nst_global(\"x[note]\", \"char\")\nst_numscalar(\"level\", st_numscalar(\"c(level)\"))\nname = st_tempname()\nst_numscalar(name, 5)\nst_numscalar(\"tmp\", st_numscalar(name))\nend\nscalar a = \"`l2'\" == \"here!\"\nscalar b = \"$g2\" == \"there\"\nscalar c = N[2,\"d\"]\nscalar d = r(extra)\nscalar e = \"`r(txt)'\" == \"words\"\nscalar f = \"`x[note]'\" == \"char\"\nmata: st_rclear()\nscalar h = missing(r(mean))";
    let mut s = Session::default();
    let (log, rc) = s.run_captured(text);
    assert_eq!(rc, 0, "{log}");
    for (name, want) in [
        ("a", 1.0),
        ("b", 1.0),
        ("s2", 8.0),
        ("c", 8.0),
        ("d", 3.0),
        ("e", 1.0),
        ("f", 1.0),
        ("none", 0.0),
        ("e1", 1.0),
        ("level", 95.0),
        ("tmp", 5.0),
        ("h", 1.0),
    ] {
        assert_eq!(s.eval_num(name), Ok(want), "{name}\n{log}");
    }
}

#[test]
fn commands_run_from_mata_with_their_return_codes() {
    let text = "quietly set obs 3\nmata:\nstata(\"generate x = _n\")\nrc = _stata(\"generate x = 1\", 1)\nst_numscalar(\"rc\", rc)\nst_local(\"n\", \"2\")\nstata(\"scalar a = `n' + 1\")\nst_numscalar(\"k\", st_nvar() + 10*st_nobs())\nend\nmata: st_framecreate(\"f\"); st_framecurrent(\"f\"); st_numscalar(\"fn\", st_nobs()); st_framecurrent(\"default\")\nscalar n = _N";
    let mut s = Session::default();
    let (log, rc) = s.run_captured(text);
    assert_eq!(rc, 0, "{log}");
    for (name, want) in [("rc", 110.0), ("a", 3.0), ("k", 31.0), ("fn", 0.0), ("n", 3.0)] {
        assert_eq!(s.eval_num(name), Ok(want), "{name}\n{log}");
    }
}

#[test]
fn draws_are_those_of_the_do_file_language() {
    let text = "set seed 12345\nquietly set obs 3\ngenerate double u = runiform()\ngenerate double z = rnormal()\nset seed 12345\nmata:\nu = runiform(3,1)\nz = rnormal(3,1,0,1)\nst_numscalar(\"a\", u == st_data(., \"u\"))\nst_numscalar(\"b\", z == st_data(., \"z\"))\nrseed(7)\nx = runiform(2,2)\nrseed(7)\nst_numscalar(\"c\", x == runiform(2,2))\nst_numscalar(\"d\", all(runiformint(50,1,3,5):>=3) & rows(jumble((1\\2\\3))) == 3)\nst_numscalar(\"e\", rows(rnormal(1,1,(0\\100),1)) == 2)\nend";
    let mut s = Session::default();
    let (log, rc) = s.run_captured(text);
    assert_eq!(rc, 0, "{log}");
    for name in ["a", "b", "c", "d", "e"] {
        assert_eq!(s.eval_num(name), Ok(1.0), "{name}\n{log}");
    }
}
