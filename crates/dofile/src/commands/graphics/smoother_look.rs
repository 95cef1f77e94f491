//! Looks of plots that commands other than `twoway` draw. Of a smoother over its points, `lowess` and `lpoly`, options of
//! markers are those of the points and `lineopts()` has those of the line ([R] lowess, [R] lpoly); curves of groups have
//! `plot#opts()` ([ST] sts graph).

use super::plot_options::{Group, PlotOptions};
use crate::error::{Result, StataError};
use crate::ops::graphs::plain::RawOption;
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use figure::Style;

/// Options of markers that the points of a smoother do not have here.
const NOT_DRAWN: &[&str] = &["MLABel", "MLABColor", "MLABSize", "MLABPosition", "JITter", "JITTERSeed"];

/// Looks of both series.
#[derive(Default)]
pub(in crate::commands) struct SmootherLooks {
    points: PlotOptions,
    line: PlotOptions,
}

impl SmootherLooks {
    /// Takes an option of the look; `false` leaves it to others.
    ///
    /// # Errors
    /// r(198) for a value that is not one of the option.
    pub(in crate::commands) fn take(&mut self, s: &Session, option: &RawOption) -> Result<bool> {
        match option {
            (name, Some(text)) if abbreviates(name, "LINEOPts") => {
                for own in split_options(text)? {
                    self.line.take(s, &own)?;
                }
                self.line.check(&[Group::Line, Group::Connect, Group::Sort]).map(|()| true)
            }
            (name, _) if NOT_DRAWN.iter().any(|known| abbreviates(name, known)) => Ok(false),
            _ => {
                let mut with = self.points.clone();
                let is_look = with.take(s, option)? && with.check(&[Group::Marker]).is_ok();
                if is_look {
                    self.points = with;
                }
                Ok(is_look)
            }
        }
    }

    /// The style of the points with the number that decides what was not given.
    pub(in crate::commands) fn points(&self) -> (Style, usize) {
        self.points.look(0, false, 0)
    }

    /// The style of the line, likewise.
    pub(in crate::commands) fn line(&self) -> (Style, usize) {
        self.line.look(0, false, 1)
    }
}

/// Looks of the curves of groups by their numbers, from one on, and of all of them: `plot#opts()` and `plotopts()`.
#[derive(Default)]
pub(in crate::commands) struct PlotLooks(Vec<(Option<usize>, PlotOptions)>);

impl PlotLooks {
    /// Takes an option of the look; `false` leaves it to others.
    ///
    /// # Errors
    /// r(198) for an option that a line does not have.
    pub(in crate::commands) fn take(
        &mut self,
        s: &Session,
        name: &str,
        argument: Option<&str>,
    ) -> Result<bool> {
        let (Some(rest), Some(text)) = (name.strip_prefix("plot"), argument) else { return Ok(false) };
        let letters = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = rest[..rest.len() - letters.len()].parse::<usize>().ok();
        let is_own = "opts".starts_with(letters) && number.map_or(letters.len() >= 2, |n| n > 0);
        if !is_own {
            return Ok(false);
        }
        let mut options = PlotOptions::default();
        for option in split_options(text)? {
            if !options.take(s, &option)? {
                return Err(StataError::option_not_allowed(&option.0));
            }
        }
        options.check(&[Group::Line, Group::Marker, Group::Connect, Group::Sort])?;
        self.0.push((number, options));
        Ok(true)
    }

    /// The style of the curve at a position, from zero on, and the number that decides what was not given.
    pub(in crate::commands) fn style(&self, position: usize) -> (Style, usize) {
        self.of(position).map_or_else(|| (Style::default(), position), |own| own.look(0, false, position))
    }

    /// Whether the curve goes in stairs, where its options say so.
    pub(in crate::commands) fn stairs(&self, position: usize) -> Option<bool> {
        self.of(position).and_then(PlotOptions::stairs)
    }

    fn of(&self, position: usize) -> Option<&PlotOptions> {
        let own = self.0.iter().rev().find(|(number, _)| *number == Some(position + 1));
        own.or_else(|| self.0.iter().rev().find(|(number, _)| number.is_none())).map(|(_, options)| options)
    }
}

/// Looks of the curves of one command by lists of styles, one for each curve: `lcolor(red blue)`.
#[derive(Default)]
pub(in crate::commands) struct LineLooks(PlotOptions);

impl LineLooks {
    /// Takes an option of the look; `false` leaves it to others.
    ///
    /// # Errors
    /// r(198) for a value that is not one of the option.
    pub(in crate::commands) fn take(
        &mut self,
        s: &Session,
        name: &str,
        argument: Option<&str>,
    ) -> Result<bool> {
        let mut with = self.0.clone();
        let option = (name.to_string(), argument.map(str::to_string));
        let is_look = argument.is_some() && with.take(s, &option)? && with.check(&[Group::Line]).is_ok();
        if is_look {
            self.0 = with;
        }
        Ok(is_look)
    }

    /// The style of the curve at a position, from zero on, and the number that decides what was not given.
    pub(in crate::commands) fn style(&self, position: usize) -> (Style, usize) {
        self.0.look(position, false, position)
    }
}
