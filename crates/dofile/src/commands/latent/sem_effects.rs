//! `estat teffects` after `sem`: direct, indirect and total effects with standard errors by the delta method.

use super::sem_state::{SemState, ungrouped};
use crate::error::{Result, StataError};
use crate::estimation::post::Parameters;
use crate::estimation::table::{Table, row};
use crate::estimation::table_cells::number_cells;
use crate::format;
use crate::matrix::Stripe;
use crate::ops::estat::Call;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use estimators::sem::effects::{Kind, effects, has_indirect, reachable, stability};
use estimators::sem::{Cell, Value};

/// What the table says about an effect without a standard error.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Note {
    Estimated,
    NoPath,
    Constrained,
}

fn note(state: &SemState, pair: (usize, usize), kind: Kind, se: f64) -> Note {
    let model = &state.specification.model;
    let cell = model.cells.iter().find(|(c, _)| *c == Cell::Path { to: pair.0, from: pair.1 });
    let direct = cell.is_some();
    let indirect = has_indirect(model, pair);
    match kind {
        Kind::Direct if !direct => Note::NoPath,
        Kind::Indirect if !indirect => Note::NoPath,
        _ if se > 0.0 => Note::Estimated,
        Kind::Direct if matches!(cell, Some((_, Value::Fixed(_)))) => Note::Constrained,
        Kind::Total | Kind::Indirect => Note::Constrained,
        Kind::Direct => Note::Estimated,
    }
}

/// `estat teffects`.
pub(super) fn teffects(s: &mut Session, call: &Call) -> Result<()> {
    let flags = [
        OptSpec::flag("COMPact"),
        OptSpec::flag("noDIRect"),
        OptSpec::flag("noINDirect"),
        OptSpec::flag("noTOTal"),
        OptSpec::flag("noLABel"),
        OptSpec::real("Level"),
    ];
    let options = call.options(&flags, &["STANDardized"])?;
    let level = options.real("level").unwrap_or(s.settings.level);
    if !(10.0..=99.99).contains(&level) {
        return Err(StataError::new(198, "level() must be between 10 and 99.99 inclusive"));
    }
    let state = ungrouped(s, "estat teffects")?;
    let model = &state.specification.model;
    let names = &state.specification.names;
    if stability(model, &state.b).is_none_or(|largest| largest >= 1.0) {
        s.print("note: the stability index of the feedback is at least 1; indirect and total effects do not exist.");
    }
    // equations with paths before measurement, as in the table of parameters
    let mut pairs = reachable(model);
    pairs.sort_by_key(|(to, _)| (state.specification.measurement.contains(to), *to));
    let stripe: Vec<Stripe> = pairs
        .iter()
        .map(|(to, from)| Stripe::with_eq(names.all[*to].clone(), names.all[*from].clone()))
        .collect();
    let blocks = [
        (Kind::Direct, "Direct effects", "direct", "nodirect"),
        (Kind::Indirect, "Indirect effects", "indirect", "noindirect"),
        (Kind::Total, "Total effects", "total", "nototal"),
    ];
    s.r.clear();
    for (kind, title, name, without) in blocks {
        let found = effects(model, &state.b, &state.v, &pairs, kind)
            .ok_or_else(|| StataError::new(506, "I - B is singular at the estimates"))?;
        let se: Vec<f64> = found.v.diagonal().iter().map(|v| v.max(0.0).sqrt()).collect();
        if !options.has(without) {
            let notes: Vec<Note> =
                pairs.iter().zip(&se).map(|(pair, se)| note(&state, *pair, kind, *se)).collect();
            show(s, title, &stripe, (&found.b, &se), &notes, options.has("compact"), level);
        }
        let own = Parameters { stripe: stripe.clone(), b: found.b, v: found.v };
        s.r.matrix(name, own.b_matrix()).matrix(&format!("V_{name}"), own.v_matrix());
    }
    Ok(())
}

fn show(
    s: &mut Session,
    title: &str,
    stripe: &[Stripe],
    (b, se): (&[f64], &[f64]),
    notes: &[Note],
    compact: bool,
    level: f64,
) {
    let text = |name: &str| s.e.results.get_text(name).unwrap_or("").to_string();
    let (vce, clustvar) = (text("vcetype"), text("clustvar"));
    let clusters = s.e.results.get_scalar("N_clust").map(|n| (n, clustvar.as_str()));
    s.print("");
    s.print("");
    s.print(title);
    Table { vce_title: &vce, clusters, ..Table::of_equations(&[], &[], &[], None, level) }.print_heading(s);
    let mut equation: Option<&str> = None;
    for (i, name) in stripe.iter().enumerate() {
        if compact && notes[i] == Note::NoPath {
            continue;
        }
        if equation != Some(name.eq.as_str()) {
            if equation.is_some() {
                s.print(format!("  -----------+{}", "-".repeat(64)));
            }
            s.print(format!("  {:<11}|", format::abbrev(&name.eq, 10)));
            equation = Some(&name.eq);
        }
        let numbers = match notes[i] {
            Note::Estimated => number_cells(&row(b[i], se[i], None, level, false), None),
            Note::NoPath => format!("  {}  (no path)", format::number("%9.0g", 0.0)),
            Note::Constrained => format!("  {}  (constrained)", format::number("%9.0g", b[i])),
        };
        s.print(format!("{:>12} |{numbers}", format::abbrev(&name.name, 12)));
    }
    s.print("-".repeat(78));
}
