//! The proxy auto-configuration file: apps go to the gateway, everything else goes where it went before.
//!
//! It holds the host patterns of the plan in force and nothing else. Patterns are compared as the policy does: a
//! host is lower-cased, a final dot is dropped, and `*.x` stands for exactly one label.

use std::net::SocketAddr;

/// The media type that browsers expect of such a file.
pub const MEDIA_TYPE: &str = "application/x-ns-proxy-autoconfig";

/// Writes the file for the given host patterns and the address of the proxy.
pub fn write<'a>(patterns: impl IntoIterator<Item = &'a str>, proxy: SocketAddr) -> String {
    let mut hosts = Vec::new();
    let mut parents = Vec::new();
    for pattern in patterns {
        match pattern.strip_prefix("*.") {
            Some(parent) => parents.push(parent.to_ascii_lowercase()),
            None => hosts.push(pattern.to_ascii_lowercase()),
        }
    }
    format!(
        "\
// Rempart: the hosts of protected apps go through the gateway, everything else goes direct.
var hosts = {hosts};
var parents = {parents}; // exactly one label stands before each

function FindProxyForURL(url, host) {{
  var name = host.toLowerCase().replace(/\\.$/, \"\");
  var dot = name.indexOf(\".\");
  if (hosts.indexOf(name) >= 0 || (dot > 0 && parents.indexOf(name.slice(dot + 1)) >= 0)) {{
    return \"PROXY {proxy}\";
  }}
  return \"DIRECT\";
}}
",
        hosts = list(&hosts),
        parents = list(&parents),
    )
}

/// Writes strings as a JavaScript array. JSON's strings are JavaScript's since ECMAScript 2019, and host names hold
/// nothing that older engines read differently.
fn list(items: &[String]) -> String {
    serde_json::Value::from(items).to_string()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Asks the file as a browser does, in the JavaScript engine of node.
    fn ask(file: &str, hosts: &[&str]) -> Vec<String> {
        let program = format!(
            "{file}\n{}.forEach(h => console.log(FindProxyForURL('https://' + h + '/', h)))",
            { serde_json::to_string(hosts).unwrap() }
        );
        let output = Command::new("node")
            .arg("-e")
            .arg(program)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn i06_only_hosts_of_apps_go_to_the_gateway() {
        let file = write(
            ["crm.example", "*.fhir.example"],
            "127.0.0.1:7480".parse().unwrap(),
        );
        let gateway = "PROXY 127.0.0.1:7480";
        let cases = [
            ("crm.example", gateway),
            ("CRM.Example", gateway),
            ("crm.example.", gateway),
            ("a.fhir.example", gateway),
            ("fhir.example", "DIRECT"),
            (".fhir.example", "DIRECT"),
            ("a.b.fhir.example", "DIRECT"),
            ("xcrm.example", "DIRECT"),
            ("crm.example.evil", "DIRECT"),
            ("constructor", "DIRECT"),
            ("other.example", "DIRECT"),
        ];
        let hosts: Vec<&str> = cases.iter().map(|(host, _)| *host).collect();
        let wanted: Vec<&str> = cases.iter().map(|(_, answer)| *answer).collect();
        assert_eq!(ask(&file, &hosts), wanted);
    }

    #[test]
    fn the_address_of_the_proxy_may_be_ipv6() {
        let file = write([], "[::1]:7480".parse().unwrap());
        assert!(file.contains("PROXY [::1]:7480"));
        assert_eq!(ask(&file, &["crm.example"]), ["DIRECT"]);
    }

    #[test]
    fn a_pattern_cannot_leave_its_string() {
        let file = write(["a\"];alert(1)//"], "127.0.0.1:1".parse().unwrap());
        assert_eq!(ask(&file, &["crm.example"]), ["DIRECT"]);
    }
}
