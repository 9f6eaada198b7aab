//! The practice app alone, over its own HTTPS, as a browser and a program use it.

#![expect(clippy::unwrap_used, reason = "a test stops where its setting fails")]

mod client;

use bytes::Bytes;
use client::{Reached, header, json, text};
use http_body_util::Full;
use hyper::{Request, StatusCode};
use practice::Practice;
use serde_json::json;

#[tokio::test]
async fn every_kind_of_record_is_registered_found_and_exported() {
    let site = Reached::start().await;
    for (kind, body) in practice::examples() {
        let created = site.post_json(&format!("/api/{kind}"), &body).await;
        assert_eq!(created.status(), StatusCode::CREATED, "{}", text(&created));
        let location = header(&created, "location").to_owned();
        let read = json(&site.get(&location).await);
        for (name, value) in body.as_object().unwrap() {
            assert_eq!(&read[name], value, "{kind} {name}");
        }
        let found = json(
            &site
                .get(&format!(
                    "/api/{kind}?last_name={}",
                    encoded(&body["last_name"])
                ))
                .await,
        );
        assert_eq!(found["items"][0], read);
        let missed = json(&site.get(&format!("/api/{kind}?last_name=Nobody")).await);
        assert_eq!(missed["items"], json!([]));
        for page in [
            format!("/{kind}"),
            format!("/{kind}/new"),
            format!("/{kind}/1"),
            format!("/{kind}/1/edit"),
        ] {
            let shown = site.get(&page).await;
            assert_eq!(shown.status(), StatusCode::OK, "{page}");
            assert_eq!(header(&shown, "content-type"), "text/html; charset=utf-8");
        }
        let export = site.get(&format!("/{kind}/export.csv")).await;
        assert_eq!(header(&export, "content-type"), "text/csv; charset=utf-8");
        assert!(text(&export).contains(body["last_name"].as_str().unwrap()));
    }
    let home = text(&site.get("/").await);
    assert!(home.contains("Tremblay") && home.contains("Gagnon"));
    let rows = site.app.stored(10).unwrap();
    assert_eq!(rows.len(), 5);
    for row in rows {
        let read = json(&site.get(&row.api_path()).await);
        for column in &row.columns {
            assert_eq!(read[column.name], json!(column.value));
        }
    }
    site.app.shutdown().await;
}

#[tokio::test]
async fn a_form_registers_and_an_edit_records_only_what_changed() {
    let site = Reached::start().await;
    let form = "application/x-www-form-urlencoded";
    let created = site
        .send(
            "POST",
            "/patients",
            form,
            "first_name=%C3%89milie&last_name=Tremblay&health_number=TREM84551216&notes=a%0D%0Ab",
        )
        .await;
    assert_eq!(created.status(), StatusCode::SEE_OTHER);
    assert_eq!(header(&created, "location"), "/patients/1");
    let same = "first_name=%C3%89milie&last_name=Tremblay&health_number=TREM84551216&birth_date=&clinic=&email=&phone=";
    let unchanged = site
        .send(
            "POST",
            "/patients/1",
            form,
            format!("{same}&notes=a%0D%0Ab"),
        )
        .await;
    assert_eq!(unchanged.status(), StatusCode::SEE_OTHER);
    assert!(text(&site.get("/patients/1").await).contains("Aucune modification"));
    site.send("POST", "/patients/1", form, format!("{same}&notes=c"))
        .await;
    let page = text(&site.get("/patients/1").await);
    assert!(page.contains("<del>a\nb</del> → <ins>c</ins>"), "{page}");
    assert_eq!(page.matches("<del>").count(), 1);
}

#[tokio::test]
async fn columns_refuse_what_is_too_wide_and_identifiers_do_not_repeat() {
    let site = Reached::start().await;
    let patient = |first: String, number: &str| json!({"first_name": first, "last_name": "A", "health_number": number});
    let wide = site
        .post_json("/api/patients", &patient("x".repeat(41), "N1"))
        .await;
    assert_eq!(wide.status(), StatusCode::BAD_REQUEST);
    assert_eq!(json(&wide)["error"]["code"], "too_long");
    assert_eq!(json(&wide)["error"]["field"], "first_name");
    assert_eq!(json(&wide)["error"]["limit"], 40);
    assert_eq!(
        site.post_json("/api/patients", &patient("é".repeat(40), "N1"))
            .await
            .status(),
        StatusCode::CREATED
    );
    let twice = site
        .post_json("/api/patients", &patient("B".into(), "N1"))
        .await;
    assert_eq!(twice.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(json(&twice)["error"]["field"], "health_number");
    let form = site
        .send(
            "POST",
            "/patients?lang=en",
            "application/x-www-form-urlencoded",
            "first_name=B&last_name=C&health_number=N1",
        )
        .await;
    assert_eq!(form.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let page = text(&form);
    assert!(page.contains("already stands in another record") && page.contains("value=\"C\""));
    for (body, code) in [
        (json!({"first_name": "A", "last_name": "B"}), "missing"),
        (
            json!({"first_name": "A", "last_name": "B", "health_number": "N2", "x": 1}),
            "unknown_field",
        ),
        (
            json!({"first_name": {}, "last_name": "B", "health_number": "N2"}),
            "not_text",
        ),
    ] {
        let refused = site.post_json("/api/patients", &body).await;
        assert_eq!(refused.status(), StatusCode::BAD_REQUEST);
        assert_eq!(json(&refused)["error"]["code"], code);
    }
}

#[tokio::test]
async fn entity_tags_say_whether_a_record_is_still_the_same() {
    let site = Reached::start().await;
    let body = json!({"first_name": "A", "last_name": "B", "health_number": "N1"});
    let created = site.post_json("/api/patients", &body).await;
    let tag = header(&created, "etag").to_owned();
    let ask = |method: &str, name: &str, tag: &str, body: String| {
        let request = Request::builder()
            .method(method)
            .uri("/api/patients/1")
            .header("host", Practice::HOST)
            .header("content-type", "application/json")
            .header(name, tag)
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        site.send_by("http/1.1", request)
    };
    assert_eq!(
        ask("GET", "if-none-match", &tag, String::new())
            .await
            .status(),
        StatusCode::NOT_MODIFIED
    );
    let changed = json!({"first_name": "C", "last_name": "B", "health_number": "N1"}).to_string();
    let replaced = ask("PUT", "if-match", &tag, changed.clone()).await;
    assert_eq!(replaced.status(), StatusCode::OK);
    assert_ne!(header(&replaced, "etag"), tag);
    assert_eq!(
        ask("PUT", "if-match", &tag, changed).await.status(),
        StatusCode::PRECONDITION_FAILED
    );
    assert_eq!(
        ask("GET", "if-none-match", &tag, String::new())
            .await
            .status(),
        StatusCode::OK
    );
    assert_eq!(
        site.send("DELETE", "/api/patients/1", "text/plain", "")
            .await
            .status(),
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        site.get("/api/patients/1").await.status(),
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn a_file_comes_back_byte_for_byte() {
    let site = Reached::start().await;
    site.post_json("/api/samples", &practice::examples()[4].1)
        .await;
    let content: Vec<u8> = (0..200_000u32)
        .map(|index| (index.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let mut body = b"--edge\r\ncontent-disposition: form-data; name=\"description\"\r\n\r\nR\xc3\xa9sultat\r\n--edge\r\n\
        content-disposition: form-data; name=\"file\"; filename=\"r\xc3\xa9sultat.pdf\"\r\ncontent-type: application/pdf\r\n\r\n"
        .to_vec();
    body.extend_from_slice(&content);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    let media_type = "multipart/form-data; boundary=edge";
    let attached = site
        .send("POST", "/samples/1/documents", media_type, body.clone())
        .await;
    assert_eq!(attached.status(), StatusCode::SEE_OTHER);
    assert!(text(&site.get("/samples/1").await).contains("Résultat"));
    let by_api = site
        .send("POST", "/api/samples/1/documents", media_type, body)
        .await;
    assert_eq!(by_api.status(), StatusCode::CREATED);
    let list = json(&site.get("/api/samples/1/documents").await);
    assert_eq!(list["items"][1]["description"], "Résultat");
    assert_eq!(list["items"][1]["size"], content.len());
    let download = site.get(header(&by_api, "location")).await;
    assert_eq!(download.body().as_ref(), content.as_slice());
    assert_eq!(header(&download, "content-type"), "application/pdf");
    assert!(
        header(&download, "content-disposition").ends_with("filename*=UTF-8''r%C3%A9sultat.pdf")
    );
    assert_eq!(
        site.get("/documents/9").await.status(),
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn hostile_values_are_shown_and_stay_inert() {
    let site = Reached::start().await;
    let hostile = "\"'><script>alert(1)</script></textarea>\u{2028}\n&amp;`${1}\\";
    let body =
        json!({"first_name": "A", "last_name": hostile, "health_number": "N1", "notes": hostile});
    assert_eq!(
        site.post_json("/api/patients", &body).await.status(),
        StatusCode::CREATED
    );
    for path in ["/", "/patients", "/patients/1", "/patients/1/edit"] {
        let page = text(&site.get(path).await);
        assert!(!page.contains("<script>alert"), "{path}");
        assert!(!page.contains("</textarea></"), "{path}");
        assert!(page.contains("&#60;script&#62;alert(1)"), "{path}");
    }
    let page = text(&site.get("/patients/1").await);
    let island = between(&page, "id=\"record\">", "</script>");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(island).unwrap()["notes"],
        hostile
    );
    let name = between(&page, "const displayName = ", ";\n");
    assert_eq!(
        serde_json::from_str::<String>(name).unwrap(),
        format!("A {hostile}")
    );
    let card = json(&site.get("/api/patients/1/card").await);
    assert!(!card["html"].as_str().unwrap().contains("<script"));
    let search = text(
        &site
            .get("/patients?last_name=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
            .await,
    );
    assert!(!search.contains("<script>alert"));
}

#[tokio::test]
async fn both_protocols_and_both_languages_are_spoken() {
    let site = Reached::start().await;
    let ask = |language: &str| {
        Request::builder()
            .uri(format!("https://{}/", Practice::HOST))
            .header("accept-language", language)
            .body(Full::default())
            .unwrap()
    };
    let english = site.send_by("h2", ask("en-CA")).await;
    assert!(
        text(&english).contains("<html lang=\"en\">")
            && text(&english).contains("Research samples")
    );
    let french = site.send_by("h2", ask("fr-CA,en;q=0.5")).await;
    assert!(text(&french).contains("<html lang=\"fr\">"));
    let chosen = site.get("/?lang=en").await;
    assert!(header(&chosen, "set-cookie").starts_with("lang=en;"));
    let lost = site.get("/nowhere/at/all").await;
    assert_eq!(lost.status(), StatusCode::NOT_FOUND);
    assert!(text(&lost).contains("n’existe pas"));
    let elsewhere = Request::builder()
        .uri("/")
        .header("host", "other.example")
        .body(Full::default())
        .unwrap();
    assert_eq!(
        site.send_by("http/1.1", elsewhere).await.status(),
        StatusCode::MISDIRECTED_REQUEST
    );
}

#[tokio::test]
async fn records_and_authority_survive_a_restart() {
    let site = Reached::start().await;
    site.post_json("/api/vehicles", &practice::examples()[2].1)
        .await;
    let authority = site.app.authority_pem().to_owned();
    site.app.shutdown().await;
    let app = Practice::start(site.directory.path(), ([127, 0, 0, 1], 0).into())
        .await
        .unwrap();
    assert_eq!(app.authority_pem(), authority);
    assert_eq!(app.stored(5).unwrap().len(), 1);
    app.shutdown().await;
}

fn encoded(value: &serde_json::Value) -> String {
    value
        .as_str()
        .unwrap()
        .bytes()
        .map(|byte| format!("%{byte:02X}"))
        .collect()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap();
    rest.split_once(after).unwrap().0
}
