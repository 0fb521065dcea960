//! Records in Redis are JSON, packed against a dictionary.
//!
//! A million open complaints stand in memory, and most of a record is the same in all of them:
//! names of fields, statuses, the policy. Against a dictionary of typical records an LZ4 block is a
//! third as long, in less than a microsecond. What the ledger's chain is computed over is the JSON
//! itself, never its packed form, so a proof needs neither the dictionary nor this file.
//!
//! A packed record is a byte that names its dictionary (1), the length of the JSON as LEB128, and an
//! LZ4 block. A record that begins with `{` is plain JSON, so it can be written by hand. Once
//! released a dictionary never changes, not by a byte: a better one gets the next number.

use std::borrow::Cow;

use serde::{Serialize, de::DeserializeOwned};

static DICTIONARY: &[u8] = include_bytes!("dictionary-1.txt");
/// The first byte of what is packed against [`DICTIONARY`]. JSON never begins with it.
const FIRST: u8 = 1;
/// No record is nearly as long: a length above it is a damaged record, not a reason to allocate.
const LONGEST: usize = 16 << 20;

/// Why a record cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unpackable {
    #[error("its packing is damaged")]
    Damaged,
    #[error("it is packed by a newer version (dictionary {0})")]
    Newer(u8),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// A value as JSON. Our own types always have a JSON form: their maps have text keys.
pub(super) fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// Packs a record's JSON.
pub(super) fn pack(json: &[u8]) -> Vec<u8> {
    let block = lz4_flex::block::compress_with_dict(json, DICTIONARY);
    let mut packed = Vec::with_capacity(block.len() + 4);
    packed.push(FIRST);
    let mut rest = json.len();
    while rest > 0x7f {
        packed.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    packed.push(rest as u8);
    packed.extend_from_slice(&block);
    packed
}

/// The JSON of a record.
pub(super) fn unpack(record: &[u8]) -> Result<Cow<'_, [u8]>, Unpackable> {
    let (first, mut rest) = record.split_first().ok_or(Unpackable::Damaged)?;
    match *first {
        b'{' => return Ok(Cow::Borrowed(record)),
        FIRST => {}
        other => return Err(Unpackable::Newer(other)),
    }
    let mut length = 0_usize;
    for shift in (0..28).step_by(7) {
        let (byte, behind) = rest.split_first().ok_or(Unpackable::Damaged)?;
        rest = behind;
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            break;
        }
    }
    if length > LONGEST {
        return Err(Unpackable::Damaged);
    }
    let json = lz4_flex::block::decompress_with_dict(rest, length, DICTIONARY)
        .map_err(|_| Unpackable::Damaged)?;
    if json.len() == length {
        Ok(Cow::Owned(json))
    } else {
        Err(Unpackable::Damaged)
    }
}

/// A record for the dead letters: its JSON, or, where it is damaged, its bytes as hexadecimal text.
pub(super) fn text(record: &[u8]) -> String {
    match unpack(record) {
        Ok(json) => String::from_utf8_lossy(&json).into_owned(),
        Err(_) => hex::encode(record),
    }
}

/// Reads a record.
pub(super) fn read<T: DeserializeOwned>(record: &[u8]) -> Result<T, Unpackable> {
    Ok(serde_json::from_slice(&unpack(record)?)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn a_released_dictionary_never_changes() {
        // Records in the field were packed against it. A better one gets a number of its own.
        assert_eq!(
            hex::encode(Sha256::digest(DICTIONARY)),
            "f8273d76fe3cd58b9f230bffda2df2bb976864373c6c8b6c0351d6f6f14b69c8"
        );
    }

    #[test]
    fn a_typical_record_becomes_a_third() {
        let record = br#"{"at":"2026-11-24T20:19:12.767Z","c":"LGWP14376969","k":"opened","received_at":"2026-11-24T02:11:08Z","unit":"DISDIKBUD","policy":{"id":"baku","version":1},"deadline":"2026-11-25T02:11:08Z"}"#;
        assert!(pack(record).len() * 2 < record.len());
        assert_eq!(unpack(&pack(record)).unwrap().as_ref(), record);
    }

    #[test]
    fn plain_json_is_read_as_it_is_and_a_newer_packing_is_named() {
        assert_eq!(unpack(b"{}").unwrap().as_ref(), b"{}");
        assert!(matches!(unpack(&[2, 0]), Err(Unpackable::Newer(2))));
        assert!(matches!(unpack(b""), Err(Unpackable::Damaged)));
        // A length that would ask for more memory than any record has.
        assert!(matches!(
            unpack(&[1, 0xff, 0xff, 0xff, 0x7f, 0]),
            Err(Unpackable::Damaged)
        ));
    }

    proptest! {
        #[test]
        fn what_was_packed_is_unpacked(json in prop::collection::vec(any::<u8>(), 0..3000)) {
            prop_assert_eq!(unpack(&pack(&json)).unwrap().into_owned(), json);
        }

        #[test]
        fn damage_is_found_or_harmless_and_never_a_panic(
            place in 0..200_usize, bits in 1..=255_u8, cut in 0..400_usize,
        ) {
            let record = br#"{"complaint":{"id":"LGWP14377045","received_at":"2026-11-25T02:02:55Z","unit":"DINKES","category":"Kesehatan","area":"Kab. Temanggung","status":"baru"},"paging":{"is":"waiting"}}"#;
            let mut packed = pack(record);
            let place = place % packed.len();
            packed[place] ^= bits;
            packed.truncate(cut.max(1));
            let _ = unpack(&packed);
        }
    }
}
