//! One invented record of each kind, as a client of the API would post it. No number belongs to anybody.

use serde_json::{Value, json};

use crate::domain::DOMAINS;

/// The kinds' names in addresses, each with the body of a `POST /api/{kind}`.
pub fn examples() -> Vec<(&'static str, Value)> {
    let bodies = [
        json!({
            "first_name": "Noah",
            "last_name": "Gagnon",
            "permanent_code": "GAGN12042109",
            "birth_date": "2021-04-12",
            "daycare_group": "Les Lucioles",
            "email": "m.gagnon@exemple.quebec",
            "phone": "514 555-0118",
            "notes": "Allergie aux arachides. Seule sa tante Ève peut venir le chercher le vendredi.",
        }),
        json!({
            "first_name": "Émilie",
            "last_name": "Tremblay",
            "health_number": "TREM84551216",
            "birth_date": "1984-05-12",
            "clinic": "Clinique du Vieux-Port",
            "email": "emilie.tremblay@exemple.quebec",
            "phone": "418 555-0142",
            "notes": "Suivi de grossesse à risque; ne pas laisser de message au travail.",
        }),
        json!({
            "vin": "1M8GDM9AXKP042788",
            "plate": "H42 KTN",
            "model": "Autocar 1989",
            "first_name": "Olivier",
            "last_name": "Bélanger",
            "email": "o.belanger@exemple.quebec",
            "phone": "819 555-0167",
            "notes": "Remisé de novembre à avril.",
        }),
        json!({
            "invoice_number": "2026-00417",
            "first_name": "Sofia",
            "last_name": "Nguyen",
            "amount": "1 250,50 $",
            "due_date": "2026-12-15",
            "email": "sofia.nguyen@exemple.quebec",
            "phone": "450 555-0193",
            "notes": "Entente de paiement en trois versements.",
        }),
        json!({
            "sample_code": "ECH-7731-B",
            "participant_code": "P-0092",
            "first_name": "Léa",
            "last_name": "Ouellet",
            "collected_on": "2026-11-03",
            "tissue": "sang",
            "email": "lea.ouellet@exemple.quebec",
            "phone": "581 555-0125",
            "notes": "Consentement élargi signé le 2026-10-28.",
        }),
    ];
    DOMAINS
        .iter()
        .map(|domain| domain.slug)
        .zip(bodies)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Domain;
    use crate::draft::Draft;

    #[test]
    fn every_example_can_be_registered() {
        for (slug, body) in examples() {
            let domain = Domain::find(slug).unwrap();
            Draft::from_json(domain, body).unwrap().check().unwrap();
        }
        assert_eq!(examples().len(), DOMAINS.len());
    }
}
