//! The chart model: what a figure shows, in data units. The layout decides on positions, the commands on statistics.

use super::style::{Color, Style};
use super::under::TickText;

/// A whole figure.
#[derive(Debug, Clone)]
pub struct Figure {
    /// Width in pixels.
    pub width: f64,
    /// Height in pixels.
    pub height: f64,
    /// `xml:lang`; `None` is decided from the texts (zh or en).
    pub language: Option<String>,
    /// Title above everything.
    pub title: String,
    /// Subtitle under the title.
    pub subtitle: String,
    /// Note under the figure.
    pub note: String,
    /// Caption under the note.
    pub caption: String,
    /// Last line: engine and sample.
    pub footer: String,
    /// Font sizes in pixels of title, subtitle, note and caption where they differ from the usual ones.
    pub sizes: [Option<f64>; 4],
    /// Page colour.
    pub background: Color,
    /// The panels, row by row; one for an ordinary figure.
    pub panels: Vec<Panel>,
    /// Panels per row; `None` chooses a nearly square grid.
    pub columns: Option<usize>,
    /// Axis titles shared by all panels (by-graphs); empty when panels have their own.
    pub x_title: String,
    /// See `x_title`.
    pub y_title: String,
    /// Panels share their axes: only the outer ones show tick labels.
    pub shared_axes: bool,
    /// The legend.
    pub legend: Legend,
}

impl Default for Figure {
    fn default() -> Self {
        Self {
            width: 720.0,
            height: 480.0,
            language: None,
            title: String::new(),
            subtitle: String::new(),
            note: String::new(),
            caption: String::new(),
            footer: String::new(),
            sizes: [None; 4],
            background: Color::rgb(255, 255, 255),
            panels: Vec::new(),
            columns: None,
            x_title: String::new(),
            y_title: String::new(),
            shared_axes: false,
            legend: Legend::default(),
        }
    }
}

/// One part of a figure.
#[derive(Debug, Clone)]
pub struct Panel {
    /// Title above the panel, empty for none.
    pub title: String,
    /// Content of the panel.
    pub body: Body,
}

/// Content of a panel.
#[derive(Debug, Clone)]
pub enum Body {
    /// Plots between two axes.
    Plane(Box<Plane>),
    /// A pie.
    Pie(Pie),
    /// A matrix of coloured cells.
    Heat(Heat),
    /// A figure of its own (`graph combine`).
    Figure(Box<Figure>),
}

/// Plots between two axes.
#[derive(Debug, Clone)]
pub struct Plane {
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// Plots in drawing order.
    pub series: Vec<Series>,
    /// Reference lines at x values.
    pub x_lines: Vec<RefLine>,
    /// Reference lines at y values.
    pub y_lines: Vec<RefLine>,
    /// Texts at data positions.
    pub texts: Vec<TextMark>,
    /// Colour behind the plots.
    pub background: Option<Color>,
    /// A vertical axis of its own for some of the series, at the right.
    pub second: Option<super::second::Second>,
    /// Rows of texts under the horizontal axis.
    pub table: Option<super::under::Table>,
}

impl Default for Plane {
    /// Empty, with grid lines for the vertical axis only.
    fn default() -> Self {
        Self {
            x: Axis { grid: false, ..Axis::default() },
            y: Axis::default(),
            series: Vec::new(),
            x_lines: Vec::new(),
            y_lines: Vec::new(),
            texts: Vec::new(),
            background: None,
            second: None,
            table: None,
        }
    }
}

/// A reference line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RefLine {
    /// Position.
    pub at: f64,
    /// How; thin and gray by default.
    pub style: Style,
}

/// Text at a data position.
#[derive(Debug, Clone, PartialEq)]
pub struct TextMark {
    /// Horizontal position.
    pub x: f64,
    /// Vertical position.
    pub y: f64,
    /// The text.
    pub text: String,
    /// Clock position relative to the point: 0 centred, 3 to its right, 9 to its left, 12 above …
    pub clock: u8,
    /// Colour, dark gray by default.
    pub color: Option<Color>,
    /// Font size in pixels.
    pub size: Option<f64>,
}

/// Positions of ticks.
#[derive(Debug, Clone, Default)]
pub enum Ticks {
    /// About five nice values.
    #[default]
    Auto,
    /// About so many nice values.
    About(usize),
    /// These values.
    At(Vec<f64>),
    /// These values with these texts.
    Labelled(Vec<(f64, String)>),
    /// Categories 1, 2, 3 … with these texts: no tick marks, labels wrap.
    Categories(Vec<String>),
    /// None.
    None,
}

/// One axis.
#[derive(Debug, Clone)]
pub struct Axis {
    /// Title.
    pub title: String,
    /// Range that must be shown at least; the data extend it.
    pub range: Option<(f64, f64)>,
    /// Range that is shown exactly; other data are clipped.
    pub exact: Option<(f64, f64)>,
    /// Logarithmic scale (positive values only).
    pub log: bool,
    /// From high to low.
    pub reverse: bool,
    /// Ticks.
    pub ticks: Ticks,
    /// Text of automatic ticks and of [`Ticks::At`]; by default as many decimals as needed.
    pub text: Option<TickText>,
    /// Degrees: 0 horizontal, 45, 90 vertical; `None` is chosen so that labels do not overlap.
    pub angle: Option<f64>,
    /// Grid lines at the ticks.
    pub grid: bool,
    /// Font size of the title in pixels.
    pub title_size: Option<f64>,
    /// Font size of the tick labels in pixels.
    pub label_size: Option<f64>,
    /// The axis, its ticks and its title are left out.
    pub hidden: bool,
}

impl Default for Axis {
    fn default() -> Self {
        Self {
            title: String::new(),
            range: None,
            exact: None,
            log: false,
            reverse: false,
            ticks: Ticks::Auto,
            text: None,
            angle: None,
            grid: true,
            title_size: None,
            label_size: None,
            hidden: false,
        }
    }
}

/// One plot of a plane.
#[derive(Debug, Clone)]
pub struct Series {
    /// Text in the legend, empty to leave it out.
    pub label: String,
    /// Its number, which decides default colour and marker.
    pub number: usize,
    /// Shape of the series.
    pub shape: Shape,
    /// How.
    pub style: Style,
}

/// A bar from `from` to `to` at a position, with its width in data units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bar {
    /// Position of its middle on the other axis.
    pub at: f64,
    /// Base.
    pub from: f64,
    /// End.
    pub to: f64,
    /// Width.
    pub width: f64,
}

/// An interval at a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// Position on the other axis.
    pub at: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The five numbers of a box and what lies outside.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BoxStats {
    /// Position on the category axis.
    pub at: f64,
    /// Width in data units.
    pub width: f64,
    /// Lower adjacent value (whisker).
    pub low: f64,
    /// First quartile.
    pub q1: f64,
    /// Median.
    pub median: f64,
    /// Third quartile.
    pub q3: f64,
    /// Upper adjacent value (whisker).
    pub high: f64,
    /// Outside values.
    pub outside: Vec<f64>,
}

/// Shape of a series. Points that are not finite are left out and break lines.
#[derive(Debug, Clone)]
pub enum Shape {
    /// Markers.
    Points {
        /// Positions.
        points: Vec<(f64, f64)>,
    },
    /// A line; `step` draws stairs (each value holds until the next).
    Line {
        /// Positions; a position that is not finite breaks the line.
        points: Vec<(f64, f64)>,
        /// Stairs.
        step: bool,
    },
    /// A line with markers.
    Connected {
        /// Positions.
        points: Vec<(f64, f64)>,
    },
    /// The area between a line and a base.
    Area {
        /// Positions.
        points: Vec<(f64, f64)>,
        /// Base value.
        base: f64,
    },
    /// The area between two lines.
    Band {
        /// Position, low, high.
        ranges: Vec<Range>,
    },
    /// Bars.
    Bars {
        /// The bars.
        bars: Vec<Bar>,
        /// Bars grow to the right.
        horizontal: bool,
    },
    /// Intervals, with caps (`rcap`) or without (`rspike`).
    Ranges {
        /// The intervals.
        ranges: Vec<Range>,
        /// Caps at the ends.
        caps: bool,
        /// Intervals lie along the x axis.
        horizontal: bool,
    },
    /// Box plots.
    Boxes {
        /// The boxes.
        boxes: Vec<BoxStats>,
        /// Boxes lie along the x axis.
        horizontal: bool,
    },
}

/// Position of the legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LegendPlace {
    /// Under the plots.
    #[default]
    Bottom,
    /// Above the plots.
    Top,
    /// To the right of the plots.
    Right,
    /// To the left of the plots.
    Left,
}

/// The legend.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Legend {
    /// Shown or not; `None` shows it when there are two or more entries.
    pub show: Option<bool>,
    /// Place.
    pub place: LegendPlace,
    /// Entries by series position with their texts; `None` takes all labelled series.
    pub order: Option<Vec<(usize, String)>>,
    /// Entries per row.
    pub columns: Option<usize>,
    /// Rows.
    pub rows: Option<usize>,
    /// Title.
    pub title: String,
    /// Font size in pixels.
    pub size: Option<f64>,
    /// The panel whose figure has the legend of the whole.
    pub from: Option<usize>,
}

/// A pie.
#[derive(Debug, Clone, Default)]
pub struct Pie {
    /// Text, size and colour of each slice.
    pub slices: Vec<(String, f64, Option<Color>)>,
    /// Texts on the slices, empty for none.
    pub texts: Vec<String>,
}

/// A matrix of coloured cells, first row on top.
#[derive(Debug, Clone, Default)]
pub struct Heat {
    /// Texts of the rows.
    pub rows: Vec<String>,
    /// Texts of the columns.
    pub columns: Vec<String>,
    /// Values row by row; those that are not finite stay empty.
    pub values: Vec<Vec<f64>>,
    /// Range of the colour scale; diverging from white at 0 when it has both signs.
    pub range: (f64, f64),
    /// Decimals of the values written into the cells, `None` writes none.
    pub decimals: Option<usize>,
}
