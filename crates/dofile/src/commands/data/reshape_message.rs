//! The table that `reshape` prints about what it did.

use crate::format::count_text;
use crate::session::Session;

/// What a reshape says about the variables that it made.
#[derive(Default)]
pub(super) struct Message {
    pub(super) values: Vec<String>,
    /// The values are those found in the data, not listed in j().
    pub(super) values_found: bool,
    /// The wide variables of each stub with the name of the long one.
    pub(super) made: Vec<(Vec<String>, String)>,
}

impl Message {
    /// Prints the table of a reshape from a frame of `n0` rows and `k0` variables.
    pub(super) fn print(&self, s: &mut Session, j: &str, (n0, k0): (usize, usize), to_long: bool) {
        let (n1, k1) = (s.frame.n_rows(), s.frame.n_vars());
        let list = |values: &[String]| match values {
            [a, b, _, .., last] => format!("{a} {b} ... {last}"),
            _ => values.join(" "),
        };
        let row = |left: &str, from: &str, to: &str| {
            let gap = 39_usize.saturating_sub(left.chars().count());
            format!("{left}{from:>gap$}   ->   {to}")
        };
        let (from, to) = if to_long { ("Wide", "Long") } else { ("Long", "Wide") };
        if self.values_found {
            s.print(format!("(j = {})", self.values.join(" ")));
        }
        s.print("");
        s.print(row("Data", from, to));
        s.print("-".repeat(77));
        let number = |n: usize| format!("{:<12}", count_text(n));
        s.print(row("Number of observations", &count_text(n0), &number(n1)));
        s.print(row("Number of variables", &count_text(k0), &number(k1)));
        let (old, new) = if to_long { ("", j) } else { (j, "(dropped)") };
        let count = self.values.len();
        let title = format!("j variable ({count} value{})", if count == 1 { "" } else { "s" });
        s.print(row(&title, old, new));
        s.print("xij variables:");
        for (wide, stub) in &self.made {
            let wide = list(wide);
            s.print(if to_long { row("", &wide, stub) } else { row("", stub, &wide) });
        }
        s.print("-".repeat(77));
    }
}
