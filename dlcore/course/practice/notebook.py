"""Open an exercise as a notebook that is paired with its file.

Whichever of the two was written last is copied to the other: by Jupyter on every save, where
it knows jupytext, and by this command. The file stays plain Python, without a header.
"""

import contextlib
import io

from dlcore.course.exercises import topics

PAIRED = {
    "formats": "ipynb,py:light",
    "notebook_metadata_filter": "-all",
    "cell_metadata_filter": "-all",
}
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def notebook(topic):
    """Write `exercises/<topic>.ipynb`, or bring it in step with its file; return its path."""
    try:
        import jupytext  # noqa: PLC0415 (only notebooks need it)
        from jupytext.cli import jupytext as command  # noqa: PLC0415
    except ImportError as error:
        raise ValueError("notebook: jupytext is not here, run `make environment`") from error

    source = topics.ROOT / f"exercises/{topics.require(topic, by='notebook')}.py"
    target = source.with_suffix(".ipynb")
    if target.exists():
        with contextlib.redirect_stdout(io.StringIO()):
            command(["--sync", "--quiet", str(target)])
    else:
        pages = jupytext.read(source, fmt="py:light")
        pages.metadata |= {"jupytext": PAIRED, "kernelspec": KERNEL}
        pages.cells.append(check_cell(topic))
        jupytext.write(pages, target)
    return target


def check_cell(topic):
    """Return the last cell: the check of everything above it, once it has been saved."""
    from nbformat.v4 import new_code_cell  # noqa: PLC0415 (only notebooks need it)

    return new_code_cell(f"!dlcore check {topic}")
