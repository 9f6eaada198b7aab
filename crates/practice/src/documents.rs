//! Files: attached by a form or by the API in `multipart/form-data`, given back byte for byte.

use axum::Json;
use axum::extract::multipart::{MultipartError, MultipartRejection};
use axum::extract::rejection::PathRejection;
use axum::extract::{Multipart, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Value, json};

use crate::api::{Address, locate};
use crate::problem::Problem;
use crate::site::Site;
use crate::store::{Attachment, Document};

/// `POST /{domain}/{id}/documents`: attaches a file and goes back to the record.
pub async fn attach_by_form(
    State(site): State<Site>,
    address: Address,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Redirect, Problem> {
    let (domain, id) = locate(address)?;
    let attachment = gather(form).await?;
    site.ask(move |store| store.attach(domain, id, &attachment))
        .await?;
    Ok(Redirect::to(&format!("/{}/{id}", domain.slug)))
}

/// `POST /api/{domain}/{id}/documents`: attaches a file and says where it is.
pub async fn attach_by_api(
    State(site): State<Site>,
    address: Address,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, Problem> {
    let (domain, id) = locate(address)?;
    let attachment = gather(form).await?;
    let document = site
        .ask(move |store| {
            let number = store.attach(domain, id, &attachment)?;
            store.download(number).map(|(document, _)| document)
        })
        .await?;
    let location = format!("/documents/{}", document.id);
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, location)],
        Json(object(&document)),
    )
        .into_response())
}

/// `GET /api/{domain}/{id}/documents`: the files of a record.
pub async fn list(State(site): State<Site>, address: Address) -> Result<Response, Problem> {
    let (domain, id) = locate(address)?;
    let documents = site
        .ask(move |store| {
            store.get(domain, id)?;
            store.documents(domain, id)
        })
        .await?;
    let items: Vec<Value> = documents.iter().map(object).collect();
    Ok(Json(json!({ "items": items })).into_response())
}

/// `GET /documents/{id}`: the bytes of a file, to keep and never to show in the site's own name.
pub async fn download(
    State(site): State<Site>,
    number: Result<Path<i64>, PathRejection>,
) -> Result<Response, Problem> {
    let Path(number) = number.map_err(|_| Problem::NotFound)?;
    let (document, content) = site.ask(move |store| store.download(number)).await?;
    let media_type = HeaderValue::from_str(&document.media_type)
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"));
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media_type);
    let disposition = HeaderValue::from_str(&disposition(&document.name))
        .unwrap_or_else(|_| HeaderValue::from_static("attachment"));
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}

/// Reads the two parts of the form: `description` and `file`, in any order.
async fn gather(form: Result<Multipart, MultipartRejection>) -> Result<Attachment, Problem> {
    let mut form = form.map_err(|_| Problem::Unreadable)?;
    let mut attachment = None;
    let mut description = String::new();
    while let Some(part) = form.next_field().await.map_err(unread)? {
        match part.name() {
            Some("description") => description = part.text().await.map_err(unread)?,
            Some("file") => {
                attachment = Some(Attachment {
                    name: part.file_name().unwrap_or_default().to_owned(),
                    media_type: part
                        .content_type()
                        .unwrap_or("application/octet-stream")
                        .to_owned(),
                    description: String::new(),
                    content: part.bytes().await.map_err(unread)?.to_vec(),
                });
            }
            _ => return Err(Problem::UnknownField),
        }
    }
    let attachment = attachment
        .filter(|attachment| !attachment.name.is_empty())
        .ok_or(Problem::Unreadable)?;
    Ok(Attachment {
        description,
        ..attachment
    })
}

fn unread(error: MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::TooLarge
    } else {
        Problem::Unreadable
    }
}

fn object(document: &Document) -> Value {
    json!({
        "id": document.id,
        "created_at": document.created,
        "name": document.name,
        "media_type": document.media_type,
        "description": document.description,
        "size": document.size,
        "url": format!("/documents/{}", document.id),
    })
}

/// A `Content-Disposition` whose name may hold any character (RFC 6266, RFC 8187).
fn disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|character| match character {
            '"' | '\\' => '_',
            other if other.is_ascii_graphic() || other == ' ' => other,
            _ => '_',
        })
        .collect();
    let encoded: String = name
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_header() {
        assert_eq!(
            disposition("é\"\r\nx: y.pdf"),
            "attachment; filename=\"____x: y.pdf\"; filename*=UTF-8''%C3%A9%22%0D%0Ax%3A%20y.pdf"
        );
    }
}
