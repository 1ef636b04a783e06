#!/bin/sh
# venv.sh NAME: create .venv in the working directory, and install requirements/NAME.txt into it if that file has
# changed. From any directory, .venv/bin/python imports the client, progimage, from the working directory.
# PYTHON=... chooses the interpreter. If something is missing, the script says so in one sentence.
set -eu

requirements=requirements/$1.txt
stamp=.venv/installed-$1
is_new_enough='import sys; sys.exit(sys.version_info < (3, 11))'

refuse() {
    echo "ProgImage: $1" >&2
    exit 1
}

find_python() {
    # Each one is run, because a version manager has commands for versions that are not installed.
    for python in "${PYTHON:-python3.13}" python3.12 python3.11 python3; do
        if "$python" -c "$is_new_enough" 2>/dev/null; then
            return
        fi
        if [ -n "${PYTHON:-}" ]; then
            refuse "PYTHON=$PYTHON is not Python 3.11 or later: name another interpreter, or leave out PYTHON."
        fi
    done
    version=$(python3 -V 2>/dev/null) || version="no Python 3"
    refuse "Python 3.11 or later is needed but $version was found: install one (Debian, Ubuntu: \`apt-get install \
python3 python3-venv\`), or name one with \`make run PYTHON=/path/to/python3.11\`."
}

# This test also fails if the interpreter of .venv was removed, or if .venv is incomplete.
if ! .venv/bin/python -c "import pip; $is_new_enough" 2>/dev/null; then
    find_python
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        refuse "$("$python" -V) has no venv module: install it with \`apt-get install python3-venv\` (Debian, Ubuntu)."
    echo "ProgImage: creating .venv with $("$python" -V)"
    "$python" -m venv --clear .venv
fi

digest=$(.venv/bin/python -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' \
    "$requirements")
if [ "$(cat "$stamp" 2>/dev/null)" != "$digest" ]; then
    echo "ProgImage: installing $requirements (the first time takes a minute or two)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$requirements" ||
        refuse "the requirements could not be installed (see above): try again with \`make run\`."
    echo "$digest" >"$stamp"
fi

# This is how an editable installation of progimage looks, without the build backend that pip would have to download.
# Python adds the line, which is relative to site-packages, to sys.path (https://docs.python.org/3/library/site.html).
for site_packages in .venv/lib/python*/site-packages; do
    echo ../../../.. >"$site_packages/progimage.pth"
done
