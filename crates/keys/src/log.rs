//! The log of subjects: one line of JSON for each secret of a subject and each key that joins one to an epoch.
//!
//! Each line carries a code over itself and the code of the line before (HMAC-SHA-256 under a key from the keyring
//! secret), so that none is changed, added or taken out before the last unnoticed. Appending needs the last code
//! alone. The bytes are in `docs/keyring-format.md` §3.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::derive::encode;
use crate::error::KeyringError;
use crate::hex;
use crate::id::{KeyId, SubjectName};
use crate::wrap::Wrapped;

/// The version of the log that this program writes.
const VERSION: u32 = 1;

/// The code of a line.
type Code = [u8; 16];

/// One line, as it is written.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Line {
    Start(Start),
    Subject(SubjectLine),
    Key(KeyLine),
}

/// The first line.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    version: u32,
    #[serde(with = "hex")]
    chain: Code,
}

/// One secret of one subject.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SubjectLine {
    pub(crate) app: String,
    #[serde(with = "hex::subject_name")]
    pub(crate) subject: SubjectName,
    pub(crate) generation: u32,
    /// Absent once the subject was shredded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) wrapped: Option<Wrapped>,
    #[serde(with = "hex")]
    chain: Code,
}

/// A key that joins an epoch and a subject.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyLine {
    #[serde(with = "hex::key_id")]
    pub(crate) key_id: KeyId,
    #[serde(with = "hex::key_id")]
    pub(crate) epoch: KeyId,
    #[serde(with = "hex::subject_name")]
    pub(crate) subject: SubjectName,
    pub(crate) generation: u32,
    #[serde(with = "hex")]
    chain: Code,
}

/// Where a log ends: what the next line goes on from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    lines: usize,
    chain: Code,
}

impl End {
    /// The end of a log without a line.
    pub(crate) const EMPTY: Self = Self {
        lines: 0,
        chain: [0; 16],
    };

    /// How many lines there are.
    pub(crate) fn lines(&self) -> usize {
        self.lines
    }
}

/// Chains lines to one another under the key of one keyring.
pub(crate) struct Chain {
    code: Hmac<Sha256>,
    end: End,
}

impl Chain {
    pub(crate) fn new(log_key: &Zeroizing<[u8; 64]>, end: End) -> Self {
        Self {
            code: <Hmac<Sha256>>::new((&**log_key).into()),
            end,
        }
    }

    pub(crate) fn end(&self) -> End {
        self.end
    }

    pub(crate) fn start(&mut self) -> Line {
        Line::Start(Start {
            version: VERSION,
            chain: self.next(&[b"start", &VERSION.to_be_bytes()]),
        })
    }

    pub(crate) fn subject(
        &mut self,
        app: &str,
        subject: SubjectName,
        generation: u32,
        wrapped: Option<&Wrapped>,
    ) -> Line {
        let chain = self.next_subject(app, subject, generation, wrapped);
        Line::Subject(SubjectLine {
            app: app.to_owned(),
            subject,
            generation,
            wrapped: wrapped.cloned(),
            chain,
        })
    }

    pub(crate) fn key(
        &mut self,
        key_id: KeyId,
        epoch: KeyId,
        subject: SubjectName,
        generation: u32,
    ) -> Line {
        let chain = self.next_key(key_id, epoch, subject, generation);
        Line::Key(KeyLine {
            key_id,
            epoch,
            subject,
            generation,
            chain,
        })
    }

    /// Takes the next line, if it goes on from the last.
    pub(crate) fn follow(&mut self, line: &Line) -> Result<(), KeyringError> {
        let first = self.end.lines == 0;
        let number = self.end.lines + 1;
        let (code, said) = match line {
            Line::Start(start) if first && start.version != VERSION => {
                return Err(KeyringError::LogVersion(start.version));
            }
            Line::Start(start) if first => {
                let code = self.next(&[b"start", &VERSION.to_be_bytes()]);
                (code, &start.chain)
            }
            Line::Subject(line) if !first => {
                let wrapped = line.wrapped.as_ref();
                let code = self.next_subject(&line.app, line.subject, line.generation, wrapped);
                (code, &line.chain)
            }
            Line::Key(line) if !first => {
                let code = self.next_key(line.key_id, line.epoch, line.subject, line.generation);
                (code, &line.chain)
            }
            Line::Start(_) | Line::Subject(_) | Line::Key(_) => {
                return Err(KeyringError::LogLine(number));
            }
        };
        if bool::from(code.ct_eq(said)) {
            Ok(())
        } else {
            Err(KeyringError::LogLine(number))
        }
    }

    fn next_subject(
        &mut self,
        app: &str,
        subject: SubjectName,
        generation: u32,
        wrapped: Option<&Wrapped>,
    ) -> Code {
        self.next(&[
            b"subject",
            app.as_bytes(),
            &subject.0,
            &generation.to_be_bytes(),
            wrapped.map_or(&[], |wrapped| wrapped.nonce.as_slice()),
            wrapped.map_or(&[], |wrapped| wrapped.secret.as_slice()),
            wrapped.map_or(&[], |wrapped| wrapped.tag.as_slice()),
        ])
    }

    fn next_key(
        &mut self,
        key_id: KeyId,
        epoch: KeyId,
        subject: SubjectName,
        generation: u32,
    ) -> Code {
        self.next(&[
            b"key",
            &key_id.to_bytes(),
            &epoch.to_bytes(),
            &subject.0,
            &generation.to_be_bytes(),
        ])
    }

    fn next(&mut self, parts: &[&[u8]]) -> Code {
        let before: &[u8] = match self.end.lines {
            0 => &[],
            _ => &self.end.chain,
        };
        let mut all = Vec::with_capacity(1 + parts.len());
        all.push(before);
        all.extend_from_slice(parts);
        let mut code = self.code.clone();
        code.update(&encode(&all));
        let code: [u8; 32] = code.finalize().into_bytes().into();
        let mut chain = [0; 16];
        chain.copy_from_slice(&code[..16]);
        self.end = End {
            lines: self.end.lines + 1,
            chain,
        };
        chain
    }
}

/// Reads one line, the `number`th.
pub(crate) fn read(text: &[u8], number: usize) -> Result<Line, KeyringError> {
    serde_json::from_slice(text).map_err(|_| KeyringError::LogLine(number))
}

/// Writes one line with its line end.
pub(crate) fn write(line: &Line, text: &mut String) {
    // Strings, numbers and nothing else: there is nothing that JSON cannot say.
    text.push_str(&serde_json::to_string(line).unwrap_or_default());
    text.push('\n');
}
