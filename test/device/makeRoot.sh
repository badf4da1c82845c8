#!/bin/bash
# First process of a device: builds the device's root in a mount namespace of its own, says its process number as the
# outside sees it, and waits for the end of its input. With it end all processes of the device and everything mounted.
#   ROOT   empty folder that becomes the device's root
#   STAGE  folder with files to put there; what lies in proc/ covers the kernel's files of that name
#   SYSFS  1: the kernel's /sys, else the staged one
#   BYTES  size of /data
set -e
read -r pid rest </proc/self/stat

mount -t tmpfs -o mode=755,size=64m device "$ROOT"
cd "$ROOT"
mkdir -p proc sys dev usr
mount --rbind /usr usr
mount -o remount,bind,ro usr
for name in bin sbin lib lib32 lib64; do
  if [ -L "/$name" ]; then ln -s "usr/$name" "$name"
  elif [ -d "/$name" ]; then mkdir "$name" && mount --rbind "/$name" "$name"
  fi
done
for name in null zero full random urandom; do
  touch "dev/$name"
  mount --bind "/dev/$name" "dev/$name"
done
if [ "$SYSFS" = 1 ]; then mount --rbind /sys sys
else
  # This computer's OpenCL is not the device's.
  for file in usr/lib/*/libOpenCL.so*; do
    if [ -f "$file" ] && [ ! -L "$file" ]; then mount --bind /dev/null "$file"; fi
  done
fi

# A folder that is there already (a symlink to the host's /usr/bin among them) keeps what it has.
cp -r "$STAGE/root/." .
mount -t proc proc proc
(cd "$STAGE/proc" && find . -type f) | while read -r file; do
  mount --bind "$STAGE/proc/$file" "proc/$file"
done

mkdir -p data sdcard
mount -t tmpfs -o "mode=771,size=$BYTES" data data
mkdir -p data/local/tmp data/cache
mount -t tmpfs -o "mode=771,size=$BYTES,noexec" sdcard sdcard
if [ -n "$OWNER" ]; then chown "$OWNER:$OWNER" data/local/tmp data/cache sdcard; fi

echo "$pid"
exec chroot . /usr/bin/bash -c 'while read -r line; do :; done'
