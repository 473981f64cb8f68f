# Everything that compiles or downloads happens here, and none of it is in the image.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY fixtures fixtures
COPY openapi openapi
COPY emulator emulator
# Which commit this is, for --version: docker build --build-arg REVISION=$(git describe --tags --always)
ARG REVISION=""
ARG EXTRAS="postgresql,tls"
# What is installed is this folder; pyproject.toml says of what releases the rest may be.
# hadolint ignore=DL3013
RUN printf '%s' "$REVISION" >REVISION \
 && pip install --no-cache-dir --prefix=/install ".[$EXTRAS]"

FROM python:3.13-slim
COPY --from=build /install /usr/local
RUN useradd --uid 10001 --home-dir /data --create-home emulator
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8237
HEALTHCHECK --interval=5s --timeout=5s --start-period=10s --retries=6 CMD ["flow-emulator", "ready"]
ENTRYPOINT ["flow-emulator"]
CMD ["serve", "--host", "0.0.0.0"]
