# The task satisfier function as a process that polls its queue, with Terraform.
# Build from the project's folder: docker build -f docker/task_satisfier.Dockerfile .
FROM hashicorp/terraform:1.13 AS terraform

FROM python:3.13-slim
WORKDIR /app
ENV PYTHONUNBUFFERED=1 PYTHONPATH=/app
COPY layers/cloudseam/requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY --from=terraform /bin/terraform /usr/local/bin/terraform
COPY layers/cloudseam/cloudseam cloudseam
COPY task_satisfier task_satisfier
# A named volume mounted here takes over its owner, so that states can be written.
RUN install -d -o nobody /var/lib/cloudseam
USER nobody
# It serves nobody who could ask how it is, and a process that cannot go on ends.
HEALTHCHECK NONE
ENTRYPOINT ["python", "-m", "task_satisfier"]
