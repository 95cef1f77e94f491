//! Files of `fopen()`, of `mata matsave`, and folders.

use dofile::Session;

/// Runs lines of Mata in an empty folder; each scalar is one.
fn inside(lines: &str, scalars: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut session = Session::default();
    session.cwd = folder.path().to_path_buf();
    let (log, rc) = session.run_captured(lines);
    assert_eq!(rc, 0, "{lines}\n{log}");
    for name in scalars {
        assert_eq!(session.eval_num(name), Ok(1.0), "{name}\n{log}");
    }
}

#[test]
fn text_is_written_read_and_positioned() {
    inside(
        "mata:\nfh = fopen(\"a.txt\", \"w\")\nfput(fh, \"one\")\nfwrite(fh, \"two\")\nfput(fh, \"\")\nfclose(fh)\nfh = fopen(\"a.txt\", \"r\")\nn = 0\nwhile ((line=fget(fh)) != J(0,0,\"\")) {\nn++\nlast = line\n}\nst_numscalar(\"end\", fstatus(fh) == -1)\nfseek(fh, 4, -1)\nst_numscalar(\"at\", fread(fh, 2) == \"tw\" & ftell(fh) == 6)\nfclose(fh)\nst_numscalar(\"n\", n == 2 & last == \"two\")\nst_numscalar(\"w\", _fopen(\"a.txt\", \"w\") == -602)\nst_numscalar(\"m\", _fopen(\"none\", \"r\") == -601)\nfh = fopen(\"a.txt\", \"a\")\nfput(fh, \"three\")\nfclose(fh)\nst_numscalar(\"c\", cat(\"a.txt\") == (\"one\"\\\"two\"\\\"three\"))\nst_numscalar(\"d\", dir(\".\", \"files\", \"*.txt\") == \"a.txt\")\nst_numscalar(\"e\", fileexists(\"a.txt\") & !direxists(\"a.txt\"))\nunlink(\"a.txt\")\nst_numscalar(\"u\", !fileexists(\"a.txt\"))\nst_numscalar(\"h\", _fclose(3) == -3601)\nend",
        &["end", "at", "n", "w", "m", "c", "d", "e", "u", "h"],
    );
}

#[test]
fn matrices_are_saved_and_come_back_with_every_bit() {
    inside(
        "mata: x = (1/3,.\\.a,-0.1); z = (1+2i); s = (\"a b\",\"\"\\\"é\",\"q\"); v = J(0,3,.)\nmata: mata matsave all x z s v\nmata: a = x; b = z; c = s\nmata: mata drop x z s v\ncapture mata matsave all a\nscalar r1 = _rc == 602\nmata matuse all\ncapture mata matuse all\nscalar r2 = _rc == 110\nmata: st_numscalar(\"r3\", a == x & b == z & c == s & cols(v) == 3)\nmata matdescribe all\ncapture mata matuse none\nscalar r4 = _rc == 601",
        &["r1", "r2", "r3", "r4"],
    );
}

#[test]
fn a_file_of_matrices_that_lies_is_refused() {
    for text in [
        "nothing",
        "open engine matrices 1\nx real 2 2\n0\n",
        "open engine matrices 1\nx real 99999999999 99999999999\n",
        "open engine matrices 1\nx string 1 1\nzz\n",
        "open engine matrices 1\nx odd 1 1\n00\n",
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a.mmat"), text).expect("written");
        let mut session = Session::default();
        session.cwd = folder.path().to_path_buf();
        assert_eq!(session.run_captured("mata matuse a").1, 610, "{text}");
    }
}
