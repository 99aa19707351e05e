# Dependencies are installed in one stage and copied: neither pip's cache nor a compiler is in the image.
FROM python:3.13-slim AS dependencies
COPY requirements.txt /
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r /requirements.txt

FROM python:3.13-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    TOWPATH_MODE=production DATA_DIR=/data STATIC_ROOT=/towpath/staticfiles
# pg_dump and psql, for backup, restore and the backup before an upgrade.
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --create-home towpath && install -d -o towpath -g towpath -m 0700 /data
COPY --from=dependencies /venv /venv
WORKDIR /towpath
COPY . .
# Collecting needs settings but no secret: development mode makes throw-away keys.
RUN TOWPATH_MODE=development python manage.py collectstatic --noinput && python -m compileall -q .
USER towpath
VOLUME /data
EXPOSE 8000
# Django answers only to hosts it knows, so the probe asks as the first of them.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "-S", "config/probe.py"]
CMD ["granian", "config.wsgi:application", "--interface", "wsgi", "--http", "1", "--no-ws", \
     "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "2", \
     "--respawn-failed-workers", "--workers-kill-timeout", "10", "--log-level", "warning"]
