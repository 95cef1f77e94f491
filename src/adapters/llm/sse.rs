//! Server-sent events as they come over the wire: any split of the bytes, any line end, comments.
//! Source: HTML Living Standard, section 9.2.6 "Interpreting an event stream".

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// `message` where the stream names none.
    pub name: String,
    pub data: String,
}

/// Decodes a stream piece by piece.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    line: Vec<u8>,
    /// The last byte was a carriage return: a line feed right after it belongs to it.
    after_return: bool,
    started: bool,
    name: String,
    data: String,
    has_data: bool,
}

/// The stream is not text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event stream is not UTF-8")]
pub(super) struct NotText;

impl Decoder {
    /// Takes the next bytes and returns the events that they complete.
    ///
    /// # Errors
    /// [`NotText`] for a line that is not UTF-8.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, NotText> {
        let mut events = Vec::new();
        for &byte in bytes {
            let follows_return = std::mem::take(&mut self.after_return);
            match byte {
                b'\n' if follows_return => {}
                b'\n' => events.extend(self.end_line()?),
                b'\r' => {
                    self.after_return = true;
                    events.extend(self.end_line()?);
                }
                other => self.line.push(other),
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Result<Option<Event>, NotText> {
        let bytes = std::mem::take(&mut self.line);
        let mut line = std::str::from_utf8(&bytes).map_err(|_| NotText)?;
        if !std::mem::replace(&mut self.started, true) {
            line = line.strip_prefix('\u{feff}').unwrap_or(line);
        }
        if line.is_empty() {
            return Ok(self.dispatch());
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.data.push_str(value);
                self.has_data = true;
            }
            // comments (empty field), `id`, `retry` and unknown fields carry nothing for us
            _ => {}
        }
        Ok(None)
    }

    fn dispatch(&mut self) -> Option<Event> {
        let name = std::mem::take(&mut self.name);
        let data = std::mem::take(&mut self.data);
        if !std::mem::take(&mut self.has_data) {
            return None;
        }
        Some(Event { name: if name.is_empty() { "message".to_owned() } else { name }, data })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(pieces: &[&[u8]]) -> Vec<Event> {
        let mut decoder = Decoder::default();
        pieces.iter().flat_map(|piece| decoder.push(piece).expect("text")).collect()
    }

    #[test]
    fn line_ends_comments_and_names_are_read() {
        let events = all(&[b": hi\r\nevent: ping\r\ndata: {}\r\n\r\ndata:a\ndata: b\n\n\rdata: c\r\r"]);
        let pairs: Vec<_> = events.iter().map(|e| (e.name.as_str(), e.data.as_str())).collect();
        assert_eq!(pairs, [("ping", "{}"), ("message", "a\nb"), ("message", "c")]);
    }

    proptest! {
        #[test]
        fn the_split_of_the_bytes_does_not_matter(
            texts in prop::collection::vec("[a-zé数据 :]{0,12}", 1..6),
            cuts in prop::collection::vec(1usize..7, 0..60),
            end in prop::sample::select(vec!["\n", "\r\n", "\r"]),
        ) {
            let stream: String =
                texts.iter().map(|t| format!("data: {t}{end}{end}")).collect();
            let bytes = stream.as_bytes();
            let mut decoder = Decoder::default();
            let mut events = Vec::new();
            let (mut at, mut cuts) = (0, cuts.into_iter());
            while at < bytes.len() {
                let next = (at + cuts.next().unwrap_or(bytes.len())).min(bytes.len());
                events.extend(decoder.push(&bytes[at..next]).expect("text"));
                at = next;
            }
            let got: Vec<&str> = events.iter().map(|e| e.data.as_str()).collect();
            prop_assert_eq!(got, texts.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}
