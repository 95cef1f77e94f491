//! Suboptions of graphs that are read and change nothing: distances, outlines and the arrangement of keys follow the
//! layout of the page (`docs/engine/graphs.md`).

use crate::syntax::options::abbreviates;

/// Suboptions of regions without effect.
const REGION: &[&str] = &[
    "Margin",
    "LColor",
    "LWidth",
    "LPattern",
    "LSTYle",
    "STYle",
    "ILColor",
    "ILWidth",
    "ILPattern",
    "ISTYle",
    "LAlign",
];

/// Suboptions of `legend()` without effect: the layout measures texts and places keys itself.
const LEGEND: &[&str] = &[
    "RING",
    "REGion",
    "SYMXsize",
    "SYMYsize",
    "SYMPlacement",
    "KEYGap",
    "ROWGap",
    "COLGap",
    "BMargin",
    "BEXpand",
    "COLFirst",
    "TEXTFirst",
    "TEXTWidth",
    "FORCESIZE",
    "NOBOX",
    "SPAN",
    "STACK",
    "LINEGap",
    "JUSTification",
    "ALIGNment",
];

/// Whether a suboption of `graphregion()` or `plotregion()` has no effect.
pub(super) fn of_region(name: &str) -> bool {
    REGION.iter().any(|declared| abbreviates(name, declared))
}

/// Whether a suboption of `legend()` has no effect.
pub(super) fn of_legend(name: &str) -> bool {
    LEGEND.iter().any(|declared| abbreviates(name, declared))
}
