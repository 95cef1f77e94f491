//! Colours, markers and line patterns of figures, and their names in the language; nothing is
//! drawn here.

use std::fmt;

/// A colour with opacity 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Color {
    /// Red, green, blue.
    pub rgb: (u8, u8, u8),
    /// 1 is opaque.
    pub opacity: f64,
}

impl Color {
    /// An opaque colour.
    pub const fn rgb(r: u8, g: u8, b: u8) -> Self {
        Self { rgb: (r, g, b), opacity: 1.0 }
    }

    /// The same colour with this opacity.
    pub fn with_opacity(self, opacity: f64) -> Self {
        Self { opacity, ..self }
    }

    /// Mixed with white: 0 is white, 1 the colour itself.
    pub fn tint(self, share: f64) -> Self {
        let mix = |c: u8| (255.0 - share * (255.0 - f64::from(c))).round().clamp(0.0, 255.0) as u8;
        let (r, g, b) = self.rgb;
        Self { rgb: (mix(r), mix(g), mix(b)), ..self }
    }

    /// Relative luminance 0 to 1 (WCAG 2, linear parts).
    pub fn luminance(self) -> f64 {
        let part = |c: u8| (f64::from(c) / 255.0).powf(2.2);
        let (r, g, b) = self.rgb;
        0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
    }

    /// Reads `navy`, `gs10`, `"0 114 178"`, `#0072B2`, each with `%opacity` and `*intensity`.
    /// `none` is fully transparent.
    pub fn parse(text: &str) -> Option<Self> {
        let (text, opacity) = match text.split_once('%') {
            Some((name, percent)) => {
                let percent: f64 = percent.trim().parse().ok()?;
                (name, (0.0..=100.0).contains(&percent).then_some(percent / 100.0)?)
            }
            None => (text, 1.0),
        };
        let (text, intensity) = match text.split_once('*') {
            Some((name, factor)) => (name, factor.trim().parse::<f64>().ok()?),
            None => (text, 1.0),
        };
        let color = named(text.trim()).or_else(|| numbers(text))?;
        let color = if intensity < 1.0 {
            color.tint(intensity.max(0.0))
        } else {
            let darker = |c: u8| (f64::from(c) / intensity).round() as u8;
            let (r, g, b) = color.rgb;
            Self { rgb: (darker(r), darker(g), darker(b)), ..color }
        };
        Some(color.with_opacity(color.opacity * opacity))
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (r, g, b) = self.rgb;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

fn numbers(text: &str) -> Option<Color> {
    if let Some(hex) = text.trim().strip_prefix('#') {
        let value = u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 6)?;
        return Some(Color::rgb((value >> 16) as u8, (value >> 8) as u8, value as u8));
    }
    let parts: Vec<u8> = text.split_whitespace().map(|part| part.parse().ok()).collect::<Option<_>>()?;
    match parts[..] {
        [r, g, b] => Some(Color::rgb(r, g, b)),
        _ => None,
    }
}

/// The colour names of the language's `colorstyle` (manual [G-4] colorstyle).
fn named(name: &str) -> Option<Color> {
    const NAMES: &[(&str, (u8, u8, u8))] = &[
        ("black", (0, 0, 0)),
        ("white", (255, 255, 255)),
        ("gray", (128, 128, 128)),
        ("grey", (128, 128, 128)),
        ("red", (255, 0, 0)),
        ("green", (0, 128, 0)),
        ("blue", (0, 0, 255)),
        ("lime", (0, 255, 0)),
        ("yellow", (255, 255, 0)),
        ("cyan", (0, 255, 255)),
        ("magenta", (255, 0, 255)),
        ("orange", (255, 127, 0)),
        ("purple", (128, 0, 128)),
        ("brown", (156, 136, 71)),
        ("pink", (255, 0, 128)),
        ("gold", (255, 210, 0)),
        ("navy", (26, 71, 111)),
        ("maroon", (144, 53, 59)),
        ("forest_green", (85, 117, 47)),
        ("dkorange", (227, 126, 0)),
        ("orange_red", (255, 69, 0)),
        ("teal", (110, 142, 132)),
        ("cranberry", (193, 5, 52)),
        ("lavender", (147, 141, 210)),
        ("khaki", (202, 194, 126)),
        ("sienna", (160, 82, 45)),
        ("emidblue", (123, 146, 168)),
        ("emerald", (45, 109, 102)),
        ("erose", (156, 136, 71)),
        ("eltblue", (130, 192, 233)),
        ("eltgreen", (191, 213, 176)),
        ("edkblue", (62, 100, 125)),
        ("ebblue", (0, 139, 188)),
        ("ltblue", (173, 216, 230)),
        ("midblue", (0, 102, 204)),
        ("dkblue", (0, 0, 139)),
        ("midgreen", (60, 179, 113)),
        ("ltgreen", (144, 238, 144)),
        ("dkgreen", (0, 100, 0)),
        ("mint", (152, 255, 152)),
        ("olive", (128, 128, 0)),
        ("olive_teal", (192, 220, 192)),
        ("stone", (215, 210, 158)),
        ("sand", (212, 199, 174)),
        ("chocolate", (82, 32, 12)),
        ("sandb", (230, 210, 170)),
        ("bluishgray", (217, 230, 235)),
        ("ltbluishgray", (234, 242, 243)),
        ("dknavy", (30, 45, 83)),
        ("dimgray", (105, 105, 105)),
        ("ltkhaki", (230, 225, 185)),
        ("gs0", (0, 0, 0)),
    ];
    if name == "none" {
        return Some(Color::rgb(255, 255, 255).with_opacity(0.0));
    }
    if let Some(level) = name.strip_prefix("gs").and_then(|n| n.parse::<u32>().ok()) {
        let gray = (level * 16).min(255) as u8;
        return (level <= 16).then(|| Color::rgb(gray, gray, gray));
    }
    if let Some(number) = name.strip_prefix("stc").and_then(|n| n.parse::<usize>().ok()) {
        return (1..=15).contains(&number).then(|| palette(number - 1));
    }
    NAMES.iter().find(|(known, _)| *known == name).map(|&(_, (r, g, b))| Color::rgb(r, g, b))
}

/// The colour of the series with this zero-based number: Okabe and Ito's scheme (Color Universal
/// Design, 2008), distinguishable with every common colour-vision deficiency; yellow is last because it
/// is weak on white.
pub fn palette(number: usize) -> Color {
    const OKABE_ITO: [Color; 8] = [
        Color::rgb(0, 114, 178),
        Color::rgb(213, 94, 0),
        Color::rgb(0, 158, 115),
        Color::rgb(204, 121, 167),
        Color::rgb(230, 159, 0),
        Color::rgb(86, 180, 233),
        Color::rgb(0, 0, 0),
        Color::rgb(240, 228, 66),
    ];
    OKABE_ITO[number % OKABE_ITO.len()]
}

/// A marker's form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbol {
    /// Filled or hollow circle.
    Circle,
    /// Diamond.
    Diamond,
    /// Square.
    Square,
    /// Triangle.
    Triangle,
    /// `+`
    Plus,
    /// `x`
    Cross,
    /// A small dot.
    Point,
    /// Nothing.
    None,
}

/// A marker's form and whether it is hollow, by its name in the language.
pub fn symbol(name: &str) -> Option<(Symbol, bool)> {
    Some(match name {
        "O" | "circle" | "o" | "smcircle" => (Symbol::Circle, false),
        "Oh" | "circle_hollow" | "oh" | "smcircle_hollow" => (Symbol::Circle, true),
        "D" | "diamond" | "d" | "smdiamond" => (Symbol::Diamond, false),
        "Dh" | "diamond_hollow" | "dh" | "smdiamond_hollow" => (Symbol::Diamond, true),
        "S" | "square" | "s" | "smsquare" => (Symbol::Square, false),
        "Sh" | "square_hollow" | "sh" | "smsquare_hollow" => (Symbol::Square, true),
        "T" | "triangle" | "t" | "smtriangle" => (Symbol::Triangle, false),
        "Th" | "triangle_hollow" | "th" | "smtriangle_hollow" => (Symbol::Triangle, true),
        "+" | "plus" | "smplus" => (Symbol::Plus, false),
        "X" | "x" | "smx" => (Symbol::Cross, false),
        "p" | "point" => (Symbol::Point, false),
        "i" | "none" => (Symbol::None, false),
        _ => return None,
    })
}

/// The marker of the series with this number, so that series differ without colour too.
pub fn symbol_of(number: usize) -> Symbol {
    [Symbol::Circle, Symbol::Diamond, Symbol::Square, Symbol::Triangle, Symbol::Cross, Symbol::Plus]
        [number % 6]
}

/// The dash array of a line pattern by its name in the language; `None` for an unknown name,
/// an empty one for a solid line.
pub fn pattern(name: &str) -> Option<&'static str> {
    Some(match name {
        "solid" | "l" => "",
        "dash" | "_" => "8 4",
        "longdash" => "14 5",
        "shortdash" | "-" => "5 3",
        "dot" | "." => "1.5 3.5",
        "dash_dot" | "_." => "9 4 1.5 4",
        "shortdash_dot" | "-." => "5 3 1.5 3",
        "longdash_dot" => "14 4 1.5 4",
        "blank" => return None,
        _ => return None,
    })
}

/// How a series looks; what is `None` follows from its number.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Style {
    /// Line and marker colour.
    pub color: Option<Color>,
    /// Fill of bars, areas and boxes.
    pub fill: Option<Color>,
    /// Outline of filled shapes.
    pub outline: Option<Color>,
    /// Line width in pixels.
    pub line_width: Option<f64>,
    /// Dash array, empty for solid.
    pub dash: Option<&'static str>,
    /// Marker.
    pub symbol: Option<Symbol>,
    /// Marker without fill.
    pub hollow: bool,
    /// Marker radius in pixels.
    pub size: Option<f64>,
    /// Radius of each marker as a share of the usual one, empty where all are alike.
    pub sizes: Vec<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_read_in_every_form() {
        assert_eq!(Color::parse("navy"), Some(Color::rgb(26, 71, 111)));
        assert_eq!(Color::parse("0 114 178"), Some(palette(0)));
        assert_eq!(Color::parse("#0072B2"), Some(palette(0)));
        assert_eq!(Color::parse("gs8").unwrap().rgb, (128, 128, 128));
        assert_eq!(Color::parse("red%40").unwrap().opacity, 0.4);
        assert_eq!(Color::parse("none").unwrap().opacity, 0.0);
        assert_eq!(Color::parse("black*0.5").unwrap().rgb, (128, 128, 128));
        for bad in ["nvy", "1 2", "300 0 0", "red%140", "#12"] {
            assert_eq!(Color::parse(bad), None, "{bad}");
        }
    }
}
