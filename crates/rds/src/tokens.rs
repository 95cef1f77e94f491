//! Numbers and texts in the three forms of R's serialization: binary in either order of bytes, and ASCII.

use crate::error::Error;

/// The missing value of integers and logical values.
pub(crate) const MISSING_INTEGER: i32 = i32::MIN;
/// The missing value of real numbers: a NaN whose lower half is 1954.
pub(crate) const MISSING_REAL: f64 = f64::from_bits(0x7ff0_0000_0000_07a2);
/// Most characters of a number.
const NUMBER_CHARS: usize = 64;
/// Bytes of a text that are taken at once.
const CHUNK: usize = 64 << 10;

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `X`, and `B` of machines with that order.
    BigEndian,
    /// `B` of all common machines.
    LittleEndian,
    /// `A`.
    Ascii,
}

/// Where bytes come from.
pub(crate) trait Source {
    /// Reads some bytes; none at the end.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Error>;
}

/// Reads numbers and texts one behind the other.
pub(crate) struct Tokens<B> {
    pub source: B,
    pub form: Form,
    buffer: Vec<u8>,
    at: usize,
    end: usize,
    /// Offset of the first byte of the buffer.
    offset: u64,
}

impl<B: Source> Tokens<B> {
    /// Starts at `offset` of the source's data, with so many bytes at once.
    pub(crate) fn new(source: B, form: Form, offset: u64, room: usize) -> Self {
        Self { source, form, buffer: vec![0; room.max(16)], at: 0, end: 0, offset }
    }

    /// Offset of the next byte.
    pub(crate) fn position(&self) -> u64 {
        self.offset + self.at as u64
    }

    /// Makes `wanted` bytes available, at most as many as the buffer has room for; fewer at the end.
    fn available(&mut self, wanted: usize) -> Result<usize, Error> {
        if self.end - self.at < wanted {
            self.buffer.copy_within(self.at..self.end, 0);
            self.offset += self.at as u64;
            self.end -= self.at;
            self.at = 0;
            while self.end < wanted {
                let length = self.source.fill(&mut self.buffer[self.end..])?;
                if length == 0 {
                    break;
                }
                self.end += length;
            }
        }
        Ok(self.end - self.at)
    }

    fn ended(&self, what: &'static str) -> Error {
        Error::Truncated { what, offset: self.offset + self.end as u64 }
    }

    /// The next bytes.
    pub(crate) fn take<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Error> {
        if self.available(N)? < N {
            return Err(self.ended(what));
        }
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.buffer[self.at..self.at + N]);
        self.at += N;
        Ok(bytes)
    }

    /// Passes over bytes.
    fn skip(&mut self, mut bytes: u64, what: &'static str) -> Result<(), Error> {
        while bytes > 0 {
            let length = self.available(1)? as u64;
            if length == 0 {
                return Err(self.ended(what));
            }
            let step = length.min(bytes);
            self.at += step as usize;
            bytes -= step;
        }
        Ok(())
    }

    /// The next characters up to a blank or the end of a line.
    fn token(&mut self, most: usize, what: &'static str) -> Result<Vec<u8>, Error> {
        let mut token = Vec::new();
        loop {
            if self.available(1)? == 0 {
                return if token.is_empty() { Err(self.ended(what)) } else { Ok(token) };
            }
            let byte = self.buffer[self.at];
            self.at += 1;
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' if token.is_empty() => {}
                b' ' | b'\t' | b'\n' | b'\r' => return Ok(token),
                _ if token.len() == most => {
                    return Err(Error::malformed(format!("{what} has too many characters"), self.position()));
                }
                _ => token.push(byte),
            }
        }
    }

    /// The next integer.
    pub(crate) fn int(&mut self, what: &'static str) -> Result<i32, Error> {
        match self.form {
            Form::BigEndian => Ok(i32::from_be_bytes(self.take(what)?)),
            Form::LittleEndian => Ok(i32::from_le_bytes(self.take(what)?)),
            Form::Ascii => {
                let token = self.token(NUMBER_CHARS, what)?;
                if token == b"NA" {
                    return Ok(MISSING_INTEGER);
                }
                let number = std::str::from_utf8(&token).ok().and_then(|digits| digits.parse().ok());
                number.ok_or_else(|| Error::malformed(format!("{what} is no whole number"), self.position()))
            }
        }
    }

    /// The next real number.
    pub(crate) fn real(&mut self, what: &'static str) -> Result<f64, Error> {
        match self.form {
            Form::BigEndian => Ok(f64::from_be_bytes(self.take(what)?)),
            Form::LittleEndian => Ok(f64::from_le_bytes(self.take(what)?)),
            Form::Ascii => {
                let token = self.token(NUMBER_CHARS, what)?;
                let number = std::str::from_utf8(&token).ok().and_then(real_of);
                number.ok_or_else(|| Error::malformed(format!("{what} is no number"), self.position()))
            }
        }
    }

    /// Passes over so many integers (4 bytes), real numbers (8), complex numbers (16) or raw bytes (1).
    pub(crate) fn skip_numbers(&mut self, count: u64, width: u64, what: &'static str) -> Result<(), Error> {
        if self.form != Form::Ascii {
            return self.skip(count.saturating_mul(width), what);
        }
        for _ in 0..count.saturating_mul(width.div_ceil(8)) {
            self.token(NUMBER_CHARS, what)?;
        }
        Ok(())
    }

    /// The next characters, so many bytes.
    pub(crate) fn chars(&mut self, length: usize, what: &'static str) -> Result<Vec<u8>, Error> {
        if self.form == Form::Ascii {
            return self.escaped(length, what);
        }
        let mut bytes = Vec::with_capacity(length.min(CHUNK));
        while bytes.len() < length {
            let found = self.available(1)?;
            if found == 0 {
                return Err(self.ended(what));
            }
            let step = found.min(length - bytes.len());
            bytes.extend_from_slice(&self.buffer[self.at..self.at + step]);
            self.at += step;
        }
        Ok(bytes)
    }

    /// Passes over characters.
    pub(crate) fn skip_chars(&mut self, length: usize, what: &'static str) -> Result<(), Error> {
        if self.form == Form::Ascii {
            return self.escaped(length, what).map(drop);
        }
        self.skip(length as u64, what)
    }

    /// Characters in ASCII: blanks and bytes outside of it are escaped as in C, so that a text is one word.
    fn escaped(&mut self, length: usize, what: &'static str) -> Result<Vec<u8>, Error> {
        if length == 0 {
            return Ok(Vec::new());
        }
        let token = self.token(length.saturating_mul(4), what)?;
        let mut bytes = Vec::with_capacity(length.min(token.len()));
        let mut rest = token.iter().copied().peekable();
        while let Some(byte) = rest.next() {
            if byte != b'\\' {
                bytes.push(byte);
                continue;
            }
            match rest.next() {
                Some(b'n') => bytes.push(b'\n'),
                Some(b't') => bytes.push(b'\t'),
                Some(b'v') => bytes.push(0x0b),
                Some(b'b') => bytes.push(0x08),
                Some(b'r') => bytes.push(b'\r'),
                Some(b'f') => bytes.push(0x0c),
                Some(b'a') => bytes.push(0x07),
                Some(first @ b'0'..=b'7') => {
                    let mut code = u32::from(first - b'0');
                    for _ in 0..2 {
                        let Some(digit) = rest.next_if(|byte| matches!(byte, b'0'..=b'7')) else { break };
                        code = code * 8 + u32::from(digit - b'0');
                    }
                    bytes.push(code as u8);
                }
                Some(other) => bytes.push(other),
                None => {}
            }
        }
        if bytes.len() != length {
            return Err(Error::malformed(
                format!("{what} has another length than announced"),
                self.position(),
            ));
        }
        Ok(bytes)
    }
}

/// A real number as R writes it in ASCII: decimal, or hexadecimal as C's `%a`.
fn real_of(token: &str) -> Option<f64> {
    match token {
        "NA" => return Some(MISSING_REAL),
        "NaN" => return Some(f64::NAN),
        "Inf" => return Some(f64::INFINITY),
        "-Inf" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    let (sign, digits) = token.strip_prefix('-').map_or((1.0, token), |rest| (-1.0, rest));
    let Some(hexadecimal) = digits.strip_prefix("0x") else { return token.parse().ok() };
    let (mantissa, exponent) = hexadecimal.split_once('p')?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if fraction.len() > 13 || whole.len() > 1 {
        return None;
    }
    let bits = u64::from_str_radix(&format!("{whole}{fraction}"), 16).ok()?;
    let exponent = exponent.parse::<i32>().ok()?.checked_sub(4 * fraction.len() as i32)?;
    // in two steps, so that the least numbers do not become 0 on the way
    let half = exponent / 2;
    Some(sign * bits as f64 * 2f64.powi(half) * 2f64.powi(exponent - half))
}
