"""Keep every request of a reader inside the built book."""

import re

THEBE = re.compile(r"<script[^>]*>[^<]*THEBE_JS_URL[^<]*</script>")


def drop_thebe(app, page, template, context, doctree):
    """Remove the live-code scripts, which Jupyter Book loads from a foreign host."""
    context["body"] = THEBE.sub("", context.get("body", ""))
    context["script_files"] = [
        script
        for script in context.get("script_files", [])
        if "thebe" not in f"{getattr(script, 'filename', '')}{getattr(script, 'attributes', '')}"
        and "THEBE" not in str(getattr(script, "attributes", {}).get("body", ""))
    ]


def setup(app):
    """Run after the extensions that add their scripts."""
    app.connect("html-page-context", drop_thebe, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
