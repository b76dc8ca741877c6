# The image of the operator, and of the verify and merge Jobs: `renderjob` and nothing to build with.
# No BuildKit needed. BASE may be any image with Python 3.11 or newer.
ARG BASE=python:3.11-slim
FROM ${BASE} AS build
WORKDIR /src
COPY requirements.lock pyproject.toml README.md LICENSE ./
COPY operator operator
RUN python3 -m venv /opt/renderjob \
 && /opt/renderjob/bin/pip install --no-cache-dir --require-hashes -r requirements.lock \
 && /opt/renderjob/bin/pip install --no-cache-dir "hatchling>=1.27,<2" \
 && /opt/renderjob/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
 && /opt/renderjob/bin/pip uninstall --yes hatchling pathspec pluggy trove-classifiers packaging \
 && /opt/renderjob/bin/python -m compileall -q /opt/renderjob/lib

FROM ${BASE}
COPY --from=build /opt/renderjob /opt/renderjob
ENV PATH=/opt/renderjob/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
ENTRYPOINT ["renderjob"]
