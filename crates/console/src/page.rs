//! The first page and its live part, drawn here in full: the script in the browser only asks again and replaces.
//!
//! One template draws the live part for both, so what is shown without scripts is what is shown with them.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

use crate::words::{Language, Text};
use crate::{Record, Status, Unseen, View};

/// What an address of the page may ask.
#[derive(Debug, Deserialize)]
pub struct Asked {
    lang: Option<String>,
}

impl Asked {
    fn language(&self) -> Language {
        self.lang
            .as_deref()
            .map_or_else(Language::default, Language::of)
    }
}

/// The first page.
pub async fn first(State(view): State<Arc<dyn View>>, Query(asked): Query<Asked>) -> Response {
    let language = asked.language();
    let live = Live::gather(view.as_ref(), language).await;
    let commands = Command::all(&live.status, language);
    draw(&First {
        trust: trust(&live.status, language),
        commands,
        live,
    })
}

/// The part of the first page that changes.
pub async fn live(State(view): State<Arc<dyn View>>, Query(asked): Query<Asked>) -> Response {
    draw(&LivePage {
        live: Live::gather(view.as_ref(), asked.language()).await,
    })
}

#[derive(Template)]
#[template(path = "first.html")]
struct First {
    live: Live,
    commands: Vec<Command>,
    trust: Vec<Step>,
}

impl First {
    /// The language that the page can be switched to.
    fn other(&self) -> &'static str {
        match self.live.language {
            Language::French => Language::English.tag(),
            Language::English => Language::French.tag(),
        }
    }
}

#[derive(Template)]
#[template(path = "live.html")]
struct LivePage {
    live: Live,
}

/// What the live parts show.
struct Live {
    language: Language,
    text: &'static Text,
    status: Status,
    records: Result<Vec<Record>, Unseen>,
}

impl Live {
    async fn gather(view: &dyn View, language: Language) -> Self {
        let status = view.status();
        let records = if status.demo.is_some() {
            view.side_by_side().await
        } else {
            Ok(Vec::new())
        };
        Self {
            language,
            text: language.text(),
            status,
            records,
        }
    }

    /// The time of day of an RFC 3339 time, for lists whose date is today's.
    fn clock<'a>(&self, time: &'a str) -> &'a str {
        time.get(11..19).unwrap_or(time)
    }

    fn unread(&self, unseen: &Unseen) -> &'static str {
        match unseen {
            Unseen::Held => self.text.held_unread,
            Unseen::Seen => self.text.seen_unread,
        }
    }
}

/// A command to copy.
struct Command {
    title: &'static str,
    hint: Option<&'static str>,
    line: String,
}

impl Command {
    /// The commands that show the practice SaaS from both sides.
    fn all(status: &Status, language: Language) -> Vec<Self> {
        let Some(demo) = &status.demo else {
            return Vec::new();
        };
        let text = language.text();
        let gateway = format!(
            "curl -x http://{} --cacert {}",
            status.proxy,
            quoted(&status.root_path.display().to_string())
        );
        let address = format!("https://{}/api/patients", demo.host);
        vec![
            Self {
                title: text.try_browser,
                hint: Some(text.try_browser_hint),
                line: demo
                    .browse
                    .iter()
                    .map(|word| quoted(word))
                    .collect::<Vec<_>>()
                    .join(" "),
            },
            Self {
                title: text.try_write,
                hint: None,
                line: format!("{gateway} {address} \\\n  --json '{EXAMPLE}'"),
            },
            Self {
                title: text.try_read,
                hint: None,
                line: format!("{gateway} '{address}?health_number=PELL90041712'"),
            },
            Self {
                title: text.try_theirs,
                hint: None,
                line: format!(
                    "curl --cacert {} --connect-to {}:443:{} {address}",
                    quoted(&demo.authority_path.display().to_string()),
                    demo.host,
                    demo.address,
                ),
            },
        ]
    }
}

/// The patient of the command to copy: a number of the right shape that belongs to nobody.
const EXAMPLE: &str = r#"{"first_name":"Léo","last_name":"Pelletier","health_number":"PELL90041712","birth_date":"1990-04-17","phone":"418 555-0107"}"#;

/// How one platform learns to trust the root.
struct Step {
    platform: &'static str,
    line: String,
}

/// One line a platform.
fn trust(status: &Status, language: Language) -> Vec<Step> {
    let root = status.root_path.display().to_string();
    let shell = quoted(&root);
    let firefox = match language {
        Language::French => {
            "Paramètres → Vie privée et sécurité → Certificats → Afficher les certificats → Autorités → Importer"
        }
        Language::English => {
            "Settings → Privacy & Security → Certificates → View Certificates → Authorities → Import"
        }
    };
    vec![
        Step {
            platform: "Debian, Ubuntu",
            line: format!(
                "sudo cp {shell} /usr/local/share/ca-certificates/rempart.crt && sudo update-ca-certificates"
            ),
        },
        Step {
            platform: "Fedora, RHEL",
            line: format!("sudo trust anchor {shell}"),
        },
        Step {
            platform: "macOS",
            line: format!(
                "sudo security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain {shell}"
            ),
        },
        Step {
            platform: "Windows",
            line: format!("certutil -addstore -f Root \"{root}\""),
        },
        Step {
            platform: "Firefox",
            line: firefox.to_owned(),
        },
    ]
}

/// A word for a POSIX shell: bare where nothing in it means anything to the shell, else in single quotes.
fn quoted(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+:@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Draws a template as an HTML answer.
fn draw(template: &impl Template) -> Response {
    match template.render() {
        Ok(page) => Html(page).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page of the console could not be drawn");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_spaces_and_quotes_is_one_word() {
        assert_eq!(quoted("/home/a/root.pem"), "/home/a/root.pem");
        assert_eq!(quoted("/home/l'été/root.pem"), r"'/home/l'\''été/root.pem'");
        assert_eq!(quoted("$(reboot)"), "'$(reboot)'");
        assert_eq!(quoted(""), "''");
    }
}
