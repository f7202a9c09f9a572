#!/bin/sh
# build-3proxy ARCHIVE DIRECTORY MARKER: builds bin/3proxy from the source in ARCHIVE, as a
# throw-away user without network, puts the program into DIRECTORY and makes MARKER.
# Never `make install`: it makes users and starts a proxy of its own.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
archive=$1 directory=$2 marker=$3

# The optional libraries are looked for by the makefile, so they are switched off: the same
# source gives the same program on every host.
# shellcheck disable=SC2016 # expanded by the inner shell
build='
cd "$STATE_DIRECTORY"
rm -rf source && mkdir source
tar --extract --gzip --no-same-owner --strip-components=1 --directory=source --file="$1"
cd source/src
export CFLAGS="-O2 -fPIE -fstack-protector-strong -D_FORTIFY_SOURCE=2 -Wformat -Werror=format-security"
export LDFLAGS="-pie -Wl,-z,relro -Wl,-z,now -Wl,-s"
make -s -j"$(nproc)" -f ../Makefile.Linux WOLFSSL_CHECK=false OPENSSL_CHECK=false \
    PCRE_CHECK=false PAM_CHECK=false ../bin/3proxy
'
systemd-run --quiet --wait --pipe --collect --service-type=exec \
    --property=DynamicUser=yes --property=StateDirectory=modemfarm-build \
    --property=PrivateNetwork=yes --property=ProtectHome=yes --property=PrivateDevices=yes \
    --property=NoNewPrivileges=yes --property=CapabilityBoundingSet= \
    --property=RuntimeMaxSec=1800 \
    /bin/sh -euc "$build" build-3proxy "$archive"

install -d -o root -g root -m 0755 "$directory"
install -o root -g root -m 0755 /var/lib/private/modemfarm-build/source/bin/3proxy "$directory/3proxy.new"
mv "$directory/3proxy.new" "$directory/3proxy"
ln -sfn "$directory/3proxy" /usr/local/bin/3proxy
rm -rf /var/lib/private/modemfarm-build /var/lib/modemfarm-build
rm -f "$directory"/built-*
: >"$marker"
# All at once: one after the other would take three seconds each.
systemctl try-restart '3proxy@*.service'
