#!/bin/sh
# Runs as mmdebstrap's customize hook: $1 is the guest's root; the rest comes by environment.
#   LAB_OUT        folder that receives root.img, vmlinuz, the modules for the initrd, ssh_host_key.pub
#   LAB_KEY        public key that may log in as `lab`
#   LAB_SIZE       size of the file system, as mke2fs takes it
# It prepares a plain server: packages are on the disk (the guest has no network), nothing is configured.
set -eu
root=$1

# Services that a role is to start are off, as on a host that has never seen them.
chroot "$root" systemctl --quiet disable \
    NetworkManager.service NetworkManager-dispatcher.service NetworkManager-wait-online.service \
    ModemManager.service postgresql.service v2ray.service
# Timers and generators that only cost start-up time under emulation.
chroot "$root" systemctl --quiet mask \
    apt-daily.timer unattended-upgrades.service e2scrub_all.timer e2scrub_reap.service fstrim.timer \
    dpkg-db-backup.timer systemd-pstore.service systemd-binfmt.service getty@tty1.service \
    systemd-timesyncd.service systemd-resolved.service
chroot "$root" systemctl --quiet enable systemd-networkd.service ssh.service
chroot "$root" systemctl --quiet disable systemd-networkd-wait-online.service

echo modemfarm-lab >"$root/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 modemfarm-lab\n::1 localhost\n' >"$root/etc/hosts"
# The management link: QEMU's user network, reachable from the admin host's loopback only.
mkdir -p "$root/etc/systemd/network"
printf '[Match]\nName=eth0\n\n[Network]\nAddress=10.0.2.15/24\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n' \
    >"$root/etc/systemd/network/10-management.network"
# networkd must not remove the rules and routes that others own.
mkdir -p "$root/etc/systemd/networkd.conf.d" "$root/etc/systemd/journald.conf.d"
printf '[Network]\nManageForeignRoutingPolicyRules=no\nManageForeignRoutes=no\n' \
    >"$root/etc/systemd/networkd.conf.d/lab.conf"
printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=64M\nRateLimitIntervalSec=0\n' \
    >"$root/etc/systemd/journald.conf.d/lab.conf"
printf 'blacklist %s\n' psmouse pcspkr kvm_amd kvm_intel powernow_k8 cfg80211 i2c_piix4 floppy \
    >"$root/etc/modprobe.d/lab.conf"

chroot "$root" useradd --create-home --shell /bin/sh --password '*' lab
printf 'lab ALL=(ALL) NOPASSWD: ALL\n' >"$root/etc/sudoers.d/lab"
chmod 0440 "$root/etc/sudoers.d/lab"
install -d -m 0700 "$root/home/lab/.ssh"
printf '%s\n' "$LAB_KEY" >"$root/home/lab/.ssh/authorized_keys"
chmod 0600 "$root/home/lab/.ssh/authorized_keys"
chroot "$root" chown -R lab:lab /home/lab/.ssh
printf 'UseDNS no\nUsePAM no\nPasswordAuthentication no\n' >"$root/etc/ssh/sshd_config.d/lab.conf"
rm -f "$root"/etc/ssh/ssh_host_rsa_key* "$root"/etc/ssh/ssh_host_ecdsa_key*

# For the initrd: the modules that mount the root file system, in load order.
kernel=$(basename "$(ls -d "$root"/lib/modules/*)")
mkdir -p "$LAB_OUT/modules"
: >"$LAB_OUT/modules/order"
chroot "$root" modprobe --set-version "$kernel" --show-depends --all virtio_pci virtio_blk virtio_net ext4 |
    while read -r verb path _; do
        [ "$verb" = insmod ] || continue
        name=$(basename "$path")
        grep -qx "${name%.xz}" "$LAB_OUT/modules/order" && continue
        cp "$root$path" "$LAB_OUT/modules/$name"
        echo "${name%.xz}" >>"$LAB_OUT/modules/order"
    done
cp "$root/boot/vmlinuz-$kernel" "$LAB_OUT/vmlinuz"
cp "$root/etc/ssh/ssh_host_ed25519_key.pub" "$LAB_OUT/ssh_host_key.pub"

# No network: an attempt to reach a package archive fails at once instead of after minutes.
printf 'Acquire::http::Proxy "http://127.0.0.1:9";\nAcquire::Retries "0";\n' >"$root/etc/apt/apt.conf.d/99lab"

rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/boot/initrd.img* "$root"/var/log/*.log

# A bind mount without its sub-mounts: what mmdebstrap has mounted below is not copied.
tree=$(mktemp -d)
mount --bind "$root" "$tree"
mke2fs -q -t ext4 -O ^has_journal -d "$tree" "$LAB_OUT/root.img" "$LAB_SIZE"
umount "$tree"
rmdir "$tree"
