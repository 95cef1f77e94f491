//! Transcripts of the probe: one as a Stata writes it, and every kind that must be refused.

use super::numbers::{Conversion, Expected, chained_hash, expected};
use super::*;

fn challenge() -> Challenge {
    Challenge { text: "0123456789abcdef".repeat(4), seed: 12345 }
}

fn hex21(x: f64) -> String {
    let bits = x.to_bits();
    let exponent = i32::try_from(bits >> 52 & 0x7ff).expect("11 bits") - 1023;
    let sign = if x.is_sign_negative() { '-' } else { '+' };
    let way = if exponent < 0 { '-' } else { '+' };
    format!("{sign}1.{:013x}X{way}{:03x}", bits & ((1 << 52) - 1), exponent.abs())
}

/// The probe's text as a log echoes it, with answers in the places where a Stata prints them.
fn transcript(challenge: &Challenge, hash: u64, drawn: &Expected, about: &str) -> String {
    let mut out = String::new();
    let mut in_mata = false;
    for line in probe(challenge).lines() {
        out.push_str(&format!("{} {line}\n", if in_mata { ':' } else { '.' }));
        match line {
            "mata:" => in_mata = true,
            "end" => in_mata = false,
            "about" => out.push_str(about),
            l if l.starts_with("display \"SSP|engine") => {
                out.push_str("SSP|engine=|sv=17|ed=MP|fl=IC|se=1|mp=1|os=Unix|born=15 Nov 2022\n\n");
            }
            l if l.starts_with("printf") => {
                out.push_str(&format!("SSP|k=  2385389520|h={hash:>12}\n"));
            }
            l if l.starts_with("display \"SSP|u") => {
                out.push_str(&format!("SSP|u={}|v={}\n", hex21(drawn.first), hex21(drawn.last)));
            }
            l if l.starts_with("display \"SSP|b") => {
                out.push_str(&format!("SSP|b={}|c={}\n", hex21(drawn.slope), hex21(drawn.std_error)));
            }
            "display \"SSP|end\"" => out.push_str("SSP|end\n"),
            _ => {}
        }
        out.push('\n');
    }
    out
}

const ABOUT: &str = "\nStata/MP 17.0 for Unix (Linux x86-64)\nRevision 15 Nov 2022\n\nTotal physical memory:  64.00 GB\n\n\
    Stata license: 10-user 4-core network perpetual, expires 31 Jan 2027\nSerial number: 501706212345\n  \
    Licensed to: Some Body\n               Some Where\n";

fn genuine() -> String {
    let c = challenge();
    let drawn = expected(c.seed, 64, Conversion::OpenInterval52);
    transcript(&c, 2_987_053_602, &drawn, ABOUT)
}

#[test]
fn a_transcript_of_published_facts_is_attested_without_serial_number_or_licensee() {
    let attested = verify(&challenge(), &genuine()).expect("attested");
    assert_eq!((attested.version.as_str(), attested.edition.as_str()), ("17", "MP"));
    assert_eq!(attested.licence_expires.as_deref(), Some("31 Jan 2027"));
    let ends = attested.licence_expires_at().map(|at| at.to_rfc3339());
    assert_eq!(ends.as_deref(), Some("2027-01-31T00:00:00+00:00"));
    let all = serde_json::to_string(&attested).expect("serialises");
    assert!(!all.contains("5017") && !all.contains("Some Body"), "{all}");
    let c = challenge();
    let other = transcript(&c, 2_987_053_602, &expected(c.seed, 64, Conversion::TopBits53), "");
    assert!(verify(&c, &other).is_ok(), "both published forms of a draw are evidence");
}

#[test]
fn draws_of_the_seed_agree_with_published_ones() {
    // a public package test states .357629722888425872 as identical to Stata 17
    let first = expected(12345, 64, Conversion::OpenInterval52).first;
    assert!((first - 0.357_629_722_888_425_9).abs() < 1e-15, "{first}");
}

#[test]
fn every_fake_is_refused_for_its_own_reason() {
    let c = challenge();
    let good = genuine();
    let drawn = expected(c.seed, 64, Conversion::OpenInterval52);
    let other = Challenge { text: "f".repeat(64), seed: 7 };
    let replayed = transcript(
        &other,
        chained_hash(&other.text, 2000),
        &expected(other.seed, 64, Conversion::OpenInterval52),
        ABOUT,
    );
    let without = |start: &str| -> String {
        good.lines().filter(|l| !l.starts_with(start)).map(|l| format!("{l}\n")).collect()
    };
    let echo_only: String = probe(&c).lines().map(|line| format!(". {line}\n")).collect();
    let twice = good.replace("SSP|end\n", "SSP|end\nSSP|end\n");
    let mut lines: Vec<&str> = good.lines().collect();
    let answer = |start: &str| good.lines().position(|l| l.starts_with(start)).expect("an answer");
    lines.swap(answer("SSP|u="), answer("SSP|b="));
    let swapped = lines.join("\n");
    let open_renamed = ". display 1\nSSP|engine=|sv=17|ed=MP|fl=MP|se=1|mp=1|os=Unix|born=x\n. mata:\n\
        hash1() of Mata is not supported by the open engine\nr(199);\n\nend of do-file\n";
    let cases: Vec<(&str, String, &str)> = vec![
        ("nothing", String::new(), "no_log"),
        ("open engine", ". x\nSSP|engine=open|sv=17|ed=open\n".to_owned(), "open_engine"),
        ("open engine under another name", open_renamed.to_owned(), "no_mata"),
        ("replayed log", replayed, "replayed"),
        ("text of the do-file only", echo_only, "no_evidence"),
        ("a greeting", "Stata/MP 17.0\nSSE|hello\n".to_owned(), "no_evidence"),
        ("licence", "Your Stata license has expired\n".to_owned(), "licence"),
        ("canned hash", transcript(&c, 1, &drawn, ABOUT), "hash"),
        ("old version", good.replace("sv=17", "sv=13.1"), "too_old"),
        ("no version", good.replace("sv=17", "sv=new"), "unreadable"),
        ("another hash function", good.replace("k=  2385389520", "k=  2385389519"), "hash_function"),
        (
            "another generator",
            transcript(&c, 2_987_053_602, &expected(1, 64, Conversion::TopBits53), ABOUT),
            "draws",
        ),
        (
            "wrong regression",
            transcript(&c, 2_987_053_602, &Expected { slope: drawn.slope * (1.0 + 1e-8), ..drawn }, ABOUT),
            "regression",
        ),
        (
            "wrong standard error",
            transcript(&c, 2_987_053_602, &Expected { std_error: 0.5, ..drawn }, ABOUT),
            "regression",
        ),
        ("no end", without("SSP|end"), "incomplete"),
        ("twice", twice, "out_of_order"),
        ("another order", swapped, "out_of_order"),
        ("no mata", without("SSP|k"), "no_mata"),
        ("a name of its own", good.replace("engine=|", "engine=other|"), "unreadable"),
    ];
    for (name, log, reason) in cases {
        let refused = verify(&c, &log).expect_err(name);
        assert_eq!(refused.id(), reason, "{name}: {refused}");
    }
}

#[test]
fn answers_in_echoes_do_not_count() {
    let good = genuine();
    let quoted: String = good
        .lines()
        .map(|l| if l.starts_with("SSP|") { format!(". {l}\n") } else { format!("{l}\n") })
        .collect();
    assert_eq!(verify(&challenge(), &quoted), Err(Refusal::NoEvidence));
}
