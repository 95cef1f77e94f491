//! Output of latent class models: the table of logits class by class.

use super::gsem_state::{ClassState, state, stripes};
use crate::error::Result;
use crate::estimation::display::level;
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood;
use crate::estimation::table::{Table, row};
use crate::estimation::table_cells::number_cells;
use crate::format;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;

/// Prints header and table of the active results and stores `r(table)`.
pub(super) fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let state = state(s)?;
    let level = level(s, cmd)?;
    if !cmd.has("noheader") {
        let scalar = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
        let robust = s.e.results.get_text("vcetype").is_some();
        let ll = format!("{} = {}", likelihood::label(robust), format::bare("%10.0g", scalar("ll")));
        let title = s.e.results.get_text("title").unwrap_or("").to_string();
        let n = scalar("N");
        s.print("");
        let n = Fact::observations(n);
        let width = n.width();
        show(s, &[title, ll], &[n], 13, width);
    }
    let (stripe, places) = stripes(&state);
    let (mut b, mut se) = (vec![0.0; stripe.len()], vec![0.0; stripe.len()]);
    for (i, place) in places.iter().enumerate() {
        b[*place] = state.b[i];
        se[*place] = state.v[(i, i)].max(0.0).sqrt();
    }
    if !cmd.has("notable") {
        tables(s, &state, cmd.has("nodvheader"), level);
        let held = places.iter().filter(|p| se[**p] == 0.0).count();
        if held > 0 {
            let are = if held == 1 { "1 logit is".to_string() } else { format!("{held} logits are") };
            s.print(format!("Note: {are} held at 15 or -15: the probability is zero or one."));
        }
    }
    s.r.clear();
    Table::of_equations(&stripe, &b, &se, None, level).store(s);
    Ok(())
}

fn heading(s: &mut Session, level: f64) {
    let vce = s.e.results.get_text("vcetype").unwrap_or("").to_string();
    let clustvar = s.e.results.get_text("clustvar").unwrap_or("").to_string();
    let clusters = s.e.results.get_scalar("N_clust").map(|n| (n, clustvar.as_str()));
    Table { vce_title: &vce, clusters, ..Table::of_equations(&[], &[], &[], None, level) }.print_heading(s);
}

fn line(s: &mut Session, state: &ClassState, place: usize, level: f64) {
    let numbers = row(state.b[place], state.v[(place, place)].max(0.0).sqrt(), None, level, false);
    s.print(format!("{:>12} |{}", "_cons", number_cells(&numbers, None)));
}

fn tables(s: &mut Session, state: &ClassState, plain: bool, level: f64) {
    let rule = format!("-------------+{}", "-".repeat(64));
    heading(s, level);
    s.print(format!("{:<13}|  (base outcome)", format!("1.{}", state.name)));
    for class in 1..state.classes {
        s.print(&rule);
        s.print(format!("{:<13}|", format!("{}.{}", class + 1, state.name)));
        line(s, state, class - 1, level);
    }
    s.print("-".repeat(78));
    for class in 0..state.classes {
        s.print("");
        s.print(format!("Class: {}", class + 1));
        if !plain {
            s.print("");
            for item in &state.items {
                let family = if item.binary { "Bernoulli" } else { "multinomial" };
                s.print(format!("Response: {:<32}Family: {family}", item.name));
            }
            s.print("Link:     Logit");
        }
        s.print("");
        heading(s, level);
        let mut first = true;
        for (i, item) in state.items.iter().enumerate() {
            for (k, value) in item.values.iter().enumerate().skip(1) {
                if !first {
                    s.print(&rule);
                }
                first = false;
                let name = if item.binary { item.name.clone() } else { format!("{value}.{}", item.name) };
                s.print(format!("{:<13}|", format::abbrev(&name, 12)));
                line(s, state, state.place(class, i) + k - 1, level);
            }
        }
        s.print("-".repeat(78));
    }
}
