# The state machine function as a process that polls its queue.
# Build from the project's folder: docker build -f docker/state_machine.Dockerfile .
FROM python:3.13-slim
WORKDIR /app
ENV PYTHONUNBUFFERED=1 PYTHONPATH=/app
COPY layers/cloudseam/requirements.txt .
RUN pip install --no-cache-dir --require-hashes -r requirements.txt
COPY layers/cloudseam/cloudseam cloudseam
COPY state_machine state_machine
USER nobody
# It serves nobody who could ask how it is, and a process that cannot go on ends.
HEALTHCHECK NONE
ENTRYPOINT ["python", "-m", "state_machine"]
