"""A deploy: new programs beside the old ones, then SIGTERM for the old ones. The load goes on."""

import signal
import subprocess
import time
from random import Random

from tests.programs.chaos.kept import spawn
from tests.programs.chaos.strikes import Fault
from tests.programs.chaos.world import World
from tests.support.programs import lasting_port, program
from tests.support.waiting import until

_PROCFILE = """web: python -m ingress
worker: celery --quiet -A workers worker --concurrency 2 --loglevel INFO --without-gossip --without-mingle
"""


def deploy(world: World, random: Random) -> None:
    """Everything is replaced."""
    old = [*world.ingresses, *world.workers]
    ingresses = [world.new_ingress() for _ in world.ingresses]
    workers = [world.new_worker() for _ in world.workers]
    world.wait_ready(ingresses)
    world.ingresses, world.workers = ingresses, workers
    world.use_ports()
    if random.random() < 0.5:
        time.sleep(random.uniform(0, 2))
    world.retire(old)


def deploy_at_once(world: World, random: Random) -> None:
    """All is SIGTERMed before anything new is there, as `systemctl restart` does; then started again."""
    old = [*world.ingresses, *world.workers]
    for one in old:
        one.terminate()
    time.sleep(random.uniform(0, 1))
    world.ingresses = [world.new_ingress() for _ in world.ingresses]
    world.workers = [world.new_worker() for _ in world.workers]
    world.use_ports()
    world.wait_ready()
    world.retire(old)


def through_runner(world: World, random: Random) -> None:
    """A `sluice up` comes beside the others, takes its share, and is SIGTERMed."""
    port = lasting_port()
    folder = world.folder / f"up-{port}"
    folder.mkdir()
    (folder / "Procfile").write_text(_PROCFILE)
    # Its data folder is its own, for it is locked; what it spools it must therefore drain itself.
    settings = {"SLUICE_PORT": str(port), "SLUICE_DATA_DIR": str(folder / "var")}
    with (world.folder / f"up-{port}.log").open("wb") as log:
        environment = {**world.environment, **world.added, **settings}
        process = spawn([program("sluice"), "up"], cwd=folder, env=environment, stdout=log, stderr=log)
    until(lambda: world.is_ready(port) or process.poll() is not None, within=90, every=0.05)
    ports = [world.ports[one] for one in world.ingresses]
    world.load.use([*ports, port])
    time.sleep(random.uniform(1, 4))
    process.send_signal(signal.SIGTERM)
    try:
        code = process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    world.load.use(ports)
    if code:
        world.odd.append(f"`sluice up` ended with {code} after SIGTERM")


FAULTS = (
    Fault("deploy", deploy, rounds=3),
    Fault("deploy-at-once", deploy_at_once, rounds=3),
    Fault("deploy-runner", through_runner, rounds=2),
)
