#!/bin/sh
# install-agent WHEELS_KEY MARKER: makes /opt/modemfarm/venv and /usr/share/modemfarm from
# /opt/modemfarm/{wheels,project}.tar, without any network, then makes MARKER. A virtual
# environment is made anew when the wheels have changed; the project goes into the one there is.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
key=$1 marker=$2
base=/opt/modemfarm
venv=$base/venv-$key
work=$(mktemp -d "$base/install.XXXXXX")
trap 'rm -rf "$work"' EXIT
umask 022

set -- /usr/share/python-wheels/pip-*.whl
pip=$1/pip # as Debian's python3-venv brings it; the environment itself gets no pip
install() {
    "$venv/bin/python" "$pip" --quiet --no-cache-dir --disable-pip-version-check \
        install --no-index --no-compile --root-user-action=ignore "$@"
}

tar --extract --no-same-owner --directory="$work" --file="$base/project.tar"
if [ ! -e "$venv/complete" ]; then
    rm -rf "$venv"
    tar --extract --no-same-owner --directory="$work" --file="$base/wheels.tar"
    /usr/bin/python3 -m venv --without-pip "$venv"
    install --require-hashes --no-deps --find-links="$work/wheels" --requirement="$work/wheels/host.lock"
fi
install --no-deps --force-reinstall "$work"/project/*.whl
# Nobody else may write there, so it is compiled now; -j0 uses every processor.
"$venv/bin/python" -m compileall -q -j0 "$venv/lib"
: >"$venv/complete"

rm -rf /usr/share/modemfarm.old
if [ -e /usr/share/modemfarm ]; then
    mv /usr/share/modemfarm /usr/share/modemfarm.old
fi
mv "$work/project/share" /usr/share/modemfarm
ln -s "venv-$key" "$work/venv"
mv -T "$work/venv" "$base/venv"
ln -sfn "$base/venv/bin/modemfarm" /usr/local/bin/modemfarm
"$base/venv/bin/python" -m modemfarmd.cli.build /usr/local # its manual and its completion

rm -rf /usr/share/modemfarm.old
for old in "$base"/venv-*; do
    [ "$old" = "$venv" ] || rm -rf "$old"
done
rm -f "$base"/installed-* "$base/wheels.tar" "$base/project.tar"
: >"$marker"
