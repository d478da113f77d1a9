# The dashboard and the service in one image. CPU by default; for a GPU build with the base image of your driver:
#   docker build --build-arg BASE=nvidia/cuda:13.0.1-runtime-ubuntu24.04 .
# A smaller image for machines without a GPU: give the index of PyTorch's CPU builds (see pytorch.org, "Get started"):
#   docker build --build-arg TORCH_INDEX=ADDRESS .
ARG BASE=python:3.12-slim-bookworm
FROM ${BASE}

SHELL ["/bin/bash", "-o", "pipefail", "-c"]

# The versions of these come with the base image; pinning them would pin its security updates too.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 python3-venv libgomp1 libgl1 curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 workbench

WORKDIR /app
COPY requirements.txt ./
ARG TORCH_INDEX=""
RUN python3 -m venv /opt/venv \
    && if [ -n "$TORCH_INDEX" ]; then \
         grep -E '^torch(vision|audio)?==' requirements.txt > /tmp/torch.txt \
         && /opt/venv/bin/pip install --no-cache-dir --index-url "$TORCH_INDEX" -r /tmp/torch.txt; \
       fi \
    && /opt/venv/bin/pip install --no-cache-dir -r requirements.txt

COPY --chown=root:root . .
# Compiled here: at run time nothing is written beside the code.
RUN /opt/venv/bin/python -m compileall -q core dashboard models

# Everything that is written lies in the workspace or in /tmp: the root file system can be read-only.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    DEEPFAKE_WORKSPACE=/workspace \
    HF_HOME=/workspace/weights/hub \
    TORCH_HOME=/workspace/weights/torch \
    MPLCONFIGDIR=/tmp/matplotlib \
    NUMBA_CACHE_DIR=/tmp/numba \
    HOME=/tmp
RUN mkdir /workspace && chown workbench /workspace
VOLUME /workspace
# By number: clusters that refuse root look at it without knowing names.
USER 10001
EXPOSE 8501 8600
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["/bin/sh", "-c", "curl -fsS http://127.0.0.1:8501/_stcore/health || curl -fsS http://127.0.0.1:8600/healthz"]
CMD ["python", "-m", "dashboard", "--address", "0.0.0.0"]
