//! Statements, operators, types, functions, structures, pointers, blocks in do-files.

use super::{fails, holds, mata, shows};
use dofile::Session;

#[test]
fn values_are_shown_unless_they_are_assigned() {
    shows(
        "x = 2\nx\n\"hi\"\n(1,2\\3,4)",
        "  2\n  hi\n       1   2\n    +---------+\n  1 |  1   2  |\n  2 |  3   4  |\n    +---------+",
    );
    shows("(void) 5\nx = y = 3\nx++\nJ(0,0,.)\n-.5", "  -.5");
    // [M-1] First: element-by-element results of a scalar function
    shows(
        "sqrt((1,2\\3,4\\5,6))",
        "                 1             2\n    +-----------------------------+\n  1 |            1   1.414213562  |\n  2 |  1.732050808             2  |\n  3 |  2.236067977   2.449489743  |\n    +-----------------------------+",
    );
    shows("pi()\n1e10\n.\n.a\n1/0", "  3.141592654\n  1.00000e+10\n  .\n  .a\n  .");
}

#[test]
fn operators_follow_their_rules() {
    holds(
        "a = (1,2\\3,4)",
        &[
            "a*a == (7,10\\15,22)",
            "a:*a == (1,4\\9,16)",
            "a' == (1,3\\2,4)",
            "a:+1 == (2,3\\4,5)",
            "a:/(1\\2) == (1,2\\1.5,2)",
            "a:-(1,2) == (0,0\\2,2)",
            "2*a == a+a",
            "a/2 == (.5,1\\1.5,2)",
            "-2^2 == -4",
            "2^3 == 8",
            "(1,2)#(1\\1) == (1,2\\1,2)",
            "(1..4) == (1,2,3,4)",
            "(4::2) == (4\\3\\2)",
            "(1.5..3.2) == (1.5,2.5)",
            "a'a == a'*a",
            "(a:>2) == (0,0\\1,1)",
            "!(a==(1,2\\3,5))",
            "(a!=(1,2))",
            "(1<2) & (2<3)",
            "0 | 1",
            "!(0 && nosuch(1))",
            "1 || nosuch(1)",
            "(1 ? 5 : 6) == 5",
            "(\"a\",\"b\") + (\"c\",\"d\") == (\"ac\",\"bd\")",
            "3*\"ab\" == \"ababab\"",
            "\"a\" < \"b\"",
            ". > 1e300",
            "(.a > .) & (.+1 == .)",
            "sum((1,.,3)) == 4",
            "sum((1,.,3), 1) == .",
            "(1,.\\3,4)*(1\\1) == (.\\7)",
            "(J(2,0,.)*J(0,3,.)) == J(2,3,0)",
        ],
    );
}

#[test]
fn complex_numbers_have_their_arithmetic() {
    holds(
        "z = 3+4i",
        &[
            "abs(z) == 5",
            "conj(z) == 3-4i",
            "Re(z) == 3 & Im(z) == 4",
            "z*conj(z) == C(25)",
            "(z')' == z",
            "abs(sqrt(C(-4)) - 2i) < 1e-15",
            "sqrt(-4) == .",
            "eltype(z) == \"complex\"",
            "(1,2i)' == (1\\-2i)",
            "abs(exp(C(0,pi())) + 1) < 1e-15",
            "iscomplex(C(1)) & !iscomplex(1)",
            "max(abs(luinv((1,1i\\2,3))*(1,1i\\2,3) - I(2))) < 1e-15",
        ],
    );
}

#[test]
fn subscripts_read_and_assign_parts() {
    holds(
        "x = (1,2,3\\4,5,6)\nx[2,.] = (7,8,9)\nx[.,1] = (10\\11)\ny = x\ny[1,1] = 0\nv = (5,6,7)\nv[(1,3)] = (1,2)\nw = J(3,3,0)\nw[|1,2\\2,3|] = (1,2\\3,4)\nz = 1\nz[1] = 4",
        &[
            "x == (10,2,3\\11,8,9)",
            "y[1,1] == 0",
            "v == (1,6,2)",
            "w == (0,1,2\\0,3,4\\0,0,0)",
            "x[2,3] == 9",
            "x[(2\\1),(3,1)] == (9,11\\3,10)",
            "x[1,] == (10,2,3)",
            "x[,2] == (2\\8)",
            "x[|1,2\\2,3|] == (2,3\\8,9)",
            "x[|1,2\\.,.|] == (2,3\\8,9)",
            "v[|2\\3|] == (6,2)",
            "(1\\2\\3)[(3\\1)] == (3\\1)",
            "z == 4",
            "x[(1,1,2),1] == (10\\10\\11)",
        ],
    );
}

#[test]
fn statements_control_the_flow() {
    shows(
        "for (i=1; i<=6; i++) {\nif (i==2) continue\nif (i==5) break\nprintf(\"%g \", i)\n}\nk = 3\nwhile (k) printf(\"%g \", k--)\ndo {\nk++\n} while (k < 4)\nprintf(\"%g\\n\", k)",
        "1 3 4 3 2 1 4",
    );
    shows("if (0) \"a\"\nelse if (0) \"b\"\nelse {\n\"c\"\n}", "  c");
    shows("x = 5; y = 6; x + y", "  11");
    shows("x = (1,\n     2,\n     3)\nsum(x) +\n1", "  7");
    shows("a = 1 // note\nb = 2 /* more */ + 3\na + ///\n  b", "  6");
}

#[test]
fn functions_have_types_optional_arguments_and_references() {
    shows(
        "real scalar f(real scalar a, | real scalar b, string scalar c)\n{\nif (args() == 1) return(a)\nreturn(a + (b==. ? 100 : b) + strlen(c))\n}\nf(1)\nf(1, 2)\nf(1, ., \"abc\")",
        "  1\n  3\n  104",
    );
    // arguments are passed by address
    shows("void twice(x) x = 2*x\na = 4\ntwice(a)\na\nb = (1,2)\ntwice(b[1])\nb[1]", "  8\n  1");
    shows("function f(x) {\nx = x + 1\nreturn(x)\n}\na = 1\nf(a) + f(a)", "  5");
    shows(
        "real rowvector g(n) {\nreal scalar i\nreal rowvector out\nout = J(1,0,.)\nfor (i=1;i<=n;i++) out = out, i^2\nreturn(out)\n}\ng(3)",
        "       1   2   3\n    +-------------+\n  1 |  1   4   9  |\n    +-------------+",
    );
    shows("x = 7\nvoid f() {\nexternal real scalar x\nx = x + 1\n}\nf()\nx", "  8");
    shows("real scalar fact(real scalar n) return(n<=1 ? 1 : n*fact(n-1))\nfact(10)", "  3628800");
    // an expression in a function is shown as well
    shows("function show(a, b)\n{\n\"the answer is\"\na+b\n}\nshow(2, 3)", "  the answer is\n  5");
}

#[test]
fn structures_are_copied_and_nested() {
    holds(
        "struct point {\nreal scalar x, y\n}\nstruct line {\nstruct point scalar from, to\nstring scalar name\n}\nstruct line scalar make(real scalar a)\n{\nstruct line scalar l\nl.from.x = a\nl.to.y = 2*a\nl.name = \"l\"\nreturn(l)\n}\nreal scalar length_of(struct line scalar l) return(sqrt((l.to.x-l.from.x)^2 + (l.to.y-l.from.y)^2))\nvoid shift(struct point scalar p) p.x = p.x + 1\nreal scalar change()\n{\nstruct point scalar p, q\np.x = 1\nq = p\nq.x = 5\nshift(p)\nreturn(p.x*10 + q.x)\n}\nreal scalar many()\n{\nstruct point vector v\nreal scalar i, s\nv = point(3)\nfor (i=1;i<=3;i++) v[i].x = i\ns = 0\nfor (i=1;i<=3;i++) s = s + v[i].x\nreturn(s)\n}\nl = make(3)",
        &[
            "l.from.x == 3",
            "l.to.y == 6",
            "l.name == \"l\"",
            "l.from.y == .",
            "change() == 25",
            "many() == 6",
            "eltype(l) == \"struct\"",
        ],
    );
    fails(
        "struct p {\nreal scalar x\n}\nvoid f() {\nstruct p scalar a\na.z = 1\n}\nf()",
        3000,
        "no member z",
    );
}

#[test]
fn pointers_reach_variables_and_functions() {
    holds(
        "a = 5\np = &a\n*p = 9\nreal scalar plus(x, y) return(x+y)\nf = &plus()\nq = (&(1..3), &\"t\", NULL)\nreal scalar apply(pointer(real scalar function) scalar g, x) return((*g)(x, 10))\nstruct node {\nreal scalar v\npointer(struct node scalar) scalar next\n}\nreal scalar total(pointer(struct node scalar) scalar p)\n{\nreal scalar s\ns = 0\nwhile (p != NULL) {\ns = s + p->v\np = p->next\n}\nreturn(s)\n}\nreal scalar chain()\n{\nstruct node scalar a, b\na.v = 1\nb.v = 2\na.next = &b\nreturn(total(&a))\n}",
        &[
            "a == 9",
            "(*f)(2,3) == 5",
            "*q[1] == (1,2,3)",
            "(*q[1])[2] == 2",
            "q[3] == NULL",
            "apply(&plus(), 4) == 14",
            "chain() == 3",
            "q[1] != q[2]",
        ],
    );
}

#[test]
fn blocks_stand_in_programs_loops_and_braces() {
    let mut s = Session::default();
    let text = "program define p\nargs n\nmata: st_local(\"twice\", strofreal(2*`n'))\nreturn clear\nc_local twice `twice'\nend\nlocal total 0\nforvalues i = 1/3 {\nmata: st_local(\"sq\", strofreal(`i'^2))\nlocal total = `total' + `sq'\n}\nscalar a = `total'\nforvalues i = 1/2 {\nmata:\nx = `i'\nst_numscalar(\"b`i'\", 10*x)\nend\n}\nmata {\nfor (i=1; i<=2; i++) {\ny = i\n}\nst_numscalar(\"c\", y)\n}\nquietly mata:\nshown = 1\nshown\nend\n#delimit ;\nmata: ;\nz = 0;\nfor (i=1; i<=4; i++) z = z + i;\nst_numscalar(\"d\", z);\nend ;\n#delimit cr\ncapture mata: nosuch\nscalar e = _rc\ncapture noisily mata:\nnosuch()\nend\nscalar f = _rc";
    let (log, rc) = s.run_captured(text);
    assert_eq!(rc, 0, "{log}");
    for (name, want) in
        [("a", 14.0), ("b1", 10.0), ("b2", 20.0), ("c", 2.0), ("d", 10.0), ("e", 3499.0), ("f", 3499.0)]
    {
        assert_eq!(s.eval_num(name), Ok(want), "{name}\n{log}");
    }
    assert!(!log.contains("  1\n"), "{log}");
}

#[test]
fn macros_are_substituted_line_by_line() {
    let text = "local RS real scalar\nmata:\nst_local(\"n\", \"7\")\nx = `n'\n`RS' f(`RS' a) return(a*`n')\nst_numscalar(\"a\", f(x))\nst_numscalar(\"b\", rows((1\\2)'))\nend";
    let mut s = Session::default();
    let (log, rc) = s.run_captured(text);
    assert_eq!((rc, s.eval_num("a"), s.eval_num("b")), (0, Ok(49.0), Ok(1.0)), "{log}");
}

#[test]
fn the_echo_of_a_block_has_its_prompts() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.do");
    std::fs::write(&file, "mata:\nx = 1\nx\nreal scalar f(real scalar a)\n{\n    return(a)\n}\nend\n")
        .expect("written");
    let program = env!("CARGO_BIN_EXE_dofile");
    let run = std::process::Command::new(program).args(["-b", "do", "a.do"]).current_dir(&folder).status();
    assert!(run.expect("the engine runs").success());
    let log = std::fs::read_to_string(folder.path().join("a.log")).expect("a log");
    let rule = format!("{} mata (type end to exit) -----", "-".repeat(49));
    let want = format!(
        ". mata:\n{rule}\n: x = 1\n\n: x\n  1\n\n: real scalar f(real scalar a)\n> {{\n>     return(a)\n> }}\n\n: end\n{}\n",
        "-".repeat(79)
    );
    assert!(log.contains(&want), "{log}");
}

#[test]
fn commands_of_mata_manage_names() {
    holds(
        "mata drop nosuch*\na = 1\nb = 2\nmata drop a\nc = 3\nmata rename c d",
        &["d == 3", "findexternal(\"a\") == NULL"],
    );
    let (log, rc) = mata("x = (1,2\\3,4)\nfunction f() return(1)\nmata describe");
    assert!(rc == 0 && log.contains("real matrix                 x[2,2]") && log.contains("f()"), "{log}");
    fails("mata set matastrict on\nfunction f() {\nx = 1\n}", 3000, "variable x undeclared");
    let clears = "mata: x = 1\nmata clear\ncapture mata: x\nglobal a = _rc\nmata: x = 1\nclear all\ncapture mata: x\nglobal b = _rc\nmata: x = 1\nclear mata\ncapture mata: x\nglobal c = _rc\nmata: x = 1\nclear\ncapture mata: x\nglobal d = _rc";
    let mut s = Session::default();
    assert_eq!(s.run_captured(clears).1, 0);
    let codes = ["a", "b", "c", "d"].map(|n| s.global(n).to_string());
    assert_eq!(codes, ["3499", "3499", "3499", "0"]);
}

#[test]
fn associative_arrays_and_tokenizers_keep_their_state() {
    // [M-5] asarray(), examples 1 and 3
    holds(
        "A = asarray_create()\nasarray(A, \"bill\", 1.25)\nasarray(A, \"mary\", 2.75)\nasarray(A, \"dan\", 1.5)\nasarray(A, \"mary\", 3.25)\nB = A\nasarray(B, \"bill\", 0)\nsum = 0\nfor (loc=asarray_first(A); loc!=NULL; loc=asarray_next(A, loc)) {\nsum = sum + asarray_contents(A, loc)\n}\nM = asarray_create(\"real\", 2)\nasarray_notfound(M, 0)\nasarray(M, (1000,999), .5)\nasarray_remove(A, \"dan\")",
        &[
            "sum == 6",
            "asarray(A, \"bill\") == 1.25",
            "asarray(B, \"bill\") == 0",
            "asarray_elements(A) == 2",
            "asarray(M, (2,2)) == 0",
            "asarray(M, (1000,999)) == .5",
            "sort(asarray_keys(A), 1) == (\"bill\"\\\"mary\")",
            "!asarray_contains(A, \"dan\")",
        ],
    );
    holds(
        "t = tokeninit(\" \", (\"=\",\"<=\"), (\"()\"))\ntokenset(t, \"a<=b (c d)=e\")\nall = tokengetall(t)\nfirst = tokenget(t)",
        &[
            "all == (\"a\",\"<=\",\"b\",\"(c d)\",\"=\",\"e\")",
            "first == \"a\"",
            "tokenrest(t) == \"<=b (c d)=e\"",
        ],
    );
}

#[test]
fn texts_have_their_functions() {
    holds(
        "",
        &[
            "tokens(`\"a \"b c\" d\"') == (\"a\",\"b c\",\"d\")",
            "invtokens((\"a\",\"b\"), \"-\") == \"a-b\"",
            "tokens(\"a,b\", \",\") == (\"a\",\",\",\"b\")",
            "substr(\"hello\", 2, 3) == \"ell\"",
            "substr((\"hello\",\"world\"), -2) == (\"lo\",\"ld\")",
            "subinstr(\"aaa\", \"a\", \"b\") == \"bbb\"",
            "subinstr(\"aaa\", \"a\", \"b\", 2) == \"bba\"",
            "strpos((\"abc\",\"xbz\"), \"b\") == (2,2)",
            "strlen((\"abc\",\"\")) == (3,0)",
            "strupper(\"abc\") == \"ABC\"",
            "strofreal((1.5,.)) == (\"1.5\",\".\")",
            "strofreal(2, \"%5.2f\") == \" 2.00\"",
            "strtoreal((\"1.5\",\"x\")) == (1.5,.)",
            "regexm(\"abc123\", \"([a-z]+)([0-9]+)\")",
            "regexs(2) == \"123\"",
            "ustrregexra(\"a1b2\", \"[0-9]\", \"\") == \"ab\"",
            "strmatch(\"abc\", \"a*\")",
            "ascii(\"AB\") == (65,66)",
            "char((72,105)) == \"Hi\"",
            "sprintf(\"%5.2f|%s|%g|%%\", pi(), \"x\", 2) == \" 3.14|x|2|%\"",
            "sprintf(\"%-5s|%5s\", \"a\", \"b\") == \"a    |    b\"",
            "inbase(16, 255) == \"ff\"",
            "frombase(2, \"1011\") == 11",
            "pathbasename(\"a/b.do\") == \"b.do\"",
            "pathsuffix(\"a/b.do\") == \".do\"",
            "pathjoin(\"a\", \"b\") == \"a/b\"",
            "strdup(2, \"ab\") == \"abab\"",
            "mdy(1,2,1960) == 1",
            "strtrim(\"  a b \") == \"a b\"",
        ],
    );
}

#[test]
fn matrices_have_their_utilities() {
    holds(
        "X = (3,1\\1,2\\2,9\\1,0)",
        &[
            "sort(X, 1) == (1,2\\1,0\\2,9\\3,1)",
            "sort(X, (1,2)) == (1,0\\1,2\\2,9\\3,1)",
            "sort(X, (-1,2)) == (3,1\\2,9\\1,0\\1,2)",
            "order(X, 2) == (4\\1\\2\\3)",
            "uniqrows((2\\1\\2)) == (1\\2)",
            "uniqrows((2\\1\\2), 1) == (1,1\\2,2)",
            "uniqrows((\"b\"\\\"a\"\\\"b\")) == (\"a\"\\\"b\")",
            "select(X, X[.,1]:==1) == (1,2\\1,0)",
            "select(X, (0,1)) == (1\\2\\9\\0)",
            "selectindex((0,1,1)) == (2,3)",
            "rowmax(X) == (3\\2\\9\\1)",
            "colmin(X) == (1,0)",
            "minmax(X) == (0,9)",
            "max((1,.,7)) == 7",
            "minmax((1,.), 1) == (1,.)",
            "rowmissing((1,.\\.,.)) == (1\\2)",
            "missing((1,.a)) == 1 & nonmissing((1,.a)) == 1",
            "rowshape((1,2,3\\4,5,6), 3) == (1,2\\3,4\\5,6)",
            "vec((1,2\\3,4)) == (1\\3\\2\\4)",
            "vech((1,2\\2,3)) == (1\\2\\3)",
            "diag((1,2)) == (1,0\\0,2)",
            "diagonal((1,2\\3,4)) == (1\\4)",
            "lowertriangle((1,2\\3,4)) == (1,0\\3,4)",
            "makesymmetric((1,9\\3,4)) == (1,3\\3,4)",
            "range(0, 1, .25) == (0\\.25\\.5\\.75\\1)",
            "rangen(0, 1, 3) == (0\\.5\\1)",
            "J(2,2,\"a\") == (\"a\",\"a\"\\\"a\",\"a\")",
            "J(1,2,(1,2)) == (1,2,1,2)",
            "I(2) == (1,0\\0,1) & e(2,3) == (0,1,0)",
            "invorder((2,3,1)) == (3,1,2)",
            "editmissing((1,.), 0) == (1,0)",
            "anyof((1,2), 2) & allof((2,2), 2)",
            "mreldif((1,2), (1,2.3)) < .1",
            "issymmetric((1,2\\2,1)) & !issymmetric((1,2\\3,1))",
            "rows(J(0,3,.)) == 0 & cols(J(0,3,.)) == 3",
            "length((1,2,3)) == 3 & orgtype((1,2)) == \"rowvector\"",
            "invsym((1,1,0\\1,1,0\\0,0,2)) == (1,0,0\\0,0,0\\0,0,.5)",
            "diag0cnt(invsym((1,1\\1,1))) == 1",
            "cholesky((1,2\\2,1)) == J(2,2,.)",
            "luinv((1,2\\2,4)) == J(2,2,.)",
        ],
    );
    // [M-5] minindex()
    holds(
        "v = (3,2,3,2,3,3)\nminindex(v, 2, i=., w=.)\nmaxindex(v, 1, k=., u=.)",
        &["i == (2\\4\\1\\3\\5\\6)", "w == (1,2\\3,4)", "k == (1\\3\\5\\6)"],
    );
}
