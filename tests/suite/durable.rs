//! I11: what a client was told is stored survives `kill -9`.

use e2e::{Protocols, curl};

use crate::common::{App, person, url};

#[test]
fn i11_values_kept_at_home_survive_kill_9() {
    let mut app = App::start(Protocols::Both);
    for round in 0..3 {
        let path = url(&format!("/people/{round}"));
        let body = person().replace("QXZV 9176", &format!("QXZV 917{round}"));
        assert_eq!(
            curl(&app.gateway, &["-X", "PUT", "--json", &body, &path]).status,
            201
        );
        app.gateway.kill_and_restart();
        let got = curl(&app.gateway, &[&path]);
        assert_eq!(got.text(), body, "{got:?}");
    }
    app.nothing_leaked();
}
