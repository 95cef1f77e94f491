"""Typed client of stata-service.

    from stata_service import Service

    with Service("http://127.0.0.1:8080").redeem(code, "What goes with higher pay?") as job:
        job.upload("pay.csv")
        job.state_draft(template_id="linear.ols_robust", outcome_var="log_pay", roles={"regressors": ["schooling"]})
        plan = job.freeze()
        run = job.run()
        job.download("results")
"""

from ._events import ServerEvent
from .client import Job, Service
from .errors import ProblemError, RunFailed, StataServiceError, TookTooLong, UnexpectedAnswer

__all__ = [
    "Job",
    "ProblemError",
    "RunFailed",
    "ServerEvent",
    "Service",
    "StataServiceError",
    "TookTooLong",
    "UnexpectedAnswer",
]
