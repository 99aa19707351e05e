"""The Celery application: it carries wake-ups, the database holds the truth."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("towpath")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
