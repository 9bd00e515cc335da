FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 \
    PATH=/opt/venv/bin:$PATH VAR_DIR=/var/lib/kpi_tracker

RUN useradd --system --uid 10001 --home-dir /var/lib/kpi_tracker --create-home kpi && python -m venv /opt/venv
WORKDIR /app
COPY requirements/runtime.txt requirements/runtime.txt
RUN pip install --require-hashes -r requirements/runtime.txt
COPY . .
# The key is for this one command; it is in no layer.
RUN mkdir -p "$VAR_DIR/beat" && SECRET_KEY=only-to-collect-files python manage.py collectstatic --noinput --verbosity 0 \
    && chown -R kpi "$VAR_DIR"

USER kpi
EXPOSE 8000
CMD ["gunicorn", "kpi_tracker.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "4", \
     "--preload", "--no-control-socket", "--access-logfile", "-"]
