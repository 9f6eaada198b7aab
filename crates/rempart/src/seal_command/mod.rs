//! `rempart seal` and `rempart open`: exports, columns and files, without a gateway between.
//!
//! What a value becomes is what its field's policy says, as at the border; what opens is what the home's keyring can
//! open. Input is read once and never held whole: a line, a record or a segment at a time.

mod csv;
mod field;
mod file;
mod lines;
mod progress;
mod ring;
mod streams;
mod tokens;

use miette::miette;

use crate::cli::{OpenArgs, SealArgs};
use crate::home::Home;
use crate::{keyring, settings};

use field::{FieldSealer, Named};
use ring::Ring;
use streams::Streams;
use tokens::Tokens;

/// Seals what comes in, as a field.
///
/// # Errors
/// What keeps a value from being sealed, with its line.
pub fn seal(args: &SealArgs) -> miette::Result<()> {
    let home = Home::existing(&args.home)?;
    let settings = settings::read(home.settings())?;
    let named = Named::find(&home, args)?;
    let mut keyring = keyring::open(&home, &settings)?;
    let key_id = named.key(&home, &mut keyring)?;
    let mut ring = Ring::new(keyring.keyring(), Some(&named.app));
    let key = ring
        .key(key_id)
        .ok_or_else(|| miette!("the key of `{}` cannot be used", named.field.name))?;
    let mut streams = Streams::open(&args.streams, "sealed")?;
    let mut chance = keyring.chance();
    if args.file {
        file::seal(&key, &mut chance, &mut streams)?;
    } else {
        let mut sealer = FieldSealer::new(&named.field, key, ring, chance);
        if args.csv {
            csv::rewrite(
                &mut streams.input,
                &mut streams.output,
                Some(&args.column),
                &mut |value, out| sealer.seal(value, out),
            )?;
        } else {
            lines::seal(&mut sealer, &mut streams.input, &mut streams.output)?;
        }
    }
    streams.finish()
}

/// Opens what comes in: a sealed file, or the tokens in any text.
///
/// # Errors
/// What does not open, or what the system says.
pub fn open(args: &OpenArgs) -> miette::Result<()> {
    let home = Home::existing(&args.home)?;
    let settings = settings::read(home.settings())?;
    let keyring = keyring::open(&home, &settings)?;
    let mut ring = Ring::new(keyring.keyring(), args.app.as_deref());
    let mut streams = Streams::open(&args.streams, "opened")?;
    if let Some(header) = file::header(&mut streams)? {
        file::open(&mut ring, &header, &mut streams)?;
        return streams.finish();
    }
    let mut tokens = Tokens::new(ring, &home, &settings)?;
    if args.csv {
        csv::rewrite(
            &mut streams.input,
            &mut streams.output,
            None,
            &mut |value, out| tokens.open_whole(value, out),
        )?;
    } else {
        lines::open(&mut tokens, &mut streams.input, &mut streams.output)?;
    }
    streams.finish()?;
    tokens.report()
}
