#!/bin/sh
# build-3proxy ARCHIVE DIRECTORY: builds the daemon from the source in ARCHIVE, as a throw-away user
# without network, and puts it into DIRECTORY, which then holds it whole or is not there.
# Never `make install`: it makes users and starts a proxy of its own.
#
# build-3proxy --compile ARCHIVE FOLDER: the part that runs as that user; ends with FOLDER/bin/3proxy.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin

compile() {
    cd "$2"
    rm -rf source bin
    mkdir source bin
    # The role has looked into the archive; this is the second lock. No link, no device, no way out.
    odd=$(tar --list --verbose --gzip --file="$1" | grep -v '^[-d]' | head -n 1 || :)
    [ -z "$odd" ] || { printf 'build-3proxy: no plain file or folder: %s\n' "$odd" >&2; exit 3; }
    if tar --list --gzip --file="$1" | grep -Eq '^/|(^|/)\.\.(/|$)'; then
        printf 'build-3proxy: a path leaves the archive\n' >&2
        exit 3
    fi
    tar --extract --gzip --no-same-owner --strip-components=1 --directory=source --file="$1"
    # The makefile looks for optional libraries; they are switched off, and what the caller's
    # environment says is not taken: the same source gives the same program on every host.
    # The path of the source does not get into the program, so it is the same byte by byte.
    cflags="-O2 -fPIE -fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2"
    cflags="$cflags -Wformat -Werror=format-security -ffile-prefix-map=$2/source=."
    cd source/src
    env -i PATH="$PATH" LC_ALL=C.UTF-8 SOURCE_DATE_EPOCH=0 CFLAGS="$cflags" \
        LDFLAGS="-pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-s" \
        make -s -j"$(nproc)" -f ../Makefile.Linux WOLFSSL_CHECK=false OPENSSL_CHECK=false \
        PCRE_CHECK=false PAM_CHECK=false STATIC=false LIBSTATIC=false ../bin/3proxy
    cp ../bin/3proxy "$2/bin/3proxy"
}

if [ "$1" = --compile ]; then
    compile "$2" "$3"
    exit 0
fi

archive=$1 directory=$2 state=modemfarm-build
# shellcheck disable=SC2016 # expanded by the inner shell
systemd-run --quiet --wait --pipe --collect --service-type=exec \
    --property=DynamicUser=yes --property=StateDirectory="$state" \
    --property=PrivateNetwork=yes --property=ProtectHome=yes --property=PrivateDevices=yes \
    --property=NoNewPrivileges=yes --property=CapabilityBoundingSet= \
    --property=RuntimeMaxSec=1800 \
    /bin/sh -euc 'exec "$1" --compile "$2" "$STATE_DIRECTORY"' build-3proxy "$0" "$archive"

# A name that a run that was ended in the middle leaves behind is simply taken again.
rm -rf "$directory.new"
install -d -o root -g root -m 0755 "$directory.new"
install -o root -g root -m 0755 "/var/lib/private/$state/bin/3proxy" "$directory.new/3proxy"
sync "$directory.new/3proxy"
mv -T "$directory.new" "$directory"
rm -rf "/var/lib/private/$state" "/var/lib/$state"
