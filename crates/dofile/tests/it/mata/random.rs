//! No function and no sequence of tokens makes Mata panic.

use dofile::Session;
use dofile::mata::functions;

/// xorshift64* (Vigna 2016).
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % n
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

const ARGUMENTS: &[&str] = &[
    "0",
    "1",
    "2",
    "-1",
    ".5",
    ".",
    ".a",
    "1e300",
    "-1e-300",
    "3i",
    "(1,2)",
    "(1\\2)",
    "(1,2\\3,4)",
    "(2,1\\1,2)",
    "(1,.\\.,2)",
    "(0,0\\0,0)",
    "J(0,0,.)",
    "J(0,3,.)",
    "J(3,0,.)",
    "J(1,0,\"\")",
    "\"\"",
    "\"a\"",
    "\"x s\"",
    "\"r(x)\"",
    "(\"a\",\"b\")",
    "(\"b\"\\\"a\")",
    "C((1,2\\3,4))",
    "NULL",
    "&v",
    "&f()",
    "v",
    "V",
    "A",
    "S",
    "T",
    "st",
    "(1..5)",
    "(5::1)",
    "I(3)",
    "\"real\"",
    "\"%9.2f\"",
    "\"%s\"",
    "I(2)[1,.]",
    "(1e308,1e308)",
    "\"\u{e9}\u{1f600}\"",
];

const TOKENS: &[&str] = &[
    "x", "y", "V", "f", "(", ")", "[", "]", "{", "}", "[|", "|]", ",", "\\", "+", "-", "*", "/", "^", "'",
    "#", "..", "::", ":+", ":*", ":==", "==", "!=", "=", "<", ">", "&", "|", "!", "?", ":", ";", "\n", "1",
    "2", ".", "\"a\"", "if", "else", "for", "while", "do", "break", "continue", "return", "real", "scalar",
    "matrix", "void", "function", "struct", "pointer", "external", "++", "--", "->", "NULL", "&", "3i",
    "rows", "cols", "J", "st_view", "printf", "`", "//", "/*", "*/", "\"", "'", "mata", "end",
];

const SETUP: &str = "quietly set obs 3\nquietly generate x = _n\nquietly generate str2 s = \"a\"\nmata:\nv = 1\nst_view(V=., ., \"x\")\nA = asarray_create()\nS = optimize_init()\nT = tokeninit()\nstruct q {\nreal scalar a\n}\nst = q()\nfunction f(a, |b, c, d, e) return(a)\nend\n";

fn session() -> Session {
    let folder = std::env::temp_dir().join("dofile-mata-fuzz");
    std::fs::create_dir_all(&folder).expect("a folder");
    let mut session = Session::default();
    session.cwd = folder;
    session.settings.max_bytes = 64 << 20;
    let (log, rc) = session.run_captured(SETUP);
    assert_eq!(rc, 0, "{log}");
    session
}

#[test]
fn every_function_ends_for_arguments_of_all_kinds() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    // these change the folder or remove files
    let left_out = ["chdir", "_chdir", "mkdir", "_mkdir", "unlink", "_unlink", "fopen", "_fopen"];
    let mut called = 0;
    for name in functions::names().into_iter().filter(|n| !left_out.contains(n)) {
        let mut s = session();
        for count in 0..6 {
            for _ in 0..6 {
                let args: Vec<&str> = (0..count).map(|_| random.pick(ARGUMENTS)).collect();
                let call = format!("capture noisily mata: {name}({})", args.join(", "));
                let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| s.run_captured(&call)));
                assert!(ended.is_ok(), "{call}");
                called += 1;
            }
        }
    }
    assert!(called > 10_000, "{called}");
}

#[test]
fn sequences_of_tokens_end() {
    let mut random = Random(0xD1B5_4A32_D192_ED03);
    for _ in 0..3_000 {
        let count = 1 + random.below(24);
        let text: Vec<&str> = (0..count).map(|_| random.pick(TOKENS)).collect();
        let text = format!("capture mata:\n{}\nend", text.join(if random.below(2) == 0 { " " } else { "" }));
        // loops without an end have the interrupt flag against them
        if text.contains("while") || text.contains("for") || text.contains("do") {
            continue;
        }
        let mut s = session();
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| s.run_captured(&text)));
        assert!(ended.is_ok(), "{text}");
    }
}
