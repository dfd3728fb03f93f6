"""Owed jobs over the API."""

from flask import Blueprint

from falconbus.performance.owed_jobs import service
from falconbus.performance.owed_jobs.errors import JobNotFound, JobRunning
from falconbus.performance.owed_jobs.schemas import JobOut, JobQuery
from falconbus.platform.database.pagination import Page, keyset_page
from falconbus.platform.jobs import OutboxRow
from falconbus.platform.web.operations import operation
from falconbus.platform.web.permissions import SEE_PERFORMANCE, TEND_PERFORMANCE

bp = Blueprint("owed_jobs", __name__, url_prefix="/api/v1/jobs")


@operation(bp.get(""), who=SEE_PERFORMANCE, asks=JobQuery, gives={200: Page[JobOut]}, budget=1)
def list_jobs(query: JobQuery) -> Page[JobOut]:
    """Jobs that are not done, newest first: mails to send, refunds to pay ..."""
    return keyset_page(service.owed(query.state), OutboxRow.id, query, JobOut, JobOut.of)


@operation(
    bp.post("/<id:job_id>/retry"),
    who=TEND_PERFORMANCE,
    gives={204: None},
    refuses=(JobNotFound, JobRunning),
    budget=2,
)
def retry_job(job_id: int) -> None:
    """Have a job that failed, or waits for its next try, run now."""
    service.retry(job_id)
