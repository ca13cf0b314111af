"""Measured text in a page: what stands between two comments is replaced."""


def put_into(path, name, text):
    """Replaces what stands between <!-- name: begin --> and <!-- name: end --> in a file."""
    begin, end = ("<!-- %s: %s -->" % (name, where) for where in ("begin", "end"))
    with open(path, encoding="utf-8") as file:
        page = file.read()
    if page.count(begin) != 1 or page.count(end) != 1:
        raise SystemExit("%s has no place for %s (%s, %s)" % (path, name, begin, end))
    before, rest = page.split(begin)
    with open(path, "w", encoding="utf-8") as file:
        file.write(before + begin + "\n" + text.strip("\n") + "\n" + end + rest.split(end)[1])
