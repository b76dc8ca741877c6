# The image of the operator, and of the verify and merge Jobs: renderjob, an ffmpeg, and nothing to build with.
#
#   docker build -t renderjob:0.1.0 .
#   docker build -t renderjob:0.1.0 --build-arg BASE=REGISTRY/python:3.13-slim .
#
# No BuildKit needed. BASE is any image with Python 3.11 or newer and its venv module; glibc, not musl.
ARG BASE=python:3.11-slim
FROM ${BASE} AS build
WORKDIR /src
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# Two environments: one to build with, and one that holds what runs, without pip.
RUN python3 -m venv /opt/build && python3 -m venv --without-pip /opt/renderjob
COPY requirements.lock requirements-build.lock ./
RUN /opt/build/bin/pip install --require-hashes --requirement requirements-build.lock \
 && /opt/build/bin/pip --python /opt/renderjob/bin/python \
        install --no-compile --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/wheel . \
 && /opt/build/bin/pip --python /opt/renderjob/bin/python \
        install --no-compile --no-deps --no-index /tmp/wheel/*.whl
# The Kubernetes client is used for its configuration and its HTTP layer: its typed objects are 70 MB that
# nothing loads. The ffmpeg that merges is there for templates, too. What runs is compiled here, since a
# container's root is read-only, and loaded once, to see that nothing is missing.
RUN cd "$(/opt/renderjob/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" \
 && find kubernetes/client kubernetes/aio/client \( -path '*/models/*' -o -path '*/api/*' \) -name '*.py' ! -name __init__.py -delete \
 && rm -rf websocket/tests certifi/tests \
 && ln -s "$PWD"/imageio_ffmpeg/binaries/ffmpeg-* /opt/renderjob/bin/ffmpeg \
 && /opt/renderjob/bin/python -m compileall -q -j 0 . \
 && /opt/renderjob/bin/python -B -c 'import importlib, pkgutil, renderjob; \
        [importlib.import_module(m.name) for m in pkgutil.walk_packages(renderjob.__path__, "renderjob.") \
         if not m.name.endswith("__main__")]'

# What the image holds, for whoever asks: a bill of materials in CycloneDX's form.
RUN mkdir -p /opt/renderjob/share \
 && /opt/build/bin/cyclonedx-py environment --output-format JSON --output-reproducible \
        --output-file /opt/renderjob/share/renderjob.cdx.json /opt/renderjob/bin/python

FROM ${BASE}
LABEL org.opencontainers.image.title="renderjob" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/renderjob /opt/renderjob
ENV PATH=/opt/renderjob/bin:/usr/local/bin:/usr/bin:/bin HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
WORKDIR /tmp
ENTRYPOINT ["renderjob"]
