//! The tree against a matcher that tries every pattern and sorts those that fit.

use proptest::prelude::*;

use super::*;

/// How one pattern fits a path, for sorting: smaller is more specific.
type Rank = (Vec<Step>, Vec<Step>, u8);

/// What a segment was taken as; `{**}` is last, so that a longer suffix comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Literal,
    /// Text around the parameter: more first, then more before it, then by the text itself.
    Affixed(std::cmp::Reverse<(usize, usize)>, String, String),
    Parameter,
    Rest,
}

fn step(element: &Element, segment: &str) -> Option<Step> {
    match element {
        Element::Literal(text) => (text == segment).then_some(Step::Literal),
        Element::Parameter { before, after, .. } if before.is_empty() && after.is_empty() => {
            Some(Step::Parameter)
        }
        Element::Parameter { before, after, .. } => {
            let inner = segment
                .strip_prefix(before.as_str())?
                .strip_suffix(after.as_str())?;
            let text = std::cmp::Reverse((before.len() + after.len(), before.len()));
            (!inner.is_empty()).then(|| Step::Affixed(text, before.clone(), after.clone()))
        }
        Element::Rest => None,
    }
}

fn rank(pattern: &Pattern, method: &str, path: &str) -> Option<Rank> {
    let by_method = match &pattern.method {
        Method::Named(name) if name == method => 0,
        Method::Named(name) if name == "GET" && method == "HEAD" => 1,
        Method::Any => 2,
        Method::Named(_) => return None,
    };
    let segments: Vec<&str> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    let elements = pattern.template.elements();
    let steps = |elements: &[Element], segments: &[&str]| -> Option<Vec<Step>> {
        elements
            .iter()
            .zip(segments)
            .map(|(element, segment)| step(element, segment))
            .collect()
    };
    match elements
        .iter()
        .position(|element| *element == Element::Rest)
    {
        None if elements.len() == segments.len() => {
            Some((steps(elements, &segments)?, Vec::new(), by_method))
        }
        None => None,
        Some(at) => {
            let (front, back) = (&elements[..at], &elements[at + 1..]);
            let split = segments
                .len()
                .checked_sub(back.len())
                .filter(|split| *split >= front.len())?;
            let mut before = steps(front, &segments[..at])?;
            before.push(Step::Rest);
            let mut after = steps(back, &segments[split..])?;
            after.reverse();
            after.push(Step::Rest);
            Some((before, after, by_method))
        }
    }
}

fn pattern() -> impl Strategy<Value = String> {
    let segment = prop_oneof![
        4 => "[abA]{1,2}",
        2 => Just("{x}".to_owned()),
        1 => Just("a{x}".to_owned()),
        1 => Just("{x}b".to_owned()),
        1 => Just("a{x}b".to_owned()),
        2 => Just("{**}".to_owned()),
    ];
    let method = prop_oneof![Just("GET"), Just("HEAD"), Just("*"), Just("PUT")];
    (method, proptest::collection::vec(segment, 0..5)).prop_map(|(method, segments)| {
        let mut rest = false;
        let mut text = format!("{method} /");
        for (at, segment) in segments.iter().enumerate() {
            let again = segment == "{**}" && std::mem::replace(&mut rest, true);
            let segment = if again { "{x}" } else { segment };
            text.push_str(&segment.replace("{x}", &format!("{{x{at}}}")));
            text.push('/');
        }
        text
    })
}

fn table(texts: &[String], ignore_case: bool) -> (RouteTable, Vec<Pattern>) {
    let mut table = RouteTable::new(ignore_case);
    let mut kept = Vec::new();
    for text in texts {
        let pattern = Pattern::parse(text).unwrap();
        if table
            .insert(
                &pattern,
                PatternRef {
                    route: kept.len(),
                    pattern: 0,
                },
            )
            .is_none()
        {
            kept.push(pattern);
        }
    }
    (table, kept)
}

/// The text of the pattern that takes a request, `-` for none, `?` where case decides.
fn found(texts: &[&str], method: &str, path: &str) -> String {
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    let (table, kept) = table(&texts, false);
    match table.find(method, path) {
        Looked::Found(pattern) => kept[pattern.route].to_string(),
        Looked::Nothing => "-".to_owned(),
        Looked::CaseDecides => "?".to_owned(),
    }
}

#[test]
fn the_most_specific_pattern_wins() {
    let texts = [
        "GET /{**}",
        "GET /{**}/Patient",
        "GET /{**}/fhir/Patient",
        "GET /{**}/{type}/{id}",
        "GET /v1/{x}",
        "GET /v1/{x}:import",
        "GET /v1/me",
        "* /v1/me",
        "HEAD /v1/me",
    ];
    assert_eq!(found(&texts, "GET", "/Patient"), "GET /{**}/Patient");
    assert_eq!(
        found(&texts, "GET", "/a/fhir/Patient"),
        "GET /{**}/fhir/Patient"
    );
    assert_eq!(
        found(&texts, "GET", "/fhir/Patient"),
        "GET /{**}/fhir/Patient"
    );
    assert_eq!(
        found(&texts, "GET", "/a/b/Patient/p1"),
        "GET /{**}/{type}/{id}"
    );
    assert_eq!(found(&texts, "GET", "/"), "GET /{**}");
    assert_eq!(
        found(&texts, "GET", "/v1/store:import"),
        "GET /v1/{x}:import"
    );
    assert_eq!(found(&texts, "GET", "/v1/:import"), "GET /v1/{x}");
    assert_eq!(found(&texts, "GET", "/v1/me"), "GET /v1/me");
    assert_eq!(found(&texts, "HEAD", "/v1/me"), "HEAD /v1/me");
    assert_eq!(found(&texts, "PUT", "/v1/me"), "* /v1/me");
    assert_eq!(found(&texts, "HEAD", "/v1/you"), "GET /v1/{x}");
    assert_eq!(found(&texts, "POST", "/v1/you"), "-");
}

#[test]
fn a_path_for_which_case_decides_is_not_guessed() {
    let texts = ["GET /v1/Patient", "GET /{**}", "POST /open"];
    assert_eq!(found(&texts, "GET", "/v1/Patient"), "GET /v1/Patient");
    assert_eq!(found(&texts, "GET", "/v1/patient"), "?");
    assert_eq!(found(&texts, "GET", "/V1/Patient"), "?");
    assert_eq!(found(&texts, "POST", "/Open"), "?");
    assert_eq!(found(&texts, "GET", "/Open"), "GET /{**}");
    let (folding, _) = table(&["GET /v1/Patient".to_owned()], true);
    assert!(matches!(
        folding.find("GET", "/V1/PATIENT"),
        Looked::Found(_)
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn the_tree_agrees_with_trying_every_pattern(
        texts in proptest::collection::vec(pattern(), 1..8),
        path in "(/[abA]{1,3}){0,5}",
        method in prop_oneof![Just("GET"), Just("HEAD"), Just("PUT")],
    ) {
        let (table, kept) = table(&texts, false);
        let mut fits: Vec<(Rank, usize)> = kept
            .iter()
            .enumerate()
            .filter_map(|(at, pattern)| Some((rank(pattern, method, &path)?, at)))
            .collect();
        fits.sort();
        let path = if path.is_empty() { "/" } else { &path };
        match table.find(method, path) {
            Looked::Found(pattern) => prop_assert_eq!(Some(pattern.route), fits.first().map(|(_, at)| *at)),
            Looked::Nothing => prop_assert!(fits.is_empty()),
            Looked::CaseDecides => {
                let upper = |text: &str| text.contains('A');
                prop_assert!(upper(path) || texts.iter().any(|text| text.split_once(' ').is_some_and(|(_, path)| upper(path))));
            }
        }
    }

    #[test]
    fn where_case_does_not_decide_ignoring_it_changes_nothing(
        texts in proptest::collection::vec(pattern(), 1..6),
        path in "(/[abAB]{1,2}){1,4}",
    ) {
        let lowered: Vec<String> = texts.iter().map(|text| lower(text)).collect();
        let (exact, _) = table(&lowered, false);
        let (folding, _) = table(&lowered, true);
        match exact.find("GET", &path) {
            Looked::CaseDecides => {}
            answer @ (Looked::Found(_) | Looked::Nothing) => prop_assert_eq!(answer, folding.find("GET", &path)),
        }
    }
}

/// A pattern's text with its path in lower case; the names of parameters are in lower case already.
fn lower(text: &str) -> String {
    let (method, path) = text.split_once(' ').unwrap();
    format!("{method} {}", path.to_ascii_lowercase())
}
