//! `sgmediation`: one mediator by three regressions, with the tests of Sobel (1982), Aroian (1944) and Goodman (1960).
//! Written from the help file of Ender (UCLA) and, for `sgmediation2`, of Mize.

use super::condition;
use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::run::quietly;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::words;
use crate::syntax::{OptSpec, ParsedCommand};
use estimators::distributions::normal_two_sided;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("MV"),
    OptSpec::text("IV"),
    OptSpec::text("CV"),
    OptSpec::flag("Quietly"),
    OptSpec::text("OPts"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
])
.unsupported(&["PREfix"]);

macro_rules! declared {
    ($name:literal) => {
        CommandSpec {
            name: $name,
            min: $name.len(),
            form: Form::Standard(&SYNTAX),
            by: ByRule::No,
            run,
            syntax: concat!(
                $name,
                " depvar [if] [in], mv(mediator) iv(indepvar) [cv(varlist) quietly opts(options of regress) vce(text) level(#)]"
            ),
            notes: "the three regressions use the rows without missing values in any variable; stores r(ind_eff) r(dir_eff) r(tot_eff) r(a_coef) r(b_coef) r(a_se) r(b_se) r(sobel_z) r(sobel_p) r(goodman1_z) r(goodman1_p) r(goodman2_z) r(goodman2_p)",
            examples: &[Example {
                run: concat!(
                    "set obs 8\ngenerate x = _n\ngenerate m = x + mod(_n, 3)\ngenerate y = 2*m + x + mod(_n, 2)\n",
                    $name,
                    " y, mv(m) iv(x) quietly\nscalar ind = r(ind_eff)\nscalar dir = r(dir_eff)\nscalar z = r(sobel_z)\nregress y x\nscalar total = _b[x]\nregress m x\nscalar a = _b[x]\nscalar sa = _se[x]\nregress y m x"
                ),
                expect: &[
                    ("ind - a * _b[m]", 0.0),
                    ("dir - _b[x]", 0.0),
                    ("reldif(total, ind + dir) < 1e-12", 1.0),
                    ("reldif(z, ind / sqrt(a^2 * _se[m]^2 + _b[m]^2 * sa^2)) < 1e-12", 1.0),
                ],
            }],
        }
    };
}

/// The command `sgmediation`.
pub(crate) const SPEC: CommandSpec = declared!("sgmediation");
/// The command `sgmediation2`.
pub(crate) const SPEC_SECOND: CommandSpec = declared!("sgmediation2");

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let o = &cmd.options;
    let single = |option: &str| -> Result<String> {
        let text =
            o.text(option).ok_or_else(|| StataError::invalid(format!("option {option}() required")))?;
        let v = s.numeric_variable(text.trim())?;
        Ok(s.frame.var(v).name.clone())
    };
    let (m, x) = (single("mv")?, single("iv")?);
    let [y] = words(&cmd.list)[..] else { return Err(StataError::standard(103)) };
    let y = s.frame.var(s.numeric_variable(y)?).name.clone();
    let cv = o.text("cv").unwrap_or("").to_string();
    let mut options = o.text("opts").unwrap_or("").to_string();
    if let Some(vce) = o.text("vce") {
        options.push_str(&format!(" vce({vce})"));
    }
    if let Some(level) = o.real("level") {
        options.push_str(&format!(" level({level})"));
    }
    let held = s.hold_estimates();
    let found = regressions(s, cmd, [&y, &m, &x], &cv, &options);
    s.restore_estimates(held);
    let Found { a, b, direct, total } = found?;
    let effect = a.0 * b.0;
    let base = a.0 * a.0 * b.1 * b.1 + b.0 * b.0 * a.1 * a.1;
    let last = a.1 * a.1 * b.1 * b.1;
    let tests =
        [("Sobel", base), ("Aroian", base + last), ("Goodman", base - last)].map(|(n, v)| (n, v.sqrt()));
    show(s, effect, &tests, (a, b), (effect, tests[0].1), direct, total);
    let mut r = Results::default();
    r.scalar("ind_eff", effect).scalar("dir_eff", direct.0).scalar("tot_eff", total.0);
    r.scalar("a_coef", a.0).scalar("b_coef", b.0).scalar("a_se", a.1).scalar("b_se", b.1);
    for ((_, se), name) in tests.iter().zip(["sobel", "goodman1", "goodman2"]) {
        let z = effect / se;
        let finite = |x: f64| if x.is_finite() { x } else { crate::value::MISSING };
        r.scalar(&format!("{name}_z"), finite(z)).scalar(&format!("{name}_p"), finite(normal_two_sided(z)));
    }
    s.r = r;
    Ok(())
}

/// A coefficient with its standard error.
type Coefficient = (f64, f64);

struct Found {
    a: Coefficient,
    b: Coefficient,
    direct: Coefficient,
    total: Coefficient,
}

const SAMPLE: &str = "__mediation";

fn regressions(
    s: &mut Session,
    cmd: &ParsedCommand,
    [y, m, x]: [&str; 3],
    cv: &str,
    options: &str,
) -> Result<Found> {
    // one sample for all three
    quietly(s, &format!("regress {y} {m} {x} {cv}{}", condition(cmd)))?;
    quietly(s, &format!("generate byte {SAMPLE} = e(sample)"))?;
    let done = (|| {
        let models = [
            ("Model with dv regressed on iv (path c)", format!("{y} {x}")),
            ("Model with mediator regressed on iv (path a)", format!("{m} {x}")),
            ("Model with dv regressed on mediator and iv (paths b and c')", format!("{y} {m} {x}")),
        ];
        let mut found = Vec::new();
        for (title, list) in models {
            let command = format!("regress {list} {cv} if {SAMPLE}, {options}");
            if cmd.has("quietly") {
                quietly(s, &command)?;
            } else {
                s.print("");
                s.print(title);
                s.run_expanded(&command)?;
            }
            let of = |v: &str| -> Result<Coefficient> {
                Ok((s.eval_num(&format!("_b[{v}]"))?, s.eval_num(&format!("_se[{v}]"))?))
            };
            found.push((of(x)?, if list.split(' ').nth(1) == Some(m) { Some(of(m)?) } else { None }));
        }
        let b = found[2].1.ok_or_else(StataError::syntax)?;
        Ok(Found { total: found[0].0, a: found[1].0, b, direct: found[2].0 })
    })();
    if let Some(v) = s.frame.find(SAMPLE) {
        s.frame.drop_vars(&[v]);
    }
    done
}

fn show(
    s: &mut Session,
    effect: f64,
    tests: &[(&str, f64); 3],
    paths: (Coefficient, Coefficient),
    indirect: Coefficient,
    direct: Coefficient,
    total: Coefficient,
) {
    let cell = |x: f64| format::number("%9.0g", x);
    let p = |z: f64| format::number("%9.4g", normal_two_sided(z));
    s.print("");
    s.print("Sobel-Goodman Mediation Tests");
    s.print("");
    s.print("                     Coef         Std Err     Z           P>|Z|");
    for ((_, se), title) in tests.iter().zip(["Sobel", "Goodman-1 (Aroian)", "Goodman-2"]) {
        let z = effect / se;
        s.print(format!(
            "{title:<20}{}    {}    {}   {}",
            cell(effect),
            cell(*se),
            format::number("%6.4g", z),
            p(z)
        ));
    }
    s.print("");
    s.print("                    Coef      Std Err    Z          P>|Z|");
    let line = |title: &str, (b, se): Coefficient| {
        let z = b / se;
        format!("{title:<16}= {} {} {}  {}", cell(b), cell(se), format::number("%8.0g", z), p(z))
    };
    s.print(line("a coefficient", paths.0));
    s.print(line("b coefficient", paths.1));
    s.print(line("Indirect effect", indirect));
    s.print(line("  Direct effect", direct));
    s.print(line("   Total effect", total));
    s.print("");
    let number = |x: f64| format::bare("%9.0g", x);
    s.print(format!("Proportion of total effect that is mediated:  {}", number(effect / total.0)));
    s.print(format!("Ratio of indirect to direct effect:           {}", number(effect / direct.0)));
    s.print(format!("Ratio of total to direct effect:              {}", number(total.0 / direct.0)));
}
