//! The five kinds of records, as one table: what each field is called, how wide its column is, what may repeat.
//!
//! Tables, forms, the API, the export and the search are all made from these descriptions. Widths are those of the
//! contact object of a large CRM and count characters, not bytes.

/// A text in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    /// French.
    pub fr: &'static str,
    /// English.
    pub en: &'static str,
}

/// How a field is typed in on a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// One line.
    Line,
    /// Several lines.
    Lines,
    /// One line that a telephone keypad helps with.
    Phone,
    /// One line that holds an e-mail address.
    Email,
}

/// One field of a kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The name in the database, the API and the forms.
    pub name: &'static str,
    /// The label for people.
    pub label: Label,
    /// How many characters the column takes.
    pub width: usize,
    /// How it is typed in.
    pub entry: Entry,
    /// Whether a record must have it.
    pub required: bool,
    /// Whether no two records may share it.
    pub unique: bool,
    /// Whether records can be looked up by it.
    pub searched: bool,
    /// Whether lists show it.
    pub listed: bool,
}

impl Field {
    const fn line(name: &'static str, fr: &'static str, en: &'static str, width: usize) -> Self {
        Self {
            name,
            label: Label { fr, en },
            width,
            entry: Entry::Line,
            required: false,
            unique: false,
            searched: false,
            listed: false,
        }
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    const fn searched(mut self) -> Self {
        self.searched = true;
        self
    }

    const fn listed(mut self) -> Self {
        self.listed = true;
        self
    }

    const fn typed_as(mut self, entry: Entry) -> Self {
        self.entry = entry;
        self
    }
}

/// A kind of record.
#[derive(Debug, PartialEq, Eq)]
pub struct Domain {
    /// The name in addresses and the name of its table.
    pub slug: &'static str,
    /// One record of it.
    pub one: Label,
    /// Many of them.
    pub many: Label,
    /// Its fields, in the order of the form.
    pub fields: &'static [Field],
}

impl Domain {
    /// The kind with this name in addresses.
    pub fn find(slug: &str) -> Option<&'static Self> {
        DOMAINS.iter().find(|domain| domain.slug == slug)
    }

    /// The place of a field among the fields.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }
}

/// All kinds of records.
pub static DOMAINS: [Domain; 5] = [
    Domain {
        slug: "children",
        one: Label {
            fr: "Enfant",
            en: "Child",
        },
        many: Label {
            fr: "Enfants",
            en: "Children",
        },
        fields: &[
            FIRST_NAME,
            LAST_NAME,
            Field::line("permanent_code", "Code permanent", "Permanent code", 80)
                .required()
                .unique()
                .searched()
                .listed(),
            BIRTH_DATE,
            Field::line("daycare_group", "Groupe", "Group", 40).listed(),
            EMAIL,
            PHONE,
            NOTES,
        ],
    },
    Domain {
        slug: "patients",
        one: Label {
            fr: "Patient",
            en: "Patient",
        },
        many: Label {
            fr: "Patients",
            en: "Patients",
        },
        fields: &[
            FIRST_NAME,
            LAST_NAME,
            Field::line(
                "health_number",
                "Numéro d’assurance maladie",
                "Health insurance number",
                80,
            )
            .required()
            .unique()
            .searched()
            .listed(),
            BIRTH_DATE,
            Field::line("clinic", "Clinique", "Clinic", 80).listed(),
            EMAIL,
            PHONE,
            NOTES,
        ],
    },
    Domain {
        slug: "vehicles",
        one: Label {
            fr: "Véhicule",
            en: "Vehicle",
        },
        many: Label {
            fr: "Véhicules",
            en: "Vehicles",
        },
        fields: &[
            Field::line(
                "vin",
                "Numéro d’identification (NIV)",
                "Identification number (VIN)",
                80,
            )
            .required()
            .unique()
            .searched()
            .listed(),
            Field::line("plate", "Plaque", "Plate", 80)
                .unique()
                .searched()
                .listed(),
            Field::line("model", "Modèle", "Model", 80).listed(),
            FIRST_NAME,
            LAST_NAME,
            EMAIL,
            PHONE,
            NOTES,
        ],
    },
    Domain {
        slug: "invoices",
        one: Label {
            fr: "Facture",
            en: "Invoice",
        },
        many: Label {
            fr: "Factures",
            en: "Invoices",
        },
        fields: &[
            Field::line("invoice_number", "Numéro de facture", "Invoice number", 80)
                .required()
                .unique()
                .searched()
                .listed(),
            FIRST_NAME,
            LAST_NAME,
            Field::line("amount", "Montant", "Amount", 120).listed(),
            Field::line("due_date", "Échéance", "Due date", 120),
            EMAIL,
            PHONE,
            NOTES,
        ],
    },
    Domain {
        slug: "samples",
        one: Label {
            fr: "Échantillon de recherche",
            en: "Research sample",
        },
        many: Label {
            fr: "Échantillons de recherche",
            en: "Research samples",
        },
        fields: &[
            Field::line("sample_code", "Code d’échantillon", "Sample code", 80)
                .required()
                .unique()
                .searched()
                .listed(),
            Field::line(
                "participant_code",
                "Code du participant",
                "Participant code",
                80,
            )
            .searched()
            .listed(),
            FIRST_NAME,
            LAST_NAME,
            Field::line("collected_on", "Prélevé le", "Collected on", 120),
            Field::line("tissue", "Tissu", "Tissue", 80).listed(),
            EMAIL,
            PHONE,
            NOTES,
        ],
    },
];

const FIRST_NAME: Field = Field::line("first_name", "Prénom", "First name", 40)
    .required()
    .listed();
const LAST_NAME: Field = Field::line("last_name", "Nom", "Last name", 80)
    .required()
    .searched()
    .listed();
const BIRTH_DATE: Field = Field::line("birth_date", "Date de naissance", "Date of birth", 120);
const EMAIL: Field = Field::line("email", "Courriel", "E-mail", 80)
    .searched()
    .typed_as(Entry::Email);
const PHONE: Field = Field::line("phone", "Téléphone", "Phone", 40).typed_as(Entry::Phone);
const NOTES: Field = Field::line("notes", "Notes", "Notes", 32_000).typed_as(Entry::Lines);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_to_stand_in_statements_and_addresses() {
        let is_plain = |name: &str| {
            !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        };
        for domain in &DOMAINS {
            assert!(is_plain(domain.slug), "{}", domain.slug);
            for field in domain.fields {
                assert!(is_plain(field.name), "{}", field.name);
                assert_eq!(
                    domain
                        .fields
                        .iter()
                        .filter(|other| other.name == field.name)
                        .count(),
                    1
                );
            }
        }
    }

    #[test]
    fn widths_are_those_of_a_real_crm() {
        for domain in &DOMAINS {
            let width = |name: &str| {
                domain
                    .fields
                    .iter()
                    .find(|field| field.name == name)
                    .map(|field| field.width)
            };
            assert_eq!(width("first_name"), Some(40));
            assert_eq!(width("phone"), Some(40));
            assert_eq!(width("last_name"), Some(80));
            assert_eq!(width("email"), Some(80));
            assert_eq!(width("notes"), Some(32_000));
        }
    }
}
