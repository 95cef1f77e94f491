# The service as an image, without Stata: the program, certificates, nothing else. deploy/image/Dockerfile.stata
# adds a licensed Stata; docs/deployment.md has the other ways.
#   docker build -t stata-service .
# Bases are pinned; both can be replaced by arguments. PROGRAM=prebuilt takes a program that is already built
# (build context: a folder with the file `stata-service`).
ARG BUILD_IMAGE=rust:1.95-slim-bookworm@sha256:d7482085ff5b415f84dba5647ae71606650bdef00db7aeb69f4b3d170c3e4082
ARG BASE_IMAGE=debian:bookworm-slim@sha256:d5d3f9c23164ea16f31852f95bd5959aad1c5e854332fe00f7b3a20fcc9f635c
ARG PROGRAM=built

FROM ${BUILD_IMAGE} AS built
WORKDIR /src
ENV CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0
COPY . .
# Registry and target survive between builds as caches, so that a change of a source file compiles no dependency.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --profile dist --locked --bin stata-service \
    && mkdir /out \
    && cp target/dist/stata-service /out/stata-service \
    && cp /etc/ssl/certs/ca-certificates.crt /out/

FROM ${BASE_IMAGE} AS prebuilt
COPY stata-service /out/stata-service
COPY ca-certificates.crt /out/ca-certificates.crt

FROM ${PROGRAM} AS program

FROM ${BASE_IMAGE}
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="stata-service" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=program /out/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=program /out/stata-service /usr/bin/stata-service
# The user needs no entry in /etc/passwd. An empty volume inherits owner and mode of its folder.
RUN install -d -o 10001 -g 10001 -m 0700 /var/lib/stata-service \
    && install -d -o 10001 -g 10001 -m 0750 /var/log/stata-service
ENV SS_LISTEN=0.0.0.0:8080 \
    SS_DATA_DIR=/var/lib/stata-service \
    SS_ON_SHUTDOWN=wait \
    SS_LOG_FORMAT=json
USER 10001:10001
WORKDIR /var/lib/stata-service
VOLUME ["/var/lib/stata-service"]
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=20s --retries=3 CMD ["/usr/bin/stata-service", "health"]
ENTRYPOINT ["/usr/bin/stata-service"]
CMD ["serve"]
