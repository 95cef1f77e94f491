//! The look of one y variable of a plot.

use super::{Connect, PlotOptions};
use figure::Style;

impl PlotOptions {
    /// The look of the `at`-th y variable with the number that decides what was not given, `number` by default.
    pub(in crate::commands::graphics) fn look(
        &self,
        at: usize,
        filled: bool,
        number: usize,
    ) -> (Style, usize) {
        let (mut style, own) = self.style(at, filled);
        let number = own.unwrap_or(number);
        let [marker, line, fill] =
            self.opacity.map(|opacity| opacity.map(|o| figure::palette(number).with_opacity(o)));
        style.color = style.color.or(if filled { line.or(marker) } else { marker.or(line) });
        style.fill = style.fill.or(fill);
        (style, number)
    }

    /// Whether `connect()` asks for stairs; nothing where it says nothing about the way.
    pub(in crate::commands::graphics) fn stairs(&self) -> Option<bool> {
        match self.connect.first().copied().flatten()? {
            Connect::Stairs => Some(true),
            Connect::Direct => Some(false),
            Connect::Nothing => None,
        }
    }

    fn style(&self, at: usize, filled: bool) -> (Style, Option<usize>) {
        fn nth<T: Copy>(list: &[Option<T>], at: usize) -> Option<T> {
            list.get(at).copied().flatten()
        }
        let marker = nth(&self.marker_fill, at).or(nth(&self.marker_color, at));
        let line = nth(&self.line_color, at);
        let symbol = nth(&self.symbol, at);
        let style = Style {
            color: if filled { line.or(marker) } else { marker.or(line).or(nth(&self.marker_line, at)) },
            fill: nth(&self.fill_color, at).or(if filled { marker } else { None }),
            outline: if filled { line } else { nth(&self.marker_line, at).filter(|_| marker.is_some()) },
            line_width: nth(&self.width, at),
            dash: nth(&self.dash, at),
            symbol: symbol.map(|s| s.0),
            hollow: symbol.is_some_and(|s| s.1) || marker.is_some_and(|c| c.opacity == 0.0),
            size: nth(&self.size, at),
            sizes: Vec::new(),
        };
        (style, nth(&self.pstyle, at))
    }
}
