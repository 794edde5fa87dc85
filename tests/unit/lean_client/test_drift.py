"""What the lean client took over from botocore is still what botocore has."""

from functools import cache
from typing import Any

import pytest
from botocore import xform_name
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.retries.quota import RetryQuota
from botocore.retries.standard import (
    ExponentialBackoff,
    RetryQuotaChecker,
    ThrottledRetryableChecker,
    TransientRetryableChecker,
)

from cloudseam.lean_client import SERVICE_IDS, retry
from cloudseam.lean_client.json_client import APIS

# The rules are private to botocore, which pins them in no other way.
BACKOFF: Any = ExponentialBackoff
QUOTA: Any = RetryQuotaChecker
THROTTLED: Any = ThrottledRetryableChecker
TRANSIENT: Any = TransientRetryableChecker


@cache
def model(service: str) -> ServiceModel:
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def test_what_is_tried_again_is_what_the_standard_mode_tries_again() -> None:
    modelled = {
        shape.name
        for service in SERVICE_IDS
        for shape in model(service).error_shapes
        if shape.metadata.get("retryable")
    }

    assert set(THROTTLED._THROTTLED_ERROR_CODES) == retry.THROTTLING_CODES
    assert set(TRANSIENT._TRANSIENT_STATUS_CODES) == retry.TRANSIENT_STATUSES
    assert modelled.union(TRANSIENT._TRANSIENT_ERROR_CODES) == retry.TRANSIENT_CODES


def test_the_quota_and_the_longest_pause_are_those_of_the_standard_mode() -> None:
    assert (RetryQuota.INITIAL_CAPACITY, BACKOFF._MAX_BACKOFF) == (
        retry.CAPACITY,
        retry.LONGEST_PAUSE,
    )
    assert (QUOTA._RETRY_COST, QUOTA._TIMEOUT_RETRY_REQUEST, QUOTA._NO_RETRY_INCREMENT) == (
        retry.RETRY_COST,
        retry.TIMEOUT_COST,
        retry.SUCCESS_GAIN,
    )


@pytest.mark.parametrize("service", SERVICE_IDS)
def test_a_service_is_called_in_variables_what_its_model_says(service: str) -> None:
    service_id = str(model(service).service_id)

    assert SERVICE_IDS[service] == service_id.upper().replace(" ", "_")


@pytest.mark.parametrize("service", APIS)
def test_an_api_of_json_is_what_its_model_says(service: str) -> None:
    api, metadata = APIS[service], model(service).metadata
    operations = {xform_name(name): name for name in model(service).operation_names}

    assert api.calls <= operations.keys()
    assert {name.title().replace("_", "") for name in api.calls} <= set(operations.values())
    assert (api.target, api.version) == (metadata["targetPrefix"], metadata["jsonVersion"])
    assert api.has_tokens == {
        operations[name]
        for name in api.calls
        if model(service).operation_model(operations[name]).idempotent_members
    }
