# The container image: one static program and the component that it runs, no shell. docs/containers.md explains it.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo xtask image

FROM scratch
COPY --from=build /src/target/image /
# For a database on SQLite. On PostgreSQL the service writes nothing.
COPY --from=build --chown=65532:65532 /src/target/image/var/lib/gatewright /var/lib/gatewright
WORKDIR /var/lib/gatewright
ENV DATABASE_URL=sqlite:/var/lib/gatewright/auth.db LISTEN=0.0.0.0:8080
USER 65532:65532
EXPOSE 8080
HEALTHCHECK --start-period=60s --start-interval=1s CMD ["/usr/local/bin/gatewright", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/gatewright"]
CMD ["serve"]
