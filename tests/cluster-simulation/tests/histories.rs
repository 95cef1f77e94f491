//! Histories with faults keep every invariant, and every wrong rule breaks one.

use cluster_simulation::Invariant::{
    Amnesty, DrainingNodesDoNotClaim, EveryJobEnds, FencesRise, HealthyNodesStay, LostAfterTheEnd,
    LostNodesStayLost, NoMoreEnginesThanSeats, OneEngineOfAJob, OneLeader, OneResult,
};
use cluster_simulation::{Figures, Invariant, Mutant, Regime, Rules, history};

/// More of everything.
#[expect(clippy::disallowed_methods, reason = "how the long tests are asked for")]
fn is_full() -> bool {
    std::env::var_os("SS_TEST_FULL").is_some_and(|value| value == "1")
}

#[test]
fn histories_with_faults_keep_every_invariant() {
    let histories = if is_full() { 400_000 } else { 3_000 };
    let mut total = Figures::default();
    for seed in 0..histories {
        let regime = Regime::of(seed);
        match history(regime, seed, &Rules::right()) {
            Ok(figures) => total.add(&figures),
            Err(violation) => panic!("--trace {regime:?} {seed}: {violation:?}"),
        }
    }
    println!("{histories} histories: {total:?}");
    // faults do happen: nodes get lost, and jobs are claimed again
    assert!(total.lost > histories / 10, "{total:?}");
    assert!(total.claims > 3 * histories, "{total:?}");
}

/// Wrong rules with a regime and a seed where each shows, and the invariants that notice it. `--wrong` of the
/// program finds them anew.
const SHOWS: &[(Mutant, Regime, u64, &[Invariant])] = &[
    (Mutant::RunsOutliveTheLease, Regime::Processes, 1, &[LostAfterTheEnd, OneEngineOfAJob]),
    (Mutant::NoAmnesty, Regime::Database, 1, &[Amnesty]),
    (Mutant::FailoverUnnoticed, Regime::All, 155, &[Amnesty]),
    (Mutant::ClockStepUnnoticed, Regime::All, 12, &[Amnesty, LostAfterTheEnd]),
    (Mutant::SeatsAsCounter, Regime::All, 37, &[NoMoreEnginesThanSeats]),
    (Mutant::SeatsOfEachNode, Regime::All, 2, &[NoMoreEnginesThanSeats]),
    (Mutant::ReleaseWithoutFence, Regime::All, 37, &[NoMoreEnginesThanSeats, EveryJobEnds]),
    (Mutant::FinishWithoutFence, Regime::All, 207, &[OneResult]),
    (Mutant::LeaseByOwnClock, Regime::All, 1, &[LostAfterTheEnd, HealthyNodesStay]),
    (
        Mutant::LauncherDoesNotWatch,
        Regime::All,
        86,
        &[LostAfterTheEnd, OneEngineOfAJob, NoMoreEnginesThanSeats],
    ),
    (Mutant::TakeOverFromAnyHost, Regime::All, 6, &[OneEngineOfAJob, NoMoreEnginesThanSeats]),
    (Mutant::EpochNotRaised, Regime::All, 2, &[DrainingNodesDoNotClaim, EveryJobEnds, OneEngineOfAJob]),
    (
        Mutant::EpochFromRow,
        Regime::LossyFailover,
        192,
        &[DrainingNodesDoNotClaim, OneEngineOfAJob, OneLeader],
    ),
    (Mutant::DrainingClaims, Regime::All, 22, &[DrainingNodesDoNotClaim]),
    (Mutant::TrustBeyondTerm, Regime::All, 3, &[OneLeader]),
    (Mutant::TermsNotExclusive, Regime::All, 0, &[OneLeader]),
    (Mutant::LostClaimsStay, Regime::All, 5, &[EveryJobEnds]),
    (Mutant::FenceNotRaised, Regime::All, 5, &[FencesRise]),
    (Mutant::NoGrace, Regime::Reserve, 1842, &[LostAfterTheEnd]),
    (Mutant::LeaseFromAnswer, Regime::Moments, 14, &[LostAfterTheEnd]),
    (Mutant::LostNodeRenews, Regime::Network, 20, &[LostNodesStayLost]),
    (Mutant::LateFirstWatch, Regime::Moments, 6, &[OneEngineOfAJob]),
    (Mutant::SweepOnce, Regime::Moments, 225, &[EveryJobEnds]),
    (Mutant::ForgottenNodes, Regime::Moments, 895, &[EveryJobEnds]),
];

#[test]
fn wrong_rules_break_their_invariants() {
    assert_eq!(SHOWS.len(), Mutant::ALL.len(), "each wrong rule has its line");
    let mut unnoticed = Vec::new();
    for (mutant, regime, first, expected) in SHOWS {
        let rules = Rules::wrong(*mutant);
        // a change of the model may move them a little
        let found = (*first..first + 500)
            .find_map(|seed| history(*regime, seed, &rules).err().map(|violation| (seed, violation)));
        match found {
            None => unnoticed.push(format!("{mutant:?} is not noticed")),
            Some((seed, violation)) => {
                println!("{mutant:?}: {:?} in {regime:?} {seed}", violation.invariant);
                if !expected.contains(&violation.invariant) {
                    unnoticed.push(format!("{mutant:?}, not {expected:?}: {violation:?}"));
                }
            }
        }
    }
    assert!(unnoticed.is_empty(), "{unnoticed:#?}");
}

/// Rare histories that the model or its invariants once judged wrongly; they were found among millions.
#[test]
fn rare_histories_keep_every_invariant() {
    let rare = [
        (Regime::StandingClock, 1_047_606),
        (Regime::StandingClock, 21_910),
        (Regime::Processes, 5_414_834),
        (Regime::All, 6_266_251),
        (Regime::Moments, 7_180_696),
    ];
    for (regime, seed) in rare {
        if let Err(violation) = history(regime, seed, &Rules::right()) {
            panic!("--trace {regime:?} {seed}: {violation:?}");
        }
    }
}

#[test]
fn a_history_depends_on_its_seed_alone() {
    for seed in 0..20 {
        let run = || format!("{:?}", history(Regime::All, seed, &Rules::right()));
        assert_eq!(run(), run());
    }
}
