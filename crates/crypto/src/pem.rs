//! PEM (RFC 7468) as people have it: any line length, text between blocks, either line end.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Characters of base64 on a line that we write.
const LINE: usize = 64;

/// Why a text is no PEM.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// There is no block at all.
    #[error("no PEM block found")]
    Nothing,
    /// There is a block, but of another kind.
    #[error("no PEM block {expected} found, only {found}")]
    OtherLabel {
        /// What was asked for.
        expected: &'static str,
        /// The label of the first block.
        found: String,
    },
    /// A block begins and does not end.
    #[error("the PEM block {0} has no end line")]
    NoEnd(String),
    /// A block is not base64.
    #[error("the PEM block {0} is not base64")]
    NotBase64(String),
    /// A block is encrypted.
    #[error("the PEM block {0} is encrypted: decrypt it first, for example with `openssl pkey`")]
    Encrypted(String),
}

/// One block: its label and what it holds.
pub struct Block {
    label: String,
    contents: Zeroizing<Vec<u8>>,
}

impl Block {
    /// The words between `BEGIN` and the dashes.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The decoded contents, DER in every use here.
    pub fn contents(&self) -> &[u8] {
        &self.contents
    }
}

impl std::fmt::Debug for Block {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // may be a private key
        f.debug_struct("Block").field("label", &self.label).finish_non_exhaustive()
    }
}

/// All blocks of the text, in order; possibly none.
///
/// # Errors
/// A block without end, with something else than base64 in it, or an encrypted one.
pub fn read(text: &str) -> Result<Vec<Block>, PemError> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(label) = boundary(line, "BEGIN") {
            blocks.push(read_block(label, &mut lines)?);
        }
    }
    Ok(blocks)
}

/// The contents of the first block that has one of the labels.
///
/// # Errors
/// As [`read`], and no such block.
pub fn read_one(text: &str, labels: &[&'static str]) -> Result<Block, PemError> {
    let mut other = None;
    for block in read(text)? {
        if labels.contains(&block.label()) {
            return Ok(block);
        }
        other.get_or_insert(block.label);
    }
    match (labels.first(), other) {
        (Some(expected), Some(found)) => Err(PemError::OtherLabel { expected, found }),
        _ => Err(PemError::Nothing),
    }
}

/// The contents as a PEM block, with a line end behind it.
pub fn write(label: &str, contents: &[u8]) -> Zeroizing<String> {
    let digits = Zeroizing::new(STANDARD.encode(contents));
    let mut text =
        Zeroizing::new(String::with_capacity(digits.len() + digits.len() / LINE + 2 * label.len() + 40));
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    let mut rest = digits.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
        text.push_str(line);
        text.push('\n');
        rest = behind;
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

fn boundary<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    line.trim().strip_prefix("-----")?.strip_prefix(word)?.strip_prefix(' ')?.strip_suffix("-----")
}

fn read_block<'a>(label: &str, lines: &mut impl Iterator<Item = &'a str>) -> Result<Block, PemError> {
    let mut digits = Zeroizing::new(String::new());
    for line in lines {
        if boundary(line, "END") == Some(label) {
            if label.contains("ENCRYPTED") {
                return Err(PemError::Encrypted(label.to_owned()));
            }
            let contents =
                STANDARD.decode(digits.as_bytes()).map_err(|_| PemError::NotBase64(label.to_owned()))?;
            return Ok(Block { label: label.to_owned(), contents: Zeroizing::new(contents) });
        }
        if line.starts_with("Proc-Type:") {
            return Err(PemError::Encrypted(label.to_owned()));
        }
        digits.push_str(line.trim());
    }
    Err(PemError::NoEnd(label.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip_of_several_blocks() {
        let contents: Vec<u8> = (0..=255).collect();
        let text = format!("some words\n{}more\r\n{}", *write("A B", &contents), *write("C", b""));
        let blocks = read(&text.replace('\n', "\r\n")).unwrap();
        assert_eq!(blocks.iter().map(Block::label).collect::<Vec<_>>(), ["A B", "C"]);
        assert_eq!(blocks[0].contents(), contents);
        assert!(text.ends_with("-----END C-----\n"));
        assert!(text.lines().all(|line| line.len() <= 64));
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let block = write("A", b"abc");
        for (text, error) in [
            (String::new(), PemError::Nothing),
            (block.to_string(), PemError::OtherLabel { expected: "X", found: "A".to_owned() }),
            (block.replace("-----END A-----", ""), PemError::NoEnd("A".to_owned())),
            (block.replace("YWJj", "YW:j"), PemError::NotBase64("A".to_owned())),
            (block.replace("YWJj", "YWI"), PemError::NotBase64("A".to_owned())),
            (block.replace('A', "ENCRYPTED A"), PemError::Encrypted("ENCRYPTED A".to_owned())),
            (block.replace("YWJj", "Proc-Type: 4,ENCRYPTED\n\nYWJj"), PemError::Encrypted("A".to_owned())),
        ] {
            assert_eq!(read_one(&text, &["X"]).unwrap_err(), error, "{text}");
        }
    }
}
