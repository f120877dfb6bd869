//! SHA-256 of files and of lists.

use std::io::{self, ErrorKind, Read};

use sha2::{Digest, Sha256};

/// SHA-256 of all that `reader` gives, a piece in memory at a time.
///
/// # Errors
/// What reading says; being interrupted is none.
pub fn sha256(mut reader: impl Read) -> io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut piece = vec![0; 1 << 20];
    loop {
        match reader.read(&mut piece) {
            Ok(0) => return Ok(hasher.finalize().into()),
            Ok(length) => hasher.update(&piece[..length]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// SHA-256 of pairs of texts in this order, none of which holds the zero byte: no two lists give the same bytes.
pub fn sha256_of_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for text in pairs.into_iter().flat_map(|(one, other)| [one, other]) {
        hasher.update(text);
        hasher.update([0]);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector of FIPS 180-2, in pieces and interrupted.
    #[test]
    fn a_file_and_a_list_have_their_hash() {
        struct Halting<'a>(&'a [u8], bool);
        impl Read for Halting<'_> {
            fn read(&mut self, piece: &mut [u8]) -> io::Result<usize> {
                self.1 = !self.1;
                if self.1 {
                    return Err(ErrorKind::Interrupted.into());
                }
                self.0.read(&mut piece[..1])
            }
        }
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let hash = sha256(Halting(b"abc", false)).map(hex::encode);
        assert_eq!(hash.ok().as_deref(), Some(expected));
        let pairs = sha256_of_pairs([("a", "b"), ("c", "")]);
        assert_eq!(Some(pairs), sha256(&b"a\0b\0c\0\0"[..]).ok());
    }
}
