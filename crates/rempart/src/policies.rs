//! Policy files from disk, compiled, with what is wrong drawn for a person.

use std::path::{Path, PathBuf};

use miette::{
    IntoDiagnostic as _, LabeledSpan, MietteDiagnostic, NamedSource, Report, WrapErr as _,
};
use policy::{Compiled, Diagnostic, Severity, Source};

/// Reads the policy files of these paths: a file as it is named, a folder's `*.toml` in the order of their names.
///
/// # Errors
/// What the system says, with the path.
pub fn read(paths: &[PathBuf]) -> miette::Result<Vec<Source>> {
    let mut sources = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut files = Vec::new();
            for entry in std::fs::read_dir(path)
                .into_diagnostic()
                .wrap_err_with(|| unreadable(path))?
            {
                let file = entry
                    .into_diagnostic()
                    .wrap_err_with(|| unreadable(path))?
                    .path();
                let hidden = file
                    .file_name()
                    .is_some_and(|name| name.to_string_lossy().starts_with('.'));
                if !hidden
                    && file
                        .extension()
                        .is_some_and(|extension| extension == "toml")
                    && file.is_file()
                {
                    files.push(file);
                }
            }
            files.sort();
            for file in files {
                sources.push(source(&file)?);
            }
        } else {
            sources.push(source(path)?);
        }
    }
    Ok(sources)
}

/// Compiles policies; warnings go to the log.
///
/// # Errors
/// Everything that is wrong, drawn.
pub fn compile(sources: &[Source]) -> miette::Result<Compiled> {
    let compiled = policy::compile(sources).map_err(|faults| drawn(&faults, sources))?;
    for warning in &compiled.warnings {
        let (source, line, code) = (&warning.source, warning.line(), warning.code);
        match warning.severity {
            Severity::Note => tracing::debug!(source, line, code, "{}", warning.message),
            Severity::Warning | Severity::Error => {
                tracing::warn!(source, line, code, "{}", warning.message)
            }
        }
    }
    Ok(compiled)
}

/// Every fault as one report.
pub fn drawn(faults: &[Diagnostic], sources: &[Source]) -> Report {
    let mut reports = faults
        .iter()
        .map(|fault| draw(fault, sources))
        .map(|report| format!("{report:?}"));
    let first = reports.next().unwrap_or_default();
    let text = reports.fold(first, |text, report| text + &report);
    let count = faults
        .iter()
        .filter(|fault| fault.severity == Severity::Error)
        .count();
    Report::msg(text).wrap_err(if count == 1 {
        "the policy has an error".to_owned()
    } else {
        format!("the policies have {count} errors")
    })
}

/// One fault, with the line it stands in.
pub fn draw(fault: &Diagnostic, sources: &[Source]) -> Report {
    let severity = match fault.severity {
        Severity::Error => miette::Severity::Error,
        Severity::Warning => miette::Severity::Warning,
        Severity::Note => miette::Severity::Advice,
    };
    let mut diagnostic = MietteDiagnostic::new(&fault.message)
        .with_code(fault.code)
        .with_severity(severity)
        .with_help(&fault.help);
    if let Some(span) = &fault.span {
        diagnostic = diagnostic.with_label(LabeledSpan::underline(span.clone()));
    }
    let text = sources
        .iter()
        .find(|source| source.name == fault.source)
        .map_or("", |source| &source.text);
    Report::new(diagnostic).with_source_code(NamedSource::new(&fault.source, text.to_owned()))
}

fn source(path: &Path) -> miette::Result<Source> {
    let text = std::fs::read_to_string(path)
        .into_diagnostic()
        .wrap_err_with(|| unreadable(path))?;
    Ok(Source::new(path.display().to_string(), text))
}

fn unreadable(path: &Path) -> String {
    format!("the policies at {} cannot be read", path.display())
}
