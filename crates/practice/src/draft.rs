//! What a client sends of a record, checked: one value a field, no field twice, nothing wider than its column.

use serde_json::Value;

use crate::domain::Domain;
use crate::problem::Problem;

/// The values of a record, in the order of its kind's fields. An absent value is an empty one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    domain: &'static Domain,
    values: Vec<String>,
}

impl Draft {
    /// Starts an empty one.
    pub fn empty(domain: &'static Domain) -> Self {
        Self {
            domain,
            values: vec![String::new(); domain.fields.len()],
        }
    }

    /// Starts from values that are stored.
    pub fn of(domain: &'static Domain, values: Vec<String>) -> Self {
        Self { domain, values }
    }

    /// Reads the pairs of a form.
    ///
    /// # Errors
    ///
    /// [`Problem::UnknownField`] and [`Problem::Repeated`].
    pub fn from_pairs(
        domain: &'static Domain,
        pairs: Vec<(String, String)>,
    ) -> Result<Self, Problem> {
        let pairs = pairs
            .into_iter()
            .map(|(name, value)| Ok((name, normal_lines(&value))));
        Self::gather(domain, pairs)
    }

    /// Reads a JSON object: text and numbers become text as they are spelled, `null` is empty.
    ///
    /// # Errors
    ///
    /// [`Problem::UnknownField`] and [`Problem::NotText`]; [`Problem::Unreadable`] where it is no object.
    pub fn from_json(domain: &'static Domain, body: Value) -> Result<Self, Problem> {
        let Value::Object(members) = body else {
            return Err(Problem::Unreadable);
        };
        let pairs = members.into_iter().map(|(name, value)| {
            let text = match value {
                Value::Null => Some(String::new()),
                Value::String(text) => Some(text),
                Value::Number(number) => Some(number.to_string()),
                Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
            };
            let position = domain.position(&name).ok_or(Problem::UnknownField)?;
            text.map(|text| (name, text)).ok_or_else(|| {
                domain
                    .fields
                    .get(position)
                    .map_or(Problem::UnknownField, Problem::NotText)
            })
        });
        Self::gather(domain, pairs)
    }

    fn gather(
        domain: &'static Domain,
        pairs: impl Iterator<Item = Result<(String, String), Problem>>,
    ) -> Result<Self, Problem> {
        let mut values: Vec<Option<String>> = vec![None; domain.fields.len()];
        for pair in pairs {
            let (name, value) = pair?;
            let (field, slot) = domain
                .fields
                .iter()
                .zip(&mut values)
                .find(|(field, _)| field.name == name)
                .ok_or(Problem::UnknownField)?;
            if slot.replace(value).is_some() {
                return Err(Problem::Repeated(field));
            }
        }
        Ok(Self {
            domain,
            values: values.into_iter().map(Option::unwrap_or_default).collect(),
        })
    }

    /// Checks that it can be stored.
    ///
    /// # Errors
    ///
    /// [`Problem::Missing`] and [`Problem::TooLong`], for the first field that has one.
    pub fn check(&self) -> Result<(), Problem> {
        for (field, value) in self.domain.fields.iter().zip(&self.values) {
            if field.required && value.trim().is_empty() {
                return Err(Problem::Missing(field));
            }
            if value.chars().count() > field.width {
                return Err(Problem::TooLong(field));
            }
        }
        Ok(())
    }

    /// The values, in the order of the fields.
    pub fn values(&self) -> &[String] {
        &self.values
    }
}

/// The lines of a text as they are stored: browsers post every line break of a form as CR LF.
fn normal_lines(text: &str) -> String {
    text.replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patients() -> &'static Domain {
        Domain::find("patients").unwrap()
    }

    #[test]
    fn widths_count_characters_not_bytes() {
        let draft = |first: &str| {
            Draft::from_json(
                patients(),
                json!({"first_name": first, "last_name": "A", "health_number": "N"}),
            )
            .unwrap()
        };
        assert!(draft(&"é".repeat(40)).check().is_ok());
        assert!(
            matches!(draft(&"e".repeat(41)).check(), Err(Problem::TooLong(field)) if field.name == "first_name")
        );
        assert!(
            matches!(draft(" ").check(), Err(Problem::Missing(field)) if field.name == "first_name")
        );
    }

    #[test]
    fn what_is_not_a_field_is_refused() {
        assert!(matches!(
            Draft::from_json(patients(), json!({"x": "1"})),
            Err(Problem::UnknownField)
        ));
        assert!(matches!(
            Draft::from_json(patients(), json!({"phone": ["1"]})),
            Err(Problem::NotText(_))
        ));
        assert!(matches!(
            Draft::from_json(patients(), json!([1])),
            Err(Problem::Unreadable)
        ));
        let twice = vec![
            ("phone".to_owned(), "1".to_owned()),
            ("phone".to_owned(), "2".to_owned()),
        ];
        assert!(matches!(
            Draft::from_pairs(patients(), twice),
            Err(Problem::Repeated(_))
        ));
    }

    #[test]
    fn amounts_may_be_numbers_or_text() {
        let invoices = Domain::find("invoices").unwrap();
        let amount = |value: Value| {
            let draft = Draft::from_json(invoices, json!({ "amount": value })).unwrap();
            draft.values()[invoices.position("amount").unwrap()].clone()
        };
        assert_eq!(amount(json!("1 250,50 $")), "1 250,50 $");
        assert_eq!(amount(json!(1250.5)), "1250.5");
        assert_eq!(amount(Value::Null), "");
    }
}
