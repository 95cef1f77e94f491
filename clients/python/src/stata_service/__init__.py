"""Typed client of stata-service.

    from stata_service import Service

    with Service("http://127.0.0.1:8080").redeem(code, "What goes with higher pay?") as job:
        job.upload("pay.csv")
        job.state_draft(template_id="linear.ols_robust", outcome_var="log_pay", roles={"regressors": ["schooling"]})
        plan = job.freeze()
        run = job.run()
        print(job.outcome().coefficients)

`AsyncService` and `AsyncJob` have the same methods, to be awaited.
"""

import warnings

from ._async.job import AsyncJob
from ._async.service import AsyncService
from ._codes import ErrorCode
from ._events import ServerEvent
from ._sync.job import Job
from ._sync.service import Service
from .errors import (
    Conflict,
    Gone,
    InvalidRequest,
    MissingPackage,
    NoResults,
    NotAuthorized,
    NotFound,
    NotRunYet,
    PlanWarning,
    ProblemError,
    RateLimited,
    RunCancelled,
    RunFailed,
    RunUnderWay,
    ServiceFailed,
    StataServiceError,
    TookTooLong,
    UnexpectedAnswer,
    Unreachable,
    UploadRefused,
)
from .outcome import Comparison, Figure, Outcome, Table
from .progress import Progress

# each plan's warnings are shown, also where one line freezes several plans; the caller's own filters come first
warnings.simplefilter("always", PlanWarning, append=True)

__all__ = [
    "AsyncJob",
    "AsyncService",
    "Comparison",
    "Conflict",
    "ErrorCode",
    "Figure",
    "Gone",
    "InvalidRequest",
    "Job",
    "MissingPackage",
    "NoResults",
    "NotAuthorized",
    "NotFound",
    "NotRunYet",
    "Outcome",
    "PlanWarning",
    "ProblemError",
    "Progress",
    "RateLimited",
    "RunCancelled",
    "RunFailed",
    "RunUnderWay",
    "ServerEvent",
    "Service",
    "ServiceFailed",
    "StataServiceError",
    "Table",
    "TookTooLong",
    "UnexpectedAnswer",
    "Unreachable",
    "UploadRefused",
]
