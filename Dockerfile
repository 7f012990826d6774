# One image per service (--build-arg SERVICE=ledger), or everything in one process (SERVICE=embedded, the default).
# Works with the classic builder as well as with BuildKit.
FROM python:3.13-slim AS build
ARG SERVICE=embedded
WORKDIR /src
RUN python -m venv /opt/farthing
# Third-party packages first: this layer changes only with the lock.
COPY requirements.txt ./
RUN /opt/farthing/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt
COPY libs libs
COPY services services
COPY embedded embedded
COPY tools/image_members.py tools/image_members.py
RUN /opt/farthing/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation \
    $(python tools/image_members.py "$SERVICE")

FROM python:3.13-slim
ARG SERVICE=embedded
ENV SERVICE=$SERVICE PATH=/opt/farthing/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 HOME=/data XDG_CACHE_HOME=/data/cache
RUN useradd --uid 10001 --home-dir /data --create-home farthing
COPY --from=build /opt/farthing /opt/farthing
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8080 8000 8001
CMD ["sh", "-c", "if [ \"$SERVICE\" = embedded ]; then exec farthing up --host 0.0.0.0 --data-dir /data/farthing; else exec python -m farthing.$SERVICE; fi"]
