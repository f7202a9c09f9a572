#!/bin/busybox sh
# /init of the lab's initrd: loads the few modules that the root file system needs, then hands over.
b=/bin/busybox
$b mount -t devtmpfs dev /dev
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
echo "modemfarm-lab: kernel is up" >/dev/console
while read -r module; do $b insmod "/modules/$module"; done </modules/order
$b mount -t ext4 -o rw,noatime /dev/vda /new || exec $b sh
$b umount /proc
$b umount /sys
$b mount --move /dev /new/dev
exec $b switch_root /new /sbin/init
