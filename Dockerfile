# billsync and its CI kit, for a user without rights. Build: docker build -t billsync .
# Run: docker run --rm -v "$PWD:/work" -e BILLSYNC_SERVER -e KONNECT_TOKEN billsync diff billing
#
# The tag is exact, not a digest: none was at hand when this was written. Pin it where you build:
#   docker buildx imagetools inspect python:3.13.9-slim-bookworm --format '{{.Manifest.Digest}}'
ARG PYTHON=python:3.13.9-slim-bookworm

FROM ${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/billsync/venv
COPY locks/running.txt /src/locks/running.txt
RUN /opt/billsync/venv/bin/pip install --require-hashes --only-binary :all: -r /src/locks/running.txt
COPY pyproject.toml README.md LICENSE /src/
COPY billsync /src/billsync
RUN /opt/billsync/venv/bin/pip install --no-deps --no-build-isolation /src
COPY ci/billing.sh ci/forge.py /opt/billsync/ci/

FROM ${PYTHON}
# For `diff --since`. A job is often given a clone that another user made, which git refuses by itself; what billsync asks
# git for runs nothing that a repository brings.
RUN apt-get update && apt-get install --yes --no-install-recommends git && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory '*'
COPY --from=build /opt/billsync /opt/billsync
ENV PATH=/opt/billsync/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 BILLSYNC_STATE_DIR=/tmp/billsync
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin billsync && mkdir /work && chown billsync /work
USER 10001
WORKDIR /work
ENTRYPOINT ["billsync"]
CMD ["--help"]
