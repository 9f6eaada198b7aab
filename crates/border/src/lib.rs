//! Policy, body and seal joined: protect a request, reveal its response. Sans-IO.
