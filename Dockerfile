# Two stages: the first builds the wheel with its front-end parts, the second holds only what runs.

FROM python:3.11-slim AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/complaints
COPY requirements.lock requirements-node.lock ./
RUN /opt/complaints/bin/pip install --require-hashes -r requirements.lock \
    && pip install --target /opt/node --require-hashes -r requirements-node.lock
COPY . .
RUN PYTHONPATH=/src:/opt/node /opt/complaints/bin/python -m complaints_service.frontend_parts \
    && /opt/complaints/bin/python -m hatchling build -t wheel -d /tmp/wheel \
    && /opt/complaints/bin/pip install --no-deps /tmp/wheel/*.whl

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /data --no-create-home complaints \
    && install -d -o complaints -g complaints -m 0700 /data
COPY --from=build /opt/complaints /opt/complaints
ENV PATH=/opt/complaints/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    COMPLAINTS_DATA_DIR=/data \
    COMPLAINTS_LISTEN=0.0.0.0:8000
USER complaints
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
ENTRYPOINT ["complaints"]
CMD ["web"]
