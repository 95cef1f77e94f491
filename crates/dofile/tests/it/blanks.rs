//! Several blanks between words, as authors of do-files align their lines.

use dofile::Session;

fn prints(text: &str, want: &str) {
    let (got, rc) = Session::default().run_captured(text);
    assert_eq!((got.as_str(), rc), (want, 0), "in\n{text}");
}

#[test]
fn several_blanks_are_one() {
    prints("foreach   v   in   a   b   {\ndisplay \"`v'\"\n}", "a\nb\n");
    prints("foreach i   of   numlist   1/2   {\ndisplay `i'\n}", "1\n2\n");
    prints(
        "quietly set obs 2\nquietly generate x = _n\nquietly generate g = 1\ncollapse   (mean)   m   =   x,   by(g)\ndisplay m[1]",
        "1.5\n",
    );
    prints("local t : piece   1   5   of   \"ab cd ef\"\ndisplay \"`t'\"", "ab cd\n");
    prints(
        "tempfile f\nfile   open   h   using   `f',   w   replace\nfile   close   h\ndisplay \"done\"",
        "done\n",
    );
}
