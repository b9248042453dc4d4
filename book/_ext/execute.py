"""Execute the pages side by side, as many at a time as there are processors.

The pages that Sphinx is about to read are started together, in the order in which they are
read. Reading a page then waits for its own outputs only, which it finds in the cache.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from joblib import cpu_count
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution
from myst_nb.core.read import create_nb_reader
from sphinx.util import logging
from traitlets.config import Config

logger = logging.getLogger(__name__)


def start(app, env, pages):
    """Start every page whose outputs are not in the cache."""
    app.cache = get_cache(app.config.nb_execution_cache_path)
    app.pool = ProcessPoolExecutor(cpu_count(), get_context("spawn"))
    app.sockets = TemporaryDirectory(prefix="kernels-")
    app.running = {}
    for page in pages:
        notebook = read(env, page)
        if notebook and not cached(app.cache, notebook):
            app.running[page] = app.pool.submit(
                single_nb_execution,
                notebook,
                cwd=str(Path(env.doc2path(page)).parent),
                timeout=app.config.nb_execution_timeout,
                allow_errors=app.config.nb_execution_allow_errors,
                config=transport(f"{app.sockets.name}/{len(app.running)}"),
            )


def transport(sockets):
    """Return the settings of a kernel that listens at paths which begin with `sockets`.

    A port is found free before the kernel binds it, and another process may take it meanwhile; a
    path belongs to one kernel. Where there are no sockets in the file system, ports it is.
    """
    if os.name != "posix":
        return Config()
    return Config(KernelManager={"transport": "ipc", "ip": sockets})


def read(env, page):
    """Return a page as a notebook, or None when it has no cells."""
    path = env.doc2path(page)
    text = Path(path).read_text(encoding="utf-8")
    reader = create_nb_reader(path, env.myst_config, env.mystnb_config, text)
    return reader and reader.read(text)


def cached(cache, notebook):
    """Tell whether the outputs of a notebook are known."""
    try:
        cache.match_cache_notebook(notebook)
    except KeyError:
        return False
    return True


def collect(app, page, source):
    """Keep the outputs of a page in the cache before it is read.

    A page that fails is not kept, and fails the strict build.
    """
    if page not in app.running:
        return
    result = app.running.pop(page).result()
    if result.err:
        logger.warning("%s", result.err, location=page)
        return
    times = {"execution_seconds": result.time}
    bundle = CacheBundleIn(result.nb, app.env.doc2path(page), data=times)
    app.cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)


def finish(app, exception):
    """Start no further page when the build has ended."""
    if hasattr(app, "pool"):
        app.pool.shutdown(wait=False, cancel_futures=True)
        app.sockets.cleanup()


def setup(app):
    """Execute before reading."""
    app.connect("env-before-read-docs", start)
    app.connect("source-read", collect)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
