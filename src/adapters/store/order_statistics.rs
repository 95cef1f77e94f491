//! A set of numbers that knows how many of its members lie below one. Numbers come in blocks of
//! neighbours, as places in the queue do, so that a rank checks few words.

use std::collections::BTreeMap;

/// Numbers of one block.
const BLOCK: u64 = 4096;
const WORDS: usize = (BLOCK / 64) as usize;

#[derive(Debug)]
struct Block {
    count: u64,
    words: Box<[u64; WORDS]>,
}

/// The set.
#[derive(Debug, Default)]
pub(super) struct Ranks {
    blocks: BTreeMap<u64, Block>,
    len: u64,
}

fn place(number: u64) -> (u64, usize, u64) {
    let within = number % BLOCK;
    // a word's index is below WORDS, which is small
    (number / BLOCK, (within / 64) as usize, 1 << (within % 64))
}

impl Ranks {
    /// Adds a number.
    pub(super) fn insert(&mut self, number: u64) {
        let (at, word, bit) = place(number);
        let block = self.blocks.entry(at).or_insert_with(|| Block { count: 0, words: Box::new([0; WORDS]) });
        if block.words[word] & bit == 0 {
            block.words[word] |= bit;
            block.count += 1;
            self.len += 1;
        }
    }

    /// Takes a number out.
    pub(super) fn remove(&mut self, number: u64) {
        let (at, word, bit) = place(number);
        let Some(block) = self.blocks.get_mut(&at) else { return };
        if block.words[word] & bit == 0 {
            return;
        }
        block.words[word] &= !bit;
        block.count -= 1;
        self.len -= 1;
        if block.count == 0 {
            self.blocks.remove(&at);
        }
    }

    /// Returns how many members are below a number.
    pub(super) fn below(&self, number: u64) -> u64 {
        let (at, word, bit) = place(number);
        let whole: u64 = self.blocks.range(..at).map(|(_, block)| block.count).sum();
        let Some(block) = self.blocks.get(&at) else { return whole };
        let words: u32 = block.words[..word].iter().map(|w| w.count_ones()).sum();
        whole + u64::from(words) + u64::from((block.words[word] & (bit - 1)).count_ones())
    }

    /// Returns the number of members.
    pub(super) fn len(&self) -> u64 {
        self.len
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ranks_are_those_of_a_sorted_set(
            steps in prop::collection::vec((0..3_u8, 0..20_000_u64), 1..200),
            asked in prop::collection::vec(0..20_000_u64, 1..20),
        ) {
            let (mut ranks, mut set) = (Ranks::default(), BTreeSet::new());
            for (what, number) in steps {
                if what == 0 {
                    ranks.remove(number);
                    set.remove(&number);
                } else {
                    ranks.insert(number);
                    set.insert(number);
                }
            }
            prop_assert_eq!(ranks.len(), set.len() as u64);
            for number in asked {
                prop_assert_eq!(ranks.below(number), set.range(..number).count() as u64);
            }
        }
    }
}
