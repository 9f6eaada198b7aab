//! Answers as text for a person: data on stdout, one line a key.

use std::io::{self, Write};

use super::request::{Answer, BackedUp, KnownBackup, Listed, Rotated, Shredded, State, Verified};

/// Prints an answer.
pub fn answer(answer: &Answer, out: &mut impl Write) -> io::Result<()> {
    match answer {
        Answer::Listed(listed) => list(listed, out),
        Answer::Rotated(rotated) => rotation(rotated, out),
        Answer::BackedUp(made) => backup(made, out),
        Answer::Shredded(shredded) => shredding(shredded, out),
        Answer::Verified(Verified { epochs, subjects }) => writeln!(
            out,
            "every wrap opens: {epochs} epochs, {subjects} subjects"
        ),
    }
}

fn list(listed: &Listed, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{:<16} {:<24} {:>5}  {:<9} {:<10} backup",
        "app", "field", "epoch", "key", "state"
    )?;
    for epoch in &listed.epochs {
        let state = match epoch.state {
            State::Current => "current",
            State::Live => "live",
            State::Destroyed => "destroyed",
        };
        writeln!(
            out,
            "{:<16} {:<24} {:>5}  {:<9} {:<10} {}",
            epoch.app,
            epoch.field,
            epoch.epoch,
            epoch.key_id,
            state,
            epoch.backup.as_deref().unwrap_or("-")
        )?;
    }
    writeln!(
        out,
        "\n{} subjects, {} keys of theirs",
        listed.subjects, listed.subject_keys
    )?;
    if listed.backups.is_empty() {
        return writeln!(out, "no backup was made: rempart keys backup --out DIR");
    }
    for backup in &listed.backups {
        writeln!(out, "{}", one_backup(backup))?;
    }
    Ok(())
}

fn rotation(rotated: &Rotated, out: &mut impl Write) -> io::Result<()> {
    for epoch in &rotated.started {
        writeln!(
            out,
            "{}/{}: epoch {}, key {}",
            epoch.app, epoch.field, epoch.epoch, epoch.key_id
        )?;
    }
    for skipped in &rotated.skipped {
        writeln!(
            out,
            "{}/{}: left as it is: {}",
            skipped.app, skipped.field, skipped.why
        )?;
    }
    writeln!(
        out,
        "{} fields have a new epoch, {} keep theirs",
        rotated.started.len(),
        rotated.skipped.len()
    )?;
    if !rotated.started.is_empty() {
        writeln!(out, "Make a backup: older ones do not hold the new keys.")?;
    }
    Ok(())
}

fn backup(made: &BackedUp, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{}, verification {}",
        one_backup(&made.backup),
        made.code
    )?;
    for file in &made.files {
        writeln!(out, "  {}", file.display())?;
    }
    writeln!(
        out,
        "Print each, give each to another person, and remove the files: {} of them open everything.",
        made.backup.threshold
    )
}

fn shredding(shredded: &Shredded, out: &mut impl Write) -> io::Result<()> {
    let verb = if shredded.done {
        "unreadable from now on"
    } else {
        "would become unreadable"
    };
    for key in &shredded.keys {
        writeln!(
            out,
            "{}/{}, epoch {}, key {}: {verb}",
            key.app, key.field, key.epoch, key.key_id
        )?;
    }
    if shredded.subject_keys > 0 {
        writeln!(
            out,
            "and {} keys of subjects in that epoch",
            shredded.subject_keys
        )?;
    }
    if shredded.backups.is_empty() {
        return writeln!(out, "no known backup holds it");
    }
    writeln!(out, "Still held, until their pages are destroyed, by:")?;
    for backup in &shredded.backups {
        writeln!(out, "  {}", one_backup(backup))?;
    }
    Ok(())
}

fn one_backup(backup: &KnownBackup) -> String {
    let KnownBackup {
        id,
        made,
        threshold,
        shares,
    } = backup;
    format!("backup {id} of {made}, {threshold} of {shares} shares")
}
