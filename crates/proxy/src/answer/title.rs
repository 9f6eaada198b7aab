//! What a refusal is called on the page that a person is shown, in French and English.

use border::RefusalCode;

/// What happened, in a line each.
pub(super) struct Title {
    pub(super) french: &'static str,
    pub(super) english: &'static str,
}

/// The title of a refusal's code.
pub(super) fn title(code: &str) -> Title {
    let known = RefusalCode::ALL
        .into_iter()
        .find(|known| known.as_str() == code);
    let (french, english) = known.map_or_else(|| of_proxy(code), of_border);
    Title { french, english }
}

fn of_border(code: RefusalCode) -> (&'static str, &'static str) {
    match code {
        RefusalCode::UnmatchedRoute => (
            "Cette demande n’est pas décrite par la politique",
            "No rule describes this request",
        ),
        RefusalCode::AmbiguousPath => (
            "Cette adresse peut se lire de deux façons",
            "This address can be read in two ways",
        ),
        RefusalCode::MethodOverride => (
            "Cette demande change de méthode en chemin",
            "This request overrides its method",
        ),
        RefusalCode::BlockedValue => (
            "Une valeur ne doit pas sortir d’ici",
            "A value must not leave",
        ),
        RefusalCode::UnreadableBody => (
            "Le contenu ne peut pas être protégé",
            "The content cannot be protected",
        ),
        RefusalCode::ContentType => (
            "Le type du contenu n’est pas celui attendu",
            "The content is of another type than expected",
        ),
        RefusalCode::ContentCoding => (
            "Le codage du contenu ne peut pas être lu",
            "The content's coding cannot be read",
        ),
        RefusalCode::TooLong => ("Une valeur est trop longue", "A value is too long"),
        RefusalCode::MissingPlace => ("Une valeur attendue manque", "An expected value is missing"),
        RefusalCode::HomeAway => (
            "Les clés ou le coffre ne sont pas joignables",
            "Keys or vault cannot be reached",
        ),
        RefusalCode::RootAway => ("Les clés sont verrouillées", "The keys are locked"),
        RefusalCode::Busy => ("La passerelle est trop occupée", "The gateway is too busy"),
        RefusalCode::Misdirected => (
            "Cette demande s’est trompée de connexion",
            "This request is on the wrong connection",
        ),
        RefusalCode::Upgrade => (
            "Ce changement de protocole n’est pas permis ici",
            "This change of protocol is not allowed here",
        ),
        RefusalCode::Unsearchable => (
            "Cette recherche n’a pas de réponse",
            "This search cannot be answered",
        ),
        RefusalCode::Piece => (
            "Ce morceau de fichier ne peut pas être protégé seul",
            "This piece of a file cannot be protected by itself",
        ),
        RefusalCode::BadSignature => (
            "La signature de cette demande n’est pas la bonne",
            "The signature of this request is not right",
        ),
        RefusalCode::Unsignable => (
            "Cette demande ne peut pas être signée à nouveau",
            "This request cannot be signed again",
        ),
    }
}

/// Of the codes that the proxy itself gives.
fn of_proxy(code: &str) -> (&'static str, &'static str) {
    match code {
        "outside" => (
            "Cette destination n’est pas permise",
            "This destination is not allowed",
        ),
        "unsigned" => (
            "Ce site n’a pas encore de certificat ici",
            "This site has no certificate here yet",
        ),
        "this-is-a-proxy" => ("Ceci est un serveur mandataire", "This is a proxy"),
        "target" => (
            "Cette adresse ne peut pas être lue",
            "This address cannot be read",
        ),
        "destination_ip_prohibited" => (
            "Cette destination n’est pas permise",
            "This destination is not allowed",
        ),
        "tls_certificate_error" => (
            "Le site n’a pas prouvé son identité",
            "The site did not prove who it is",
        ),
        _ => (
            "Le site n’a pas pu être joint",
            "The site could not be reached",
        ),
    }
}
