//! HTTP requests: bodies, headers, origins, networks.

mod below_a_path;
mod cross_origin;
mod malformed_request;
mod refused_early;
mod slow_clients;
mod trusted_proxies;
mod unknown_route;
mod unread_body;
