//! Search for a piece with `?` in it: all partial matches advance together, one bit each
//! (Baeza-Yates and Gonnet, "A new approach to text searching", 1992).

/// Words of state kept on the stack: pieces of up to 4,096 bytes.
const WORDS: usize = 64;

/// A piece with `?`, prepared for the search. Bit `n` stands for "the first `n + 1` bytes match".
///
/// `?` is one character, the texts are UTF-8: its bit is set by the first byte of a character and
/// stays while that character goes on.
#[derive(Clone, Debug)]
pub(crate) struct Masked {
    /// Which row of `rows` a byte has: zero for bytes that only `?` matches.
    row_of: Box<[u8; 256]>,
    /// For each row, the bits that a byte of this row sets.
    rows: Box<[Box<[u64]>]>,
    /// The bits of `?`.
    questions: Box<[u64]>,
    /// The last bit.
    last: u64,
}

impl Masked {
    pub(crate) fn new(piece: &[u8]) -> Self {
        let words = piece.len().div_ceil(64);
        let questions = bits(piece, words, |byte| byte == b'?');
        // what only `?` matches: nothing of the piece itself
        let mut rows = vec![questions.clone()];
        let mut row_of = Box::new([0; 256]);
        for byte in 0..=u8::MAX {
            // a continuation byte is never matched by `?` itself
            let set = bits(piece, words, |own| own == byte && own != b'?' || own == b'?' && !continues(byte));
            if continues(byte) || piece.contains(&byte) {
                let known = rows.iter().position(|row| *row == set);
                let row = known.unwrap_or_else(|| {
                    rows.push(set);
                    rows.len() - 1
                });
                if let (Some(slot), Ok(row)) = (row_of.get_mut(usize::from(byte)), u8::try_from(row)) {
                    *slot = row;
                }
            }
        }
        let last = 1 << ((piece.len().max(1) - 1) % 64);
        Self { row_of, rows: rows.into(), questions, last }
    }

    /// The earliest end of an occurrence in a text.
    pub(crate) fn end_in(&self, text: &[u8]) -> Option<usize> {
        match self.questions.len() {
            1 => self.search(text, &mut [0; 1]),
            words if words <= WORDS => self.search(text, [0; WORDS].get_mut(..words)?),
            // far beyond what a store accepts
            words => self.search(text, &mut vec![0; words]),
        }
    }

    fn search(&self, text: &[u8], state: &mut [u64]) -> Option<usize> {
        for (at, &byte) in text.iter().enumerate() {
            self.step(byte, state);
            let complete = state.last().is_some_and(|word| word & self.last != 0);
            if complete && !text.get(at + 1).is_some_and(|next| continues(*next)) {
                return Some(at + 1);
            }
        }
        None
    }

    fn step(&self, byte: u8, state: &mut [u64]) {
        let row = self.row_of.get(usize::from(byte)).and_then(|row| self.rows.get(usize::from(*row)));
        let Some(row) = row else { return };
        let stay = if continues(byte) { u64::MAX } else { 0 };
        let mut carry = 1;
        for ((word, set), questions) in state.iter_mut().zip(row.iter()).zip(self.questions.iter()) {
            let advanced = (*word << 1) | carry;
            carry = *word >> 63;
            *word = (advanced & set) | (*word & questions & stay);
        }
    }
}

fn bits(piece: &[u8], words: usize, is_set: impl Fn(u8) -> bool) -> Box<[u64]> {
    let mut bits = vec![0; words];
    for (word, chunk) in bits.iter_mut().zip(piece.chunks(64)) {
        for (bit, &byte) in chunk.iter().enumerate() {
            *word |= u64::from(is_set(byte)) << bit;
        }
    }
    bits.into()
}

/// Whether a byte goes on with a character that began before it.
pub(crate) const fn continues(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}
