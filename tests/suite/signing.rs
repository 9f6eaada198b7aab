//! Signed requests through the real program: boto3 signs with a stand-in, and a store that verifies by botocore's own
//! code knows another access key only.

use e2e::{Authority, Gateway, Hidden, Served, Setup, python};
use serde_json::{Value, json};

const HOST: &str = "s3.saas.example";
const REAL: (&str, &str) = ("AKIAREAL", "what-only-the-store-knows/+");
const STAND_IN: (&str, &str) = ("REMPARTLOCAL", "what-clients-are-given");

const POLICY: &str = r#"
[app]
id = "s3"
operator = { name = "Foreign Inc.", jurisdiction = "US" }
hosts = ["s3.saas.example"]

[fields.object]
class = "personal"
treatment = "sealed"

[fields.patient]
class = "personal"
treatment = "match"

[[routes]]
match = ["PUT /{bucket}/open/{key}", "PUT /{bucket}/a"]

[[routes]]
match = "PUT /{bucket}/{**}"
body = "file"
protect = [{ at = "*", field = "object" }]
headers = [{ at = "x-amz-meta-patient", field = "patient" }]

[[routes]]
match = "GET /{bucket}/{**}"
answer = "file"
"#;

fn start(settings: &str) -> (Gateway, Served) {
    let authority = Authority::new();
    let store = Served::start("s3_store.py", &authority.leaf(&[HOST]), &[REAL.0, REAL.1]);
    let folder = tempfile::TempDir::with_prefix("rempart-s3-").expect("a folder");
    let file = |name: &str, secret: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("{secret}\n")).expect("a file");
        path.display().to_string()
    };
    let settings = settings
        .replace("{real}", &file("real", REAL.1))
        .replace("{local}", &file("local", STAND_IN.1));
    let gateway = Setup::new()
        .policy("s3.toml", POLICY)
        .resolve(&format!("{HOST}:443"), store.address)
        .trust(&authority)
        .settings(&settings)
        .start();
    (gateway, store)
}

#[test]
fn i01_i02_boto3_puts_and_gets_with_a_stand_in_and_the_store_verifies_what_leaves() {
    let (gateway, store) = start(
        "[[credentials]]\napp = \"s3\"\naccess_key = \"AKIAREAL\"\nsecret_file = \"{real}\"\n\
         stand_in = { access_key = \"REMPARTLOCAL\", secret_file = \"{local}\" }\n",
    );
    let endpoint = format!("https://{HOST}");
    let told = python(
        &gateway,
        "s3_client.py",
        &[&endpoint, STAND_IN.0, STAND_IN.1],
    );
    let seen = store.seen();
    let expected = json!({
        "trailer": true,
        "long trailer": true,
        "sha256 trailer": true,
        "digest": true,
        "long digest": true,
        "meta": "Marguerite Tremblay",
        "open route": true,
        "another secret": 403,
        "presigned put": 200,
        "presigned get": true,
        "presigned, changed": 403,
        "signed chunks": true,
        "signed chunks, open route": 200,
        "a damaged chunk": 403,
        "nothing of it": 404,
    });
    assert_eq!(told, expected, "{}", gateway.said());
    for request in &seen {
        assert_eq!(request.get("wrong"), None, "{request}");
        let text = request.to_string();
        Hidden("Marguerite Tremblay").must_not_stand_in(text.as_bytes(), "what the store got");
        assert!(!text.contains(STAND_IN.0), "the stand-in left: {text}");
    }
    let payload = |path: &str| {
        let put = seen
            .iter()
            .find(|request| request["method"] == "PUT" && request["path"] == path);
        put.map_or(Value::Null, |put| json!([put["payload"], put["checksums"]]))
    };
    let trailed = |checksum: &str| json!(["STREAMING-UNSIGNED-PAYLOAD-TRAILER", [checksum]]);
    assert_eq!(payload("/lab/large"), trailed("x-amz-checksum-crc32"));
    assert_eq!(payload("/lab/sha"), trailed("x-amz-checksum-sha256"));
    assert_eq!(
        payload("/lab/large-signed"),
        json!(["UNSIGNED-PAYLOAD", []])
    );
    assert_eq!(payload("/lab/chunks"), json!(["UNSIGNED-PAYLOAD", []]));
    let digest = payload("/lab/small-signed");
    assert_eq!(digest[0].as_str().map(str::len), Some(64), "{digest}");
}

#[test]
fn without_credentials_what_is_signed_passes_as_long_as_nothing_of_it_changes() {
    let (gateway, store) = start("");
    let endpoint = format!("https://{HOST}");
    let told = python(&gateway, "s3_unknown.py", &[&endpoint, REAL.0, REAL.1]);
    let expected = json!({
        "open put": 200,
        "open get": true,
        "protected put": 403,
        "code": "unsignable",
        "presigned put": 200,
        "presigned get": true,
    });
    assert_eq!(told, expected, "{}", gateway.said());
    for request in store.seen() {
        assert_eq!(request.get("wrong"), None, "{request}");
    }
}
