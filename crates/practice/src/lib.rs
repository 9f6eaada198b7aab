//! A small SaaS to practise on: real web app, JSON API and database, five domains.
