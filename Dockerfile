# hadolint global ignore=DL3008
# One image a service, compiled once: docker build --target broker|archive|camera|worker .
# The Swift runtime is linked in, so that the images are Debian and the C libraries that each service calls.
# Package versions are those of the Debian release in RUNTIME_IMAGE.
ARG SWIFT_IMAGE=swift:6.3-bookworm
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${SWIFT_IMAGE} AS build
WORKDIR /src
COPY deploy/install-packages.sh deploy/
RUN deploy/install-packages.sh build && rm -rf /var/lib/apt/lists/*
COPY Package.swift ./
RUN --mount=type=cache,id=zoetrope-build,target=/src/.build,sharing=locked swift package resolve
COPY Tests Tests
COPY Sources Sources
RUN --mount=type=cache,id=zoetrope-build,target=/src/.build,sharing=locked \
    mkdir /out \
    && for program in broker archive camera worker; do \
        swift build -c release --static-swift-stdlib --product "$program" || exit 1; \
        strip -o "/out/$program" ".build/release/$program" || exit 1; \
    done

# The two demo videos, from Debian's package opencv-doc.
FROM ${RUNTIME_IMAGE} AS videos
COPY deploy/demo-videos.sh /deploy/
RUN apt-get update && /deploy/demo-videos.sh /videos && rm -rf /var/lib/apt/lists/*

# What all services have: libzmq, xxHash, and a user of their own.
FROM ${RUNTIME_IMAGE} AS base
RUN apt-get update \
    && apt-get install -y --no-install-recommends libxxhash0 libzmq5 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home zoetrope \
    && install -d -o zoetrope /data

FROM base AS broker
COPY --from=build /out/broker /usr/local/bin/
USER 10001
EXPOSE 5550 5551 5552
HEALTHCHECK --interval=5s --timeout=5s --retries=6 \
    CMD ["broker", "status", "--json", "--connect-timeout", "3"]
ENTRYPOINT ["broker"]
CMD ["serve"]

FROM base AS archive
RUN apt-get update \
    && apt-get install -y --no-install-recommends liblmdb0 libsqlite3-0 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/archive /usr/local/bin/
USER 10001
ENV ZOETROPE_DATA=/data
VOLUME /data
HEALTHCHECK --interval=5s --timeout=5s --retries=6 \
    CMD ["archive", "info", "--json", "--connect-timeout", "3"]
ENTRYPOINT ["archive"]
CMD ["serve"]

# OpenCV, one layer for the camera and the worker. The cascades are what `faces` uses without --model.
FROM base AS imaging
RUN apt-get update \
    && apt-get install -y --no-install-recommends libopencv-objdetect406 libopencv-videoio406 \
    && rm -rf /var/lib/apt/lists/*

FROM imaging AS camera
COPY --from=videos /videos /videos
COPY --from=build /out/camera /usr/local/bin/
USER 10001
ENTRYPOINT ["camera"]

FROM imaging AS worker
RUN apt-get update \
    && apt-get install -y --no-install-recommends opencv-data \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/worker /usr/local/bin/
USER 10001
ENTRYPOINT ["worker"]
