#!/bin/sh
# Builds the deb and the rpm into dist/, for the Python and the machine that it runs on. `make packages` calls it.
#
#   deploy/packages/build.sh PIP-PYTHON PYTHON NFPM
#
# PIP-PYTHON has pip; PYTHON is the distribution's own, which the packages need; NFPM is the program.
set -eu
umask 022
pip_python=$1 python=$2 nfpm=$3
cd "$(dirname "$0")/../.."

ask() { "$python" -c "$1"; }
version=$(ask 'exec(open("src/logsluice/_version.py").read()); print(__version__)')
PYTHON=$(ask 'import sys; print("python%d.%d" % sys.version_info[:2])')
wheel=dist/logsluice-$version-py3-none-any.whl
lib=build/package/lib
site=$lib/lib/$PYTHON/site-packages

pip() { "$pip_python" -m pip --python "$python" --quiet --disable-pip-version-check "$@" --only-binary :all:; }

# What the program needs of the lock, and then exactly that: pip refuses whatever has another hash.
rm -rf build/package
mkdir -p "$lib/bin" "$site"
sed -n 's/^\([^ ]*==[^ ]*\).*/\1/p' requirements.lock >build/package/versions.txt
pip install --dry-run --ignore-installed --report build/package/report.json \
    --constraint build/package/versions.txt "logsluice[geo,ua,xml] @ file://$PWD/$wheel"
"$python" deploy/packages/pinned.py build/package/report.json requirements.lock >build/package/requirements.txt
printf 'logsluice @ file://%s --hash=sha256:%s\n' "$PWD/$wheel" "$(sha256sum "$wheel" | cut -d' ' -f1)" \
    >>build/package/requirements.txt
pip install --root-user-action ignore --no-compile --no-deps --require-hashes --target "$site" \
    --requirement build/package/requirements.txt
rm -rf "$site/bin" "$site/logsluice-$version.dist-info/direct_url.json"

# A virtual environment, as `python -m venv` would lay it out where the package goes.
printf 'home = /usr/bin\ninclude-system-site-packages = false\n' >"$lib/pyvenv.cfg"
ln -s "/usr/bin/$PYTHON" "$lib/bin/python3"
printf '#!/usr/lib/logsluice/bin/python3 -P\nfrom logsluice.cli.main import main\n\nmain()\n' >"$lib/bin/logsluice"
chmod 755 "$lib/bin/logsluice"
# Nobody who runs it may write there. The hash instead of a time: packages keep times in their own ways.
"$python" -m compileall -q -j 0 --invalidation-mode unchecked-hash -s "$lib" -p /usr/lib/logsluice "$site"
find "$lib" -name '*.so*' -type f -exec chmod 644 {} +

VERSION=$version PYTHON_PACKAGE=$PYTHON ARCH=$("$(command -v go)" env GOARCH)
export VERSION PYTHON PYTHON_PACKAGE ARCH
for packager in deb rpm; do
    "$nfpm" package --config deploy/packages/nfpm.yaml --packager "$packager" --target dist/
done
