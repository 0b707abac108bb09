# One image with the six static programs; a container says which one it runs. See docker-compose.yml.
#
#   docker build -t rappel --build-arg VERSION=$(git describe --always) .
#   docker run --rm -p 127.0.0.1:8080:8080 -v rappel:/data -e RAPPEL_HTTP_ADDR=0.0.0.0:8080 -e RAPPEL_INSECURE_BIND=true rappel

FROM golang:1.26-alpine AS build
WORKDIR /src
COPY proto proto
COPY services services
# Each module by the versions it pins itself; the caches stay with the builder and never enter a layer.
WORKDIR /src/services
ENV GOWORK=off CGO_ENABLED=0
ARG VERSION=unknown
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    mkdir -p /out/bin /out/data && \
    go build -trimpath -ldflags "-s -w -X github.com/rappel-loop/rappel/services/internal/host.version=$VERSION" -o /out/bin/ \
      ./rappel/cmd/rappel ./collector/cmd/collector ./scorer/cmd/scorer ./alerting/cmd/alerting ./callback-queue/cmd/callback-queue ./feed/cmd/feed

# No shell, no package manager, nothing to attack but the programs.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
# Customers' time zones are checked against the tz database.
COPY --from=build /usr/local/go/lib/time/zoneinfo.zip /usr/share/zoneinfo.zip
ENV ZONEINFO=/usr/share/zoneinfo.zip
COPY --from=build /out/bin/ /bin/
# Where the all-in-one keeps its data, and the collector its secret; the other services keep nothing.
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
EXPOSE 8080 9090
CMD ["/bin/rappel", "run", "--data-dir", "/data"]
