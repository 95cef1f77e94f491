//! Options and suboptions of graphs that are read and change nothing. They say how a graph looks, not what it shows:
//! distances, outlines, alignment, ticks and the arrangement of keys follow the layout of the page
//! (`docs/engine/graphs.md`).

use crate::syntax::options::abbreviates;

/// Suboptions of regions, [G-4] areastyle, linestyle.
const REGION: &[&str] = &[
    "Margin",
    "LColor",
    "LWidth",
    "LPattern",
    "LSTYle",
    "STYle",
    "ICOLor",
    "ILColor",
    "ILWidth",
    "ILPattern",
    "ISTYle",
    "LAlign",
];

/// Suboptions of `legend()`: the layout measures texts and places keys itself.
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

/// Suboptions of titles and texts, [G-3] textbox_options and title_options.
const TEXT: &[&str] = &[
    "TSTYle",
    "ORIENTation",
    "COLor",
    "JUSTification",
    "ALIGNment",
    "Margin",
    "LINEGap",
    "WIDTH",
    "HEIGHT",
    "BOX",
    "NOBOX",
    "BColor",
    "FColor",
    "LSTYle",
    "LPattern",
    "LWidth",
    "LColor",
    "LAlign",
    "BMargin",
    "BEXpand",
    "PLacement",
    "POSition",
    "RING",
    "SPAN",
];

/// Suboptions of the labels of an axis, [G-3] axis_label_options.
const LABEL: &[&str] = &[
    "GMIN",
    "NOGMIN",
    "GMAX",
    "NOGMAX",
    "GEXtend",
    "NOGEXtend",
    "GSTYle",
    "GLSTYle",
    "GLColor",
    "GLWidth",
    "GLPattern",
    "TICks",
    "NOTICks",
    "TLength",
    "TPosition",
    "TSTYle",
    "TLSTYle",
    "TLColor",
    "TLWidth",
    "LABels",
    "LABGap",
    "LABSTYle",
    "LABColor",
    "TLABColor",
    "ALTernate",
    "NOALTernate",
    "NORESCALE",
    "CUSTom",
];

/// Suboptions of the scale of an axis, [G-3] axis_scale_options.
const SCALE: &[&str] = &[
    "LIne",
    "NOLIne",
    "ALT",
    "FEXtend",
    "NOFEXtend",
    "EXtend",
    "NOEXtend",
    "TITLEGap",
    "OUTERGap",
    "LSTYle",
    "LColor",
    "LWidth",
    "LPattern",
    "LAlign",
];

/// Suboptions of lines across the graph, [G-3] added_line_options.
const REFERENCE_LINE: &[&str] = &["LSTYle", "STYle", "EXtend", "NOEXtend", "LAlign"];

/// Suboptions of `by()`, [G-3] by_option: the panels share the look and the distances of the graph.
const BY: &[&str] = &[
    "COMPACT",
    "STYle",
    "EDGElabel",
    "NOEDGElabel",
    "IXAXes",
    "IYAXes",
    "IXTick",
    "IYTick",
    "IXLABel",
    "IYLABel",
    "IXTItle",
    "IYTItle",
    "NOIXAXes",
    "NOIYAXes",
    "NOIXTick",
    "NOIYTick",
    "NOIXLABel",
    "NOIYLABel",
    "NOIXTItle",
    "NOIYTItle",
    "ISCALE",
    "IMargin",
    "GRAPHRegion",
    "PLOTRegion",
    "COLFirst",
    "ALTSHRINK",
    "HOLES",
];

/// Options of a graph: relative sizes, minor ticks, the cycle of plot styles.
const GRAPH: &[&str] = &[
    "ASPectratio",
    "FXSIZE",
    "FYSIZE",
    "SCALE",
    "ISCALE",
    "IMargin",
    "COMMONSCHEME",
    "PCYCle",
    "XTick",
    "YTick",
    "TTick",
    "XMTick",
    "YMTick",
    "TMTick",
];

/// Options of one plot, [G-3] marker_options, marker_label_options, line_options, area_options.
const PLOT: &[&str] = &[
    "MLABANGle",
    "MLABGap",
    "MLABTextstyle",
    "MLABSTYle",
    "MSTYle",
    "MLSTYle",
    "MSANGle",
    "MLALign",
    "LSTYle",
    "LALign",
    "ASTYle",
    "BSTYle",
    "BLSTYle",
    "FINTENsity",
    "INTENsity",
    "ALSTYle",
    "ALColor",
    "ALWidth",
    "ALPattern",
    "CLSTYle",
];

/// Options of bars, boxes, dots and slices, [G-2] graph bar, graph box, graph dot, graph pie.
const CATEGORIES: &[&str] = &[
    "BARGap",
    "BOXGap",
    "OUTERGap",
    "LINEGap",
    "INTensity",
    "LINTensity",
    "CAPSIZE",
    "ALSIZE",
    "NOFill",
    "YALTernate",
    "XALTernate",
    "PCYCle",
    "NDOTS",
    "DOTs",
    "LINEType",
    "LINES",
    "LINE",
    "RECTangles",
    "MARKer",
    "BOX",
    "CWhiskers",
    "MEDTYPE",
    "MEDLINE",
    "MEDMARKER",
    "ANGle0",
    "NOCLockwise",
    "PTEXT",
];

/// Suboptions of the labels of bars and slices and of their categories.
const CATEGORY_TEXT: &[&str] =
    &["SIze", "COLor", "GAP", "ORIENTation", "POSition", "LABGap", "TICks", "ALTernate", "TEXTstyle", "BOX"];

/// Options of the lines and areas that a command adds to its graph, and the distance of bars, [G-2] histogram, kdensity, [R] lowess, lpoly.
const ADDED: &[&str] =
    &["GAP", "NORMOpts", "KDENOpts", "STOPts", "ADDLABOPts", "LINEOPts", "CIOPts", "RLOPts"];

fn among(list: &[&str], name: &str) -> bool {
    list.iter().any(|declared| abbreviates(name, declared))
}

/// Whether a suboption of `graphregion()` or `plotregion()` has no effect.
pub(super) fn of_region(name: &str) -> bool {
    among(REGION, name)
}

/// Whether a suboption of `legend()` has no effect.
pub(super) fn of_legend(name: &str) -> bool {
    among(LEGEND, name)
}

/// Whether a suboption of a title or a text has no effect.
pub(super) fn of_text(name: &str) -> bool {
    among(TEXT, name)
}

/// Whether a suboption of the labels of an axis has no effect.
pub(crate) fn of_label(name: &str) -> bool {
    among(LABEL, name)
}

/// Whether a suboption of the scale of an axis has no effect.
pub(super) fn of_scale(name: &str) -> bool {
    among(SCALE, name)
}

/// Whether a suboption of `xline()` has no effect.
pub(super) fn of_reference_line(name: &str) -> bool {
    among(REFERENCE_LINE, name)
}

/// Whether a suboption of `by()` has no effect.
pub(super) fn of_by(name: &str) -> bool {
    among(BY, name)
}

/// Whether an option of a graph has no effect.
pub(crate) fn of_graph(name: &str) -> bool {
    among(GRAPH, name)
}

/// Whether an option of a plot has no effect.
pub(crate) fn of_plot(name: &str) -> bool {
    among(PLOT, name)
}

/// Whether an option of bars, boxes or slices has no effect.
pub(crate) fn of_categories(name: &str) -> bool {
    among(CATEGORIES, name)
}

/// Whether a suboption of `blabel()`, `plabel()` or `over()` has no effect.
pub(crate) fn of_category_text(name: &str) -> bool {
    among(CATEGORY_TEXT, name)
}

/// Whether an option says how an added line looks.
pub(crate) fn of_added(name: &str) -> bool {
    among(ADDED, name)
}
