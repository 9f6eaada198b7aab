//! I12: plaintext stands in no log, journal, metric or file of the home.

use e2e::{Hidden, Protocols, Setup, all_files, curl};

use crate::common::{App, CODE, NAME, NOTE, person, url};

#[test]
fn i12_planted_values_stand_nowhere() {
    let app = App::start_with(Protocols::Both, Setup::new().verbose());
    assert_eq!(
        curl(
            &app.gateway,
            &["-X", "PUT", "--json", &person(), &url("/people/7")]
        )
        .status,
        201
    );
    assert_eq!(curl(&app.gateway, &[&url("/people/7")]).text(), person());
    assert_eq!(
        curl(
            &app.gateway,
            &[
                "--get",
                "--data-urlencode",
                &format!("name={NAME}"),
                &url("/people")
            ]
        )
        .status,
        404
    );
    // Refusals are where a value is most easily quoted.
    assert_ne!(
        curl(
            &app.gateway,
            &["--json", &person().replace('}', ""), &url("/people")]
        )
        .status,
        201
    );
    assert_ne!(
        curl(
            &app.gateway,
            &[
                "--json",
                &person(),
                &url("/elsewhere?name=Zo%C3%A9%20Tremblay-Gagnon")
            ]
        )
        .status,
        201
    );
    assert_ne!(
        curl(
            &app.gateway,
            &[
                "-H",
                &format!("Content-Type: {CODE}"),
                "--data-binary",
                NOTE,
                &url("/notes")
            ]
        )
        .status,
        201
    );
    assert_ne!(
        curl(
            &app.gateway,
            &["-F", &format!("{NAME}={NOTE}"), &url("/elsewhere")]
        )
        .status,
        201
    );
    let said = app.gateway.said();
    let pages: Vec<String> = ["/", "/metrics", "/proxy.pac", "/api/state"]
        .iter()
        .map(|path| app.gateway.console_page(path).text())
        .collect();
    for value in [NAME, NOTE, CODE] {
        Hidden(value).must_not_stand_in(said.as_bytes(), "what the gateway said");
        for page in &pages {
            Hidden(value).must_not_stand_in(page.as_bytes(), "a page of the console");
        }
        for (path, bytes) in all_files(&app.gateway.home()) {
            Hidden(value).must_not_stand_in(&bytes, &path.display().to_string());
        }
    }
}
