//! `svyset`: declares the survey design of the data.

use super::design::Declaration;
use super::replicates::Method;
use super::stages;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::WeightKind;
use crate::syntax::{OptSpec, ParsedCommand};

const OPTIONS: &[OptSpec] = &[
    // before version 9 the sampling units were an option
    OptSpec::text("psu"),
    OptSpec::text("STRata"),
    OptSpec::text("fpc"),
    OptSpec::text("vce"),
    OptSpec::text("SINGLEunit"),
    OptSpec::text("BRRweight"),
    OptSpec::text("JKRweight"),
    OptSpec::text("BSRWeight"),
    OptSpec::text("POSTStrata"),
    OptSpec::text("POSTWeight"),
    OptSpec::real("BSN"),
    OptSpec::real("FAY"),
    OptSpec::flag("MSE"),
    OptSpec::flag("clear"),
];
const UNSUPPORTED: &[&str] =
    &["WEIght", "SDRweight", "DOF", "POSTStrata", "POSTWeight", "RAKE", "REGress", "HADamard", "noCLEAR"];

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "svyset",
    min: 6,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "svyset [psu] [pweight=var] [, strata(var) fpc(var) brrweight(varlist) fay(#) jkrweight(varlist, multiplier(#)) bsrweight(varlist) bsn(#) poststrata(var) postweight(var) mse vce(linearized|brr|bootstrap|jackknife) singleunit(missing|certainty|scaled|centered)] [|| later stages] | svyset | svyset, clear",
    notes: "stores r(wtype) r(wvar) r(su1) r(strata1) r(fpc1) r(singleunit) r(vce) r(stages); stages after the first count where every stage before has fpc(), and take strata() and fpc(), r(su2) r(strata2) r(fpc2) ...; [SVY] svyset",
    examples: &[Example {
        run: "set obs 8\ngenerate h = _n > 4\ngenerate c = ceil(_n/2)\ngenerate w = 2\ngenerate x = _n\nsvyset c [pweight=w], strata(h)\nsvy: total x",
        // Unit totals 6 14 | 22 30: variance 2 * 4^2 * 2 = 64 in each stratum.
        expect: &[("_b[x]", 72.0), ("_se[x]^2", 128.0), ("e(df_r)", 2.0), ("e(N_pop)", 16.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (first, later) = match cmd.raw.split_once("||") {
        Some((a, b)) => (a.trim(), b.trim()),
        None => (cmd.raw.trim(), ""),
    };
    if first.is_empty() && later.is_empty() {
        return match Declaration::of(&s.frame) {
            Ok(declared) => {
                show(s, &declared);
                Ok(())
            }
            Err(_) => {
                s.print("no survey characteristics are set");
                s.r = Results::default();
                Ok(())
            }
        };
    }
    let mut line = ParsedCommand::split("svyset", first, false)?;
    line.check_weighted_options(OPTIONS, UNSUPPORTED)?;
    if line.if_exp.is_some() || line.in_range.is_some() {
        return Err(StataError::invalid("if and in are not allowed"));
    }
    if line.has("clear") {
        Declaration::default().declare(&mut s.frame);
        s.r = Results::default();
        return Ok(());
    }
    let declared = read(s, &line, later)?;
    declared.clone().declare(&mut s.frame);
    show(s, &declared);
    Ok(())
}

fn read(s: &Session, line: &ParsedCommand, later: &str) -> Result<Declaration> {
    let name = |text: &str| -> Result<String> { Ok(s.frame.var(s.variable(text.trim())?).name.clone()) };
    let number =
        |text: &str| -> Result<String> { Ok(s.frame.var(s.numeric_variable(text.trim())?).name.clone()) };
    let listed = line.list.trim();
    let unit = match line.options.text("psu").map_or(listed, str::trim) {
        _ if line.has("psu") && !listed.is_empty() => return Err(StataError::option_not_allowed("psu()")),
        "" | "_n" => "_n".to_string(),
        text if text.split_whitespace().count() > 1 => return Err(StataError::standard(103)),
        text => name(text)?,
    };
    let (weight_kind, weight) = match &line.weight {
        None => (String::new(), String::new()),
        Some(w) => {
            let kind = w.kind.unwrap_or(WeightKind::Probability);
            if !matches!(kind, WeightKind::Probability | WeightKind::Importance) {
                return Err(StataError::new(101, format!("{}s not allowed", kind.name())));
            }
            (kind.name().to_string(), number(&w.exp)?)
        }
    };
    let vce = line.options.text("vce").unwrap_or("").trim();
    let method = Method::of("svyset", vce)?;
    let brr = line.options.text("brrweight").map_or(Ok(String::new()), |t| variables(s, t))?;
    let (jackknife, multiplier) = jackknife_weights(s, line.options.text("jkrweight").unwrap_or(""))?;
    let bootstrap = line.options.text("bsrweight").map_or(Ok(String::new()), |t| variables(s, t))?;
    let bsn = line.options.real("bsn").unwrap_or(1.0);
    if bsn.is_nan() || bsn < 1.0 {
        return Err(StataError::invalid("bsn() must be 1 or more"));
    }
    let poststrata = line.options.text("poststrata").map(name).transpose()?.unwrap_or_default();
    let postweight = line.options.text("postweight").map(number).transpose()?.unwrap_or_default();
    if poststrata.is_empty() != postweight.is_empty() {
        return Err(StataError::invalid("options poststrata() and postweight() must be specified together"));
    }
    let fay = line.options.real("fay").unwrap_or(0.0);
    if !(0.0..=2.0).contains(&fay) || fay == 1.0 {
        return Err(StataError::invalid("fay() must be between 0 and 2, and not 1"));
    }
    let single = match line.options.text("singleunit").map(str::trim) {
        None => "missing",
        Some(v) => ["missing", "certainty", "scaled", "centered"]
            .into_iter()
            .find(|full| v.len() >= 2 && full.starts_with(v))
            .ok_or_else(|| StataError::invalid("invalid singleunit() option"))?,
    };
    let fpc = line.options.text("fpc").map(number).transpose()?.unwrap_or_default();
    for stage in stages::read(s, later)?.iter().filter(|stage| !stage.fpc.is_empty()) {
        s.numeric_variable(&stage.fpc)?;
    }
    Ok(Declaration {
        weight_kind,
        weight,
        unit,
        strata: line.options.text("strata").map(name).transpose()?.unwrap_or_default(),
        fpc,
        single: single.to_string(),
        later: later.to_string(),
        vce: match method {
            None => String::new(),
            Some(method) => method.name().into(),
        },
        brr,
        jackknife,
        multiplier,
        fay: if fay == 0.0 { String::new() } else { fay.to_string() },
        mse: if line.has("mse") { "mse".into() } else { String::new() },
        poststrata,
        postweight,
        bootstrap,
        bsn: if bsn == 1.0 { String::new() } else { bsn.to_string() },
    })
}

/// Full names of numeric variables.
fn variables(s: &Session, list: &str) -> Result<String> {
    let mut names = Vec::new();
    for v in s.varlist(list)? {
        names.push(s.frame.var(s.numeric_variable(&s.frame.var(v).name)?).name.clone());
    }
    Ok(names.join(" "))
}

/// The variables of `jkrweight()` and their multiplier.
fn jackknife_weights(s: &Session, text: &str) -> Result<(String, String)> {
    if text.is_empty() {
        return Ok((String::new(), String::new()));
    }
    let mut parsed = ParsedCommand::split("svyset", text, false)?;
    parsed.check_weighted_options(&[OptSpec::real("MULTiplier")], &["STRAtum", "fpc", "reset"])?;
    let multiplier = parsed.options.real("multiplier").filter(|m| *m > 0.0).ok_or_else(|| {
        StataError::unsupported_option("svyset", "jkrweight() without a positive multiplier()")
    })?;
    Ok((variables(s, &parsed.list)?, multiplier.to_string()))
}

/// The arguments of `svyset` that make the declaration.
fn settings_line(d: &Declaration) -> String {
    let mut text = d.unit.clone();
    if !d.weight.is_empty() {
        text.push_str(&format!(" [{}={}]", d.weight_kind, d.weight));
    }
    let vce = if d.vce.is_empty() { "linearized" } else { &d.vce };
    text.push_str(&format!(", vce({vce}) singleunit({})", d.single));
    if !d.mse.is_empty() {
        text.push_str(" mse");
    }
    if !d.jackknife.is_empty() {
        text.push_str(&format!(" jkrweight({}, multiplier({}))", d.jackknife, d.multiplier));
    }
    for (name, value) in [
        ("strata", &d.strata),
        ("fpc", &d.fpc),
        ("brrweight", &d.brr),
        ("fay", &d.fay),
        ("bsrweight", &d.bootstrap),
        ("bsn", &d.bsn),
        ("poststrata", &d.poststrata),
        ("postweight", &d.postweight),
    ] {
        if !value.is_empty() {
            text.push_str(&format!(" {name}({value})"));
        }
    }
    if !d.later.is_empty() {
        text.push_str(&format!(" || {}", d.later));
    }
    text
}

/// The lines of the stages after the first.
fn show_stages(s: &mut Session, later: &[stages::Stage]) {
    let or = |text: &str, none: &str| if text.is_empty() { none.to_string() } else { text.to_string() };
    for (i, stage) in later.iter().enumerate() {
        let unit = if stage.unit == "_n" { "<observations>" } else { &stage.unit };
        for (label, value) in [
            ("Strata", or(&stage.strata, "<one>")),
            ("Sampling unit", unit.to_string()),
            ("FPC", or(&stage.fpc, "<zero>")),
        ] {
            s.print(format!("{:>16}: {value}", format!("{label} {}", i + 2)));
        }
    }
}

pub(super) fn show(s: &mut Session, d: &Declaration) {
    let or = |text: &str, none: &str| if text.is_empty() { none.to_string() } else { text.to_string() };
    // replicates alone have deviations from the full sample or from their mean
    let linear = d.vce.is_empty() || d.vce == "linearized";
    let unit = if d.unit == "_n" { "<observations>".to_string() } else { d.unit.clone() };
    s.print("");
    let replicates =
        [("BRR weights", &d.brr), ("Bootstrap weights", &d.bootstrap), ("Jackknife weights", &d.jackknife)];
    for (label, value) in [
        ("Sampling weights", or(&d.weight, "<none>")),
        ("VCE", or(&d.vce, "linearized")),
        ("MSE", if linear { String::new() } else { or(if d.mse.is_empty() { "" } else { "on" }, "off") }),
        ("Single unit", d.single.clone()),
        ("Strata 1", or(&d.strata, "<one>")),
        ("Sampling unit 1", unit),
        ("FPC 1", or(&d.fpc, "<zero>")),
    ] {
        if !value.is_empty() {
            s.print(format!("{label:>16}: {value}"));
        }
    }
    let later = stages::counted(s, d).unwrap_or_default();
    show_stages(s, &later);
    for (label, value) in [("Poststrata", &d.poststrata), ("Postweight", &d.postweight)] {
        if !value.is_empty() {
            s.print(format!("{label:>16}: {value}"));
        }
    }
    for (label, value) in replicates.iter().filter(|r| !r.1.is_empty()) {
        s.print(format!("{label:>16}: {value}"));
    }
    let stages = 1 + if d.later.is_empty() { 0 } else { d.later.split("||").count() };
    let mut r = Results::default();
    r.scalar("stages", stages as f64);
    for (name, value) in [
        ("wtype", &d.weight_kind),
        ("wvar", &d.weight),
        ("su1", &d.unit),
        ("strata1", &d.strata),
        ("fpc1", &d.fpc),
        ("singleunit", &d.single),
        ("brrweight", &d.brr),
        ("jkrweight", &d.jackknife),
        ("fay", &d.fay),
        ("mse", &d.mse),
        ("bsrweight", &d.bootstrap),
        ("bsn", &d.bsn),
        ("poststrata", &d.poststrata),
        ("postweight", &d.postweight),
    ] {
        if !value.is_empty() {
            r.text(name, value);
        }
    }
    for (i, stage) in later.iter().enumerate() {
        for (name, value) in [("su", &stage.unit), ("strata", &stage.strata), ("fpc", &stage.fpc)] {
            if !value.is_empty() {
                r.text(&format!("{name}{}", i + 2), value);
            }
        }
    }
    if !d.weight.is_empty() {
        r.text("wexp", format!("= {}", d.weight));
    }
    r.text("vce", or(&d.vce, "linearized")).text("settings", settings_line(d));
    s.r = r;
}
