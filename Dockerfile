# Built from the folder that `tools/images.py stage SERVICE DIR` writes, not from this one: see docs/guides/images.md.
# Works with the classic builder as well as with BuildKit: no mounts, no heredocs, one target per kind of image.
FROM python:3.13-slim AS service
ENV PATH=/opt/farthing/bin:$PATH PYTHONSAFEPATH=1 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --uid 10001 --home-dir /data --create-home farthing && python -m venv --without-pip /opt/farthing
# What every image has of others: the same layer in all of them. Then what only this one declares; for most services nothing.
COPY LICENSE NOTICE third-party/shared.txt /opt/farthing/
RUN pip --python /opt/farthing/bin/python install --no-cache-dir --disable-pip-version-check --no-deps --only-binary :all: \
    --require-hashes -r /opt/farthing/shared.txt
COPY third-party/own.txt /opt/farthing/
RUN if [ -s /opt/farthing/own.txt ]; then \
      pip --python /opt/farthing/bin/python install --no-cache-dir --disable-pip-version-check --no-deps --only-binary :all: \
        --require-hashes -r /opt/farthing/own.txt; \
    fi && pip --python /opt/farthing/bin/python --disable-pip-version-check check
# Our code, and a look whether all that it imports is there.
COPY app /opt/farthing/lib/python3.13/site-packages
COPY bin /opt/farthing/bin/
RUN python -m compileall -q -j 0 /opt/farthing/lib/python3.13/site-packages/farthing
USER 10001
RUN smoke
ARG SERVICE
ARG FARTHING_VERSION
ENV SERVICE=$SERVICE FARTHING_VERSION=$FARTHING_VERSION HOST=0.0.0.0
LABEL org.opencontainers.image.title=farthing/$SERVICE org.opencontainers.image.version=$FARTHING_VERSION \
    org.opencontainers.image.licenses=Apache-2.0
EXPOSE 8000 8001
# The shell only puts the name in; `exec` makes python the process that gets the signals.
CMD ["sh", "-c", "exec python -m farthing.$SERVICE"]

# All services and PostgreSQL in one process.
FROM service AS embedded
ENV HOME=/data XDG_CACHE_HOME=/data/cache
WORKDIR /data
VOLUME /data
EXPOSE 8080
CMD ["farthing", "up", "--host", "0.0.0.0", "--data-dir", "/data/farthing"]
