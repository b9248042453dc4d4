"""Wait with everything imported, and fork a locked worker whenever one is asked for.

Run as a file: ``python -I -S zygote.py CONFIG``, where CONFIG is JSON. The folder of this file
is all that it needs of dlcore; names of dlcore that a submission may import come as sources.
"""

import array
import gc
import importlib
import json
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from types import ModuleType

USUAL = (
    "numpy", "numpy.fft", "numpy.linalg", "numpy.ma", "numpy.polynomial", "numpy.random",
    "abc", "bisect", "cmath", "collections.abc", "contextlib", "copy", "dataclasses", "decimal",
    "enum", "fractions", "functools", "heapq", "inspect", "itertools", "linecache", "math",
    "operator", "queue", "random", "re", "statistics", "string", "textwrap", "time", "traceback",
    "typing", "warnings",
)  # fmt: skip
NUMBA = ("core.dispatcher", "np.ufunc.parallel")


def stub(name, source="", path=()):
    """Make a module that holds what its source says, or a package of these folders."""
    module = sys.modules[name] = ModuleType(name)
    module.__path__ = list(path)
    exec(compile(source, f"<{name}>", "exec"), vars(module))
    parent, _, last = name.rpartition(".")
    if parent:
        setattr(sys.modules.get(parent) or stub(parent), last, module)
    return module


def prepared(config):
    """Import everything; return the worker's part and the lock, which nobody else can import."""
    sys.path[:] = config["path"]
    for name in USUAL:
        importlib.import_module(name)
    if config["numba"]:
        alone()
    stub("dlcore")
    stub("dlcore.course")
    stub("dlcore.course.sandbox", path=[str(Path(__file__).parent)])
    worker = importlib.import_module("dlcore.course.sandbox.worker")
    confine = importlib.import_module("dlcore.course.sandbox.confine")
    for name in [name for name in sys.modules if name.partition(".")[0] == "dlcore"]:
        del sys.modules[name]
    stub("dlcore")
    for name, source in config["modules"]:
        stub(name, source)
    return worker, confine


def alone():
    """Bring Numba, which shares nothing: no cache on a disk, no lock between processes.

    SciPy is not open to answers. Numba asks for it, and goes on without one that is not there.
    """
    sys.modules["scipy"] = None
    numba = {name: importlib.import_module(f"numba.{name}") for name in NUMBA}
    numba["core.dispatcher"].Dispatcher.enable_caching = lambda self: None
    numba["np.ufunc.parallel"]._backend_init_process_lock = threading.RLock()


def received(control):
    """Wait for a command; return it with the descriptors that came along."""
    command, gifts, _, _ = control.recvmsg(1, socket.CMSG_SPACE(8))
    fds = array.array("i")
    for _, _, data in gifts:
        fds.frombytes(data)
    return command, list(fds)


def become_worker(worker, confine, config, fds, parent):
    """Lock this process up and serve; say so, or say why not."""
    channel, output = fds
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    try:
        confine.lock(tier=config["tier"], parent=parent, **config["limits"])
    except Exception as error:
        os.write(channel, b"-" + repr(error).encode()[:1000])
        os._exit(1)
    os.write(channel, b"+")
    worker.serve(channel)


def main(config):
    """Fork for every ``f`` on the control socket, clear away for every ``r``."""
    worker, confine = prepared(config)
    control = socket.socket(fileno=config["control"])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    confine.prepare(config["tier"], tuple(config["limits"]["readable"]))  # for all children
    gc.collect()
    gc.freeze()
    control.send(b"+")
    while True:
        command, fds = received(control)
        if not command:
            os._exit(0)
        if command == b"r":
            control.send(b"%d" % os.waitpid(-1, 0)[1])
            continue
        parent = os.getpid()
        if os.fork() == 0:
            control.close()
            become_worker(worker, confine, config, fds, parent)
        for fd in fds:
            os.close(fd)


if __name__ == "__main__":
    main(json.loads(sys.argv.pop()))
