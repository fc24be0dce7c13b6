# The service in a container, on the CPU:
#
#   docker build --tag foretell .
#   docker run --rm --publish 127.0.0.1:8000:8000 foretell
#
# Any command works too: docker run --rm --volume "$PWD:/data" foretell forecast sales.csv --horizon 14

FROM python:3.12-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/foretell
ENV PATH=/opt/foretell/bin:$PATH
# The CPU build of torch, which is some GB smaller.
RUN pip install --no-cache-dir --index-url https://download.pytorch.org/whl/cpu 'torch>=2.9,<2.14'
COPY . /src
RUN pip install --no-cache-dir '/src[report,serve]'

FROM python:3.12-slim
COPY --from=build /opt/foretell /opt/foretell
ENV PATH=/opt/foretell/bin:$PATH
RUN useradd --create-home --uid 10001 foretell && install --directory --owner foretell /data
USER foretell
WORKDIR /data
EXPOSE 8000
HEALTHCHECK --start-period=30s CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
ENTRYPOINT ["foretell"]
CMD ["serve", "--host", "0.0.0.0"]
