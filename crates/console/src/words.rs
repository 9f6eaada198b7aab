//! The console's own words, in French and in English: one field a sentence, so that neither can miss one.

/// One of the two languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// The first: what is shown where nothing else is asked.
    #[default]
    French,
    /// English.
    English,
}

impl Language {
    /// Reads a language tag; what is not English is French.
    pub fn of(tag: &str) -> Self {
        let primary = tag.split(['-', '_']).next().unwrap_or_default();
        if primary.eq_ignore_ascii_case("en") {
            Self::English
        } else {
            Self::French
        }
    }

    /// The tag for `lang` attributes and addresses.
    pub fn tag(self) -> &'static str {
        match self {
            Self::French => "fr",
            Self::English => "en",
        }
    }

    /// The words of the page.
    pub fn text(self) -> &'static Text {
        match self {
            Self::French => &FRENCH,
            Self::English => &ENGLISH,
        }
    }

    /// This language's side of a text in both.
    pub fn pick(self, words: &crate::Words) -> &str {
        match self {
            Self::French => &words.fr,
            Self::English => &words.en,
        }
    }
}

/// Every sentence of the page.
#[derive(Debug)]
pub struct Text {
    pub title: &'static str,
    pub tagline: &'static str,
    pub skip: &'static str,
    pub on_this_page: &'static str,
    pub other_language: &'static str,
    pub proxy: &'static str,
    pub requests: &'static str,
    pub protected: &'static str,
    pub revealed: &'static str,
    pub refused: &'static str,
    pub since_start: &'static str,
    pub see: &'static str,
    pub see_where: &'static str,
    pub hold: &'static str,
    pub live: &'static str,
    pub paused: &'static str,
    pub lost: &'static str,
    pub as_is: &'static str,
    pub nothing_yet: &'static str,
    pub nothing_yet_hint: &'static str,
    pub held_unread: &'static str,
    pub seen_unread: &'static str,
    pub try_it: &'static str,
    pub try_browser: &'static str,
    pub try_browser_hint: &'static str,
    pub try_write: &'static str,
    pub try_read: &'static str,
    pub try_theirs: &'static str,
    pub copy: &'static str,
    pub copied: &'static str,
    pub apps: &'static str,
    pub no_apps: &'static str,
    pub app: &'static str,
    pub operator: &'static str,
    pub law: &'static str,
    pub hosts: &'static str,
    pub fields: &'static str,
    pub routes: &'static str,
    pub trust: &'static str,
    pub trust_hint: &'static str,
    pub download_root: &'static str,
    pub pac_link: &'static str,
    pub pac_hint: &'static str,
    pub crossings: &'static str,
    pub crossings_hint: &'static str,
    pub no_crossings: &'static str,
    pub when: &'static str,
    pub route: &'static str,
    pub outcome: &'static str,
    pub no_route: &'static str,
    pub passed: &'static str,
    pub reference: &'static str,
    pub warnings: &'static str,
}

static FRENCH: Text = Text {
    title: "Rempart : ce que vous voyez, ce qu’ils détiennent",
    tagline: "Les données restent chez vous. Le logiciel continue de fonctionner.",
    skip: "Aller au contenu",
    on_this_page: "Sur cette page",
    other_language: "English",
    proxy: "Mandataire",
    requests: "requêtes",
    protected: "valeurs protégées",
    revealed: "valeurs rendues",
    refused: "refus",
    since_start: "depuis le démarrage",
    see: "Ce que vous voyez",
    see_where: "derrière Rempart, sous votre loi",
    hold: "Ce qu’ils détiennent",
    live: "en direct",
    paused: "en pause",
    lost: "la console ne répond plus",
    as_is: "tel quel",
    nothing_yet: "Rien n’a encore été inscrit.",
    nothing_yet_hint: "Inscrivez un enfant, un patient ou un véhicule par l’une des commandes ci-dessous : la fiche paraît ici aussitôt, des deux côtés.",
    held_unread: "Ce que l’application conserve n’a pas pu être lu.",
    seen_unread: "Les fiches n’ont pas pu être lues à travers la passerelle.",
    try_it: "Essayer",
    try_browser: "Dans un navigateur",
    try_browser_hint: "Un profil jetable de Chromium, déjà configuré : rien à installer, rien qui reste.",
    try_write: "Inscrire un patient",
    try_read: "Le retrouver par son numéro",
    try_theirs: "Poser la même question sans Rempart",
    copy: "Copier",
    copied: "Copié",
    apps: "Applications protégées",
    no_apps: "Aucune politique n’est chargée : tout passe sans être touché.",
    app: "Application",
    operator: "Exploitant",
    law: "Loi",
    hosts: "Hôtes",
    fields: "Champs",
    routes: "Routes",
    trust: "Faire confiance à la racine",
    trust_hint: "Les postes doivent connaître le certificat racine de cette passerelle. Il ne vaut que pour les hôtes des applications protégées.",
    download_root: "Télécharger la racine (PEM)",
    pac_link: "Fichier de configuration automatique (PAC)",
    pac_hint: "Adresse à donner aux navigateurs : seules les applications protégées passent par la passerelle.",
    crossings: "Derniers passages",
    crossings_hint: "Ce que le journal retient : jamais une valeur, jamais une adresse complète.",
    no_crossings: "Aucun passage depuis le démarrage.",
    when: "Heure (UTC)",
    route: "Route",
    outcome: "Issue",
    no_route: "aucune",
    passed: "passé",
    reference: "Référence",
    warnings: "À régler",
};

static ENGLISH: Text = Text {
    title: "Rempart: what you see, what they hold",
    tagline: "The data stays with you. The software keeps working.",
    skip: "Skip to content",
    on_this_page: "On this page",
    other_language: "Français",
    proxy: "Proxy",
    requests: "requests",
    protected: "values protected",
    revealed: "values revealed",
    refused: "refusals",
    since_start: "since start",
    see: "What you see",
    see_where: "behind Rempart, under your law",
    hold: "What they hold",
    live: "live",
    paused: "paused",
    lost: "the console does not answer",
    as_is: "as it is",
    nothing_yet: "Nothing has been registered yet.",
    nothing_yet_hint: "Register a child, a patient or a vehicle with one of the commands below: the record shows here at once, on both sides.",
    held_unread: "What the application stores could not be read.",
    seen_unread: "The records could not be read through the gateway.",
    try_it: "Try it",
    try_browser: "In a browser",
    try_browser_hint: "A throw-away Chromium profile, already configured: nothing to install, nothing left behind.",
    try_write: "Register a patient",
    try_read: "Find them again by their number",
    try_theirs: "Ask the same question without Rempart",
    copy: "Copy",
    copied: "Copied",
    apps: "Protected apps",
    no_apps: "No policy is loaded: everything passes untouched.",
    app: "App",
    operator: "Operator",
    law: "Law",
    hosts: "Hosts",
    fields: "Fields",
    routes: "Routes",
    trust: "Trust the root",
    trust_hint: "Machines must know this gateway’s root certificate. It is good for the hosts of protected apps only.",
    download_root: "Download the root (PEM)",
    pac_link: "Automatic configuration file (PAC)",
    pac_hint: "The address to give to browsers: only protected apps go through the gateway.",
    crossings: "Latest crossings",
    crossings_hint: "What the journal keeps: never a value, never a full address.",
    no_crossings: "Nothing has crossed since start.",
    when: "Time (UTC)",
    route: "Route",
    outcome: "Outcome",
    no_route: "none",
    passed: "passed",
    reference: "Reference",
    warnings: "To settle",
};
