//! The practice SaaS behind `up --demo`: the project's five domains, by its API and in Chromium.

use std::path::Path;

use e2e::{Browser, Gateway, Hidden, Route, Setup, all_files, curl, until};
use serde_json::{Value, json};
use tempfile::TempDir;

const SAAS: &str = "https://crm.northwind-cloud.example";

/// A value that would run as a script, end an attribute, and be a formula.
const HOSTILE: &str = "=1+1\"><script>window.__pwned = 1</script>' \\ \u{2028} 🫁";

/// A record of each domain, and what of it the SaaS must never hold.
fn records() -> [(&'static str, Value, Vec<&'static str>); 5] {
    [
        (
            "children",
            json!({ "first_name": "Noah-Élie", "last_name": "Gagnon-Roy", "permanent_code": "RGAX21041207", "birth_date": "2021-04-12",
                    "daycare_group": "Les Lucioles", "email": "m.gagnon@exemple.quebec", "phone": "514-555-0118", "notes": HOSTILE }),
            vec![
                "Noah-Élie",
                "Gagnon-Roy",
                "RGAX21041207",
                "2021-04-12",
                "m.gagnon@exemple",
                "555-0118",
                "window.__pwned",
            ],
        ),
        (
            "patients",
            json!({ "first_name": "Émilie", "last_name": "Tremblay-Côté", "health_number": "CTEX84551299", "birth_date": "1984-05-12",
                    "clinic": "Clinique du Vieux-Port", "email": "e.tremblay@exemple.quebec", "phone": "514-555-0142", "notes": "grossesse à risque" }),
            vec![
                "Émilie",
                "Tremblay-Côté",
                "CTEX84551299",
                "1984-05-12",
                "e.tremblay@exemple",
                "555-0142",
                "grossesse",
            ],
        ),
        (
            "vehicles",
            json!({ "vin": "5YJSA1E26HF000337", "plate": "Z19QXW", "model": "Autocar 1989", "first_name": "Olivier", "last_name": "Bélanger-Caron",
                    "email": "o.belanger@exemple.quebec", "phone": "514-555-0167", "notes": "remisé pour l'hiver" }),
            vec![
                "5YJSA1E26HF000337",
                "Z19QXW",
                "Olivier",
                "Bélanger-Caron",
                "o.belanger@exemple",
                "555-0167",
                "remisé pour",
            ],
        ),
        (
            "invoices",
            json!({ "invoice_number": "2026-99417", "first_name": "Sofia", "last_name": "Nguyen-Lê", "amount": "1250.50", "due_date": "2026-12-15",
                    "email": "s.nguyen@exemple.quebec", "phone": "514-555-0193", "notes": "trois versements" }),
            vec![
                "Sofia",
                "Nguyen-Lê",
                "1250.50",
                "s.nguyen@exemple",
                "555-0193",
                "trois versements",
            ],
        ),
        (
            "samples",
            json!({ "sample_code": "ECH-9913-Q", "participant_code": "P-7792-X", "first_name": "Laurence", "last_name": "Ouellet-Dubé",
                    "collected_on": "2026-11-03", "tissue": "sang", "email": "l.ouellet@exemple.quebec", "phone": "514-555-0125", "notes": "consentement signé" }),
            vec![
                "ECH-9913-Q",
                "P-7792-X",
                "Laurence",
                "Ouellet-Dubé",
                "2026-11-03",
                "l.ouellet@exemple",
                "555-0125",
                "consentement",
            ],
        ),
    ]
}

/// Everything that the SaaS holds: its database, as it stands on the disk.
fn held(gateway: &Gateway) -> Vec<u8> {
    let files = all_files(&gateway.home())
        .into_iter()
        .filter(|(path, _)| named(path, "northwind.sqlite"));
    let held: Vec<u8> = files.flat_map(|(_, bytes)| bytes).collect();
    assert!(!held.is_empty(), "the SaaS has a database");
    held
}

fn named(path: &Path, begin: &str) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with(begin))
}

fn call(gateway: &Gateway, method: &str, path: &str, body: Option<&Value>) -> Value {
    let (address, text) = (format!("{SAAS}{path}"), body.map(Value::to_string));
    let mut arguments = vec!["-X", method, address.as_str()];
    if let Some(text) = &text {
        arguments.extend(["--json", text]);
    }
    let reply = curl(gateway, &arguments);
    assert!(
        (200..300).contains(&reply.status),
        "{method} {path}: {reply:?}"
    );
    if reply.body.is_empty() {
        Value::Null
    } else {
        reply.json()
    }
}

/// Whether every member of `part` stands in `whole`, as people would read it.
fn holds(whole: &Value, part: &Value) -> bool {
    let part = part.as_object().expect("an object");
    part.iter().all(|(name, value)| &whole[name] == value)
}

#[test]
fn i01_i02_the_five_domains_by_the_api() {
    let gateway = Setup::new().argument("--demo").start();
    for (domain, record, _) in records() {
        let made = call(&gateway, "POST", &format!("/api/{domain}"), Some(&record));
        let id = &made["id"];
        let path = format!("/api/{domain}/{id}");
        let got = call(&gateway, "GET", &path, None);
        assert!(holds(&got, &record), "{domain}: {got}");

        let listed = call(&gateway, "GET", &format!("/api/{domain}"), None);
        assert!(
            listed
                .to_string()
                .contains(record["last_name"].as_str().expect("a name")),
            "{domain}: {listed}"
        );
        let name = record["last_name"].as_str().expect("a name");
        let search = curl(
            &gateway,
            &[
                "--get",
                "--data-urlencode",
                &format!("last_name={name}"),
                &format!("{SAAS}/api/{domain}"),
            ],
        );
        assert!(
            search
                .text()
                .contains(record["email"].as_str().expect("an address")),
            "{domain} by {name}: {search:?}"
        );
        let none = curl(
            &gateway,
            &[
                "--get",
                "--data-urlencode",
                "last_name=Personne",
                &format!("{SAAS}/api/{domain}"),
            ],
        );
        assert!(!none.text().contains(name), "{domain}: {none:?}");

        let mut changed = record.clone();
        changed["notes"] = json!("une note plus récente");
        call(&gateway, "PUT", &path, Some(&changed));
        assert!(
            holds(&call(&gateway, "GET", &path, None), &changed),
            "{domain}"
        );

        let export = curl(&gateway, &[&format!("{SAAS}/{domain}/export.csv")]);
        assert!(
            export.text().contains("une note plus récente") && export.text().contains(name),
            "{domain}: {export:?}"
        );

        let attached = curl(
            &gateway,
            &[
                "--form-string",
                "description=résultat de laboratoire",
                "-F",
                "file=contenu du fichier;filename=result.txt;type=text/plain",
                &format!("{SAAS}{path}/documents"),
            ],
        );
        assert_eq!(attached.status, 201, "{domain}: {attached:?}");
        let documents = call(&gateway, "GET", &format!("{path}/documents"), None);
        assert!(
            documents.to_string().contains("résultat de laboratoire"),
            "{domain}: {documents}"
        );
    }
    let held = held(&gateway);
    for value in records()
        .iter()
        .flat_map(|(_, _, hidden)| hidden)
        .chain(&["une note plus", "résultat de laboratoire"])
    {
        Hidden(value).must_not_stand_in(&held, "what the SaaS holds");
    }
}

#[test]
fn what_must_be_unique_stays_so() {
    let gateway = Setup::new().argument("--demo").start();
    let (domain, record, _) = &records()[1];
    call(&gateway, "POST", &format!("/api/{domain}"), Some(record));
    let again = curl(
        &gateway,
        &[
            "--json",
            &record.to_string(),
            &format!("{SAAS}/api/{domain}"),
        ],
    );
    assert!((400..500).contains(&again.status), "{again:?}");
}

#[test]
fn i08_a_formula_in_an_export_is_text() {
    let gateway = Setup::new().argument("--demo").start();
    let (domain, record, _) = &records()[0];
    call(&gateway, "POST", &format!("/api/{domain}"), Some(record));
    let export = curl(&gateway, &[&format!("{SAAS}/{domain}/export.csv")]).text();
    assert!(export.contains("'=1+1"), "{export}");
    assert!(
        !export.contains(",=1+1") && !export.contains("\"=1+1"),
        "{export}"
    );
}

#[test]
fn i08_a_person_works_a_day_in_chromium() {
    let gateway = Setup::new().argument("--demo").start();
    let browser = Browser::start(&gateway, Route::Pac);
    for (domain, record, _) in records() {
        browser.open(&format!("{SAAS}/{domain}/new"));
        for (name, value) in record.as_object().expect("an object") {
            // Typed values may not hold every character; what a page's script sets is sent the same.
            let _set = browser.script(&format!(
                "document.getElementsByName({})[0].value = {value}",
                json!(name)
            ));
        }
        browser.click("form.entry button[type=submit]");
        until(20, "the record is shown", || {
            browser
                .address()
                .rsplit('/')
                .next()
                .is_some_and(|id| id.parse::<u64>().is_ok())
                .then_some(())
        });
        for (name, value) in record.as_object().expect("an object") {
            let shown = browser.script(&format!(
                "return document.getElementById({}).textContent",
                json!(name)
            ));
            assert_eq!(&shown, value, "{domain}: {name}");
        }
        let full = format!(
            "{} {}",
            record["first_name"].as_str().expect("text"),
            record["last_name"].as_str().expect("text")
        );
        assert_eq!(
            browser.script("return document.querySelector('.contact .who').textContent"),
            json!(full),
            "{domain}: what the script shows"
        );
        let address = browser.address();

        browser.open(&format!("{SAAS}/{domain}"));
        browser.fill(
            "input[name=last_name]",
            record["last_name"].as_str().expect("text"),
        );
        browser.click("form.search button[type=submit]");
        until(20, "the search finds it and nothing else", || {
            let rows = browser.script(
                "return [...document.querySelectorAll('tbody tr')].map(row => row.innerText)",
            );
            let rows = rows.as_array()?;
            let [only] = rows.as_slice() else { return None };
            only.as_str()?
                .contains(record["last_name"].as_str()?)
                .then_some(())
        });

        browser.open(&format!("{address}/edit"));
        assert_eq!(
            browser.script("return document.getElementsByName('notes')[0].value"),
            record["notes"],
            "{domain}: on the form"
        );
        browser.click("form.entry button[type=submit]");
        until(20, "the record is shown again", || {
            (browser.address() == address).then_some(())
        });
        assert_eq!(
            browser.script("return document.querySelector('ol.history')"),
            Value::Null,
            "{domain}: nobody changed anything"
        );
        browser.open(&format!("{address}/edit"));
        let _set = browser
            .script("document.getElementsByName('notes')[0].value = 'une note plus récente'");
        browser.click("form.entry button[type=submit]");
        until(20, "the change is shown", || {
            browser
                .text()
                .contains("une note plus récente")
                .then_some(())
        });

        attach(&browser);
        until(20, "the file is shown", || {
            browser
                .text()
                .contains("résultat de laboratoire")
                .then_some(())
        });
        let file = browser.script_later(
            "return await (await fetch(document.querySelector('a[download]').href)).text()",
        );
        assert_eq!(
            file,
            json!("contenu du fichier"),
            "{domain}: the file comes back"
        );
        let export = browser.script_later(&format!(
            "return await (await fetch('/{domain}/export.csv')).text()"
        ));
        assert!(
            export
                .as_str()
                .is_some_and(|export| export.contains("une note plus récente")),
            "{domain}: {export}"
        );
        assert_eq!(
            browser.script("return typeof window.__pwned"),
            json!("undefined"),
            "{domain}: a script ran"
        );
    }
    let held = held(&gateway);
    for value in records()
        .iter()
        .flat_map(|(_, _, hidden)| hidden)
        .chain(&["une note plus", "résultat de laboratoire"])
    {
        Hidden(value).must_not_stand_in(&held, "what the SaaS holds");
    }
}

/// Attaches a file by the record's form.
fn attach(browser: &Browser) {
    let folder = TempDir::with_prefix("rempart-file-").expect("a folder");
    let file = folder.path().join("resultat.txt");
    std::fs::write(&file, "contenu du fichier").expect("a file");
    browser.fill(
        "form[enctype] input[name=description]",
        "résultat de laboratoire",
    );
    browser.choose("form[enctype] input[type=file]", &file);
    browser.click("form[enctype] button[type=submit]");
    // The browser reads the file when the form is sent.
    until(20, "the form is sent", || {
        browser.text().contains("resultat.txt").then_some(())
    });
}

#[test]
fn the_console_shows_both_sides() {
    let gateway = Setup::new().argument("--demo").start();
    let (domain, record, _) = &records()[1];
    call(&gateway, "POST", &format!("/api/{domain}"), Some(record));
    let browser = Browser::start(&gateway, Route::Proxy);
    browser.open(&format!("http://{}/", gateway.console));
    until(20, "the console shows what you see", || {
        browser.text().contains("Tremblay-Côté").then_some(())
    });
    until(20, "the console shows what they hold", || {
        browser.text().to_lowercase().contains("q671").then_some(())
    });
}
