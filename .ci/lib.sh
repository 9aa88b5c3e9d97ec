# Shared by run and slow; sourced with the root of the repository as the working directory.

# Say what comes next.
say() { printf '\n=== %s\n' "$*"; }

# Print the path of a Python of this version (3.11, for one) that can make virtual environments.
find_python() {
    local version=$1 candidate pyenv_root
    pyenv_root=$(pyenv root 2>/dev/null || true)
    for candidate in "python$version" python3 "$pyenv_root/versions/$version".*/bin/python \
        "$(uv python find --no-python-downloads "$version" 2>/dev/null || true)"; do
        "$candidate" -c "
import ensurepip, os, sys
assert '%d.%d' % sys.version_info[:2] == '$version'
print(os.path.realpath(sys.executable))" 2>/dev/null && return
    done
    echo "No Python $version with venv was found: put python$version on the PATH." >&2
    return 1
}

# Print README's command that holds these words: a line of a fenced block.
readme_command() {
    awk -v words="$1" '
        /^```/ { fenced = !fenced; next }
        fenced && index($0, words) { print; found = 1; exit }
        END { if (!found) { print "README.md has no command with: " words > "/dev/stderr"; exit 1 } }
    ' README.md
}

# Run a command line in which python3 is the given Python.
run_with() {
    local python=$1 line=$2
    echo "$line"
    (
        python3() { "$python" "$@"; }
        eval "$line"
    )
}

# The summary of a pytest log ("12 passed, 1 skipped in 3.45s"); fails where nothing passed.
summary() { grep -E '[0-9]+ passed' "$1" | tail -n 1 | tr -d '=' | xargs; }

# Public reference data: where VOXMILL_REFERENCE_DATA says, or else beside the repository, where it is.
find_reference_data() {
    if [ -z "${VOXMILL_REFERENCE_DATA:-}" ] && [ -d ../shared ]; then
        VOXMILL_REFERENCE_DATA=$(cd ../shared && pwd)
    fi
    export VOXMILL_REFERENCE_DATA
}
