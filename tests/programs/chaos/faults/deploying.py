"""A deploy: new programs beside the old ones, then SIGTERM for the old ones. The load goes on."""

import signal
import subprocess
import time
from random import Random

from tests.programs.chaos.environment import Environment
from tests.programs.chaos.strikes import Fault
from tests.programs.chaos.supervised import spawn
from tests.support.programs import lasting_port, program
from tests.support.waiting import until

_PROCFILE = """web: python -m ingress
worker: celery --quiet -A workers worker --concurrency 2 --loglevel INFO --without-gossip --without-mingle
"""


def deploy(environment: Environment, random: Random) -> None:
    """Everything is replaced."""
    old = [*environment.ingresses, *environment.workers]
    ingresses = [environment.new_ingress() for _ in environment.ingresses]
    workers = [environment.new_worker() for _ in environment.workers]
    environment.wait_ready(ingresses)
    environment.ingresses, environment.workers = ingresses, workers
    environment.use_ports()
    if random.random() < 0.5:
        time.sleep(random.uniform(0, 2))
    environment.retire(old)


def deploy_at_once(environment: Environment, random: Random) -> None:
    """All is SIGTERMed before anything new is there, as `systemctl restart` does; then started again."""
    old = [*environment.ingresses, *environment.workers]
    for one in old:
        one.terminate()
    time.sleep(random.uniform(0, 1))
    environment.ingresses = [environment.new_ingress() for _ in environment.ingresses]
    environment.workers = [environment.new_worker() for _ in environment.workers]
    environment.use_ports()
    environment.wait_ready()
    environment.retire(old)


def through_runner(environment: Environment, random: Random) -> None:
    """A `sluice up` comes beside the others, takes its share, and is SIGTERMed."""
    port = lasting_port()
    folder = environment.folder / f"up-{port}"
    folder.mkdir()
    (folder / "Procfile").write_text(_PROCFILE)
    # Its data folder is its own, for it is locked; what it spools it must therefore drain itself.
    settings = {"SLUICE_PORT": str(port), "SLUICE_DATA_DIR": str(folder / "var")}
    with (environment.folder / f"up-{port}.log").open("wb") as log:
        variables = {**environment.variables, **environment.added, **settings}
        process = spawn([program("sluice"), "up"], cwd=folder, env=variables, stdout=log, stderr=log)
    until(lambda: environment.is_ready(port) or process.poll() is not None, within=90, every=0.05)
    ports = [environment.ports[one] for one in environment.ingresses]
    environment.load.use([*ports, port])
    time.sleep(random.uniform(1, 4))
    process.send_signal(signal.SIGTERM)
    try:
        code = process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    environment.load.use(ports)
    if code:
        environment.odd.append(f"`sluice up` ended with {code} after SIGTERM")


FAULTS = (
    Fault("deploy", deploy, rounds=3),
    Fault("deploy-at-once", deploy_at_once, rounds=3),
    Fault("deploy-runner", through_runner, rounds=2),
)
