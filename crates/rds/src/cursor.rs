//! Reads the values of a vector from the spool, one behind the other.

use crate::error::Error;
use crate::spool::Spool;
use crate::texts_of_numbers::{text_of_integer, text_of_real};
use crate::tokens::{Form, MISSING_INTEGER, MISSING_REAL, Source, Tokens};
use crate::value::{Data, Kind, Mark, Vector};

/// Bytes of the buffer for the numbers of an attribute.
const ROOM: usize = 4 << 10;

/// A place of the spool.
pub(crate) struct Place<'a, S> {
    spool: &'a S,
    offset: u64,
}

impl<S: Spool> Source for Place<'_, S> {
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let length = self.spool.read_at(self.offset, buffer)?;
        self.offset += length as u64;
        Ok(length)
    }
}

/// The next value of a vector.
pub(crate) struct Cursor<'a, S> {
    kind: Kind,
    state: State<'a, S>,
}

enum State<'a, S> {
    Stored(Tokens<Place<'a, S>>),
    Sequence { next: f64, step: f64 },
    TextsOf { numbers: Box<Cursor<'a, S>>, is_real: bool, scipen: i32 },
}

impl<'a, S: Spool> Cursor<'a, S> {
    /// Starts at element `first`, with a buffer of so many bytes.
    ///
    /// # Errors
    /// I/O; damage cannot be met, as the data were walked through before.
    pub(crate) fn new(
        spool: &'a S,
        form: Form,
        vector: &Vector,
        first: u64,
        room: usize,
    ) -> Result<Self, Error> {
        let state = match &vector.data {
            Data::At(offset) => {
                let tokens = |offset| Tokens::new(Place { spool, offset }, form, offset, room);
                State::Stored(match (form, width(vector.kind)) {
                    (Form::BigEndian | Form::LittleEndian, Some(width)) => tokens(*offset + first * width),
                    (_, Some(width)) => {
                        let mut tokens = tokens(*offset);
                        tokens.skip_numbers(first, width, "a vector")?;
                        tokens
                    }
                    (_, None) => {
                        let mut tokens = tokens(*offset);
                        for _ in 0..first {
                            next_text(&mut tokens, |_, _| ())?;
                        }
                        tokens
                    }
                })
            }
            Data::Sequence { first: start, step } => {
                State::Sequence { next: start + step * first as f64, step: *step }
            }
            Data::TextsOf(numbers, scipen) => State::TextsOf {
                is_real: numbers.kind == Kind::Real,
                numbers: Box::new(Self::new(spool, form, numbers, first, room)?),
                scipen: *scipen,
            },
        };
        Ok(Self { kind: vector.kind, state })
    }

    /// The next number. Whole numbers and logical values that are missing are R's missing real number.
    pub(crate) fn number(&mut self) -> Result<f64, Error> {
        match &mut self.state {
            State::Stored(tokens) if self.kind == Kind::Real => tokens.real("a number"),
            State::Stored(tokens) => {
                let number = tokens.int("a number")?;
                Ok(if number == MISSING_INTEGER { MISSING_REAL } else { f64::from(number) })
            }
            State::Sequence { next, step } => {
                let number = *next;
                *next += *step;
                Ok(number)
            }
            State::TextsOf { .. } => Ok(MISSING_REAL),
        }
    }

    /// Gives the next text to `take`; the missing text is `None`.
    pub(crate) fn text<T>(&mut self, take: impl FnOnce(Option<&[u8]>, Mark) -> T) -> Result<T, Error> {
        match &mut self.state {
            State::Stored(tokens) => next_text(tokens, take),
            State::TextsOf { numbers, is_real, scipen } => {
                let number = numbers.number()?;
                let text = if *is_real { text_of_real(number, *scipen) } else { text_of_integer(number) };
                Ok(take(text.as_deref().map(str::as_bytes), Mark::Utf8))
            }
            State::Sequence { .. } => Ok(take(None, Mark::Native)),
        }
    }
}

fn next_text<B: Source, T>(
    tokens: &mut Tokens<B>,
    take: impl FnOnce(Option<&[u8]>, Mark) -> T,
) -> Result<T, Error> {
    let mark = Mark::of(tokens.int("a text")?);
    match usize::try_from(tokens.int("the length of a text")?) {
        Ok(length) => {
            let bytes = tokens.chars(length, "a text")?;
            Ok(take(Some(&bytes), mark))
        }
        Err(_) => Ok(take(None, mark)),
    }
}

/// Bytes of an element in a binary form; texts have no width.
fn width(kind: Kind) -> Option<u64> {
    match kind {
        Kind::Logical | Kind::Integer => Some(4),
        Kind::Real => Some(8),
        Kind::Complex => Some(16),
        Kind::Raw => Some(1),
        Kind::Text => None,
    }
}

/// The numbers of a vector, at most so many; none of a vector of something else.
pub(crate) fn reals<S: Spool>(spool: &S, form: Form, vector: &Vector, most: u64) -> Result<Vec<f64>, Error> {
    if !matches!(vector.kind, Kind::Logical | Kind::Integer | Kind::Real) {
        return Ok(Vec::new());
    }
    let mut cursor = Cursor::new(spool, form, vector, 0, ROOM)?;
    (0..vector.length.min(most)).map(|_| cursor.number()).collect()
}
