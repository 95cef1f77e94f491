//! Runs many histories and prints their figures: `cluster-simulation HISTORIES [FIRST_SEED]`. One seed with its events:
//! `cluster-simulation --trace REGIME SEED`. The states of a small cluster, nearest first, up to so many:
//! `cluster-simulation --states [MOST]`. Where each wrong rule first shows, by regime: `cluster-simulation --wrong [SEEDS [RULE]]`.

use std::process::ExitCode;

use cluster_simulation::exhaustive::{Search, explore};
use cluster_simulation::{Figures, Mutant, Regime, Rules, World, history};

fn number(text: Option<&String>) -> Option<u64> {
    text?.replace('_', "").parse().ok()
}

fn show_wrong_rules(seeds: u64, only: Option<&String>) {
    let wanted = |mutant: &Mutant| only.is_none_or(|name| *name == format!("{mutant:?}"));
    for mutant in Mutant::ALL.into_iter().filter(wanted) {
        let rules = Rules::wrong(mutant);
        for regime in Regime::ALL {
            let mut violations = (0..seeds)
                .filter_map(|seed| history(regime, seed, &rules).err().map(|found| (seed, found.invariant)));
            if let Some((seed, invariant)) = violations.next() {
                println!(
                    "{mutant:?}: {invariant:?} in {regime:?} {seed}, and in {} more",
                    violations.count()
                );
            }
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == "--trace") {
        let named = |regime: &Regime| arguments.get(1).is_some_and(|name| *name == format!("{regime:?}"));
        let (Some(regime), Some(seed)) = (Regime::ALL.into_iter().find(named), number(arguments.get(2)))
        else {
            eprintln!("--trace REGIME SEED, with a regime of {:?}", Regime::ALL);
            return ExitCode::from(2);
        };
        let mut world = World::new(regime, seed, Rules::right()).traced();
        let ended = world.run();
        world.lines().iter().for_each(|line| println!("{line}"));
        println!("{ended:?}");
        return ExitCode::from(u8::from(ended.is_err()));
    }
    if arguments.first().is_some_and(|first| first == "--states") {
        let most = number(arguments.get(1)).and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        let explored = explore(&Rules::right(), Search::Near, most);
        println!("{explored:?}");
        return ExitCode::from(u8::from(explored.is_err()));
    }
    if arguments.first().is_some_and(|first| first == "--wrong") {
        show_wrong_rules(number(arguments.get(1)).unwrap_or(1_000), arguments.get(2));
        return ExitCode::SUCCESS;
    }
    let Some(histories) = number(arguments.first()) else {
        eprintln!("HISTORIES [FIRST_SEED], --trace REGIME SEED, --states [MOST], or --wrong [SEEDS [RULE]]");
        return ExitCode::from(2);
    };
    let first = number(arguments.get(1)).unwrap_or(0);
    let mut total = Figures::default();
    for seed in first..first + histories {
        let regime = Regime::of(seed);
        match history(regime, seed, &Rules::right()) {
            Ok(figures) => total.add(&figures),
            Err(violation) => {
                println!("{regime:?} {seed}: {violation:?}");
                return ExitCode::FAILURE;
            }
        }
    }
    println!("{histories} histories from seed {first}: {total:?}");
    ExitCode::SUCCESS
}
