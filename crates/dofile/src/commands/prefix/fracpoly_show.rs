//! What `fracpoly` prints and stores: deviances, the table of comparisons, the results of the search.

use super::fp_search::Candidate;
use super::fracpoly::Found;
use super::mfp_choice::{Covariate, p_value};
use super::mfp_show::powers_text;
use super::terms::TermModel;
use crate::estimation::post::stata;
use crate::format;
use crate::session::Session;

/// One line of `log`.
pub(super) fn tried(s: &mut Session, candidate: &Candidate) {
    let deviance = format::right(&format::bare("%9.3f", candidate.deviance), 14);
    let sd = candidate.rmse.map_or_else(String::new, |x| format::bare("%9.0g", x));
    s.print(format!("{deviance}{:>12}   {}", sd.trim(), powers_text(Some(&candidate.powers))));
}

/// The deviance of the final model, and what was searched.
pub(super) fn deviance(s: &mut Session, first: &Covariate, last: &Candidate, found: &Found) {
    let value = format::right(&format::bare("%9.2f", last.deviance), 10);
    let chosen = match found.models {
        0 => String::new(),
        n => format!(
            " Best powers of {} among {n} models fit: {}.",
            first.name,
            powers_text(Some(&last.powers))
        ),
    };
    s.print(format!("Deviance:{value}.{chosen}"));
}

/// The models that are compared with the last one: name, degrees of freedom, model.
fn lines<'a>(last: &'a Candidate, found: &'a Found) -> Vec<(String, usize, &'a Candidate)> {
    let mut out: Vec<(String, usize, &Candidate)> = Vec::new();
    out.extend(found.omitted.iter().map(|c| ("Not in model".to_string(), 0, c)));
    out.push(("Linear".to_string(), 1, &found.linear));
    if found.best.is_empty() {
        out.push((format!("m = {}", last.powers.len()), degrees(last), last));
    }
    out.extend(found.best.iter().enumerate().map(|(i, c)| (format!("m = {}", i + 1), 2 * (i + 1), c)));
    out
}

/// Degrees of freedom of a function: one of a line, else two for each power.
fn degrees(c: &Candidate) -> usize {
    if c.powers == [1.0] { 1 } else { 2 * c.powers.len() }
}

/// Prints the table of comparisons with the final model.
pub(super) fn compare(s: &mut Session, name: &str, last: &Candidate, found: &Found) {
    let rule = "-".repeat(78);
    let m = last.powers.len();
    let full = 2 * m;
    s.print("");
    s.print("Fractional polynomial model comparisons:");
    s.print(&rule);
    s.print(format!(
        "{:<15}{:>4}{:>15}{:>12}{:>12}{:>9}   Powers",
        format::abbrev(name, 15),
        "df",
        "Deviance",
        "Res. SD",
        "Dev. dif.",
        "P (*)"
    ));
    s.print(&rule);
    for (label, df, c) in lines(last, found) {
        let sd = c.rmse.map_or_else(String::new, |x| format::bare("%9.0g", x).trim().to_string());
        let gap = c.deviance - last.deviance;
        let (gap, p) = if df < full {
            let p = p_value(c, last, full - df, m);
            (
                format::bare("%9.3f", gap).trim().to_string(),
                format::bare("%5.3f", stata(p)).trim().to_string(),
            )
        } else {
            ("--".to_string(), "--".to_string())
        };
        let powers = match label.as_str() {
            "Not in model" => String::new(),
            "Linear" => "1".to_string(),
            _ => powers_text(Some(&c.powers)),
        };
        let deviance = format::bare("%9.3f", c.deviance);
        let text = format!("{label:<15}{df:>4}{:>15}{sd:>12}{gap:>12}{p:>9}   {powers}", deviance.trim());
        s.print(text.trim_end());
    }
    s.print(&rule);
    s.print(format!("(*) P-value from deviance difference comparing reported model with m = {m} model"));
}

/// Adds the results of the search to those of the command.
pub(super) fn store(
    s: &mut Session,
    model: &TermModel,
    all: &[Covariate],
    names: &[Vec<String>],
    last: &Candidate,
    found: &Found,
) {
    let weight = model.inner.weight.as_ref();
    let (kind, weights) = weight.map_or((String::new(), String::new()), |w| {
        (w.kind.map_or("", |k| k.name()).to_string(), format!("= {}", w.exp))
    });
    let r = &mut s.e.results;
    r.scalar("fp_N", last.n).scalar("fp_dev", last.deviance).scalar("fp_df", degrees(last) as f64);
    let mut of = |mark: &str, c: &Candidate| {
        r.scalar(&format!("fp_d{mark}"), c.deviance);
        if let Some(sd) = c.rmse {
            r.scalar(&format!("fp_s{mark}"), sd);
        }
    };
    if let Some(c) = &found.omitted {
        of("0", c);
    }
    of("lin", &found.linear);
    for (i, c) in found.best.iter().enumerate() {
        of(&(i + 1).to_string(), c);
    }
    let first = &all[0];
    let base: Vec<&str> = all[1..].iter().map(|c| c.name.as_str()).collect();
    r.text("fp_cmd", "fracpoly").text("fp_depv", model.outcomes.join(" "));
    r.text("fp_rhs", &first.name).text("fp_base", base.join(" "));
    r.text("fp_xp", names[0].join(" ")).text("fp_fvl", names.concat().join(" "));
    r.text("fp_wgt", kind).text("fp_wexp", weights).text("fp_pwrs", powers_text(first.powers.as_deref()));
    for (j, covariate) in all.iter().enumerate() {
        r.text(&format!("fp_x{}", j + 1), &covariate.name);
        r.text(&format!("fp_k{}", j + 1), powers_text(covariate.powers.as_deref()));
    }
    let used = all.len() as f64;
    r.scalar("fp_nx", used);
}
