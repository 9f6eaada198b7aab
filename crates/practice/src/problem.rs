//! What the app refuses, and what it answers then: the same codes for programs and for people.

use axum::http::StatusCode;

use crate::domain::Field;
use crate::words::Language;

/// Why a request was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A value has more characters than its column takes.
    #[error("{} is longer than {} characters", .0.name, .0.width)]
    TooLong(&'static Field),
    /// A value that must be there is not.
    #[error("{} is missing", .0.name)]
    Missing(&'static Field),
    /// Another record has the same value where none may repeat.
    #[error("another record has the same {}", .0.name)]
    Duplicate(&'static Field),
    /// A field that this kind of record does not have.
    #[error("unknown field")]
    UnknownField,
    /// A field that stands twice.
    #[error("{} stands twice", .0.name)]
    Repeated(&'static Field),
    /// A value that is neither text nor a number.
    #[error("{} is neither text nor a number", .0.name)]
    NotText(&'static Field),
    /// A body that cannot be read.
    #[error("the body cannot be read")]
    Unreadable,
    /// A body that is larger than the app takes.
    #[error("the body is too large")]
    TooLarge,
    /// A description of a file has more characters than its column takes.
    #[error("description is longer than {0} characters")]
    DescriptionTooLong(usize),
    /// There is nothing at this address.
    #[error("not found")]
    NotFound,
    /// The record was changed since the client read it.
    #[error("the record was changed meanwhile")]
    Changed,
    /// The database failed.
    #[error("the database failed")]
    Store(#[from] rusqlite::Error),
    /// A piece of work ended before its answer.
    #[error("the work was interrupted")]
    Interrupted,
}

impl Problem {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::TooLong(_)
            | Self::Missing(_)
            | Self::UnknownField
            | Self::Repeated(_)
            | Self::NotText(_)
            | Self::Unreadable
            | Self::DescriptionTooLong(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Duplicate(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Changed => StatusCode::PRECONDITION_FAILED,
            Self::Store(_) | Self::Interrupted => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong(_) | Self::DescriptionTooLong(_) => "too_long",
            Self::Missing(_) => "missing",
            Self::Duplicate(_) => "duplicate",
            Self::UnknownField => "unknown_field",
            Self::Repeated(_) => "repeated",
            Self::NotText(_) => "not_text",
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too_large",
            Self::NotFound => "not_found",
            Self::Changed => "changed",
            Self::Store(_) | Self::Interrupted => "internal",
        }
    }

    /// The field it is about, where it is about one.
    pub fn field(&self) -> Option<&'static Field> {
        match self {
            Self::TooLong(field)
            | Self::Missing(field)
            | Self::Duplicate(field)
            | Self::Repeated(field)
            | Self::NotText(field) => Some(field),
            Self::UnknownField
            | Self::Unreadable
            | Self::TooLarge
            | Self::DescriptionTooLong(_)
            | Self::NotFound
            | Self::Changed
            | Self::Store(_)
            | Self::Interrupted => None,
        }
    }

    /// The sentence for people.
    pub fn sentence(&self, language: Language) -> String {
        let label = self
            .field()
            .map(|field| language.pick(&field.label))
            .unwrap_or_default();
        match language {
            Language::French => match self {
                Self::TooLong(field) => format!("« {label} » dépasse {} caractères.", field.width),
                Self::Missing(_) => format!("« {label} » est obligatoire."),
                Self::Duplicate(_) => format!("« {label} » existe déjà dans une autre fiche."),
                Self::UnknownField => "Un champ est inconnu.".to_owned(),
                Self::Repeated(_) => format!("« {label} » est donné deux fois."),
                Self::NotText(_) => format!("« {label} » n’est ni un texte ni un nombre."),
                Self::Unreadable => "La demande n’a pas pu être lue.".to_owned(),
                Self::TooLarge => "Le fichier est trop volumineux.".to_owned(),
                Self::DescriptionTooLong(width) => {
                    format!("La description dépasse {width} caractères.")
                }
                Self::NotFound => "Cette page n’existe pas.".to_owned(),
                Self::Changed => "La fiche a été modifiée entre-temps.".to_owned(),
                Self::Store(_) | Self::Interrupted => {
                    "Le service est momentanément indisponible.".to_owned()
                }
            },
            Language::English => match self {
                Self::TooLong(field) => {
                    format!("“{label}” is longer than {} characters.", field.width)
                }
                Self::Missing(_) => format!("“{label}” is required."),
                Self::Duplicate(_) => format!("“{label}” already stands in another record."),
                Self::UnknownField => "A field is unknown.".to_owned(),
                Self::Repeated(_) => format!("“{label}” is given twice."),
                Self::NotText(_) => format!("“{label}” is neither text nor a number."),
                Self::Unreadable => "The request could not be read.".to_owned(),
                Self::TooLarge => "The file is too large.".to_owned(),
                Self::DescriptionTooLong(width) => {
                    format!("The description is longer than {width} characters.")
                }
                Self::NotFound => "This page does not exist.".to_owned(),
                Self::Changed => "The record was changed meanwhile.".to_owned(),
                Self::Store(_) | Self::Interrupted => {
                    "The service is not available for the moment.".to_owned()
                }
            },
        }
    }
}
