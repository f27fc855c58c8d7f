"""What `deploy/` starts, started: the commands, environments and health checks of its roles, without the containers."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from tests.deploy import compose, units
from tests.deploy.programs import ROOT, eventually, free_port, render, running_for
from tests.deploy.redis_server import KINDS, answering, binary, serving

PASSWORD = "a" * 32
SECRETS = {"REDIS_PASSWORD": PASSWORD, "POSTGRES_PASSWORD": "b" * 32, "SLUICE_WEBHOOK_TOKEN": "c" * 32}
"""
