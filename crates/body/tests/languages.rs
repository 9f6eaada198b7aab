//! Statements of every query language: what is compared in each, what leaves, and what is refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod language_support;

use body::language::Language::{self, *};
use body::{Comparison, Comparison::*, ErrorKind};
use language_support::{Tokens, plan, rewrite};

/// A statement: its language, the fields that are protected, what it says, what leaves where a value is known by one
/// token, and by two, and how each of its values is compared.
type Case = (
    Language,
    &'static [&'static str],
    &'static str,
    &'static str,
    &'static str,
    &'static [(Comparison, &'static str)],
);

const SOQL: &[&str] = &["LastName", "Contact.Email", "Account.Name", "*.Vin__c"];
const JQL: &[&str] = &["summary", "cf[10010]", "cf[10020] ~", "Health number"];
const ODATA: &[&str] = &["lastname", "emailaddress1", "*/fullname", "contacts/name"];
const FETCH: &[&str] = &[
    "lastname",
    "account.name",
    "*.governmentid",
    "parentcustomeridname",
];
const SYSPARM: &[&str] = &["last_name", "caller_id.email", "123TEXTQUERY321"];
const AIRTABLE: &[&str] = &["Full name", "Email", "fldAbc"];

const CASES: &[Case] = &[
    (
        Soql,
        SOQL,
        "SELECT Id FROM Contact WHERE LastName = 'O\\'Hara' AND (Email LIKE 'a%' OR Id IN ('1','2')) ORDER BY LastName DESC NULLS LAST LIMIT 10",
        "SELECT Id FROM Contact WHERE LastName = 'tok' AND (Email LIKE 'tok%' OR Id IN ('1','2')) ORDER BY LastName DESC NULLS LAST LIMIT 10",
        "SELECT Id FROM Contact WHERE (LastName = 'tok' OR LastName = 'old') AND (Email LIKE 'tok%' OR Id IN ('1','2')) ORDER BY LastName DESC NULLS LAST LIMIT 10",
        &[(Equal, "O'Hara"), (Prefix, "a")],
    ),
    (
        Soql,
        SOQL,
        "select c.Id, (select Id from Cases where Subject = 'x' and Contact.LastName='no'), count(Id) n from Contact c, c.Account a where c.lastname != 'x' and a.name in ('p', :q, null) and not c.Vin__c not in ('v')",
        "select c.Id, (select Id from Cases where Subject = 'x' and Contact.LastName='no'), count(Id) n from Contact c, c.Account a where c.lastname != 'tok' and a.name in ('tok', :q, null) and not c.Vin__c not in ('tok')",
        "select c.Id, (select Id from Cases where Subject = 'x' and Contact.LastName='no'), count(Id) n from Contact c, c.Account a where (c.lastname != 'tok' AND c.lastname != 'old') and a.name in ('tok', 'old', :q, null) and not c.Vin__c not in ('tok', 'old')",
        &[(NotEqual, "x"), (OneOf, "p"), (NotOneOf, "v")],
    ),
    (
        Soql,
        SOQL,
        "SELECT Name, TYPEOF What WHEN Account THEN Phone, Fax ELSE Name END FROM Case USING SCOPE mine WHERE Contact.Email = 'a@b' AND CreatedDate = LAST_N_DAYS:30 AND Amount > -5.5 AND Closed__c = 2020-01-01T00:00:00+05:00 WITH SECURITY_ENFORCED GROUP BY ROLLUP(Name) HAVING COUNT(Id) > 1 OFFSET 2 FOR VIEW ALL ROWS",
        "SELECT Name, TYPEOF What WHEN Account THEN Phone, Fax ELSE Name END FROM Case USING SCOPE mine WHERE Contact.Email = 'tok' AND CreatedDate = LAST_N_DAYS:30 AND Amount > -5.5 AND Closed__c = 2020-01-01T00:00:00+05:00 WITH SECURITY_ENFORCED GROUP BY ROLLUP(Name) HAVING COUNT(Id) > 1 OFFSET 2 FOR VIEW ALL ROWS",
        "SELECT Name, TYPEOF What WHEN Account THEN Phone, Fax ELSE Name END FROM Case USING SCOPE mine WHERE (Contact.Email = 'tok' OR Contact.Email = 'old') AND CreatedDate = LAST_N_DAYS:30 AND Amount > -5.5 AND Closed__c = 2020-01-01T00:00:00+05:00 WITH SECURITY_ENFORCED GROUP BY ROLLUP(Name) HAVING COUNT(Id) > 1 OFFSET 2 FOR VIEW ALL ROWS",
        &[(Equal, "a@b")],
    ),
    (
        Soql,
        SOQL,
        "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE LastName LIKE '%el\\_b\\%%') AND LastName < 'm' AND LastName LIKE 'a_b' AND LastName LIKE 'x' AND LastName INCLUDES ('a;b')",
        "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE LastName LIKE '%tok%') AND LastName < 'tok' AND LastName LIKE 'tok' AND LastName LIKE 'tok' AND LastName INCLUDES ('tok')",
        "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE LastName LIKE '%tok%') AND LastName < 'tok' AND LastName LIKE 'tok' AND (LastName LIKE 'tok' OR LastName LIKE 'old') AND LastName INCLUDES ('tok')",
        &[
            (Contains, "el_b%"),
            (Order, "m"),
            (Contains, "a_b"),
            (Equal, "x"),
            (Contains, "a;b"),
        ],
    ),
    (
        Sosl,
        &["FIND", "LastName"],
        "FIND {Jo\\-Ann Roy} IN NAME FIELDS RETURNING Contact(Id, Name WHERE LastName = 'Roy' ORDER BY Name LIMIT 5), Lead WITH SNIPPET(target_length=120) LIMIT 9",
        "FIND {tok} IN NAME FIELDS RETURNING Contact(Id, Name WHERE LastName = 'tok' ORDER BY Name LIMIT 5), Lead WITH SNIPPET(target_length=120) LIMIT 9",
        "FIND {tok} IN NAME FIELDS RETURNING Contact(Id, Name WHERE (LastName = 'tok' OR LastName = 'old') ORDER BY Name LIMIT 5), Lead WITH SNIPPET(target_length=120) LIMIT 9",
        &[(Contains, "Jo-Ann Roy"), (Equal, "Roy")],
    ),
    (
        Quickbooks,
        &["DisplayName", "PrimaryEmailAddr"],
        "select * from Customer where DisplayName = 'Roy\\'s' and Active IN (true,false) and PrimaryEmailAddr like '%b' orderby FamilyName startposition 1 maxresults 100",
        "select * from Customer where DisplayName = 'tok' and Active IN (true,false) and PrimaryEmailAddr like '%tok' orderby FamilyName startposition 1 maxresults 100",
        "select * from Customer where DisplayName  IN  ('tok', 'old') and Active IN (true,false) and PrimaryEmailAddr like '%tok' orderby FamilyName startposition 1 maxresults 100",
        &[(Equal, "Roy's"), (Contains, "b")],
    ),
    (
        Quickbooks,
        &["DisplayName"],
        "SELECT COUNT(*) FROM Customer WHERE DisplayName != 'Roy'",
        "SELECT COUNT(*) FROM Customer WHERE DisplayName != 'tok'",
        "SELECT COUNT(*) FROM Customer WHERE DisplayName != 'tok' AND DisplayName != 'old'",
        &[(NotEqual, "Roy")],
    ),
    (
        Jql,
        JQL,
        "summary ~ \"jean roy\" AND cf[10010] = TREM80 and reporter in (currentUser(), \"x\") && ! customfield_10010 in (\"a\\\"b\", c) ORDER BY created DESC, cf[10010]",
        "summary ~ \"tok\" AND cf[10010] = \"tok\" and reporter in (currentUser(), \"x\") && ! customfield_10010 in (\"tok\", \"tok\") ORDER BY created DESC, cf[10010]",
        "summary ~ \"tok\" AND (cf[10010] = \"tok\" OR cf[10010] = \"old\") and reporter in (currentUser(), \"x\") && ! customfield_10010 in (\"tok\", \"old\", \"tok\", \"old\") ORDER BY created DESC, cf[10010]",
        &[
            (Contains, "jean roy"),
            (Equal, "TREM80"),
            (OneOf, "a\"b"),
            (OneOf, "c"),
        ],
    ),
    (
        Jql,
        JQL,
        "project = ABC and cf[10020] ~ \"\\\"a b\\\"\" and cf[10020] !~ x and cf[10020] ~ 'a*' and \"health NUMBER\" was not in (12) and status changed from \"a\" to \"b\" after -7d by currentUser() and \"Health number\" is not EMPTY",
        "project = ABC and cf[10020] ~ \"tok\" and cf[10020] !~ \"tok\" and cf[10020] ~ 'tok' and \"health NUMBER\" was not in (\"tok\") and status changed from \"a\" to \"b\" after -7d by currentUser() and \"Health number\" is not EMPTY",
        "project = ABC and (cf[10020] ~ \"tok\" OR cf[10020] ~ \"old\") and (cf[10020] !~ \"tok\" AND cf[10020] !~ \"old\") and cf[10020] ~ 'tok' and \"health NUMBER\" was not in (\"tok\", \"old\") and status changed from \"a\" to \"b\" after -7d by currentUser() and \"Health number\" is not EMPTY",
        &[
            (Equal, "a b"),
            (NotEqual, "x"),
            (Contains, "a*"),
            (NotOneOf, "12"),
        ],
    ),
    (
        Cql,
        &["title"],
        "text ~ \"x\" and title = \"a\" and type in (page, blogpost) and space.key = X and created > now(\"-4w\")",
        "text ~ \"x\" and title = \"tok\" and type in (page, blogpost) and space.key = X and created > now(\"-4w\")",
        "text ~ \"x\" and (title = \"tok\" OR title = \"old\") and type in (page, blogpost) and space.key = X and created > now(\"-4w\")",
        &[(Equal, "a")],
    ),
    (
        Odata,
        ODATA,
        "lastname eq 'O''Hara' and (contains(fullname,'x') or startswith(emailaddress1,'a')) and birthdate ge 2020-01-01 and 'y' ne lastname",
        "lastname eq 'tok' and (contains(fullname,'tok') or startswith(emailaddress1,'tok')) and birthdate ge 2020-01-01 and 'tok' ne lastname",
        "(lastname eq 'tok' or lastname eq 'old') and (contains(fullname,'tok') or startswith(emailaddress1,'tok')) and birthdate ge 2020-01-01 and ('tok' ne lastname and 'old' ne lastname)",
        &[
            (Equal, "O'Hara"),
            (Contains, "x"),
            (Prefix, "a"),
            (NotEqual, "y"),
        ],
    ),
    (
        Odata,
        ODATA,
        "Microsoft.Dynamics.CRM.In(PropertyName='lastname',PropertyValues=['a',\"b\"]) and contacts/any(c:c/name eq 'x' and c/owner/fullname in ('p','q')) and accountid eq abcd1234-0000-0000-0000-000000000000 and not (size mul 2 gt 5) and style has Sales.Pattern'Yellow' and substringof('s', lastname)",
        "Microsoft.Dynamics.CRM.In(PropertyName='lastname',PropertyValues=['tok',\"tok\"]) and contacts/any(c:c/name eq 'tok' and c/owner/fullname in ('tok','tok')) and accountid eq abcd1234-0000-0000-0000-000000000000 and not (size mul 2 gt 5) and style has Sales.Pattern'Yellow' and substringof('tok', lastname)",
        "Microsoft.Dynamics.CRM.In(PropertyName='lastname',PropertyValues=['tok', 'old',\"tok\", \"old\"]) and contacts/any(c:(c/name eq 'tok' or c/name eq 'old') and c/owner/fullname in ('tok', 'old','tok', 'old')) and accountid eq abcd1234-0000-0000-0000-000000000000 and not (size mul 2 gt 5) and style has Sales.Pattern'Yellow' and substringof('tok', lastname)",
        &[
            (OneOf, "a"),
            (OneOf, "b"),
            (Equal, "x"),
            (OneOf, "p"),
            (OneOf, "q"),
            (Contains, "s"),
        ],
    ),
    (
        Odata,
        ODATA,
        "$it/lastname eq guid'01234567-0000-0000-0000-000000000000' and Model.Person/lastname eq 5 and lastname eq null and year(birthdate) eq 1990",
        "$it/lastname eq guid'tok' and Model.Person/lastname eq 'tok' and lastname eq null and year(birthdate) eq 1990",
        "($it/lastname eq guid'tok' or $it/lastname eq guid'old') and (Model.Person/lastname eq 'tok' or Model.Person/lastname eq 'old') and lastname eq null and year(birthdate) eq 1990",
        &[
            (Equal, "01234567-0000-0000-0000-000000000000"),
            (Equal, "5"),
        ],
    ),
    (
        OdataExpand,
        &["contacts/lastname", "*/email"],
        "owner,contacts($filter=lastname eq 'Roy' and city eq 'x';$select=*;$orderby=lastname desc;$top=5;$expand=owner($filter=email ne 'a';$levels=max)),Model.A/notes($filter=lastname eq 'y'),*/$ref",
        "owner,contacts($filter=lastname eq 'tok' and city eq 'x';$select=*;$orderby=lastname desc;$top=5;$expand=owner($filter=email ne 'tok';$levels=max)),Model.A/notes($filter=lastname eq 'y'),*/$ref",
        "owner,contacts($filter=(lastname eq 'tok' or lastname eq 'old') and city eq 'x';$select=*;$orderby=lastname desc;$top=5;$expand=owner($filter=(email ne 'tok' and email ne 'old');$levels=max)),Model.A/notes($filter=lastname eq 'y'),*/$ref",
        &[(Equal, "Roy"), (NotEqual, "a")],
    ),
    (
        OdataApply,
        ODATA,
        "identity/filter(lastname eq 'Roy')/groupby((lastname,city),aggregate(amount with sum as total)/filter(total gt 5))/concat(filter(contains(fullname,'a')),topcount(5,amount))",
        "identity/filter(lastname eq 'tok')/groupby((lastname,city),aggregate(amount with sum as total)/filter(total gt 5))/concat(filter(contains(fullname,'tok')),topcount(5,amount))",
        "identity/filter((lastname eq 'tok' or lastname eq 'old'))/groupby((lastname,city),aggregate(amount with sum as total)/filter(total gt 5))/concat(filter(contains(fullname,'tok')),topcount(5,amount))",
        &[(Equal, "Roy"), (Contains, "a")],
    ),
    (
        Fetchxml,
        FETCH,
        "<fetch top='5'><entity name='contact'><attribute name='lastname'/><order attribute='lastname'/><filter><condition attribute='lastname' operator='eq' value='O&apos;Hara'/><condition value=\"x\" operator=\"ne\" attribute=\"LastName\" /><condition attribute='kept' operator='eq' value='lastname'/></filter></entity></fetch>",
        "<fetch top='5'><entity name='contact'><attribute name='lastname'/><order attribute='lastname'/><filter><condition attribute='lastname' operator='eq' value='tok'/><condition value=\"tok\" operator=\"ne\" attribute=\"LastName\" /><condition attribute='kept' operator='eq' value='lastname'/></filter></entity></fetch>",
        "<fetch top='5'><entity name='contact'><attribute name='lastname'/><order attribute='lastname'/><filter><filter type='or'><condition attribute='lastname' operator='eq' value='tok'/><condition attribute='lastname' operator='eq' value='old'/></filter><filter type='and'><condition value=\"tok\" operator=\"ne\" attribute=\"LastName\" /><condition value=\"old\" operator=\"ne\" attribute=\"LastName\" /></filter><condition attribute='kept' operator='eq' value='lastname'/></filter></entity></fetch>",
        &[(Equal, "O'Hara"), (NotEqual, "x")],
    ),
    (
        Fetchxml,
        FETCH,
        "<?xml version='1.0'?>\n<fetch xmlns:generator='x'>\n<entity name='contact'><filter type='or'>\n<condition attribute='lastname' operator='in'><value>a&amp;b</value>\n<value uitype='x'><![CDATA[<c>]]></value><value/></condition><condition attribute='name' entityname='A' operator='not-in'><value>n</value></condition><condition attribute='name' operator='eq' value='kept'/><condition attribute='lastname' operator='null'></condition><condition attribute='lastname' operator='eq' valueof='firstname'/></filter><link-entity name='account' from='accountid' to='parentcustomerid' alias='a'><filter><filter><condition attribute='name' operator='eq'><value>m</value></condition></filter></filter><link-entity name='contact' alias='c'><filter><condition attribute='lastname' operator='eq' value='p'/><condition attribute='governmentid' operator='eq' value='q'/></filter></link-entity></link-entity></entity></fetch>\n",
        "<?xml version='1.0'?>\n<fetch xmlns:generator='x'>\n<entity name='contact'><filter type='or'>\n<condition attribute='lastname' operator='in'><value>tok</value>\n<value uitype='x'>tok</value><value/></condition><condition attribute='name' entityname='A' operator='not-in'><value>tok</value></condition><condition attribute='name' operator='eq' value='kept'/><condition attribute='lastname' operator='null'></condition><condition attribute='lastname' operator='eq' valueof='firstname'/></filter><link-entity name='account' from='accountid' to='parentcustomerid' alias='a'><filter><filter><condition attribute='name' operator='eq'><value>tok</value></condition></filter></filter><link-entity name='contact' alias='c'><filter><condition attribute='lastname' operator='eq' value='tok'/><condition attribute='governmentid' operator='eq' value='tok'/></filter></link-entity></link-entity></entity></fetch>\n",
        "<?xml version='1.0'?>\n<fetch xmlns:generator='x'>\n<entity name='contact'><filter type='or'>\n<condition attribute='lastname' operator='in'><value>tok</value><value>old</value>\n<value uitype='x'>tok</value><value uitype='x'>old</value><value/></condition><condition attribute='name' entityname='A' operator='not-in'><value>tok</value><value>old</value></condition><condition attribute='name' operator='eq' value='kept'/><condition attribute='lastname' operator='null'></condition><condition attribute='lastname' operator='eq' valueof='firstname'/></filter><link-entity name='account' from='accountid' to='parentcustomerid' alias='a'><filter><filter><filter type='or'><condition attribute='name' operator='eq'><value>tok</value></condition><condition attribute='name' operator='eq'><value>old</value></condition></filter></filter></filter><link-entity name='contact' alias='c'><filter><filter type='or'><condition attribute='lastname' operator='eq' value='tok'/><condition attribute='lastname' operator='eq' value='old'/></filter><filter type='or'><condition attribute='governmentid' operator='eq' value='tok'/><condition attribute='governmentid' operator='eq' value='old'/></filter></filter></link-entity></link-entity></entity></fetch>\n",
        &[
            (OneOf, "a&b"),
            (OneOf, "<c>"),
            (NotOneOf, "n"),
            (Equal, "m"),
            (Equal, "p"),
            (Equal, "q"),
        ],
    ),
    (
        Fetchxml,
        FETCH,
        "<fetch aggregate='true'><entity name='contact'><attribute name='lastname' alias='l' groupby='true'/><order alias='l'/><filter><condition attribute='lastname' operator='like' value='a%'/><condition attribute='lastname' operator='not-like' value='%b&#37;%'/><condition attribute='lastname' operator='like' value='c'/><condition attribute='lastname' operator='not-like' value='d'/><condition attribute='lastname' operator='begins-with' value='e'/><condition attribute='lastname' operator='ends-with' value='f'/><condition attribute='lastname' operator='between'><value>g</value><value>h</value></condition><condition attribute='lastname' operator='under' value='i'/><condition attribute='lastname' operator='like' value='%'/><condition attribute='parentcustomerid' operator='eq' uiname='j' uitype='account' value='{1}'/><condition attribute='parentcustomerid' operator='in'><value uiname='k'>{2}</value></condition></filter></entity></fetch>",
        "<fetch aggregate='true'><entity name='contact'><attribute name='lastname' alias='l' groupby='true'/><order alias='l'/><filter><condition attribute='lastname' operator='like' value='tok%'/><condition attribute='lastname' operator='not-like' value='%tok%'/><condition attribute='lastname' operator='like' value='tok'/><condition attribute='lastname' operator='not-like' value='tok'/><condition attribute='lastname' operator='begins-with' value='tok'/><condition attribute='lastname' operator='ends-with' value='tok'/><condition attribute='lastname' operator='between'><value>tok</value><value>tok</value></condition><condition attribute='lastname' operator='under' value='tok'/><condition attribute='lastname' operator='like' value='%'/><condition attribute='parentcustomerid' operator='eq' uiname='tok' uitype='account' value='{1}'/><condition attribute='parentcustomerid' operator='in'><value uiname='tok'>{2}</value></condition></filter></entity></fetch>",
        "<fetch aggregate='true'><entity name='contact'><attribute name='lastname' alias='l' groupby='true'/><order alias='l'/><filter><condition attribute='lastname' operator='like' value='tok%'/><condition attribute='lastname' operator='not-like' value='%tok%'/><filter type='or'><condition attribute='lastname' operator='like' value='tok'/><condition attribute='lastname' operator='like' value='old'/></filter><filter type='and'><condition attribute='lastname' operator='not-like' value='tok'/><condition attribute='lastname' operator='not-like' value='old'/></filter><condition attribute='lastname' operator='begins-with' value='tok'/><condition attribute='lastname' operator='ends-with' value='tok'/><condition attribute='lastname' operator='between'><value>tok</value><value>tok</value></condition><condition attribute='lastname' operator='under' value='tok'/><condition attribute='lastname' operator='like' value='%'/><condition attribute='parentcustomerid' operator='eq' uiname='tok' uitype='account' value='{1}'/><condition attribute='parentcustomerid' operator='in'><value uiname='tok'>{2}</value></condition></filter></entity></fetch>",
        &[
            (Prefix, "a"),
            (Contains, "b%"),
            (Equal, "c"),
            (NotEqual, "d"),
            (Prefix, "e"),
            (Contains, "f"),
            (Order, "g"),
            (Order, "h"),
            (Order, "i"),
            (Equal, "j"),
            (Equal, "k"),
        ],
    ),
    (
        Kql,
        &["subject", "from", "author", "*"],
        "subject:\"two words\" from:a@x.org AND NOT author=Roy author:(jo OR \"a b\") received>=2020-01-01T12:00:00 size:1..5 pref* \"a phrase\" -author<>x",
        "subject:\"tok\" from:\"tok\" AND NOT author=\"tok\" author:(\"tok\" OR \"tok\") received>=2020-01-01T12:00:00 size:1..5 \"tok\" \"tok\" -author<>\"tok\"",
        "subject:\"tok\" from:\"tok\" AND NOT author=\"tok\" author:(\"tok\" OR \"tok\") received>=2020-01-01T12:00:00 size:1..5 \"tok\" \"tok\" -author<>\"tok\"",
        &[
            (Contains, "two words"),
            (Equal, "a@x.org"),
            (NotEqual, "Roy"),
            (Contains, "jo"),
            (Contains, "a b"),
            (Prefix, "pref"),
            (Contains, "a phrase"),
            (Equal, "x"),
        ],
    ),
    (
        Kql,
        &["displayName", "mail"],
        "\"displayName:Jean Roy\" OR (\"mail:a@x.org\" AND NOT \"city:Le Havre\")",
        "\"displayName:tok\" OR (\"mail:tok\" AND NOT \"city:Le Havre\")",
        "\"displayName:tok\" OR (\"mail:tok\" AND NOT \"city:Le Havre\")",
        &[(Contains, "Jean Roy"), (Equal, "a@x.org")],
    ),
    (
        Gviz,
        &["B", "Full name", "D"],
        "select A, sum(C) where B = 'Roy' and `Full name` != \"O'Hara\" and not (D contains 'y' or D starts with 'z' or B is null) and E >= date '2020-01-01' and D like '%q' and year(F) = 2020 group by A order by B desc limit 10 label A 'B = where', B 'Name' options no_format",
        "select A, sum(C) where B = 'tok' and `Full name` != \"tok\" and not (D contains 'tok' or D starts with 'tok' or B is null) and E >= date '2020-01-01' and D like '%tok' and year(F) = 2020 group by A order by B desc limit 10 label A 'B = where', B 'Name' options no_format",
        "select A, sum(C) where (B = 'tok' or B = 'old') and (`Full name` != \"tok\" and `Full name` != \"old\") and not (D contains 'tok' or D starts with 'tok' or B is null) and E >= date '2020-01-01' and D like '%tok' and year(F) = 2020 group by A order by B desc limit 10 label A 'B = where', B 'Name' options no_format",
        &[
            (Equal, "Roy"),
            (NotEqual, "O'Hara"),
            (Contains, "y"),
            (Prefix, "z"),
            (Contains, "q"),
        ],
    ),
    (
        Sysparm,
        SYSPARM,
        "active=true^last_nameSTARTSWITHM^ORlast_name=O'Hara, Jo^caller_id.email!=a@b^NQlast_nameINa,b^last_nameISNOTEMPTY^opened_by=javascript:gs.getUserID()^ORDERBYDESCsys_created_on^EQ",
        "active=true^last_nameSTARTSWITHtok^ORlast_name=tok^caller_id.email!=tok^NQlast_nameINtok,tok^last_nameISNOTEMPTY^opened_by=javascript:gs.getUserID()^ORDERBYDESCsys_created_on^EQ",
        "active=true^last_nameSTARTSWITHtok^ORlast_name=tok^ORlast_name=old^caller_id.emailNOT INtok,old^NQlast_nameINtok,old,tok,old^last_nameISNOTEMPTY^opened_by=javascript:gs.getUserID()^ORDERBYDESCsys_created_on^EQ",
        &[
            (Prefix, "M"),
            (Equal, "O'Hara, Jo"),
            (NotEqual, "a@b"),
            (OneOf, "a"),
            (OneOf, "b"),
        ],
    ),
    (
        Sysparm,
        SYSPARM,
        "123TEXTQUERY321=jean roy^last_nameNOT LIKEx^last_nameBETWEENa@b^last_name>=k^numberSTARTSWITHINC^short_descriptionDOES NOT CONTAINy",
        "123TEXTQUERY321=tok^last_nameNOT LIKEtok^last_nameBETWEENtok^last_name>=tok^numberSTARTSWITHINC^short_descriptionDOES NOT CONTAINy",
        "123TEXTQUERY321=tok^last_nameNOT LIKEtok^last_nameBETWEENtok^last_name>=tok^numberSTARTSWITHINC^short_descriptionDOES NOT CONTAINy",
        &[
            (Contains, "jean roy"),
            (Contains, "x"),
            (Order, "a@b"),
            (Order, "k"),
        ],
    ),
    (
        Airtable,
        AIRTABLE,
        "AND({Full name}='O\\'Hara', OR(Email != \"x\", {Year}>2020), FIND('a', {Full name}), EXACT(\"e\", {fldAbc}), IF({Email}='z', LOWER({Other})='w', 'q'))",
        "AND({Full name}='tok', OR(Email != \"tok\", {Year}>2020), FIND('tok', {Full name}), EXACT(\"tok\", {fldAbc}), IF({Email}='tok', LOWER({Other})='w', 'q'))",
        "AND(OR({Full name}='tok', {Full name}='old'), OR(AND(Email != \"tok\", Email != \"old\"), {Year}>2020), FIND('tok', {Full name}), OR(EXACT(\"tok\", {fldAbc}), EXACT(\"old\", {fldAbc})), IF(OR({Email}='tok', {Email}='old'), LOWER({Other})='w', 'q'))",
        &[
            (Equal, "O'Hara"),
            (NotEqual, "x"),
            (Contains, "a"),
            (Equal, "e"),
            (Equal, "z"),
        ],
    ),
    (
        Drive,
        &["name", "owners", "properties.patient", "fullText"],
        "name = 'Roy\\'s' and fullText contains 'y' or not 'me' in owners and properties has { key='patient' and value='v' } and appProperties has {key='patient' and value='w'} and modifiedTime > '2012-06-04T12:00:00' and trashed = false",
        "name = 'tok' and fullText contains 'tok' or not 'tok' in owners and properties has { key='patient' and value='tok' } and appProperties has {key='patient' and value='w'} and modifiedTime > '2012-06-04T12:00:00' and trashed = false",
        "(name = 'tok' or name = 'old') and fullText contains 'tok' or not ('tok' in owners or 'old' in owners) and (properties has { key='patient' and value='tok' } or properties has { key='patient' and value='old' }) and appProperties has {key='patient' and value='w'} and modifiedTime > '2012-06-04T12:00:00' and trashed = false",
        &[
            (Equal, "Roy's"),
            (Contains, "y"),
            (Equal, "me"),
            (Equal, "v"),
        ],
    ),
    (
        Gmail,
        &["from", "*", "subject"],
        "from:a@x.org -from:(b@x.org OR jo) subject:\"two words\" after:2004/04/16 {this \"that one\"} has:attachment +label",
        "from:\"tok\" -from:(\"tok\" OR \"tok\") subject:\"tok\" after:2004/04/16 {\"tok\" \"tok\"} has:attachment +\"tok\"",
        "{from:\"tok\" from:\"old\"} -from:({\"tok\" \"old\"} OR \"tok\") subject:\"tok\" after:2004/04/16 {\"tok\" \"tok\"} has:attachment +\"tok\"",
        &[
            (Equal, "a@x.org"),
            (Equal, "b@x.org"),
            (Contains, "jo"),
            (Contains, "two words"),
            (Contains, "this"),
            (Contains, "that one"),
            (Contains, "label"),
        ],
    ),
    (
        Stripe,
        &["email", "metadata[child]", "name"],
        "email:'a@b' AND -metadata[\"child\"]:\"k\\\"v\" AND metadata['x']:'y' AND name~\"jo\" AND created>100 AND name:null",
        "email:'tok' AND -metadata[\"child\"]:\"tok\" AND metadata['x']:'y' AND name~\"tok\" AND created>100 AND name:null",
        "email:'tok' AND -metadata[\"child\"]:\"tok\" AND metadata['x']:'y' AND name~\"tok\" AND created>100 AND name:null",
        &[(Equal, "a@b"), (NotEqual, "k\"v"), (Contains, "jo")],
    ),
    (
        Xero,
        &["Name", "EmailAddress", "Contact.Name"],
        "Name==\"Ada\" AND EmailAddress!=null AND (EmailAddress.StartsWith(\"a\") || Contact.Name != \"x\") && Date >= DateTime(2020,01,01) AND ContactID == Guid(\"0-1\")",
        "Name==\"tok\" AND EmailAddress!=null AND (EmailAddress.StartsWith(\"tok\") || Contact.Name != \"tok\") && Date >= DateTime(2020,01,01) AND ContactID == Guid(\"0-1\")",
        "(Name==\"tok\" OR Name==\"old\") AND EmailAddress!=null AND (EmailAddress.StartsWith(\"tok\") || (Contact.Name != \"tok\" AND Contact.Name != \"old\")) && Date >= DateTime(2020,01,01) AND ContactID == Guid(\"0-1\")",
        &[(Equal, "Ada"), (Prefix, "a"), (NotEqual, "x")],
    ),
    (
        Redcap,
        &["first_name", "mrn"],
        "[first_name] = 'Ada' and ([event_1_arm_1][mrn] <> \"7\" or [age] > 5) and starts_with([first_name], 'x') and datediff([dob], 'today', 'y') > 3 and [mrn][2] = 12",
        "[first_name] = 'tok' and ([event_1_arm_1][mrn] <> \"tok\" or [age] > 5) and starts_with([first_name], 'tok') and datediff([dob], 'today', 'y') > 3 and [mrn][2] = 'tok'",
        "([first_name] = 'tok' or [first_name] = 'old') and (([event_1_arm_1][mrn] <> \"tok\" and [event_1_arm_1][mrn] <> \"old\") or [age] > 5) and starts_with([first_name], 'tok') and datediff([dob], 'today', 'y') > 3 and ([mrn][2] = 'tok' or [mrn][2] = 'old')",
        &[
            (Equal, "Ada"),
            (NotEqual, "7"),
            (Prefix, "x"),
            (Equal, "12"),
        ],
    ),
    (
        FhirSearch,
        &[
            "identifier|",
            "patient.family",
            "_has:Observation:patient:code|",
            "name",
        ],
        "Patient?identifier=urn%3Aramq%7CTREM%5C,80,x&subject:Patient.family:exact=no&patient:Patient.family:exact=Roy+Jr&name=Jo,An&name:missing=true&_count=5&_has:Observation:patient:code=a",
        "Patient?identifier=urn%3Aramq%7Ctok,tok&subject:Patient.family:exact=no&patient:Patient.family:exact=tok&name=tok,tok&name:missing=true&_count=5&_has:Observation:patient:code=tok",
        "Patient?identifier=urn%3Aramq%7Ctok,urn%3Aramq%7Cold,tok,old&subject:Patient.family:exact=no&patient:Patient.family:exact=tok,old&name=tok,tok&name:missing=true&_count=5&_has:Observation:patient:code=tok,old",
        &[
            (Equal, "TREM,80"),
            (Equal, "x"),
            (Equal, "Roy Jr"),
            (Prefix, "Jo"),
            (Prefix, "An"),
            (Equal, "a"),
        ],
    ),
];

#[test]
fn each_literal_of_a_protected_field_is_compared_and_replaced() {
    for (language, fields, statement, one, two, compared) in CASES {
        let plan = plan(*language, fields);
        let mut editor = Tokens::default();
        let left = rewrite(&plan, statement, &mut editor);
        assert_eq!(left.as_deref(), Ok(*one), "{language:?} {statement}");
        let seen = editor
            .seen
            .iter()
            .map(|(_, how, text)| (*how, text.as_str()));
        assert_eq!(seen.collect::<Vec<_>>(), *compared, "{statement}");

        let mut editor = Tokens {
            others: vec!["old"],
            ..Tokens::default()
        };
        let left = rewrite(&plan, statement, &mut editor).unwrap();
        assert_eq!(left, *two, "{language:?}");
        // What was written is read again, and has the same shape.
        let mut again = Tokens::default();
        rewrite(&plan, &left, &mut again).unwrap();
        assert!(
            again
                .seen
                .iter()
                .all(|(_, _, text)| text == "tok" || text == "old")
        );
    }
}

#[test]
fn i03_a_statement_of_other_fields_is_kept() {
    for (language, _, statement, ..) in CASES {
        let plan = plan(*language, &["elsewhere"]);
        let mut editor = Tokens::default();
        let left = rewrite(&plan, statement, &mut editor);
        assert_eq!(left.as_deref(), Ok(*statement));
        assert!(editor.seen.is_empty());
    }
}

/// What is refused at protected fields, or is no statement.
const REFUSED: &[(Language, &[&str], &[&str])] = &[
    (
        Soql,
        SOQL,
        &[
            "SELECT Id FROM Contact WHERE LastName = Tremblay",
            "SELECT Id FROM Contact WHERE LastName = 'a",
            "SELECT Id FROM Contact WHERE LastName = 'a\\x'",
            "SELECT Id FROM Contact WHERE toLabel(LastName) = 'a'",
            "SELECT Id FROM Contact WHERE LastName = 'a' -- comment",
            "SELECT Id FROM Contact WHERE LastName = 'a' /* x */",
            "SELECT Id FROM Contact WHERE LastName = \"a\"",
            "SELECT Id FROM Contact WHERE LastName == 'a'",
            "SELECT Id FROM Contact WHERE (LastName = 'a'",
            "SELECT Id FROM Contact WHERE LastName = 'a')",
            "SELECT Id FROM Contact; SELECT Id FROM Lead",
            "SELECT Id FROM Contact WHERE LastName = USD5000",
            "SELECT Id WHERE LastName = 'a'",
            "DELETE FROM Contact",
        ],
    ),
    (
        Sosl,
        &["FIND"],
        &[
            "FIND {a OR b}",
            "FIND {\"a b\"}",
            "FIND {a*}",
            "FIND a",
            "FIND {a",
            "SELECT Id FROM Contact",
        ],
    ),
    (
        Jql,
        JQL,
        &[
            "summary ~ lower(\"x\")",
            "cf[10010] in Tremblay",
            "cf[10010] not in \"a\"",
            "cf[10010] = \"a",
            "cf[10010] = \"a\\q\"",
            "cf[10010] was \"a\" before \"b\"",
            "cf[10010] changed from \"a\"",
            "issueFunction in linkedIssuesOf(\"summary ~ secret\")",
            "cf[10010] == \"a\"",
            "cf[10010] = a b",
            "cf[10010] = a@b",
        ],
    ),
    (
        Odata,
        ODATA,
        &[
            "tolower(lastname) eq 'x'",
            "lastname eq tolower('X')",
            "concat(lastname, 'x') eq 'ax'",
            "length(lastname) gt 5",
            "lastname eq @p1",
            "lastname eq 'a",
            "indexof(lastname,'x') eq 0",
            "lastname eq 'a' && true",
            "lastname add 'a' eq 'b'",
            "lastname eq \"a\\q\"",
            "lastname eq a'b'c'",
            "lastname eq {\"a\":1}",
            "contacts/any(c:c/name eq 'x'",
        ],
    ),
    (
        OdataExpand,
        &["contacts/lastname", "contacts/name"],
        &[
            "contacts($filter=lastname eq @p1)",
            "contacts($filter=tolower(lastname) eq 'x')",
            "contacts($filter=lastname eq 'x'",
            "contacts($filter=lastname eq 'x');owner",
            "contacts($search=Roy)",
            "contacts($compute=lastname as y;$filter=y eq 'x')",
            "contacts($orderby=lastname eq 'x')",
            "contacts($orderby=lastname eq 5)",
            "contacts($filter=lastname eq 'x';$custom=a)",
            "*($filter=lastname eq 'x')",
            "contacts($apply=compute(lastname as y)/filter(y eq 'x'))",
        ],
    ),
    (
        OdataApply,
        ODATA,
        &[
            "search(Roy)",
            "compute(lastname as y)/filter(y eq 'x')",
            "aggregate(lastname with max as y)/filter(y eq 'x')",
            "identity/compute(lastname as y)",
            "expand(contacts,filter(name eq 'x'))",
            "filter(lastname eq 'x'",
            "filter(lastname eq 'x')filter(lastname eq 'y')",
            "custom(lastname eq 5)",
            "custom('x')",
            "groupby((lastname),custom(lastname eq 'x'))",
        ],
    ),
    (
        Fetchxml,
        FETCH,
        &[
            "<fetch><entity name='contact'>",
            "<fetch><entity name='contact'/></fetch><fetch/>",
            "<fetch><entity name='contact'/><entity name='account'/></fetch>",
            "<fetch><entity/></fetch>",
            "<!DOCTYPE fetch><fetch/>",
            "<fetch xmlns='x'/>",
            "<fetch><!-- Tremblay --></fetch>",
            "<fetch><?x Tremblay?></fetch>",
            "<fetch>x</fetch>",
            "<x:fetch/>",
            "<Fetch/>",
            "lastname eq 'x'",
            "<fetch><entity name='contact'><condition attribute='lastname' operator='eq' value='a'/></entity></fetch>",
            "<fetch><entity name='contact'><filter><unknown/></filter></entity></fetch>",
            "<fetch><entity name='contact'><filter><condition operator='eq' value='a'/></filter></entity></fetch>",
            "<fetch><entity name='contact'><filter><condition attribute='lastname' value='a'/></filter></entity></fetch>",
            "<fetch><entity name='contact'><filter><condition attribute=' lastname' operator='eq' value='a'/></filter></entity></fetch>",
            "<fetch><entity name='contact'><filter><condition attribute='lastname' operator='eq' value='&e;'/></filter></entity></fetch>",
            "<fetch><entity name='contact'><filter><condition attribute='lastname' operator='eq' value='a' value='b'/></filter></entity></fetch>",
            "<fetch><entity name='contact'><filter><condition attribute='lastname' operator='eq' value='a' Value='b'/></filter></entity></fetch>",
            "<fetch><entity name='contact'><filter><condition attribute='lastname' operator='eq' value='a' uiname='b'/></filter></entity></fetch>",
            "<fetch><entity name='contact'><filter><condition attribute='lastname' operator='eq' value='a' valueof='b'/></filter></entity></fetch>",
            "<fetch><entity name='contact'><filter><condition attribute='lastname' operator='eq' value='a'>b</condition></filter></entity></fetch>",
            "<fetch><entity name='contact'><filter><condition attribute='lastname' operator='eq' value='a'><value>b</value></condition></filter></entity></fetch>",
            "<fetch><entity name='contact'><filter><condition attribute='lastname' operator='eq'><value>a</value><value>b</value></condition></filter></entity></fetch>",
            "<fetch><entity name='contact'><filter><condition attribute='lastname' operator='in' value='a,b'/></filter></entity></fetch>",
            "<fetch><entity name='contact'><filter><condition attribute='lastname' operator='in'><value uiname='b'>a</value></condition></filter></entity></fetch>",
            "<fetch><entity name='contact'><filter><condition attribute='lastname' operator='in'><value><x/></value></condition></filter></entity></fetch>",
            "<fetch><entity name='contact'><filter><condition attribute='lastname' operator='in'><value>]]></value></condition></filter></entity></fetch>",
            "<fetch><entity name='contact'><filter><condition attribute='name' entityname='a' operator='eq' value='x'/></filter></entity></fetch>",
            "<fetch paging-cookie='x'><entity name='contact'><order attribute='lastname'/></entity></fetch>",
            "<fetch paging-cookie='x'><entity name='contact'><attribute name='lastname' alias='l'/><order alias='l'/></entity></fetch>",
        ],
    ),
    (
        Kql,
        &["subject", "*"],
        &[
            "subject : Roy",
            "subject: Roy",
            "subject:Roy:x",
            "kept:subject:Roy",
            "subject:\"a",
            "subject:\"a\"\"b\"",
            "\"subject:a kept:b\"",
            "\"kept:b subject:a\"",
            "\"kept:a Roy\"",
            "\"the subject:a\"",
            "subject:(a OR b",
            "subject:)",
            "WORDS(a, b)",
            "subject:\"a\\\"b\"",
        ],
    ),
    (
        Gviz,
        &["B"],
        &[
            "select A where upper(B) = 'X'",
            "select A where B = 'x",
            "select A where B = 'a''b'",
            "select A where B = 'a\\'b'",
            "select A where B + 'x' = 'y'",
            "select A where B = 'x' where B = 'y'",
            "select A where B == 'x'",
            "select A where B = 'x' C",
            "select A where (B = 'x'",
            "select A where B = 'x' -- y",
        ],
    ),
    (
        Sysparm,
        SYSPARM,
        &[
            "last_name=a^^b",
            "last_name=javascript:x('a')",
            "last_nameDYNAMICabc",
            "LAST_NAME=x",
            "last_nameWHATEVERx",
            "last_nameISEMPTY x",
            "RLQUERYincident.caller_id,>=1^ENDRLQUERY",
        ],
    ),
    (
        Airtable,
        AIRTABLE,
        &[
            "{Full name}&'x'='ax'",
            "LOWER({Full name})='x'",
            "'x'={Email}&{Other}",
            "{Email}='x'&'y'",
            "SWITCH({Email},'x',1)",
            "LEN({Email})>3",
            "IF(1,{Email},'a')='x'",
            "{Email}='x",
            "{Email='x'",
            "{Em\\}ail}='x'",
            "{Email}='\\q'",
            "{Email}='x' {Email}='y'",
        ],
    ),
    (
        Drive,
        &["name", "properties.k"],
        &[
            "name = 'a' name = 'b'",
            "name = 'a\\n'",
            "name == 'a'",
            "properties has {key='k' value='v'}",
            "name in ('a', 'b')",
        ],
    ),
    (
        Gmail,
        &["from"],
        &[
            "from:(a",
            "from:\"a\"b",
            "a\"b\"",
            "from:a:b",
            "from:\"a\\\"b\"",
            "from:",
            "a)",
        ],
    ),
    (
        Stripe,
        &["email"],
        &[
            "email='a'",
            "email:a",
            "email:'a",
            "(email:'a')",
            "email:'a' AND",
            "email",
        ],
    ),
    (
        Xero,
        &["Name"],
        &[
            "Name.ToLower()==\"x\"",
            "Name.ToLower().Contains(\"x\")",
            "Name==\"a\"\"b\"",
            "Name==\"a\\\"b\"",
            "Name==\"a\\n\"",
            "Name==\"x\".ToUpper()",
            "Name=='x'",
            "Name[0]==\"x\"",
        ],
    ),
    (
        Redcap,
        &["name"],
        &[
            "lower([name]) = 'x'",
            "[name] = 'a\\'b'",
            "[name] = 'a''b'",
            "[name] = x",
            "[name = 'x'",
            "if([a] = 1, [name], 'y') = 'x'",
        ],
    ),
    (
        FhirSearch,
        &["identifier|", "family"],
        &[
            "identifier:text=x",
            "family:phonetic=x",
            "x=1;family=y",
            "family=%4",
            "family=a#b",
        ],
    ),
];

#[test]
fn i05_what_cannot_be_read_in_one_way_is_refused() {
    for (language, fields, statements) in REFUSED {
        let plan = plan(*language, fields);
        for statement in *statements {
            let left = rewrite(&plan, statement, &mut Tokens::default());
            let is_syntax = matches!(left, Err(ErrorKind::Syntax { .. }));
            assert!(is_syntax, "{language:?} {statement}: {left:?}");
        }
    }
}
