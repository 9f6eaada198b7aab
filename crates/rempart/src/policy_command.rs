//! `rempart policy check` and `rempart policy test`.

mod detector;
mod table;
mod trial;
mod values;

use std::io::Write as _;
use std::path::Path;

use miette::{IntoDiagnostic as _, miette};
use policy::{Expects, Plan, Severity};

use crate::cli::{CheckArgs, PolicyArgs, PolicyCommand};
use crate::policies;
use trial::{Left, Trial};

/// Runs a policy command.
///
/// # Errors
/// What is wrong with the policies, or which tests failed.
pub fn run(command: &PolicyCommand) -> miette::Result<()> {
    match command {
        PolicyCommand::Check(args) => check(args),
        PolicyCommand::Test(args) => test(args),
    }
}

fn check(args: &CheckArgs) -> miette::Result<()> {
    let sources = policies::read(&args.policies.paths)?;
    let compiled =
        policy::compile(&sources).map_err(|faults| policies::drawn(&faults, &sources))?;
    let mut out = std::io::stdout().lock();
    for warning in &compiled.warnings {
        let mut stderr = std::io::stderr().lock();
        writeln!(stderr, "{:?}", policies::draw(warning, &sources)).into_diagnostic()?;
    }
    let warnings = compiled
        .warnings
        .iter()
        .filter(|warning| warning.severity == Severity::Warning)
        .count();
    for app in &compiled.plan.apps {
        writeln!(
            out,
            "{}: {} fields, {} routes",
            app.id,
            app.fields.len(),
            app.routes.len()
        )
        .into_diagnostic()?;
    }
    writeln!(
        out,
        "{} policies in order, {warnings} warnings",
        compiled.plan.apps.len()
    )
    .into_diagnostic()?;
    values::measure(&compiled.plan, &args.values, &mut out)
}

fn test(args: &PolicyArgs) -> miette::Result<()> {
    let sources = policies::read(&args.paths)?;
    let plan = std::sync::Arc::new(policies::compile(&sources)?.plan);
    let trial = Trial::new(std::sync::Arc::clone(&plan))?;
    let mut out = std::io::stdout().lock();
    let (mut passed, mut failed) = (0, 0);
    for (app, test) in tests(&plan) {
        let folder = Path::new(&app.source).parent().unwrap_or(Path::new("."));
        match verdict(&trial, folder, test) {
            Ok(()) => {
                passed += 1;
                writeln!(out, "ok      {}: {}", app.id, test.name).into_diagnostic()?;
            }
            Err(why) => {
                failed += 1;
                writeln!(out, "FAILED  {}: {}\n        {why}", app.id, test.name)
                    .into_diagnostic()?;
            }
        }
    }
    writeln!(out, "{passed} passed, {failed} failed").into_diagnostic()?;
    if failed > 0 {
        return Err(miette!(
            help = "the lines above say which, and why",
            "{failed} policy tests failed"
        ));
    }
    Ok(())
}

fn tests(plan: &Plan) -> impl Iterator<Item = (&policy::App, &policy::Test)> {
    plan.apps
        .iter()
        .flat_map(|app| app.tests.iter().map(move |test| (app, test)))
}

/// Runs one test; says why it failed.
fn verdict(trial: &Trial, folder: &Path, test: &policy::Test) -> Result<(), String> {
    let path = folder.join(&test.request);
    let request = std::fs::read(&path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    let left = trial.send(&request)?;
    let (left, refusal) = match left {
        Left::Sent(bytes) => (bytes, None),
        Left::Refused(refusal) => (Vec::new(), Some(refusal)),
    };
    match (&test.expects, refusal) {
        (Expects::Leaves, Some(refusal)) => {
            return Err(format!("it was refused: {refusal}; {}", refusal.hint));
        }
        (Expects::Refused | Expects::RefusedAs(_), None) => {
            return Err("it was not refused".to_owned());
        }
        (Expects::RefusedAs(code), Some(refusal)) if refusal.code.as_str() != code => {
            return Err(format!(
                "it was refused as {}, not as {code}",
                refusal.code.as_str()
            ));
        }
        _ => {}
    }
    for (number, hidden) in test.hidden.iter().enumerate() {
        if let Some(encoding) = detector::find(&left, hidden) {
            return Err(format!("hidden value {} left, {encoding}", number + 1));
        }
    }
    match test
        .kept
        .iter()
        .find(|kept| !contains(&left, kept.as_bytes()))
    {
        Some(kept) => Err(format!("`{kept}` was to be kept and is not in what left")),
        None => Ok(()),
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    needle.is_empty()
        || haystack
            .windows(needle.len())
            .any(|window| window == needle)
}
