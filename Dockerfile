# One file for all images: `docker build --build-arg SERVICE=brain .`; a service is the folder of that name in services/.
# `--target tools` gives the command line and the simulator instead.
ARG PYTHON=python:3.13-slim

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore PIP_NO_COMPILE=1 PIP_TARGET=/packages \
    PYTHONPATH=/packages PYTHONDONTWRITEBYTECODE=1
RUN mkdir -p /data/xiaomi /packages
WORKDIR /src


FROM build AS service-build
ARG SERVICE
# What comes from the package index is a layer of its own, which changes with the lock only.
COPY services/${SERVICE}/requirements.lock requirements.lock
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --require-hashes -r requirements.lock
COPY shared shared
COPY services/${SERVICE} services/${SERVICE}
RUN pip install --no-index --no-deps --no-build-isolation ./shared ./services/${SERVICE}
# The brain gets its intent model here, so that its first start does not have to train one.
RUN if [ "${SERVICE}" = brain ]; then \
      python -m migpt_brain.intent.train --out /image/intent/model.json && chmod 644 /image/intent/model.json; \
    fi
COPY deploy/image deploy/image
RUN python deploy/image/finish.py /packages /image


FROM ${PYTHON} AS service
ARG SERVICE
COPY --from=service-build /image /
# A volume that is mounted here for the first time takes over contents and owner.
COPY --from=service-build --chown=10001:10001 /data /data
ENV MIGPT_SERVICE=${SERVICE} \
    MIGPT_CONFIG=/config/config.toml \
    MIGPT_DATA_DIR=/data \
    MIGPT_LOG_FORMAT=json \
    MIGPT_HEALTH_FILE=/tmp/health \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
COPY deploy/image/start /start
USER 10001:10001
WORKDIR /data
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --start-interval=500ms --retries=2 \
    CMD ["python", "-m", "migpt_shared.health_file"]
ENTRYPOINT ["/start"]


FROM build AS tools-build
COPY requirements.lock requirements.lock
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install --require-hashes -r requirements.lock
COPY shared shared
COPY services services
COPY simulator simulator
COPY cli cli
RUN pip install --no-index --no-deps --no-build-isolation ./shared ./services/* ./simulator ./cli
COPY deploy/image deploy/image
RUN python deploy/image/finish.py /packages /image


FROM ${PYTHON} AS tools
COPY --from=tools-build /image /
COPY --from=tools-build --chown=10001:10001 /data /data
ENV MIGPT_SERVICE=cli MIGPT_CONFIG=/config/config.toml MIGPT_DATA_DIR=/data \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
COPY deploy/image/start /start
USER 10001:10001
WORKDIR /data
ENTRYPOINT ["/start"]


# Without --target the image of a service is built.
FROM service
