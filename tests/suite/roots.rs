//! Roots of trust that keep their own key: a gateway starts without them, refuses everything on app hosts, and opens its
//! keys by itself when they are back.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use e2e::{
    ACCESS, Authority, Gateway, Kms, Mood, Origin, Protocols, Setup, Token, Tunnel, curl, run_with,
    until,
};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::common::{HOST, POLICY, person, url};

const OTHER: &str = "other.example";

/// A gateway with the app and another host, and what belongs to them.
struct Scene {
    gateway: Gateway,
    origin: Origin,
    _other: Origin,
    authority: Authority,
}

fn scene(setup: Setup) -> Scene {
    let authority = Authority::new();
    let origin = Origin::start(&authority.leaf(&[HOST]), Protocols::Both);
    let other = Origin::start(&authority.leaf(&[OTHER]), Protocols::Both);
    let gateway = setup
        .policy("crm.toml", POLICY)
        .host(HOST, &origin)
        .host(OTHER, &other)
        .trust(&authority)
        .start();
    Scene {
        gateway,
        origin,
        _other: other,
        authority,
    }
}

impl Scene {
    fn stored(&self, path: &str) {
        let put = curl(
            &self.gateway,
            &["-X", "PUT", "--json", &person(), &url(path)],
        );
        assert_eq!(put.status, 201, "{put:?}");
        assert_eq!(curl(&self.gateway, &[&url(path)]).text(), person());
    }

    /// Nothing reaches the app, its answers do not come through either, and all else works.
    fn fails_closed(&self) {
        let reached = self.origin.seen().len();
        for arguments in [
            vec![
                "--json",
                "{\"name\":\"Zo\u{e9} Tremblay-Gagnon\"}",
                "https://crm.saas.example/people",
            ],
            vec!["https://crm.saas.example/people/1"],
            vec!["https://crm.saas.example/open"],
        ] {
            let reply = curl(&self.gateway, &arguments);
            assert_eq!(reply.status, 503, "{reply:?}");
            assert!(reply.text().contains("root-away"), "{reply:?}");
        }
        assert_eq!(
            self.origin.seen().len(),
            reached,
            "no request reached the app"
        );
        Tunnel::open(self.gateway.proxy, &format!("{OTHER}:443"))
            .tls(OTHER, &self.authority.pem, &["http/1.1"])
            .expect("another host's tunnel works");
        assert!(self.console().contains("The keys are locked"));
        assert!(self.gateway.said().contains("the root of trust is away"));
    }

    fn recovers(&self, path: &str) {
        until(60, "the keys are open again", || {
            (curl(&self.gateway, &[&url(path)]).status == 200).then_some(())
        });
        assert_eq!(curl(&self.gateway, &[&url(path)]).text(), person());
        self.stored("/people/2");
        assert!(!self.console().contains("The keys are locked"));
    }

    fn console(&self) -> String {
        let page = self.gateway.console_page("/?lang=en");
        String::from_utf8_lossy(&page.body).into_owned()
    }

    fn doctor(&self, variables: &[(&str, &str)]) -> String {
        let home = self.gateway.home().display().to_string();
        let settings = self.gateway.settings_file().display().to_string();
        let said = run_with(
            variables,
            &["doctor", "--home", &home, "--config", &settings],
        );
        String::from_utf8_lossy(&said.stdout).into_owned()
    }
}

fn private(file: &Path, text: &str) {
    fs::write(file, text).expect("a file is written");
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).expect("a mode is set");
}

/// A key service behind TLS, whose authority the system does not know.
fn secure_kms(authority: &Authority) -> Kms {
    let server = authority.leaf(&["localhost"]).server(&["http/1.1"]);
    Kms::start_with(
        "https",
        Box::new(move |stream| {
            let connection =
                rustls::ServerConnection::new(server.clone()).map_err(std::io::Error::other)?;
            Ok(Box::new(rustls::StreamOwned::new(connection, stream)))
        }),
    )
}

#[test]
fn a_gateway_whose_key_service_is_away_fails_closed_and_recovers() {
    let folder = TempDir::new().expect("a folder");
    let token = folder.path().join("token");
    private(&token, &format!("{ACCESS}\n"));
    let authority = Authority::new();
    let kms = secure_kms(&authority);
    let mut scene = scene(Setup::new().verbose().settings(&format!(
        "[keys]\nroot = \"{}\"\ntoken_file = \"{}\"\nca_file = \"{}\"",
        kms.root(),
        token.display(),
        authority.file().display()
    )));
    scene.stored("/people/1");
    assert!(scene.doctor(&[]).contains("the root of trust answers"));

    kms.set(Mood::Down);
    scene.gateway.kill_and_restart();
    scene.fails_closed();
    let doctor = scene.doctor(&[]);
    assert!(
        doctor.contains("ERROR") && doctor.contains("cannot be reached"),
        "{doctor}"
    );
    kms.set(Mood::Sealed);
    until(60, "the other reason is told", || {
        scene
            .gateway
            .said()
            .contains("Vault is sealed")
            .then_some(())
    });
    scene.fails_closed();
    kms.set(Mood::Well);
    scene.recovers("/people/1");

    // After a rotation the next start wraps the keyring anew.
    let keyring = scene.gateway.home().join("keys").join("keyring.json");
    let wrapped = || fs::read_to_string(&keyring).expect("a keyring");
    assert!(wrapped().contains("vault:v1:"));
    kms.rotate();
    scene.gateway.kill_and_restart();
    assert!(wrapped().contains("vault:v2:"));
    assert_eq!(curl(&scene.gateway, &[&url("/people/1")]).text(), person());

    assert_eq!(kms.faults(), [""; 0]);
    assert!(
        !scene.gateway.said().contains(ACCESS),
        "the token of access stands in the log"
    );
}

#[test]
fn what_does_not_open_is_not_asked_for_again_until_somebody_says_so() {
    let kms = Kms::start();
    let mut scene = scene(
        Setup::new()
            .variable("REMPART_TRANSIT_TOKEN", ACCESS)
            .settings(&format!("[keys]\nroot = \"{}\"", kms.root())),
    );
    scene.stored("/people/1");
    kms.set(Mood::Down);
    scene.gateway.kill_and_restart();
    kms.set(Mood::Lying);
    until(60, "it is told that something must be mended", || {
        scene
            .gateway
            .said()
            .contains("mend it, then send SIGHUP")
            .then_some(())
    });
    scene.fails_closed();
    kms.set(Mood::Well);
    scene.gateway.signal(Signal::HUP);
    scene.recovers("/people/1");
    assert_eq!(kms.faults(), [""; 0]);
}

#[test]
fn a_gateway_whose_token_is_unplugged_fails_closed_and_recovers() {
    let token = Token::new();
    let root = token.root("keyring");
    let configuration = token.configuration().display().to_string();
    let variables = [("SOFTHSM2_CONF", configuration.as_str())];
    let mut scene = scene(
        Setup::new()
            .variable("SOFTHSM2_CONF", &configuration)
            .settings(&format!("[keys]\nroot = \"{root}\"")),
    );
    scene.stored("/people/1");
    let doctor = scene.doctor(&variables);
    assert!(
        doctor.contains("the root of trust answers: a key in a PKCS#11 token")
            && doctor.contains("made in the token, cannot be read"),
        "{doctor}"
    );
    token.unplug();
    scene.gateway.kill_and_restart();
    scene.fails_closed();
    assert!(scene.doctor(&variables).contains("no token answers to"));
    token.plug_in();
    scene.recovers("/people/1");
}

#[test]
fn init_makes_the_key_in_the_token_and_notes_where_it_is() {
    let folder = TempDir::new().expect("a folder");
    let home = folder.path().join("home").display().to_string();
    let token = Token::new();
    let configuration = token.configuration().display().to_string();
    let variables = [("SOFTHSM2_CONF", configuration.as_str())];
    let root = token.root("keyring");
    let made = run_with(&variables, &["init", "--home", &home, "--root", &root]);
    let said = String::from_utf8_lossy(&made.stdout).into_owned();
    assert!(made.status.success(), "{made:?}");
    assert!(
        said.contains(
            "the token says of its key: made in the token, cannot be read, never could be"
        ),
        "{said}"
    );
    assert!(!said.contains("pin"), "{said}");
    let doctor = run_with(&variables, &["doctor", "--home", &home]);
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(doctor.contains("the root of trust answers"), "{doctor}");

    for wrong in [
        "hsm",
        "pkcs11:token=a",
        "transit:http://kms.example/v1/transit/keys/k",
    ] {
        let other = folder.path().join("other").display().to_string();
        let refused = run_with(&[], &["init", "--home", &other, "--root", wrong]);
        assert!(
            !refused.status.success() && !Path::new(&other).exists(),
            "{wrong}"
        );
    }
}

#[test]
fn a_credential_opens_the_keyring_and_is_waited_for() {
    let folder = TempDir::new().expect("a folder");
    let credential = folder.path().join("rempart");
    private(&credential, "nBk0ZfXq3m1p/8u2nBk0\n");
    let setup = Setup::new()
        .variable(
            "CREDENTIALS_DIRECTORY",
            &folder.path().display().to_string(),
        )
        .settings("[keys]\nroot = \"credential:rempart\"");
    let mut scene = scene(setup);
    scene.stored("/people/1");
    fs::remove_file(&credential).expect("it is there");
    scene.gateway.kill_and_restart();
    scene.fails_closed();
    private(&credential, "nBk0ZfXq3m1p/8u2nBk0\n");
    scene.recovers("/people/1");
}

#[test]
fn a_passphrase_comes_through_an_inherited_descriptor() {
    let folder = TempDir::new().expect("a folder");
    let home = folder.path().join("home");
    let home = home.display().to_string();
    let secret = folder.path().join("secret");
    private(&secret, "nBk0ZfXq3m1p/8u2nBk0\n");
    // The shell opens the descriptor, as a supervisor would.
    let script = "exec \"$0\" \"$@\" 9<\"$SECRET\"";
    let program = e2e::program().display().to_string();
    let mut command = std::process::Command::new("sh");
    command
        .args([
            "-c",
            script,
            &program,
            "init",
            "--home",
            &home,
            "--root",
            "fd:ROOT_FD",
        ])
        .env("ROOT_FD", "9")
        .env("SECRET", &secret);
    let made = command.output().expect("a shell");
    assert!(made.status.success(), "{made:?}");
    let file = secret.display().to_string();
    let variables = [
        ("REMPART_PASSPHRASE_FILE", file.as_str()),
        ("REMPART__KEYS__ROOT", "passphrase"),
    ];
    let doctor = run_with(&variables, &["doctor", "--home", &home]);
    let doctor = String::from_utf8_lossy(&doctor.stdout).into_owned();
    assert!(
        doctor.contains("the root of trust answers: a passphrase"),
        "{doctor}"
    );
    let without = run_with(
        &[("ROOT_FD", "9")],
        &["up", "--home", &home, "--listen", "127.0.0.1:0"],
    );
    assert!(!without.status.success(), "{without:?}");
}
