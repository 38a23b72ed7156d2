# One image. Web, worker and beat differ only by command:
#   docker run --env-file .env -p 8000:8000 fairline
#   docker run --env-file .env fairline celery --app config worker --queues money,feeds --without-gossip --without-mingle
#   docker run --env-file .env fairline celery --app config worker --without-gossip --without-mingle --queues models
#   docker run --env-file .env fairline celery --app config beat --schedule /tmp/beat --pidfile=
# Migrate once for each release, before the web server starts:
#   docker run --env-file .env fairline python manage.py migrate
# It writes to /tmp and /var/lib/fairline alone: --read-only --tmpfs /tmp and a volume there do.
# Postgres' own tools, which backups need, come with LOCK=local; --build-arg LOCK=base leaves them out.

# A release is built with this by its digest (.github/workflows/release.yml).
ARG PYTHON=python:3.12.12-slim-bookworm

# checkov:skip=CKV_DOCKER_7: PYTHON above names a version, and a release its digest besides
# hadolint ignore=DL3006
FROM ${PYTHON} AS packages
ARG LOCK=local
WORKDIR /build
COPY requirements/uv.txt requirements/${LOCK}.txt ./
RUN python -m venv /venv \
    && pip install --no-cache-dir --require-hashes --requirement uv.txt \
    && uv pip install --no-cache --python /venv --require-hashes --requirement "${LOCK}.txt"

# hadolint ignore=DL3006
FROM ${PYTHON}
ARG REVISION=unknown
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    FAIRLINE_ENV=production \
    FAIRLINE_REVISION=$REVISION \
    FAIRLINE_VAR=/var/lib/fairline \
    FAIRLINE_STATIC=/srv/static \
    FAIRLINE_BIND=0.0.0.0:8000 \
    PROMETHEUS_MULTIPROC_DIR=/tmp/metrics
# LightGBM's wheel leaves its OpenMP to the system; the base image's release says which version.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/*
RUN groupadd --system --gid 10001 fairline \
    && useradd --system --uid 10001 --gid 10001 --create-home --home-dir /var/lib/fairline fairline
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
# Compressed and named by content here, so that a start does not have to.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
    FAIRLINE_SECRETS_KEYS="$(python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())')" \
    ALLOWED_HOSTS=build DATABASE_URL=postgres://build:build@build/build \
    PROMETHEUS_MULTIPROC_DIR='' FAIRLINE_DOTENV=/dev/null \
    python manage.py collectstatic --no-input --verbosity 0 \
    && chown -R 10001:10001 /var/lib/fairline
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD \
    ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
CMD ["sh", "-c", "mkdir -p $PROMETHEUS_MULTIPROC_DIR && exec gunicorn -c python:config.gunicorn --no-control-socket config.asgi:application"]
