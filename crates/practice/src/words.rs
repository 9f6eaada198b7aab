//! The app's words in French and in English, and which of the two a visitor gets.
//!
//! A `lang` in the address decides and is remembered in a cookie, then the cookie, then the browser's preference.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::domain::Label;

/// One of the two languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// French.
    #[default]
    French,
    /// English.
    English,
}

impl Language {
    /// The tag for `lang` attributes and addresses.
    pub fn tag(self) -> &'static str {
        match self {
            Self::French => "fr",
            Self::English => "en",
        }
    }

    /// This language's side of a label.
    pub fn pick(self, label: &Label) -> &'static str {
        match self {
            Self::French => label.fr,
            Self::English => label.en,
        }
    }

    /// The other language.
    pub fn other(self) -> Self {
        match self {
            Self::French => Self::English,
            Self::English => Self::French,
        }
    }

    /// The sentences of the pages.
    pub fn text(self) -> &'static Text {
        match self {
            Self::French => &FRENCH,
            Self::English => &ENGLISH,
        }
    }

    fn of_tag(tag: &str) -> Option<Self> {
        match tag.trim().get(..2)?.to_ascii_lowercase().as_str() {
            "fr" => Some(Self::French),
            "en" => Some(Self::English),
            _ => None,
        }
    }

    fn of_query(query: &str) -> Option<Self> {
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix("lang="))
            .and_then(Self::of_tag)
    }

    fn of_cookie(headers: &HeaderMap) -> Option<Self> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|cookies| cookies.split(';'))
            .find_map(|cookie| cookie.trim().strip_prefix("lang="))
            .and_then(Self::of_tag)
    }

    /// The first of the two that the browser names; the order it gives is the order it prefers.
    fn of_preference(headers: &HeaderMap) -> Option<Self> {
        let preference = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
        preference.split(',').find_map(Self::of_tag)
    }
}

/// Finds the language of a request for its handler, and remembers one that was asked for in the address.
pub async fn choose(mut request: Request, next: Next) -> Response {
    let asked = request.uri().query().and_then(Language::of_query);
    let language = asked
        .or_else(|| Language::of_cookie(request.headers()))
        .or_else(|| Language::of_preference(request.headers()))
        .unwrap_or_default();
    request.extensions_mut().insert(language);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_LANGUAGE,
        HeaderValue::from_static(language.tag()),
    );
    headers.append(
        header::VARY,
        HeaderValue::from_static("accept-language, cookie"),
    );
    if let Some(asked) = asked {
        let cookie = match asked {
            Language::French => "lang=fr; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Lax",
            Language::English => {
                "lang=en; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Lax"
            }
        };
        headers.append(header::SET_COOKIE, HeaderValue::from_static(cookie));
    }
    response
}

/// Every sentence of the pages.
#[derive(Debug)]
pub struct Text {
    pub welcome: &'static str,
    pub skip: &'static str,
    pub sections: &'static str,
    pub language_name: &'static str,
    pub recent: &'static str,
    pub nothing: &'static str,
    pub nothing_found: &'static str,
    pub new: &'static str,
    pub search: &'static str,
    pub clear: &'static str,
    pub export: &'static str,
    pub preview: &'static str,
    pub open: &'static str,
    pub edit: &'static str,
    pub save: &'static str,
    pub cancel: &'static str,
    pub required: &'static str,
    pub previous: &'static str,
    pub next: &'static str,
    pub registered: &'static str,
    pub changed: &'static str,
    pub card: &'static str,
    pub copy: &'static str,
    pub files: &'static str,
    pub no_files: &'static str,
    pub file: &'static str,
    pub description: &'static str,
    pub attach: &'static str,
    pub bytes: &'static str,
    pub history: &'static str,
    pub no_history: &'static str,
    pub close: &'static str,
    pub back: &'static str,
    pub sorry: &'static str,
    pub address: &'static str,
}

static FRENCH: Text = Text {
    welcome: "Vos dossiers, partout, en tout temps.",
    skip: "Aller au contenu",
    sections: "Sections",
    language_name: "English",
    recent: "Modifiés récemment",
    nothing: "Aucune fiche pour le moment.",
    nothing_found: "Aucune fiche ne correspond à cette recherche.",
    new: "Nouvelle fiche",
    search: "Rechercher",
    clear: "Effacer",
    export: "Exporter (CSV)",
    preview: "Aperçu",
    open: "Ouvrir la fiche",
    edit: "Modifier",
    save: "Enregistrer",
    cancel: "Annuler",
    required: "obligatoire",
    previous: "Page précédente",
    next: "Page suivante",
    registered: "Inscrit le",
    changed: "Modifié le",
    card: "Carte",
    copy: "Copier le nom",
    files: "Fichiers",
    no_files: "Aucun fichier n’est joint.",
    file: "Fichier",
    description: "Description",
    attach: "Joindre",
    bytes: "octets",
    history: "Historique",
    no_history: "Aucune modification depuis l’inscription.",
    close: "Fermer",
    back: "Retour à l’accueil",
    sorry: "La demande n’a pas abouti",
    address: "Northwind Cloud Inc. · 2200 Harbor Avenue, Seattle, WA 98121, États-Unis",
};

static ENGLISH: Text = Text {
    welcome: "Your records, everywhere, at any time.",
    skip: "Skip to content",
    sections: "Sections",
    language_name: "Français",
    recent: "Recently changed",
    nothing: "No records yet.",
    nothing_found: "No record matches this search.",
    new: "New record",
    search: "Search",
    clear: "Clear",
    export: "Export (CSV)",
    preview: "Preview",
    open: "Open record",
    edit: "Edit",
    save: "Save",
    cancel: "Cancel",
    required: "required",
    previous: "Previous page",
    next: "Next page",
    registered: "Registered",
    changed: "Changed",
    card: "Card",
    copy: "Copy name",
    files: "Files",
    no_files: "No file is attached.",
    file: "File",
    description: "Description",
    attach: "Attach",
    bytes: "bytes",
    history: "History",
    no_history: "No change since registration.",
    close: "Close",
    back: "Back to home",
    sorry: "The request did not succeed",
    address: "Northwind Cloud Inc. · 2200 Harbor Avenue, Seattle, WA 98121, United States",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_then_the_cookie_then_the_browser_decide() {
        let mut headers = HeaderMap::new();
        assert_eq!(Language::of_preference(&headers), None);
        headers.insert(
            header::ACCEPT_LANGUAGE,
            HeaderValue::from_static("de, en-CA;q=0.8, fr;q=0.5"),
        );
        assert_eq!(Language::of_preference(&headers), Some(Language::English));
        headers.insert(header::COOKIE, HeaderValue::from_static("a=b; lang=fr"));
        assert_eq!(Language::of_cookie(&headers), Some(Language::French));
        assert_eq!(
            Language::of_query("last_name=x&lang=en"),
            Some(Language::English)
        );
        assert_eq!(Language::of_query("lang=é"), None);
    }
}
