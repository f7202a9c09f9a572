# Runs as root in the fresh container, after KEY='...': an admin with a key and sudo, and a LAN that
# nobody else is in.
set -eu
printf '127.0.1.1 %s\n' "$(hostname)" >>/etc/hosts
useradd --create-home --shell /bin/bash --password '*' admin
printf 'admin ALL=(ALL) NOPASSWD: ALL\n' >/etc/sudoers.d/admin
chmod 0440 /etc/sudoers.d/admin
install -d -m 0700 -o admin -g admin /home/admin/.ssh
printf '%s\n' "$KEY" >/home/admin/.ssh/authorized_keys
chown admin:admin /home/admin/.ssh/authorized_keys
chmod 0600 /home/admin/.ssh/authorized_keys

ip link add name lan0 type veth peer name client0
ip address add 192.168.1.100/24 dev lan0
ip link set lan0 up
ip link set client0 up
