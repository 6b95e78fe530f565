//! A bound on messages that come over a socket in pieces. The library bounds each frame and keeps the pieces of a message until the last:
//! without an end in sight that is as much memory as a stranger likes.

use actix_web::{error::PayloadError, web::Bytes};
use futures_util::{Stream, StreamExt, stream};

/// Reads the heads of a client's frames (RFC 6455, section 5.2) as their bytes go by.
#[derive(Debug, Default)]
struct Frames {
    /// What has come of the head of a frame.
    head: Vec<u8>,
    /// Bytes of the frame that are still to come.
    rest: u64,
    /// Bytes of the message so far.
    message: u64,
}

/// Bytes of a head by its second byte: the length as it is, in two bytes or in eight; and the mask.
fn head_length(second: u8) -> usize {
    let length = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    2 + length + if second & 0x80 == 0 { 0 } else { 4 }
}

impl Frames {
    /// Whether no message is longer than `most` up to here.
    fn within(&mut self, bytes: &[u8], most: u64) -> bool {
        let mut bytes = bytes;
        while let Some((first, after)) = bytes.split_first() {
            if self.rest > 0 {
                let taken = bytes.len().min(usize::try_from(self.rest).unwrap_or(usize::MAX));
                self.rest -= taken as u64;
                bytes = &bytes[taken..];
                continue;
            }
            self.head.push(*first);
            bytes = after;
            if self.head.len() < 2 || self.head.len() < head_length(self.head[1]) {
                continue;
            }
            let (kind, last) = (self.head[0] & 0x0f, self.head[0] & 0x80 != 0);
            let said = match self.head[1] & 0x7f {
                126 => u64::from(u16::from_be_bytes([self.head[2], self.head[3]])),
                127 => self.head[2..10].iter().fold(0, |n, byte| n << 8 | u64::from(*byte)),
                short => u64::from(short),
            };
            self.head.clear();
            self.rest = said;
            // Beyond 7 a frame is about the connection, and no part of a message.
            if kind < 8 {
                self.message = self.message.saturating_add(said);
                if self.message > most {
                    return false;
                }
                if last {
                    self.message = 0;
                }
            }
        }
        true
    }
}

/// What a client sends, until one of its messages is longer than `most` bytes: there it ends.
pub fn bounded(
    sent: impl Stream<Item = Result<Bytes, PayloadError>> + 'static,
    most: usize,
) -> impl Stream<Item = Result<Bytes, PayloadError>> + 'static {
    let start = Some((Box::pin(sent), Frames::default()));
    stream::unfold(start, move |state| async move {
        let (mut sent, mut frames) = state?;
        match sent.next().await? {
            Ok(bytes) if !frames.within(&bytes, most as u64) => Some((Err(PayloadError::Overflow), None)),
            next => Some((next, Some((sent, frames)))),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A frame as a client sends it, with a mask of nothing.
    fn frame(last: bool, kind: u8, length: usize, wide: bool) -> Vec<u8> {
        let mut frame = vec![if last { 0x80 | kind } else { kind }];
        match length {
            n if wide || n > 65_535 => {
                frame.push(0xff);
                frame.extend((n as u64).to_be_bytes());
            }
            n if n > 125 => {
                frame.push(0x80 | 126);
                frame.extend((n as u16).to_be_bytes());
            }
            n => frame.push(0x80 | n as u8),
        }
        frame.extend([0; 4]);
        frame.resize(frame.len() + length, b'x');
        frame
    }

    #[test]
    fn pieces_are_counted_until_the_last() {
        let pieces = |lengths: &[usize]| -> Vec<u8> {
            let frames = lengths.iter().enumerate();
            frames
                .flat_map(|(n, length)| {
                    let ping = frame(true, 9, 100, false);
                    let kind = if n == 0 { 1 } else { 0 };
                    [ping, frame(n + 1 == lengths.len(), kind, *length, n % 2 == 0)].concat()
                })
                .collect()
        };
        let mut frames = Frames::default();
        for _ in 0..100 {
            assert!(frames.within(&pieces(&[400, 200, 400]), 1_000), "a thousand, again and again");
        }
        assert!(!frames.within(&pieces(&[400, 200, 401]), 1_000));
        assert!(!Frames::default().within(&frame(true, 1, 1_001, false), 1_000));
        assert!(
            !Frames::default()
                .within(&[0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0], 1_000)
        );
    }

    proptest! {
        /// However the bytes are cut on their way, the answer is the same.
        #[test]
        fn cuts_change_nothing(
            messages in proptest::collection::vec((0usize..3_000, any::<bool>(), any::<bool>()), 1..8),
            cuts in proptest::collection::vec(1usize..700, 1..40),
        ) {
            let bytes: Vec<u8> = messages.iter().flat_map(|(n, last, wide)| frame(*last, 1, *n, *wide)).collect();
            let whole = Frames::default().within(&bytes, 2_000);
            let mut longest = 0;
            let fits = messages.iter().all(|(n, last, _)| {
                longest += n;
                let fits = longest <= 2_000;
                if *last { longest = 0 }
                fits
            });
            prop_assert_eq!(whole, fits);
            let (mut rest, mut frames, mut within, mut cut) = (bytes.as_slice(), Frames::default(), true, cuts.iter().cycle());
            while !rest.is_empty() && within {
                let (piece, after) = rest.split_at(rest.len().min(*cut.next().expect("endless")));
                within = frames.within(piece, 2_000);
                rest = after;
            }
            prop_assert_eq!(within, whole);
        }
    }
}
