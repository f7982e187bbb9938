//! Requests as such: bodies, heads, origins, networks.

mod cross_origin;
mod malformed_request;
mod slow_clients;
mod trusted_proxies;
mod unknown_route;
mod unread_body;
