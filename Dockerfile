# The suite with the versions of the lock, for machines without its own Python: docs/cluster.md
FROM python:3.11-slim-bookworm

# make runs the set-up. Games and simulators are in the lock; libgl1 draws MuJoCo's frames without a display
RUN apt-get update \
    && apt-get install --yes --no-install-recommends make libgl1 libegl1 libosmesa6 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /suite
COPY pyproject.toml requirements.lock Makefile README.md LICENSE ./
COPY tools tools
COPY bench bench
COPY dt dt
COPY baselines baselines
RUN make .venv/.installed && rm -rf /root/.cache

COPY Snakefile environment.yml ./
COPY workflow workflow
COPY config config
COPY profiles profiles
COPY reports/reference reports/reference

ENV PATH=/suite/.venv/bin:$PATH \
    OMP_NUM_THREADS=1
CMD ["snakemake", "--cores", "all", "all_mujoco"]
