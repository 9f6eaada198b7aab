//! Queries are protected in their own languages: what asks for a value asks for its tokens.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod common;

use common::{Vault, begin, headers, living};
use serde_json::{Value, json};

const HOST: &str = "crm.example";

const POLICY: &str = r#"
[app]
id = "crm"
operator = { name = "X", jurisdiction = "US" }
hosts = ["crm.example"]

[fields.name]
class = "health"
treatment = "match"
[fields.number]
class = "health"
treatment = "match"
[fields.plain]
class = "health"
treatment = "pass"

[[routes]]
match = "POST /people"
body = "json"
protect = [{ at = "$.name", field = "name" }, { at = "$.number", field = "number" }]

[[routes]]
match = "GET /query"
query = [
  { at = "q", as = "soql", protect = [{ at = "LastName", field = "name" }, { at = "Contact.Number__c", field = "number" }] },
  { at = "$filter", as = "odata", protect = [{ at = "*/lastname", field = "name" }] },
  { at = "sysparm_query", as = "sysparm", protect = [{ at = "caller_id.last_name", field = "name" }] },
  { at = "$expand", as = "odata-expand", protect = [{ at = "contacts/lastname", field = "name" }] },
  { at = "$apply", as = "odata-apply", protect = [{ at = "lastname", field = "name" }] },
  { at = "fetchXml", as = "fetchxml", protect = [{ at = "lastname", field = "name" }] },
  { at = "tq", as = "gviz", protect = [{ at = "B", field = "name" }] },
]
headers = [{ at = "If-None-Exist", as = "fhir-search", protect = [{ at = "identifier|", field = "number" }] }]

[[routes]]
match = "POST /graphql"
body = "graphql"
protect = [
  { at = "$.variables.name", field = "name" },
  { at = "Contact(where.LastName.eq)", field = "name" },
  { at = "Contact(order)", field = "plain" },
]
"#;

/// What stands for `Tremblay` and `T1` in three epochs.
fn stored(border: &border::Border, vault: &mut Vault) -> (String, String) {
    let record = json!({"name": "Tremblay", "number": "T1"}).to_string();
    let json_type = [("content-type", "application/json")];
    let line = (HOST, "POST /people");
    let sent = common::send(border, vault, line, &json_type, &[record.as_bytes()]).unwrap();
    let sent: Value = serde_json::from_slice(&sent).unwrap();
    let text = |key: &str| sent[key].as_str().unwrap().to_owned();
    (text("name"), text("number"))
}

#[test]
fn i10_a_query_asks_for_every_live_epoch() {
    let (subjects, plan) = living(&[POLICY]);
    let mut vault = Vault::default();
    let (old_name, old_number) = stored(&subjects.border(&plan), &mut vault);
    subjects.rotate("crm", "name");
    subjects.rotate("crm", "number");
    let border = subjects.border(&plan);
    let (name, number) = stored(&border, &mut vault);
    assert_ne!((&name, &number), (&old_name, &old_number));

    let ask = |parameter: &str, statement: &str| {
        let query: String = form_urlencoded::byte_serialize(statement.as_bytes()).collect();
        let parameter: String = form_urlencoded::byte_serialize(parameter.as_bytes()).collect();
        let line = format!("GET /query?{parameter}={query}");
        let exchange = begin(&border, HOST, &line, &headers(&[]))?;
        let target = exchange.target().unwrap().to_owned();
        let query = target.split_once('?').unwrap().1;
        let (_, statement) = form_urlencoded::parse(query.as_bytes()).next().unwrap();
        Ok::<_, Box<border::Refusal>>(statement.into_owned())
    };
    let soql = "SELECT Id FROM Contact WHERE LastName = 'Tremblay' AND Number__c IN ('T1')";
    assert_eq!(
        ask("q", soql).unwrap(),
        format!(
            "SELECT Id FROM Contact WHERE (LastName = '{name}' OR LastName = '{old_name}') AND Number__c IN ('{number}', '{old_number}')"
        )
    );
    assert_eq!(
        ask("$filter", "owner/lastname ne 'Tremblay' and x eq 'y'").unwrap(),
        format!("(owner/lastname ne '{name}' and owner/lastname ne '{old_name}') and x eq 'y'")
    );
    assert_eq!(
        ask(
            "sysparm_query",
            "active=true^caller_id.last_name=Tremblay^ORx=y"
        )
        .unwrap(),
        format!("active=true^caller_id.last_name={name}^ORcaller_id.last_name={old_name}^ORx=y")
    );

    let either = format!("(lastname eq '{name}' or lastname eq '{old_name}')");
    for (parameter, before, after) in [
        ("$expand", "contacts($filter=", ";$top=1)"),
        ("$apply", "filter(", ")/groupby((city))"),
    ] {
        let asked = ask(parameter, &format!("{before}lastname eq 'Tremblay'{after}"));
        assert_eq!(asked.unwrap(), format!("{before}{either}{after}"));
        let part = format!("{before}contains(lastname,'Trem'){after}");
        assert!(ask(parameter, &part).is_err(), "{part}");
    }
    assert_eq!(
        ask("tq", "select A where B = 'Tremblay' label A 'B'").unwrap(),
        format!("select A where (B = '{name}' or B = '{old_name}') label A 'B'")
    );
    assert!(ask("tq", "select A where B contains 'Trem'").is_err());

    let fetch = |conditions: &str| {
        format!("<fetch><entity name='contact'><filter>{conditions}</filter></entity></fetch>")
    };
    let condition = |operator: &str, value: &str| {
        format!("<condition attribute='lastname' operator='{operator}' value='{value}'/>")
    };
    let list = |values: &str| {
        format!("<condition attribute='lastname' operator='in'>{values}</condition>")
    };
    let (new, old) = (condition("eq", &name), condition("eq", &old_name));
    assert_eq!(
        ask("fetchXml", &fetch(&condition("eq", "Tremblay"))).unwrap(),
        fetch(&format!("<filter type='or'>{new}{old}</filter>"))
    );
    assert_eq!(
        ask("fetchXml", &fetch(&list("<value>Tremblay</value>"))).unwrap(),
        fetch(&list(&format!(
            "<value>{name}</value><value>{old_name}</value>"
        )))
    );
    for operator in ["like", "begins-with", "gt", "last-x-days"] {
        let value = if operator == "like" {
            "Trem%"
        } else {
            "Tremblay"
        };
        assert!(ask("fetchXml", &fetch(&condition(operator, value))).is_err());
    }

    for refused in [
        "SELECT Id FROM Contact WHERE LastName LIKE 'Trem%'",
        "SELECT Id FROM Contact WHERE LastName > 'Tremblay'",
        "SELECT Id FROM Contact WHERE toLabel(LastName) = 'Tremblay'",
        "SELECT Id FROM Contact WHERE LastName = 'Tremblay' --",
    ] {
        assert!(ask("q", refused).is_err(), "{refused}");
    }

    let mut sent = headers(&[("if-none-exist", "identifier=urn:ramq|T1")]);
    let mut exchange = begin(&border, HOST, "GET /query", &sent).unwrap();
    exchange.edit_request(&mut sent);
    assert_eq!(
        sent["if-none-exist"],
        format!("identifier=urn:ramq|{number},urn:ramq|{old_number}")
    );
}

#[test]
fn i01_a_document_of_graphql_and_its_variables_are_one_body() {
    let (subjects, plan) = living(&[POLICY]);
    let (border, mut vault) = (subjects.border(&plan), Vault::default());
    let (name, _) = stored(&border, &mut vault);
    let json_type = [("content-type", "application/json")];
    let mut send = |query: &str| {
        let body = json!({"query": query, "variables": {"name": "Tremblay"}}).to_string();
        let line = (HOST, "POST /graphql");
        common::send(&border, &mut vault, line, &json_type, &[body.as_bytes()])
    };
    let query = "{ Contact(where: {LastName: {eq: \"Tremblay\"}}, order: \"ASC\") { id } }";
    let left: Value = serde_json::from_slice(&send(query).unwrap()).unwrap();
    let expected = query.replace("Tremblay", &name);
    assert_eq!(
        left,
        json!({"query": expected, "variables": {"name": name}})
    );
    assert!(send("{ other(name: \"Tremblay\") { id } }").is_err());
}

#[test]
fn i01_a_keyword_query_asks_by_one_token() {
    let policy = POLICY.replace(
        "body = \"graphql\"",
        "query = [{ at = \"$search\", as = \"kql\", protect = [{ at = \"displayName\", field = \"name\" }, { at = \"*\", field = \"number\" }] }]\nbody = \"graphql\"",
    );
    let (subjects, plan) = living(&[&policy]);
    let (border, mut vault) = (subjects.border(&plan), Vault::default());
    let (name, _) = stored(&border, &mut vault);
    let ask = |statement: &str| {
        let query: String = form_urlencoded::byte_serialize(statement.as_bytes()).collect();
        let line = format!("POST /graphql?%24search={query}");
        let exchange = begin(
            &border,
            HOST,
            &line,
            &headers(&[("content-type", "application/json")]),
        )?;
        let target = exchange.target().unwrap().to_owned();
        let (_, statement) = form_urlencoded::parse(target.split_once('?').unwrap().1.as_bytes())
            .next()
            .unwrap();
        Ok::<_, Box<border::Refusal>>(statement.into_owned())
    };
    assert_eq!(
        ask("displayName=Tremblay AND size>5").unwrap(),
        format!("displayName=\"{name}\" AND size>5")
    );
    for refused in [
        "\"displayName:Tremblay\"",
        "displayName:Trem*",
        "Tremblay",
        "displayName=\"Tremblay",
    ] {
        assert!(ask(refused).is_err(), "{refused}");
    }
}
