//! `mcc` and `mcci`: matched case–control pairs.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::Result;
use crate::estimation::post::stata;
use crate::format;
use crate::ops::epitab::{Sample, immediate, interval_level, numeric, store};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::distributions::chi2_tail;
use estimators::epidemiology::Matched;

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::real("Level")]).weights(&[WeightKind::Frequency]).unsupported(&["tb"]);
const IMMEDIATE: StandardSyntax = StandardSyntax::whole(&[OptSpec::real("Level")]).unsupported(&["tb"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "mcc",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "mcc var_exposed_case var_exposed_control [if] [in] [fweight] [, level(#)]",
    notes: "stores r(chi2) r(p) r(p_exact) r(D_f) r(R_f) r(RD_f) r(or) with r(lb_*) r(ub_*); [R] Epitab",
    examples: &[Example {
        // Discordant pairs 8 and 2: 8/2 and (8 - 2)^2/10.
        run: "input a b n\n1 1 5\n1 0 8\n0 1 2\n0 0 5\nend\nmcc a b [fweight=n]",
        expect: &[("r(or)", 4.0), ("r(chi2)", 3.6)],
    }],
};

pub(super) const SPEC_IMMEDIATE: CommandSpec = CommandSpec {
    name: "mcci",
    min: 4,
    form: Form::Standard(&IMMEDIATE),
    by: ByRule::No,
    run: run_immediate,
    syntax: "mcci #a #b #c #d [, level(#)]",
    notes: "pairs with both, only the case, only the control, neither exposed; as mcc",
    examples: &[Example {
        run: "mcci 8 8 3 8",
        // (8 - 3)^2 / 11 and 8 / 3
        expect: &[("r(chi2)", 2.272_727_272_727_272_7), ("r(or)", 2.666_666_666_666_666_5)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let v = numeric(s, &cmd.list, 2)?;
    let sample = Sample::read(s, cmd, &v)?;
    let mut m = Matched::default();
    for (i, &row) in sample.rows.iter().enumerate() {
        let exposed = |k: usize| s.frame.num_at(v[k], row) != 0.0;
        let cell = match (exposed(0), exposed(1)) {
            (true, true) => &mut m.a,
            (true, false) => &mut m.b,
            (false, true) => &mut m.c,
            (false, false) => &mut m.d,
        };
        *cell += sample.weights[i];
    }
    show(s, cmd, m)
}

fn run_immediate(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let n = immediate(cmd, 4, 4)?;
    show(s, cmd, Matched { a: n[0], b: n[1], c: n[2], d: n[3] })
}

fn show(s: &mut Session, cmd: &ParsedCommand, m: Matched) -> Result<()> {
    let level = interval_level(s, cmd)?;
    let cell = |x: f64, w: usize| format::right(&format::bare("%9.0g", x), w);
    let line = |label: &str, a: f64, b: f64| {
        format!("{label:>16} |{}{}  |{}", cell(a, 10), cell(b, 12), cell(a + b, 11))
    };
    let rule = "-----------------+------------------------+-----------";
    s.print("");
    s.print("                 |        Controls        |");
    s.print("Cases            |   Exposed   Unexposed  |      Total");
    s.print(rule);
    s.print(line("Exposed", m.a, m.b));
    s.print(line("Unexposed", m.c, m.d));
    s.print(rule);
    s.print(line("Total", m.a + m.c, m.b + m.d));
    s.print("");
    let (chi2, p) = (m.chi2(), chi2_tail(1.0, m.chi2()));
    s.print(format!(
        "McNemar's chi2(1) = {}    Prob > chi2 ={}",
        format::right(&format::bare("%9.2f", stata(chi2)), 9),
        format::right(&format::bare("%7.4f", stata(p)), 7)
    ));
    let exact = format::right(&format::bare("%7.4f", stata(m.exact_p())), 7);
    s.print(format!("Exact McNemar significance probability       ={exact}"));
    s.print("");
    let n = m.a + m.b + m.c + m.d;
    let wide = |x: f64| cell(stata(x), 9);
    let percent = format!("[{}% conf. interval]", format::bare("%5.0g", level));
    s.print("Proportion with factor");
    s.print(format!("        Cases      {}", wide((m.a + m.b) / n)));
    s.print(format!("        Controls   {}     {percent}", wide((m.a + m.c) / n)));
    s.print("                   ---------     --------------------");
    let rows = [
        ("difference", m.difference(level), ""),
        ("ratio", m.ratio(level), ""),
        ("rel. diff.", m.relative_difference(level), ""),
        ("odds ratio", m.odds_ratio(level), "   (exact)"),
    ];
    for (label, x, note) in &rows {
        if *label == "odds ratio" {
            s.print("");
        }
        s.print(format!("        {label:<10} {}     {}  {}{note}", wide(x.value), wide(x.low), wide(x.high)));
    }
    let mut r = Results::default();
    r.scalar("chi2", stata(chi2)).scalar("p", stata(p)).scalar("p_exact", stata(m.exact_p()));
    for (name, (_, x, _)) in ["D_f", "R_f", "RD_f", "or"].iter().zip(&rows) {
        store(&mut r, name, *x);
    }
    s.r = r;
    Ok(())
}
