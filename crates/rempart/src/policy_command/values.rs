//! `rempart policy check --values`: what equal tokens would tell of the values in a file, field by field.
//!
//! The values are brought to what their tokens would hold and counted by fingerprint. None is shown or kept.

use std::io::Write;
use std::path::Path;

use miette::{IntoDiagnostic as _, WrapErr as _, miette};
use policy::leakage::{FEW, FREQUENT, Figures, Low, Meter};
use policy::{App, Field, Plan, Treatment, normalise};
use zeroize::Zeroizing;

use super::table::Table;
use crate::cli::ValuesArgs;

/// A field, and the app that it is of.
type Named<'p> = (&'p App, &'p Field);

/// Measures the file and says what was found.
///
/// # Errors
/// The fields whose values equal tokens would give away, with figures and remedy; a file that cannot be read; names
/// that are not there.
pub fn measure(plan: &Plan, args: &ValuesArgs, out: &mut impl Write) -> miette::Result<()> {
    let Some(path) = &args.values else {
        return Ok(());
    };
    let text = read(path)?;
    let mut refused = Vec::new();
    for (named, values) in columns(plan, args, &text)? {
        let (app, field) = named;
        let name = format!("{}/{}", app.id, field.name);
        if !is_equal(field) {
            writeln!(
                out,
                "{name}: `{}` leaves no tokens that are equal for equal values: nothing to measure",
                field.treatment.as_str()
            )
            .into_diagnostic()?;
            continue;
        }
        let mut meter = Meter::default();
        for value in &values {
            meet(&mut meter, field, value);
        }
        let figures = meter.figures();
        write!(out, "{}", told(&name, &figures)).into_diagnostic()?;
        if let Err(low) = figures.verdict() {
            refused.push((name, low));
        }
    }
    match refused.first() {
        None => Ok(()),
        Some((_, first)) => Err(refusal(&refused, *first)),
    }
}

fn read(path: &Path) -> miette::Result<Zeroizing<String>> {
    let unreadable = || format!("{} cannot be read", path.display());
    let bytes = Zeroizing::new(
        std::fs::read(path)
            .into_diagnostic()
            .wrap_err_with(unreadable)?,
    );
    let text = std::str::from_utf8(&bytes).map_err(|error| {
        miette!(
            help = "save the file as UTF-8",
            "{}: byte {} is not UTF-8",
            unreadable(),
            error.valid_up_to()
        )
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Ok(Zeroizing::new(text.to_owned()))
}

/// The fields that the file has values of, with those values.
fn columns<'p>(
    plan: &'p Plan,
    args: &ValuesArgs,
    text: &str,
) -> miette::Result<Vec<(Named<'p>, Vec<Zeroizing<String>>)>> {
    let field = args
        .field
        .as_deref()
        .map(|wanted| named(plan, wanted))
        .transpose()?;
    if let (Some(field), None) = (field, &args.column) {
        let lines = text.lines().map(|line| Zeroizing::new(line.to_owned()));
        return Ok(vec![(field, lines.collect())]);
    }
    let table = Table::read(text);
    let absent = |what: String| {
        let known = table.names().collect::<Vec<_>>().join("`, `");
        let help = format!(
            "the file's first line has `{known}`; `--field NAME` alone takes every line for a value of that field"
        );
        miette!(help = help, "{what}")
    };
    match (field, &args.column) {
        (Some(field), Some(column)) => {
            let values = table
                .column(column)
                .ok_or_else(|| absent(format!("the file has no column `{column}`")))?;
            Ok(vec![(field, values)])
        }
        _ => {
            let columns: Vec<_> = fields(plan)
                .filter_map(|named| Some((named, table.column(&named.1.name)?)))
                .collect();
            if columns.is_empty() {
                return Err(absent(
                    "no column of the file is called like a field of the policies".to_owned(),
                ));
            }
            Ok(columns)
        }
    }
}

fn fields(plan: &Plan) -> impl Iterator<Item = Named<'_>> {
    plan.apps
        .iter()
        .flat_map(|app| app.fields.iter().map(move |field| (app, field)))
}

/// The field of this name: `name`, or `app/name` where several apps have one.
fn named<'p>(plan: &'p Plan, wanted: &str) -> miette::Result<Named<'p>> {
    let (app, name) = match wanted.split_once('/') {
        Some((app, name)) => (Some(app), name),
        None => (None, wanted),
    };
    let fits = |(of, field): &Named<'_>| field.name == name && app.is_none_or(|app| of.id == app);
    let found: Vec<Named<'p>> = fields(plan).filter(fits).collect();
    let names = |all: &mut dyn Iterator<Item = Named<'p>>| {
        let names = all.map(|(app, field)| format!("{}/{}", app.id, field.name));
        names.collect::<Vec<_>>().join(", ")
    };
    match found.as_slice() {
        [one] => Ok(*one),
        [] => {
            let help = format!("the policies have {}", names(&mut fields(plan)));
            Err(miette!(help = help, "no policy has a field `{wanted}`"))
        }
        several => {
            let help = format!("write one of {}", names(&mut several.iter().copied()));
            Err(miette!(help = help, "several apps have a field `{wanted}`"))
        }
    }
}

/// Whether equal values leave equal texts.
fn is_equal(field: &Field) -> bool {
    match &field.treatment {
        Treatment::Match | Treatment::Words { .. } | Treatment::Format(_) => true,
        Treatment::Vault(pointing) => pointing.equality,
        Treatment::Sealed { .. }
        | Treatment::Date(_)
        | Treatment::Mask
        | Treatment::Block
        | Treatment::Pass => false,
    }
}

/// Counts what the token of a value is made of; an empty value has none.
fn meet(meter: &mut Meter, field: &Field, value: &str) {
    if value.is_empty() {
        return;
    }
    if matches!(field.treatment, Treatment::Words { .. }) {
        for word in seal::words::split(value) {
            meter.meet(word.as_bytes());
        }
        return;
    }
    let normal = normalise(value, &field.normalise);
    let normal = normal.as_ref().map_or(value, |normal| normal.as_str());
    meter.meet(normal.as_bytes());
}

fn told(name: &str, figures: &Figures) -> String {
    format!(
        "{name}: {} values, {} different, {:.0} or more in all\n  \
         most frequent value    {:.1} % of all: min-entropy {:.1} bits (at least {:.0} wanted)\n  \
         Shannon entropy        {:.1} bits\n  \
         that occur once        {:.1} % of all: equal to no other\n  \
         told by their number   {:.1} % of all: no other value occurs as often\n",
        figures.values,
        figures.distinct,
        figures.estimated,
        figures.percent(figures.most_frequent),
        figures.min_entropy(),
        f64::from(FREQUENT).log2(),
        figures.shannon,
        figures.percent(figures.once),
        figures.percent(figures.told_by_count),
    )
}

fn refusal(refused: &[(String, Low)], first: Low) -> miette::Report {
    let all: Vec<String> = refused
        .iter()
        .map(|(name, low)| format!("{name}: {low}"))
        .collect();
    let floors = format!(
        "{} (the floors: no value more than one in {FREQUENT}, and at least {FEW} different ones)",
        first.hint()
    );
    miette!(help = floors, "{}", all.join("\n"))
}
