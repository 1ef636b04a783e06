#!/bin/sh
# venv.sh NAME: make .venv in the working directory and install requirements/NAME.txt into it when that has changed.
# PYTHON=... chooses the interpreter. Whatever is missing is said in one sentence.
set -eu

requirements=requirements/$1.txt
stamp=.venv/installed-$1
is_new_enough='import sys; sys.exit(sys.version_info < (3, 11))'

refuse() {
    echo "ProgImage: $1" >&2
    exit 1
}

find_python() {
    # Each is tried: a version manager's stand-in may exist for a version that is not there.
    for python in "${PYTHON:-python3.13}" python3.12 python3.11 python3; do
        if "$python" -c "$is_new_enough" 2>/dev/null; then
            return
        fi
        if [ -n "${PYTHON:-}" ]; then
            refuse "PYTHON=$PYTHON is not a Python 3.11 or later: name another one, or none."
        fi
    done
    found=$(python3 -V 2>/dev/null) || found="no Python 3"
    refuse "Python 3.11 or later is needed but $found was found: install one (Debian, Ubuntu: \`apt-get install \
python3 python3-venv\`), or name one with \`make run PYTHON=/path/to/python3.11\`."
}

# Also when the interpreter that it was made with has gone or the folder is half made.
if ! .venv/bin/python -c "import pip; $is_new_enough" 2>/dev/null; then
    find_python
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        refuse "$("$python" -V) has no venv module: install it with \`apt-get install python3-venv\` (Debian, Ubuntu)."
    echo "ProgImage: making .venv with $("$python" -V)"
    "$python" -m venv --clear .venv
fi

wanted=$(.venv/bin/python -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' \
    "$requirements")
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    echo "ProgImage: installing $requirements (a minute or two at the first time)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$requirements" ||
        refuse "the requirements could not be installed (see above): try again with \`make run\`."
    echo "$wanted" >"$stamp"
fi
