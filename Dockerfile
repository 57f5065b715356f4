# The image of compose.yaml: Tollwatch and what it runs on.
FROM python:3.12-slim
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY tollwatch tollwatch
COPY streams streams
COPY detectors detectors
COPY models models
COPY dashboards dashboards
COPY replay replay
COPY bss bss
COPY bss_kit bss_kit
COPY store store
COPY services services
COPY cli cli
RUN pip install --no-cache-dir -c constraints.txt ".[postgres]" && useradd --create-home tollwatch && mkdir /state && chown tollwatch /state
USER tollwatch
WORKDIR /home/tollwatch
CMD ["tollwatch", "--help"]
