# An image of any example of this workspace, with nothing in it but the example and the probe:
#
#   docker build --build-arg EXAMPLE=health --tag productinfo:1 .
#   docker run --rm --publish 50051:50051 productinfo:1 server --addr 0.0.0.0:50051

# On Alpine, Rust links statically: what it builds needs no system around it.
FROM rust:1.89-alpine AS build
RUN apk add --no-cache musl-dev
WORKDIR /workspace
COPY . .
ARG EXAMPLE=productinfo
RUN cargo build --locked --release --package "$EXAMPLE" --bin "$EXAMPLE" \
 && cargo build --locked --profile small --package health --bin health-probe \
 && mkdir /image \
 && cp "target/release/$EXAMPLE" /image/example \
 && cp target/small/health-probe /image/health-probe

# No shell, no packages, no root.
FROM scratch
COPY --from=build /image /
USER 65532:65532
EXPOSE 50051
ENTRYPOINT ["/example"]
CMD ["server", "--addr", "0.0.0.0:50051"]
