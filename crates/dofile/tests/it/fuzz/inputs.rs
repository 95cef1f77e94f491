//! Makes inputs for the interpreter that look like do-files, half like do-files, or like nothing: random bytes,
//! soups of words, and the examples of all commands after damage. The same seed gives the same input.

use dofile::Session;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// xorshift64* (Vigna 2016).
pub(super) struct Random(u64);

impl Random {
    /// Starts from a number.
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() >> 16) as usize % n.max(1)
    }

    fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }
}

const WORDS: &[&str] = &[
    "x",
    "y",
    "z",
    "g",
    "s",
    "id",
    "_n",
    "_N",
    "_all",
    "_b[x]",
    "_se[x]",
    "_cons",
    "if",
    "in",
    "1/3",
    "f/l",
    "-1",
    "0",
    "1",
    "2",
    "3",
    "1e308",
    "-1e-308",
    ".",
    ".a",
    ".z",
    "1e999",
    "0x",
    "\"a\"",
    "`\"b\"'",
    "\"",
    "`",
    "'",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    "=",
    "==",
    "!=",
    "~=",
    ">=",
    "<",
    "&",
    "|",
    "+",
    "-",
    "*",
    "/",
    "^",
    "!",
    "~",
    "#",
    "##",
    "i.",
    "c.",
    "2.g",
    "L.x",
    "D2.x",
    "F(1/3).y",
    "o.x",
    "ib2.g",
    "i.g##c.x",
    "[fw=g]",
    "[aw=x]",
    "[pw=y]",
    "using",
    ":",
    "::",
    "`x'",
    "`=1+1'",
    "`:word 1 of a b'",
    "``x''",
    "$x",
    "${x}",
    "`++i'",
    "`macval(x)'",
    "///",
    "//",
    "/*",
    "*/",
    "* c",
    "#delimit ;",
    ";",
    "\n",
    "\n",
    "\n",
    "\t",
    "é",
    "变量",
    "\u{202e}",
    "\u{0}",
    "%9.2f",
    "%td",
    "%tc",
    "%20s",
    "%-5s",
    "replace",
    "clear",
    "detail",
    "noconstant",
    "vce(robust)",
    "vce(cluster g)",
    "by(g)",
    "generate(new)",
    "level(95)",
    "r(mean)",
    "e(b)",
    "e(V)",
    "c(N)",
    "c(pi)",
    "r(table)",
    "1:1",
    "m:1",
    "end",
    "foreach v of varlist x y {",
    "forvalues i = 1/3 {",
    "while 1 {",
    "while `i' < 3 {",
    "if x > 1 {",
    "else {",
    "program define p",
    "quietly {",
    "capture {",
    "capture noisily",
    "bysort g:",
    "by g, sort:",
    "quietly",
    "noisily",
    "version 15:",
    "local x 1",
    "local ++i",
    "global x `x'",
    "scalar k = 1",
    "matrix A = (1,2\\3,4)",
    "matrix B = A*A'",
    "A[1,1]",
    "inv(A)",
    "tempvar t",
    "args a b",
    "syntax varlist [if] [, opt(string)]",
    "set obs 10",
    "input a b",
    "_pctile",
    "mean(",
    "runiform()",
    "cond(x>1,2,3)",
    "substr(s,1,2)",
    "regexm(s,\"(a|b)*\")",
    "date(\"1jan2020\",\"DMY\")",
    "ttail(3,",
    "sum(x)",
    "x[_n-1]",
    "x[1e9]",
    "J(2,2,0)",
    "J(1e9,1e9,0)",
    "set obs 1e12",
    "expand 1e9",
    "strdup(\"a\",1e9)",
    "xtset g",
    "tsset id",
    "estimates store m",
    "test x",
    "margins",
    "predict p",
    "lincom x",
    "statsby, by(g) clear:",
    "bootstrap, reps(3):",
    "jackknife:",
    "simulate, reps(2):",
    "permute x m=r(mean), reps(2):",
    "local a `a'`a'x",
    "ipolate y x, gen(q)",
    "mkspline k = x, cubic",
    "stack x y, into(q) clear",
    "fillin g id",
    "xpose, clear",
    "sample 50",
    "split s, parse(\" \")",
    "putdocx begin",
    "putdocx table t = etable",
    "putexcel A1 = (1)",
    "reshape long x, i(id) j(k)",
];

/// A session with a little data, in a folder of its own.
pub(super) fn session(folder: &std::path::Path) -> Session {
    let mut s = Session::default();
    s.cwd = folder.to_path_buf();
    s.temp_dir = folder.to_path_buf();
    s.bound_memory(64 << 20);
    let data = "set obs 24\ngenerate id = _n\ngenerate g = mod(_n, 3) + 1\ngenerate double x = _n^1.5 / 7\n\
                generate double y = 2*x + mod(_n * 7, 5)\ngenerate z = mod(_n, 2)\ngenerate str4 s = \"a\" + string(g)\n\
                replace x = . in 5\nlocal x y z\n";
    let (log, rc) = s.run_captured(data);
    assert_eq!(rc, 0, "{log}");
    s
}

fn soup(r: &mut Random, commands: &[&str]) -> String {
    let mut out = String::new();
    for _ in 0..1 + r.below(6) {
        if r.below(3) > 0 {
            out.push_str(r.pick(commands));
            out.push(' ');
        }
        for _ in 0..r.below(9) {
            out.push_str(r.pick(WORDS));
            if r.below(4) > 0 {
                out.push(' ');
            }
        }
        out.push('\n');
    }
    out
}

fn damaged(r: &mut Random, corpus: &[&str]) -> String {
    let mut text: Vec<char> = r.pick(corpus).chars().collect();
    for _ in 0..1 + r.below(5) {
        let at = r.below(text.len().max(1));
        match r.below(6) {
            0 if !text.is_empty() => {
                text.remove(at.min(text.len() - 1));
            }
            1 => {
                let piece: Vec<char> = r.pick(WORDS).chars().collect();
                text.splice(at.min(text.len())..at.min(text.len()), piece);
            }
            2 if text.len() > 2 => {
                let end = (at + 1 + r.below(12)).min(text.len());
                text.drain(at.min(end)..end);
            }
            3 if text.len() > 2 => {
                let end = (at + 1 + r.below(20)).min(text.len());
                let copy: Vec<char> = text[at.min(end)..end].to_vec();
                text.splice(end..end, copy);
            }
            4 if !text.is_empty() => {
                let k = at.min(text.len() - 1);
                text[k] = char::from_u32((r.next() % 0x2fff) as u32).unwrap_or('?');
            }
            _ => {
                let other: Vec<char> = r.pick(corpus).chars().collect();
                let from = r.below(other.len().max(1));
                text.truncate(at);
                text.extend(&other[from.min(other.len())..]);
            }
        }
    }
    text.into_iter().collect()
}

fn nested(r: &mut Random) -> String {
    let (open, close) =
        [("(", ")"), ("`", "'"), ("[", "]"), ("abs(", ")"), ("-", ""), ("!", ""), ("`\"", "\"'"), ("{", "}")]
            [r.below(8)];
    let depth = 1 + r.below(3000);
    format!(
        "display {}1{}\ngenerate q = {}x{}",
        open.repeat(depth),
        close.repeat(depth),
        open.repeat(depth),
        close.repeat(depth)
    )
}

/// The input of a seed.
pub(super) fn input(seed: u64, commands: &[&str], corpus: &[&str]) -> String {
    let mut r = Random::new(seed);
    match r.below(20) {
        0..=1 => {
            let bytes: Vec<u8> = (0..r.below(200)).map(|_| r.next() as u8).collect();
            String::from_utf8_lossy(&bytes).into_owned()
        }
        2 => nested(&mut r),
        3..=9 => soup(&mut r, commands),
        _ => damaged(&mut r, corpus),
    }
}

/// Names of all commands and the texts of their examples.
pub(super) fn material() -> (Vec<&'static str>, Vec<&'static str>) {
    let commands = dofile::commands::registry::all().map(|c| c.name).collect();
    let corpus = dofile::commands::registry::all().flat_map(|c| c.examples.iter().map(|e| e.run)).collect();
    (commands, corpus)
}

/// Stops a session that takes too long.
pub(super) struct Watchdog {
    start: mpsc::Sender<Option<std::sync::Arc<AtomicBool>>>,
}

impl Watchdog {
    /// Starts the thread; each input may take `limit`.
    pub(super) fn new(limit: Duration) -> Self {
        let (start, inbox) = mpsc::channel::<Option<std::sync::Arc<AtomicBool>>>();
        std::thread::spawn(move || {
            let mut running = inbox.recv();
            while let Ok(flag) = running {
                running = match flag {
                    None => inbox.recv(),
                    Some(flag) => match inbox.recv_timeout(limit) {
                        Ok(next) => Ok(next),
                        Err(mpsc::RecvTimeoutError::Timeout) => {
                            flag.store(true, Ordering::Relaxed);
                            inbox.recv()
                        }
                        Err(mpsc::RecvTimeoutError::Disconnected) => return,
                    },
                };
            }
        });
        Self { start }
    }

    /// Watches a session until `done`.
    pub(super) fn watch(&self, s: &Session) {
        // a watchdog that has ended watches nothing, which only the limits of the run see
        let _ = self.start.send(Some(s.interrupt_flag()));
    }

    /// The input has ended.
    pub(super) fn done(&self) {
        let _ = self.start.send(None);
    }
}
